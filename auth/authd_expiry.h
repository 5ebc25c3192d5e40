/*
 * authd_expiry.h - what `posthouse check` says about certificates: those that cannot be used, and those that expire.
 */
#ifndef AUTH_AUTHD_EXPIRY_H
#define AUTH_AUTHD_EXPIRY_H

#include "auth/auth_conf.h"

enum { EXPIRY_WARN_DAYS = 14 };

/* settings: struct auth_conf. Reads every certificate and key as the signer would. */
void expiry_report(const void *settings);

#endif
