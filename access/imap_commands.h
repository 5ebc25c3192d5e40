/*
 * imap_commands.h - the table of commands: the index of what a session can do.
 */
#ifndef ACCESS_IMAP_COMMANDS_H
#define ACCESS_IMAP_COMMANDS_H

#include "access/imap_session.h"

/* What a command does to the client's view of the mailbox is data; the session acts on it. */
enum imap_command_flag {
    IMAP_NEEDS_MAILBOX = 1,  /* only with a mailbox selected */
    IMAP_KEEPS_NUMBERS = 2,  /* no EXPUNGE while it runs (RFC 3501 7.4.1) */
    IMAP_QUIET = 4,          /* no changes are told after it */
    IMAP_WRITES = 8,         /* not in a mailbox opened read-only */
    IMAP_TAKES_NUMBERS = 16, /* its arguments are message numbers: not with UIDONLY (RFC 9586) */
};

struct imap_command {
    const char *name; /* "UID FETCH" is a name of two words */
    unsigned flags;   /* enum imap_command_flag */
    enum imap_status (*run)(struct imap *s);
};

/* By the words in p; *args is set behind them. NULL if there is none. */
const struct imap_command *imap_command_find(const struct imap_parse *p, struct imap_args *args);

#define IMAP_CAPABILITIES_MAX 2048 /* octets */

/* "CAPABILITY IMAP4rev1 ...": what this session can do now. */
void imap_capabilities_write(const struct imap *s, struct strbuf *out);

enum imap_status imap_cmd_append(struct imap *s);
enum imap_status imap_cmd_authenticated(struct imap *s);
enum imap_status imap_cmd_capability(struct imap *s);
enum imap_status imap_cmd_check(struct imap *s);
enum imap_status imap_cmd_close(struct imap *s);
enum imap_status imap_cmd_compress(struct imap *s);
enum imap_status imap_cmd_copy(struct imap *s);
enum imap_status imap_cmd_create(struct imap *s);
enum imap_status imap_cmd_delete(struct imap *s);
enum imap_status imap_cmd_enable(struct imap *s);
enum imap_status imap_cmd_examine(struct imap *s);
enum imap_status imap_cmd_expunge(struct imap *s);
enum imap_status imap_cmd_fetch(struct imap *s);
enum imap_status imap_cmd_getmetadata(struct imap *s);
enum imap_status imap_cmd_getquota(struct imap *s);
enum imap_status imap_cmd_getquotaroot(struct imap *s);
enum imap_status imap_cmd_id(struct imap *s);
enum imap_status imap_cmd_idle(struct imap *s);
enum imap_status imap_cmd_list(struct imap *s);
enum imap_status imap_cmd_logout(struct imap *s);
enum imap_status imap_cmd_lsub(struct imap *s);
enum imap_status imap_cmd_move(struct imap *s);
enum imap_status imap_cmd_namespace(struct imap *s);
enum imap_status imap_cmd_noop(struct imap *s);
enum imap_status imap_cmd_notify(struct imap *s);
enum imap_status imap_cmd_rename(struct imap *s);
enum imap_status imap_cmd_replace(struct imap *s);
enum imap_status imap_cmd_search(struct imap *s);
enum imap_status imap_cmd_select(struct imap *s);
enum imap_status imap_cmd_setmetadata(struct imap *s);
enum imap_status imap_cmd_setquota(struct imap *s);
enum imap_status imap_cmd_sort(struct imap *s);
enum imap_status imap_cmd_status(struct imap *s);
enum imap_status imap_cmd_store(struct imap *s);
enum imap_status imap_cmd_subscribe(struct imap *s);
enum imap_status imap_cmd_thread(struct imap *s);
enum imap_status imap_cmd_uid_expunge(struct imap *s);
enum imap_status imap_cmd_unselect(struct imap *s);
enum imap_status imap_cmd_unsubscribe(struct imap *s);

#endif
