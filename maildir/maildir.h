/*
 * maildir.h - the menu: an account's store, a mailbox in it, its messages.
 *
 * The library reads and writes Maildir++ with Dovecot's side files (dovecot-uidlist v3, dovecot-keywords, subscriptions,
 * dovecot-uidvalidity, maildirsize). It opens no socket, logs nothing, has no global state but the counter behind unique names. It is
 * sequential and may block on the disk; the caller runs under the user's uid.
 *
 * Names of mailboxes are UTF-8 with '.' between levels; "INBOX" in any case is the root. On disk they are in modified
 * UTF-7 or UTF-8 (maildir_folder_name.c).
 * Line ends: files hold LF (a CR that stands in a file stays); sizes called `virtual` count each bare LF as CRLF.
 *
 * Usual sequences:
 *   deliver:  mail_store_open, mail_deliver, mail_store_close
 *   session:  mail_store_open, mailbox_open, { mailbox_refresh, mailbox_at, mailbox_message_open ... }, mailbox_close
 *   append:   mail_append_begin, { mail_append_add, mail_append_write ... }, mail_append_commit | mail_append_abort
 *
 * What returned 0 is durable where the function says so (file and directory entry synced).
 */
#ifndef MAILDIR_MAILDIR_H
#define MAILDIR_MAILDIR_H

#include "base/bytes.h"
#include "base/err.h"
#include "maildir/uid_runs.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

#define MAIL_KEYWORDS_MAX     64 /* of one folder: 26 letters of file names, the rest in posthouse-keywords */
#define MAIL_LETTERS_MAX      26
#define MAIL_LETTERS          ((1u << MAIL_LETTERS_MAX) - 1)
#define MAIL_KEYWORD_LEN_MAX  50   /* octets of one keyword's name */
#define MAIL_FOLDER_LEN_MAX   250  /* octets of a folder's directory name */
#define MAIL_FOLDER_DEPTH_MAX 30   /* levels */
#define MAIL_FOLDERS_MAX      5000 /* folders that a client may create in one store */

enum mail_flag {
    MAIL_DRAFT = 1,    /* D */
    MAIL_FLAGGED = 2,  /* F */
    MAIL_ANSWERED = 4, /* R */
    MAIL_SEEN = 8,     /* S */
    MAIL_DELETED = 16, /* T */
};

/* ---- the store: one account's Maildir ---- */

struct mail_store;

struct mail_store_options {
    const char *root;       /* absolute path of the Maildir */
    bool create;            /* make it (0700) if it is missing */
    int64_t quota_bytes;    /* 0: none. Counted and kept in maildirsize */
    int64_t quota_messages; /* 0: none */
    bool look_only;         /* subscriptions of Courier are shown, but not taken over */
    int watcher; /* our end of a pair with the watcher of our uid (maildir_watcher.h), taken over; 0: none */
    bool new_index; /* set the index aside and make it anew: a session has crashed */
    const char
        *quota_ignore; /* folders, '/' between them, that do not count, nor those below them; or NULL */
    const char *
        new_folders;     /* made and subscribed to with a Maildir that `create` makes: "Name" or "Name=\Use", '/' between them; or NULL */
};

int mail_store_open(struct mail_store **store, const struct mail_store_options *options, struct err *e);
/* Before anything is opened: keep this process to what is below root, which is made if it is missing (base/confine.h). 0; 1: the kernel
 * does not do all of it; -1 with e. */
int mail_store_confine(const char *root, struct err *e);
/* Changing, copying and removing many messages says now and then how many are done, from 0 on. Locks are held meanwhile: progress must not
 * wait for anybody, nor use the store. */
typedef void mail_store_progress(void *arg, size_t done, size_t total);
void mail_store_on_progress(struct mail_store *store, mail_store_progress *progress, void *arg);
void mail_store_close(struct mail_store *store); /* NULL is fine */

/* ---- folders ---- */

struct mail_folder {
    char *name;  /* UTF-8 */
    bool exists; /* false: only a parent of others (\NonExistent), or only subscribed */
    bool subscribed;
    bool has_children;
    uint64_t ino; /* of its directory: the same after RENAME */
};

/* All folders sorted by name, INBOX first, missing parents included. Free with mail_folders_free. */
int mail_store_folders(struct mail_store *store, struct mail_folder **folders, size_t *count, struct err *e);
void mail_folders_free(struct mail_folder *folders, size_t count);
/* ERR_EXISTS, ERR_INVALID (name: "..", "/", controls, empty level, not UTF-8), ERR_LIMIT (too long, too deep, too many). Durable. */
int mail_store_create(struct mail_store *store, const char *name, struct err *e);
/* The folder's messages go, its children stay. INBOX cannot be deleted (ERR_INVALID). Durable. */
int mail_store_delete(struct mail_store *store, const char *name, struct err *e);
/* With its children. Renaming INBOX moves its messages to the new folder and leaves INBOX empty (RFC 3501 6.3.5). Durable. */
int mail_store_rename(struct mail_store *store, const char *from, const char *to, struct err *e);
int mail_store_subscribe(struct mail_store *store, const char *name, bool subscribed, struct err *e);
/* Counts without opening for good, for STATUS. */
#define MAILBOX_ID_MAX 255
struct mailbox_status {
    uint32_t messages, recent, unseen, deleted, uidnext, uidvalidity;
    uint64_t size, deleted_size; /* octets with CRLF line ends, of all and of those with \Deleted */
    uint64_t highestmodseq;      /* 0: the folder cannot have any (mailbox_has_modseqs) */
    char id[MAILBOX_ID_MAX + 1]; /* MAILBOXID */
};
/* sizes: also size and deleted_size, for which each message is asked. */
int mail_store_status(struct mail_store *store, const char *name, bool sizes, struct mailbox_status *status,
                      struct err *e);
/* Is there such a folder? */
bool mail_store_has(struct mail_store *store, const char *name);

struct mail_quota {
    int64_t octets, messages;             /* in use */
    int64_t limit_octets, limit_messages; /* 0: none */
};
/* What the account holds and may hold; only folders that count are counted. */
int mail_store_quota(struct mail_store *store, struct mail_quota *quota, struct err *e);
/* Does this folder count for the quota? */
bool mail_store_counts(const struct mail_store *store, const char *folder);

/* ---- an open mailbox ---- */

struct mailbox;

/* One message as the mailbox knows it. */
struct mail {
    uint32_t uid;
    uint32_t flags;    /* enum mail_flag */
    uint64_t keywords; /* bit n: keyword n of mailbox_keyword (0..25: file letter 'a' + n) */
    uint64_t changed;  /* MODSEQ: mailbox_sequence() when flags or keywords changed last (or it came) */
    bool recent;       /* this session was the first to see it */
    bool in_new;       /* the file is in new/ (mailbox opened read-only) */
};

/* Open (and for a writer: number new messages, move them from new/ to cur/). ERR_NOTFOUND, ERR_CORRUPT (uidlist unreadable
 * in a folder that has mail: needs an operator; nothing is renumbered). */
int mailbox_open(struct mailbox **mb, struct mail_store *store, const char *name, bool read_only,
                 struct err *e);
void mailbox_close(struct mailbox *mb);
/* Look again and update the list: a few stats when nothing changed, in proportion to the changes where the kernel told of them,
 * else a reading of names. A message that vanished is removed from the list only when it is gone for sure. */
int mailbox_refresh(struct mailbox *mb, struct err *e);
/* To be called when a command has ended: no view of the index is held, memory of large work is given back. */
void mailbox_rest(struct mailbox *mb);
/* To be called when no command comes for a while: what was kept for the next one is given back, too. */
void mail_store_give_back(struct mail_store *store);

const char *mailbox_name(const struct mailbox *mb);
bool mailbox_read_only(const struct mailbox *mb);
uint32_t mailbox_uidvalidity(const struct mailbox *mb);
uint32_t mailbox_uidnext(const struct mailbox *mb);
/* HIGHESTMODSEQ (RFC 7162): rises with every change to the list, and never falls, a lost index and a clock that jumps included. */
uint64_t mailbox_sequence(const struct mailbox *mb);
/* Something of the folder that is not a message has changed (an annotation, RFC 7162 section 3.2): the next HIGHESTMODSEQ. */
int mailbox_advance(struct mailbox *mb, struct err *e);
/* Are these numbers kept from one session to the next? Not while the index cannot be written: NOMODSEQ. */
bool mailbox_has_modseqs(const struct mailbox *mb);
/* Append MAILBOXID and EMAILID (RFC 8474), each at most MAILBOX_ID_MAX octets. They stay when the folder is renamed, when the message
 * is moved; a copy has the EMAILID of its source. False if the message is gone. */
struct strbuf;
void mailbox_id(const struct mailbox *mb, struct strbuf *out);
bool mailbox_emailid(struct mailbox *mb, uint32_t uid, struct strbuf *out);
/* SAVEDATE (RFC 8514): when the message was put into this folder. */
int mailbox_save_date(struct mailbox *mb, uint32_t uid, time_t *date, struct err *e);
size_t mailbox_count(const struct mailbox *mb);
/* The UIDs as of the last refresh. */
const struct uid_runs *mailbox_uids(const struct mailbox *mb);
/* A message as it is now, in a place that the next call for this mailbox uses again. NULL if it is gone (another session may be ahead
 * of the last refresh). In order of UIDs this is cheap. */
const struct mail *mailbox_find(struct mailbox *mb, uint32_t uid);
/* Its flags alone, which is cheaper still. False: it is gone. */
bool mailbox_flags(struct mailbox *mb, uint32_t uid, uint32_t *flags);
const struct mail *mailbox_at(struct mailbox *mb, size_t index); /* by position, ascending UIDs */
/* How many messages are recent to this session. */
uint32_t mailbox_recent(const struct mailbox *mb);
/* UID of the first message that is not \Seen, 0 if there is none. */
uint32_t mailbox_first_unseen(const struct mailbox *mb);
/* UIDs (malloc'ed, ascending) of messages that came, changed or went behind `since` (a mailbox_sequence): a superset, see mail.changed. */
int mailbox_changed(struct mailbox *mb, uint64_t since, uint32_t **uids, size_t *n, struct err *e);
/* UIDs (malloc'ed, ascending) of messages that were removed behind `since`; known: false if that is too long ago to be remembered. */
int mailbox_vanished(struct mailbox *mb, uint64_t since, bool *known, uint32_t **uids, size_t *n,
                     struct err *e);
/* Name of keyword n (below MAIL_KEYWORDS_MAX), NULL if it has none. */
const char *mailbox_keyword(const struct mailbox *mb, unsigned n);
/* Directory descriptors (borrowed) of new/ and cur/, for whoever watches them. */
void mailbox_dirs(const struct mailbox *mb, int *new_fd, int *cur_fd);
/* The same of the folder itself. */
int mailbox_folder_fd(const struct mailbox *mb);

/* A descriptor that becomes readable when somebody touched the directories, or -1 if there is none to be had; reading it is
 * mailbox_refresh's business. */
int mailbox_watch_fd(const struct mailbox *mb);

/* Open a message's file for reading, over renames by others. The descriptor is the caller's. ERR_NOTFOUND if it is gone. */
int mailbox_message_open(struct mailbox *mb, uint32_t uid, struct err *e); /* returns fd or -1 */
/* The same with the file's stat, which has been taken anyway. */
int mailbox_message_open_stat(struct mailbox *mb, uint32_t uid, struct stat *st, struct err *e);
struct mail_info {
    uint64_t size;         /* octets on disk */
    uint64_t virtual_size; /* octets with CRLF line ends: RFC822.SIZE */
    time_t internal_date;  /* mtime of the file */
};
/* Exact: from the file's stat, and `,W=` of the name only if `,S=` agrees with the real size, else by counting. Kept in the index. */
int mailbox_message_info(struct mailbox *mb, uint32_t uid, struct mail_info *info, struct err *e);
/* Who has counted knows better. */
void mailbox_message_correct(struct mailbox *mb, uint32_t uid, const struct mail_info *info);
/* POP3 UIDL text that Dovecot stored for it (uidlist field P), malloc'ed, or NULL: then the caller's own format. */
char *mailbox_pop3_uidl(struct mailbox *mb, uint32_t uid);
/* Its file name without flags, and the GUID by which other servers know it. False: it is gone. Runs as in mailbox_find. */
bool mailbox_names(struct mailbox *mb, uint32_t uid, struct bytes *base, struct bytes *guid);
/* POP3 order that Dovecot stored for it (uidlist field O): messages that have one come first, by it. 0: none. */
uint32_t mailbox_pop3_order(struct mailbox *mb, uint32_t uid);
/* What the session wants to keep of a message in the index (maildir_text.c): its own, opaque to the library: a text, and in brief what
 * it compares, which is read faster. get: false if there is none; the octets are valid until the next call. put: both,
 * kept in memory until there are many or the mailbox rests. */
bool mailbox_text_get(struct mailbox *mb, uint32_t uid, struct bytes *text);
bool mailbox_brief_get(struct mailbox *mb, uint32_t uid, struct bytes *brief);
void mailbox_text_put(struct mailbox *mb, uint32_t uid, struct bytes brief, struct bytes text);

enum mail_store_how { MAIL_FLAGS_SET, MAIL_FLAGS_ADD, MAIL_FLAGS_REMOVE };
struct mail_flag_change {
    enum mail_store_how how;
    uint32_t flags;
    const char *const *keywords; /* names, created as needed; ERR_LIMIT when all are in use */
    size_t nkeywords;
};
/* Change flags of these UIDs (ascending; those that are gone are skipped). One lock, all renames, one sync. Durable. */
int mailbox_store(struct mailbox *mb, const uint32_t *uids, size_t n, const struct mail_flag_change *change,
                  struct err *e);
/* The same of those only whose mod-sequence is not above `since` (RFC 7162 section 3.1.3), decided under the lock that all changes
 * are made under. The others go, ascending, into `modified`, which has room for n; a message that a program without lock renames
 * meanwhile is among them. */
int mailbox_store_unchanged(struct mailbox *mb, const uint32_t *uids, size_t n,
                            const struct mail_flag_change *change, uint64_t since, uint32_t *modified,
                            size_t *nmodified, struct err *e);
/* Remove these messages if they carry \Deleted (or unconditionally with `force`, for POP3). Durable. */
int mailbox_expunge(struct mailbox *mb, const uint32_t *uids, size_t n, bool force, struct err *e);

struct mail_copy_result {
    uint32_t uidvalidity;      /* of the destination */
    uint32_t *source, *target; /* n UIDs each, malloc'ed, ascending pairs */
    size_t n;
};
/* Copy (or move) to another folder of the same store by hard link. All or nothing for copy; durable. */
int mailbox_copy(struct mailbox *mb, const uint32_t *uids, size_t n, const char *folder, bool move,
                 struct mail_copy_result *result, struct err *e);
void mail_copy_result_done(struct mail_copy_result *result);

/* ---- append ---- */

struct mail_append;
int mail_append_begin(struct mail_append **append, struct mail_store *store, const char *folder,
                      struct err *e);
/* Start the next message. date: INTERNALDATE. Keyword names as in mail_flag_change. */
int mail_append_add(struct mail_append *append, uint32_t flags, const char *const *keywords, size_t nkeywords,
                    time_t date, struct err *e);
/* Content of it, in pieces cut anywhere; CRLF becomes LF on disk. */
int mail_append_write(struct mail_append *append, const void *p, size_t n, struct err *e);
/* The commit also removes this message of mb, which stays the caller's: the new ones are durable before, the quota is weighed as if it
 * were gone already, and on an error they are taken back. ERR_NOTFOUND if it is gone. */
void mail_append_replace(struct mail_append *append, struct mailbox *mb, uint32_t uid);
/* All messages appear in cur/ (or new/ if they have no flags and `unseen` is wanted) with ascending UIDs. Durable. *uids is malloc'ed.
 * Frees append, also on error (then nothing of it is left). */
int mail_append_commit(struct mail_append *append, uint32_t *uidvalidity, uint32_t **uids, size_t *n,
                       struct err *e);
void mail_append_abort(struct mail_append *append);

/* ---- delivery ---- */

struct mail_delivery {
    int fd; /* the message, read with pread from `offset`; LF line ends */
    off_t offset, size;
    struct bytes head; /* trace lines put in front (Return-Path, Delivered-To), LF line ends */
    const char
        *unique; /* derives the file name, so that the same delivery done twice is found: [A-Za-z0-9]{1,40} */
    bool again;  /* may have been done before: new/ is searched for it first */
    int result;  /* out: 0 or -1 */
    struct err err; /* out */
};
/* Deliver n messages into new/ of a folder: write all, sync all, rename all, sync the directory once. Durable. ERR_QUOTA, ERR_SPACE ... per
 * message. Returns the number that failed. */
size_t mail_deliver(struct mail_store *store, const char *folder, struct mail_delivery *deliveries, size_t n);

#endif
