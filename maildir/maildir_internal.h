/*
 * maildir_internal.h - the inside of stores and mailboxes, for the files of this library only.
 */
#ifndef MAILDIR_INTERNAL_H
#define MAILDIR_INTERNAL_H

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/strbuf.h"
#include "maildir/maildir.h"
#include "maildir/maildir_keywords.h"
#include "maildir/maildir_lock.h"
#include "maildir/maildir_name.h"
#include "maildir/maildir_uidlist.h"

struct mail_store {
    char *root;
    int fd; /* of the root directory */
    int64_t quota_bytes, quota_messages;
};

/* A folder's directories, open. */
struct folder {
    int fd, new_fd, cur_fd, tmp_fd;
};
#define FOLDER_INIT                                                                                          \
    {                                                                                                        \
        .fd = -1, .new_fd = -1, .cur_fd = -1, .tmp_fd = -1                                                   \
    }
void folder_close(struct folder *f);
#define AUTO_FOLDER __attribute__((cleanup(folder_close)))
/* Open by UTF-8 name; new/, cur/, tmp/ that are missing in an existing folder are made. ERR_NOTFOUND. */
int folder_open(struct folder *f, struct mail_store *store, const char *name, struct err *e);
/* The directory name below the root ("." for INBOX, ".Sent" ...). ERR_INVALID, ERR_LIMIT. */
int folder_dir_name(struct strbuf *out, const char *name, struct err *e);
/* A new UIDVALIDITY for a folder of this store, durably greater than all before (maildir_uidvalidity.c). */
int uidvalidity_next(struct mail_store *store, uint32_t *value, struct err *e);
/* Make sure that ul has a UIDVALIDITY: a folder without a uidlist gets one. */
int folder_number(struct mail_store *store, struct uidlist *ul, struct err *e);

struct entry {
    struct mail mail;
    struct mail_info info;
    bool has_info;
};

struct mailbox {
    struct mail_store *store;
    char *name;
    bool read_only;
    struct folder folder;
    struct uidlist uidlist;
    struct keywords keywords;
    struct entry *entries; /* ascending UIDs */
    size_t n;
    uint64_t sequence;
    struct timespec new_mtime, cur_mtime; /* when last scanned */
    struct timespec scanned_at;
    bool scanned;
};

/* Look again, the lock being held by the caller (or not to be had: lock NULL, no UIDs are given then). */
int mailbox_scan(struct mailbox *mb, struct maildir_lock *lock, struct err *e);
struct entry *mailbox_entry(struct mailbox *mb, uint32_t uid);
/* Take the lock and bring the list up to date under it. */
int mailbox_lock(struct mailbox *mb, struct maildir_lock *lock, bool may_lack_dotlock, struct err *e);
/* The file was renamed by somebody else: find it by its base in cur/ and new/. 0 found (mail.name,
 * mail.in_new updated), -1 gone. */
int mailbox_locate(struct mailbox *mb, struct entry *entry);
/* Directory in which the entry's file is. */
int mailbox_dir_of(const struct mailbox *mb, const struct entry *entry);
int mailbox_entry_info(struct mailbox *mb, struct entry *entry, struct err *e);

/* maildir_quota.c: room for these octets and messages? ERR_QUOTA. Nothing to do for stores without limits. */
int quota_check(struct mail_store *store, int64_t octets, int64_t messages, struct err *e);
void quota_add(struct mail_store *store, int64_t octets, int64_t messages);

/* maildir_write.c: a message on its way into a folder's tmp/. */
struct writer {
    int tmp_fd; /* the folder's tmp/, borrowed */
    int fd;
    char *tmp_name;
    uint64_t size, virtual_size;
    bool after_cr;
    char *buffer;
    size_t used;
};
int writer_open(struct writer *w, int tmp_fd, struct err *e);
/* Content: LF and CRLF line ends alike are stored as LF. */
int writer_write(struct writer *w, const void *p, size_t n, struct err *e);
/* Flush, set the mtime (0: now), sync, close. */
int writer_close(struct writer *w, time_t date, struct err *e);
/* Remove the temporary file if it is still there, free. */
void writer_abort(struct writer *w);
/* Append ",S=<size>,W=<virtual size>" */
void writer_add_sizes(struct strbuf *name, const struct writer *w);

#endif
