/*
 * imap_notify.h - NOTIFY (RFC 5465): what a client wants to be told at any time, and of which mailboxes.
 *
 * imap_cmd_notify.c reads the command, imap_notify.c says which events count for a mailbox and tells of new messages in the selected one,
 * imap_notify_folders.c tells of all others. Sessions wait for news in imap_news.c.
 */
#ifndef ACCESS_IMAP_NOTIFY_H
#define ACCESS_IMAP_NOTIFY_H

#include "access/imap_fetch_items.h"
#include "maildir/maildir_metadata.h"
#include "maildir/maildir_store_watch.h"

#define IMAP_NOTIFY_GROUPS_MAX 100
#define IMAP_NOTIFY_NAMES_MAX  1000         /* of mailboxes in one command */
#define IMAP_NOTIFY_TEXT_MAX   (128 * 1024) /* octets of the command */

enum imap_notify_event {
    IMAP_NOTIFY_NEW = 1,
    IMAP_NOTIFY_EXPUNGE = 2,
    IMAP_NOTIFY_FLAGS = 4,
    IMAP_NOTIFY_NAME = 8,
    IMAP_NOTIFY_SUBSCRIPTION = 16,
    IMAP_NOTIFY_METADATA = 32,
    IMAP_NOTIFY_SERVER_METADATA = 64,
};
#define IMAP_NOTIFY_MESSAGES (IMAP_NOTIFY_NEW | IMAP_NOTIFY_EXPUNGE | IMAP_NOTIFY_FLAGS)

enum imap_notify_filter {
    IMAP_NOTIFY_PERSONAL,
    IMAP_NOTIFY_SUBSCRIBED,
    IMAP_NOTIFY_SUBTREE,
    IMAP_NOTIFY_MAILBOXES
};

struct imap_notify_group {
    enum imap_notify_filter filter;
    unsigned events;
    char **names; /* of SUBTREE and MAILBOXES, in UTF-8 */
    size_t nnames;
};

/* A mailbox as the client was last told of it. */
struct imap_notify_folder {
    struct mail_folder folder;
    unsigned events;
    bool watched, touched, counted;
    struct mailbox_status status; /* if counted */
    struct metadata annotations;  /* names, each with what its value comes to */
    bool annotated;               /* they are known */
};

struct imap_notify {
    unsigned selected; /* events of the selected mailbox */
    bool immediate;    /* EXPUNGE at any time, too */
    bool status;       /* STATUS of all before the answer */
    struct imap_fetch fetch;
    struct imap_parse text; /* what fetch refers to */
    struct imap_notify_group groups[IMAP_NOTIFY_GROUPS_MAX];
    size_t ngroups;
    struct mail_store_watch *watch; /* NULL: no other mailboxes */
    struct imap_notify_folder *folders;
    size_t n;
    bool tree_touched, server_annotated;
    struct metadata annotations; /* the server's */
    char *own[2];                /* names in the running command: the client knows what it does */
    size_t nown;
};

void imap_notify_free(struct imap_notify *n); /* NULL is fine */
/* Which events count for this mailbox when it is not selected. */
unsigned imap_notify_events(const struct imap_notify *n, const struct mail_folder *f);
/* Which events of the selected mailbox are told, and are expunges told at any time? Without NOTIFY: all, no. */
unsigned imap_notify_selected(const struct imap *s, bool *immediate);
/* Messages with UIDs beyond `max` are new to the client: send what it wants to know of them. */
void imap_notify_new_messages(struct imap *s, uint32_t max);
/* Take the mailboxes as they are now, for a NOTIFY that begins; with their STATUS if that is wanted. */
void imap_notify_begin(struct imap *s);
/* Tell what has happened to mailboxes that are not selected. */
void imap_notify_tell(struct imap *s);
/* Is the change of this name the running command's own? */
bool imap_notify_is_own(const struct imap_notify *n, const char *name);
/* Compare annotations (of the server: NULL) with those known, and tell the names of those that differ. */
void imap_notify_annotations(struct imap *s, const char *name, struct metadata *known, bool tell);
/* The running command is about this mailbox: the client need not be told of its name. */
void imap_notify_own(struct imap *s, const char *name);

#endif
