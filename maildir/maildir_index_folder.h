/*
 * maildir_index_folder.h - what the index holds of one folder: its head, its UIDs, its messages, its latest changes.
 */
#ifndef MAILDIR_INDEX_FOLDER_H
#define MAILDIR_INDEX_FOLDER_H

#include "base/strbuf.h"
#include "maildir/maildir_index.h"
#include "maildir/uid_runs.h"

#include <sys/stat.h>

/* Values lie in the map at any address that is even. */
typedef uint32_t index_u32 __attribute__((aligned(1), may_alias));
typedef uint64_t index_u64 __attribute__((aligned(1), may_alias));

#define INDEX_CHANGES_MAX     256   /* changes that are remembered one by one */
#define INDEX_CHANGE_UIDS_MAX 20000 /* a larger one is not: sessions then look at all messages */
#define INDEX_BASES_TAIL      1000  /* messages that need not be in the table of bases */
#define INDEX_NAME_MAX        255
#define INDEX_FIELDS_MAX      4096 /* octets of a message's uidlist fields */

/* What tells whether a file is still the one that was read. */
struct index_stamp {
    uint64_t ino, size;
    int64_t mtime, ctime; /* nanoseconds; all 0: no file */
};

struct index_head {
    uint32_t validity, next; /* as in the uidlist; validity 0: the folder is not in the index */
    uint32_t count, unseen, deleted, in_new;
    uint32_t first_unseen; /* UID, 0: none */
    uint32_t lines;        /* of the uidlist, those without a file included */
    uint32_t bases_next;   /* messages from this UID on are not in the table of bases */
    uint64_t modseq;       /* of the latest change */
    uint64_t modseq_mark;  /* no mod-sequence above this one was ever told (maildir_modseq.c); 0: not known */
    uint64_t listing_modseq;      /* of when the names were last written in the order of the directory */
    uint64_t log_modseq;          /* changes after this one are in `changes` */
    uint32_t log_first, log_next; /* their numbers */
    struct index_stamp new_dir, cur_dir, uidlist, keywords, sidecar;
    uint32_t settled; /* the directories' stamps tell of every later change */
    char guid[36];    /* of the uidlist; empty: it has none yet */
};

struct index_mail {
    uint64_t modseq, keywords, size, virtual_size;
    int64_t date;
    uint32_t flags;
    bool in_new, has_info;
    struct bytes base, name, fields; /* name: empty if it is the one that follows from base and flags */
};

enum index_kind {
    INDEX_HEAD = 1,
    INDEX_RUNS,
    INDEX_LISTING,
    INDEX_BASES,
    INDEX_TIDIED,  /* when (maildir_tidy.c); of fid 0: the account */
    INDEX_LAST_FID /* of fid 0: the largest that was ever given */
};

/* fid of a folder by its directory's inode; 0 if it is not there. */
int index_folder_find(struct index *ix, uint64_t ino, uint32_t *fid);
/* The same, made if missing. */
int index_folder_make(struct index *ix, MDB_txn *txn, uint64_t ino, uint32_t *fid);
/* Folders whose directories are gone: is_there(arg, inode) says no. */
int index_folders_expire(struct index *ix, MDB_txn *txn, bool (*is_there)(void *arg, uint64_t ino),
                         void *arg);
/* Everything that is known of it goes. */
int index_folder_clear(struct index *ix, MDB_txn *txn, uint32_t fid);
/* MDB_NOTFOUND: nothing is known of the folder. */
int index_get_head(struct index *ix, MDB_txn *txn, uint32_t fid, struct index_head *head);
int index_put_head(struct index *ix, MDB_txn *txn, uint32_t fid, const struct index_head *head);
int index_get_runs(struct index *ix, MDB_txn *txn, uint32_t fid, struct uid_runs *runs);
int index_put_runs(struct index *ix, MDB_txn *txn, uint32_t fid, const struct uid_runs *runs);
/* Blobs; value points into the map. */
int index_get_blob(struct index *ix, MDB_txn *txn, uint32_t fid, enum index_kind kind, struct bytes *value);
int index_put_blob(struct index *ix, MDB_txn *txn, uint32_t fid, enum index_kind kind, const void *p,
                   size_t n);

/* A message. Runs in *mail point into the map, valid until the transaction ends. Reading needs index_read. In order of
 * UIDs this is a step of a cursor. */
int index_get_mail(struct index *ix, uint32_t fid, uint32_t uid, struct index_mail *mail);
/* The same in a write transaction. */
int index_get_mail_in(struct index *ix, MDB_txn *txn, uint32_t fid, uint32_t uid, struct index_mail *mail);
/* What *mail points to may lie in the map. last: its key is greater than all that are there (a faster way to fill an empty folder). */
int index_put_mail(struct index *ix, MDB_txn *txn, uint32_t fid, uint32_t uid, const struct index_mail *mail,
                   bool last);
/* Is the key of this message greater than all that are there? */
bool index_is_last(struct index *ix, MDB_txn *txn, uint32_t fid, uint32_t uid);
/* Its flags alone (enum mail_flag), which costs a walk next to nothing. False: there is no such message. */
bool index_get_flags(struct index *ix, uint32_t fid, uint32_t uid, uint32_t *flags);
/* What the session keeps of a message. */
int index_get_text(struct index *ix, uint32_t fid, uint32_t uid, struct bytes *text);
int index_get_brief(struct index *ix, uint32_t fid, uint32_t uid, struct bytes *brief);
int index_put_text(struct index *ix, MDB_txn *txn, uint32_t fid, uint32_t uid, struct bytes brief,
                   struct bytes text);
/* With its text; 0 also if it is not there. */
int index_delete_mail(struct index *ix, MDB_txn *txn, uint32_t fid, uint32_t uid);
/* Append its file name (not in_new: behind cur/). */
void index_mail_name(const struct index_mail *mail, struct strbuf *name);
/* Take base, flags and letters from a file name; `name` is left empty if it follows from them. keywords above the letters stay. */
void index_mail_set_name(struct index_mail *mail, struct bytes name);

/* Note that these UIDs changed or went with head->modseq; head is changed, and has to be put. */
int index_log(struct index *ix, MDB_txn *txn, uint32_t fid, struct index_head *head, const uint32_t *uids,
              size_t n);
/* UIDs that changed after a mod-sequence, ascending, malloc'ed: a superset where changes are no longer known one by one. */
int index_changed(struct index *ix, uint32_t fid, const struct index_head *head, const struct uid_runs *runs,
                  uint64_t since, uint32_t **uids, size_t *n);

/* The table of bases: find a message by the unique part of its file name. 0: it is not known. */
int index_find_base(struct index *ix, uint32_t fid, const struct index_head *head,
                    const struct uid_runs *runs, struct bytes base, uint32_t *uid);
/* Make the table anew when too many messages are missing from it. */
int index_make_bases(struct index *ix, MDB_txn *txn, uint32_t fid, struct index_head *head,
                     const struct uid_runs *runs);
struct index_base {
    uint32_t hash, uid;
};
/* Write the table, made of all messages; items are sorted in place. */
int index_put_bases(struct index *ix, MDB_txn *txn, uint32_t fid, struct index_base *items, size_t n);
uint64_t index_hash(struct bytes b);
uint32_t index_base_hash(struct bytes base);

/* Internal (maildir_index_flags.c): note what index_get_flags is to say, -1: no such message. Blocks are written by flush, or by the next
 * one; a transaction begins with drop, and before it commits is flushed. */
int index_flags_put(struct index *ix, MDB_txn *txn, uint32_t fid, uint32_t uid, int flags);
int index_flags_flush(struct index *ix, MDB_txn *txn);
void index_flags_drop(struct index *ix);

struct index_stamp index_stamp(const struct stat *st);
bool index_stamp_eq(const struct index_stamp *a, const struct index_stamp *b);
/* Of a file in a directory; all 0 if there is none. */
struct index_stamp index_stamp_at(int dir_fd, const char *name);

#endif
