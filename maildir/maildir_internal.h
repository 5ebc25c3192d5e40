/*
 * maildir_internal.h - the inside of stores and mailboxes, for the files of this library only.
 */
#ifndef MAILDIR_INTERNAL_H
#define MAILDIR_INTERNAL_H

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/strbuf.h"
#include "maildir/maildir.h"
#include "maildir/maildir_index_folder.h"
#include "maildir/maildir_keywords.h"
#include "maildir/maildir_lock.h"
#include "maildir/maildir_name.h"
#include "maildir/maildir_sidecar.h"
#include "maildir/maildir_uidlist.h"
#include "maildir/maildir_watch.h"

struct mail_store {
    char *root;
    int fd; /* of the root directory */
    int64_t quota_bytes, quota_messages;
    char *quota_ignore; /* as in mail_store_options, or NULL */
    int64_t settle_ns;  /* a directory's mtime tells of changes that far apart; see maildir_store.c */
    bool shared;        /* a network file system: events do not tell everything */
    struct index index;
    bool indexed; /* it is open */
    bool new_index, look_only;
    struct maildir_watches watches;
    mail_store_progress *progress; /* NULL: nobody asks */
    void *progress_arg;
};
/* Under a lock, before each of many messages: keeps the lock, and tells how far the work is. */
void store_step(struct mail_store *store, struct maildir_lock *lock, size_t done, size_t total);
/* The account's index, opened when it is first needed. */
struct index *store_index(struct mail_store *store);

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
/* The directory below the root ("." for INBOX, ".Sent" ...) of the folder of that name, in whichever spelling it is there
 * (maildir_folder_name.c); of one that is not, as a new one would be spelled. ERR_INVALID, ERR_LIMIT. */
int folder_dir_find(struct strbuf *out, struct mail_store *store, const char *name, struct err *e);
/* Append the name of the folder in this directory below the root. false: it is no folder's. */
bool folder_name_of_dir(struct strbuf *out, struct mail_store *store, const char *dir);
/* A new UIDVALIDITY for a folder of this store, durably greater than all before (maildir_uidvalidity.c). */
int uidvalidity_next(struct mail_store *store, uint32_t *value, struct err *e);
/* Make sure that ul has a UIDVALIDITY: a folder without a uidlist gets one. */
int folder_number(struct mail_store *store, struct uidlist *ul, struct err *e);

struct mailbox {
    struct mail_store *store;
    char *name;
    bool read_only;
    struct folder folder;
    uint64_t ino; /* of its directory: the index knows it by that */
    uint32_t fid;
    unsigned generation;    /* of the index to which fid, head and runs belong */
    struct index_head head; /* as last read from the index */
    struct uid_runs runs;   /* the UIDs of then */
    struct uid_runs recent; /* that this session was the first to see */
    struct keywords keywords;
    struct sidecar sidecar; /* names; masks only once a change needed them */
    struct maildir_watch watch;
    bool exact; /* index and events together say all: it was brought up to date while we watched */
    struct mail slot;
    struct mailbox_texts *texts; /* waiting to be written (maildir_text.c) */
};

/* ---- maildir_mailbox.c ---- */

/* Read what the index says now. */
int mailbox_load(struct mailbox *mb, struct err *e);
/* Take the lock and bring the list up to date under it. */
int mailbox_lock(struct mailbox *mb, struct maildir_lock *lock, bool may_lack_dotlock, struct err *e);
/* The index's record of a message; false if it is gone. Valid until the next transaction. */
bool mailbox_record(struct mailbox *mb, uint32_t uid, struct index_mail *mail);
/* Do the stamps tell of every change that comes after them? */
bool mailbox_settled(const struct mailbox *mb, const struct index_head *head);
/* The index failed: it is replaced by an empty one; the caller ends with ERR_TEMP and may try again. */
int mailbox_index_err(struct mailbox *mb, int rc, struct err *e);

/* maildir_tidy.c: once a day, remove what nobody needs any more. */
void mailbox_tidy(struct mailbox *mb);

/* ---- maildir_scan.c ---- */

/* Look at the directories and bring the index up to date; without the lock (NULL) no UIDs are given. */
int mailbox_scan(struct mailbox *mb, struct maildir_lock *lock, struct err *e);
/* Under the lock, behind n changes of ours that are in the index already: what others did meanwhile is taken in, and the
 * directories' stamps noted, so that nobody reads them for our changes' sake. */
void mailbox_settle(struct mailbox *mb, struct maildir_lock *lock, size_t n);

/* Open for a look only: without a watch. */
int mailbox_peek(struct mailbox **mb, struct mail_store *store, const char *name, struct err *e);
/* Before so many changes of ours: the kernel need not queue events that nobody will read (mailbox_settle ends this). */
void mailbox_unwatch(struct mailbox *mb, size_t n);
/* The folder's uidlist, to be added to; the lock is held and the index up to date. */
void mailbox_resume_uidlist(const struct mailbox *mb, struct uidlist *ul);
/* These messages were put into the folder and its uidlist, durably: tell the index. */
struct mail_change;
void mailbox_added(struct mailbox *mb, const struct uidlist *ul, const struct mail_change *made, size_t n,
                   struct maildir_lock *lock);

/* ---- maildir_keyword_bits.c ---- */

/* Bring the names of keywords up to date. */
int mailbox_read_keywords(struct mailbox *mb, struct err *e);
/* Bits of the keywords that a change names; new ones are made (letters: durable; others: with mailbox_save_upper), unless they are
 * to be removed. Under the lock. */
int mailbox_keyword_bits(struct mailbox *mb, const struct mail_flag_change *change, uint64_t *bits,
                         struct err *e);
/* May messages of this folder have keywords above the letters? */
bool mailbox_has_upper(const struct mailbox *mb);
/* The message with this base has these keywords above the letters from now on; saved, durably, by mailbox_save_upper. */
int mailbox_set_upper(struct mailbox *mb, struct bytes base, uint64_t keywords, struct err *e);
int mailbox_save_upper(struct mailbox *mb, struct err *e);

/* ---- maildir_update.c: changes of the list, all in one transaction ---- */

struct mail_change {
    uint32_t uid;
    bool gone, in_new;
    bool has_fields, has_info, has_keywords;
    struct bytes name;   /* of the file; .p NULL: as it was */
    struct bytes fields; /* of the uidlist, if has_fields */
    uint64_t keywords;   /* above the letters, if has_keywords */
    struct mail_info info;
};
struct mail_listing {
    const uint64_t *hashes;
    const uint32_t *uids;
    size_t n;
};
/* changes ascend by UID. mb->head's stamps, uidlist lines and next UID are written along; on success mb->head and mb->runs are
 * as in the index. reset: what was known of the folder goes first. listing: NULL, or the new one. Returns an LMDB code. */
int mailbox_apply(struct mailbox *mb, const struct mail_change *changes, size_t n,
                  const struct mail_listing *listing, bool reset);

/* ---- maildir_modseq.c ---- */

#define MODSEQ_FILE "posthouse-modseq"

/* The next mod-sequence of a folder, which is above all that were ever told; it is not in head yet, but head->modseq_mark may
 * change. Under the lock. */
uint64_t modseq_next(int dir_fd, struct index_head *head);
/* The mark that a file of this text holds (pure). */
bool modseq_mark_parse(struct bytes text, uint64_t *mark);

/* maildir_object_id.c: append an identifier of at most 255 letters, digits, '-' and '_' (pure). */
void object_id_write(struct strbuf *out, char prefix, struct bytes guid);

/* ---- maildir_message.c ---- */

/* Run f(dir_fd, name) on the message's file, again when it was renamed meanwhile (f: -1 with errno ENOENT). Result of f, or
 * -1 with ERR_NOTFOUND or ERR_BUSY. f's other errors are the caller's: errno is kept, e is not set. */
int mailbox_with_file(struct mailbox *mb, uint32_t uid, int (*f)(void *arg, int dir_fd, const char *name),
                      void *arg, struct err *e);

/* Sizes and date of an open file; its name's hints are believed if they agree with it. */
int mailbox_info_of(int fd, const struct stat *st, struct bytes name, struct mail_info *info, struct err *e);

/* maildir_text.c: sizes that wait to be written; write what waits; the same, and free. */
bool mailbox_text_info(const struct mailbox *mb, uint32_t uid, struct mail_info *info);
void mailbox_text_put_info(struct mailbox *mb, uint32_t uid, const struct mail_info *info);
void mailbox_texts_write(struct mailbox *mb);
void mailbox_texts_done(struct mailbox *mb);

/* ---- maildir_quota.c: nothing of it does anything for stores without limits and folders that do not count ---- */

/* Room for these octets and messages, as it looks now? ERR_QUOTA. */
int quota_check(struct mail_store *store, const char *folder, int64_t octets, int64_t messages,
                struct err *e);
/* A change of what an account holds, on its way; the quota is locked from begin to end. */
struct quota {
    struct mail_store *store; /* NULL: nothing is counted */
    int lock_fd;
    int64_t reserved_octets, reserved_messages;
    int64_t octets, messages; /* what really came (less than 0: went): to be set before the end */
};
#define QUOTA_INIT                                                                                           \
    {                                                                                                        \
        .lock_fd = -1                                                                                        \
    }
/* So much is to be added: ERR_QUOTA if there is no room, unless it is `free`. */
int quota_begin(struct quota *q, struct mail_store *store, const char *folder, int64_t octets,
                int64_t messages, bool free, struct err *e);
/* Something is to be removed. Never fails: without the lock, what is used is counted anew later. */
void quota_begin_removal(struct quota *q, struct mail_store *store, const char *folder);
void quota_end(struct quota *q);
#define AUTO_QUOTA __attribute__((cleanup(quota_end)))
/* Whole folders came or went: count anew when it is needed. */
void quota_forget(struct mail_store *store);
bool quota_counts(const struct mail_store *store, const char *folder);
struct maildirsize;
/* The sums of maildirsize; false if they are not to be had, or of other limits. */
bool quota_read(const struct mail_store *store, struct maildirsize *m, time_t *written);
/* Count, and with `write` keep it (under the lock). */
void quota_count(struct mail_store *store, struct maildirsize *m, bool write);
/* One folder, by its directory below the root. */
void quota_count_folder(struct mail_store *store, const char *dir, struct maildirsize *m);

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
/* All is written: flush, set the mtime (0: now). */
int writer_finish(struct writer *w, time_t date, struct err *e);
/* Sync and close n finished ones. */
int writer_sync(struct writer *const *writers, size_t n, struct err *e);
/* One alone: finish, sync, close. */
int writer_close(struct writer *w, time_t date, struct err *e);
/* Remove the temporary file if it is still there, free. */
void writer_abort(struct writer *w);
/* Append ",S=<size>,W=<virtual size>" */
void writer_add_sizes(struct strbuf *name, const struct writer *w);

#endif
