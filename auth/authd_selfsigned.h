/*
 * authd_selfsigned.h - a certificate for a machine that has none yet.
 */
#ifndef AUTH_AUTHD_SELFSIGNED_H
#define AUTH_AUTHD_SELFSIGNED_H

#include "base/err.h"

/* Make a P-256 key and a certificate for hostname and localhost, ten years long, as dir/key.pem (0600) and
 * dir/cert.pem, and say so in the log with its fingerprint. */
int selfsigned_make(const char *dir, const char *hostname, struct err *e);

#endif
