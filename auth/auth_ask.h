/*
 * auth_ask.h - the operator's tools ask the auth process, one record after the other, and wait.
 */
#ifndef AUTH_AUTH_ASK_H
#define AUTH_AUTH_ASK_H

#include "auth/auth_proto.h"

/* auth-master below run_dir; -1 with e. */
int auth_ask_connect(const char *run_dir, struct err *e);
int auth_ask_send(int fd, const struct auth_record *r, struct err *e);
/* The next record, which must be of this type; its bytes lie in buf. */
int auth_ask_receive(int fd, struct strbuf *buf, struct auth_record *r, uint16_t type, struct err *e);

#endif
