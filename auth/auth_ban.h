/*
 * auth_ban.h - the one table of bans, in the auth process: made by failures and by the operator, told to every front end, kept over
 * restarts in a file that authd hands over.
 */
#ifndef AUTH_AUTH_BAN_H
#define AUTH_AUTH_BAN_H

#include "auth/auth_bans.h"
#include "auth/auth_proto.h"
#include "auth/site_conf.h"

/* tell: hand a record to every front end. */
void ban_init(struct loop *loop, void (*tell)(const struct auth_record *r));
/* after: failures of an address until it is banned, 0: never; seconds: for how long. */
void ban_configure(int64_t after, int64_t seconds, const struct site_conf *site);
/* The file of bans, open for reading and writing; taken over. What stands in it is added. */
void ban_take_file(int fd);

/* This address has so many failures now. */
void ban_consider(const char *remote, uint32_t failures);
bool ban_holds(const char *remote);
/* Every ban as a record, for a front end that has just come. */
void ban_each(void (*fn)(void *arg, const struct auth_record *r), void *arg);
/* The operator's question; each answer is a record, the last one of status BAN_DONE or BAN_REFUSED. */
void ban_ask(const struct auth_record *question, void (*fn)(void *arg, const struct auth_record *r),
             void *arg);

#endif
