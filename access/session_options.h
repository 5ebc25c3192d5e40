/*
 * session_options.h - how accessd starts a session program, one form for IMAP and POP3: arguments, log,
 * umask.
 */
#ifndef ACCESS_SESSION_OPTIONS_H
#define ACCESS_SESSION_OPTIONS_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

#define SESSION_APPEND_LIMIT (512 << 20) /* octets; unless the options say otherwise */

struct session_options {
    const char *service;              /* "imap" or "pop3" */
    const char *user, *mail, *remote; /* account, absolute Maildir, the client's address */
    const char *tag;                  /* IMAP: of the login command; NULL: tried by hand */
    int64_t quota_bytes, quota_messages;
    const char *quota_ignore, *new_folders; /* as in mail_store_options, or NULL */
    uint64_t append_limit;                  /* octets of one message that a client may store */
    const char *autoexpunge;                /* rules as in expire.h, or NULL */
    const char *uidl_format;                /* as in pop3_uidl.h, or NULL */
    bool secure;
    int watcher;    /* as in mail_store_options */
    bool confined;  /* its uid is others', too */
    bool new_index; /* the last session crashed: do not trust the index */
};

#define SESSION_WATCHER_FD 4 /* with --watcher */

/* Make this process a session: open the log (descriptor 3 if it is a socket, else standard error), hide from
 * tracers, set the umask, read the arguments. Ends the process with status 100 if they are wrong. */
void session_begin(struct session_options *o, const char *program, int argc, char **argv);

/* If the account shares its uid: keep this process to its Maildir, before anything of the client's is read. -1 with e: it must not be
 * served. */
int session_confine(const struct session_options *o, struct err *e);

#endif
