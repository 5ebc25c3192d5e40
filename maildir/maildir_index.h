/*
 * maildir_index.h - what we remember of an account's folders: one LMDB environment in the Maildir, a cache and no more.
 *
 * The Maildir is the truth. The index may be removed at any time with nothing lost but speed; what in it does not fit
 * the directories is found by their mtimes (maildir_scan.c) and written anew. Tables (integers in host order):
 *
 *   folders  inode of the folder's directory            -> its number (fid)
 *   state    fid << 32 | kind                           -> struct index_head, UIDs as runs, names in the order of the directory,
 *                                                          bases in the order of their hashes (maildir_index_state.c)
 *   mails    fid << 32 | UID                            -> struct index_mail_head, base, odd name, uidlist fields
 *   flags    fid << 32 | UID / 1024                     -> an octet for each of 1024 UIDs (maildir_index_flags.c)
 *   texts    fid << 32 | UID                            -> what the session wants to keep of a message, opaque
 *   briefs   fid << 32 | UID                            -> the same, of what it compares: small, so that a walk over all
 *                                                          of a folder finds them in the processor's caches
 *   changes  fid << 32 | number of the change           -> its mod-sequence, UIDs that it changed
 *
 * Mails, state and changes of a folder are written under its uidlist lock only; texts and sizes by anybody. Readers
 * take no lock. Nothing is synced while sessions are open: the file is trusted as long as the kernel that wrote it runs
 * (boot id), and after a reboot only if the last session that closed marked it clean.
 *
 * Where the file cannot be used (disk full, read-only, damaged) the same tables live in memory for this session.
 * Functions return 0 or an LMDB or errno code; index_recover makes of any failure an empty index to go on with.
 */
#ifndef MAILDIR_INDEX_H
#define MAILDIR_INDEX_H

#include "base/bytes.h"
#include "base/err.h"

#include <lmdb.h>
#include <stdbool.h>
#include <stdint.h>

#define INDEX_DIR    "posthouse-index"
#define INDEX_BROKEN "posthouse-index.broken" /* the last one that was set aside, for whoever looks into it */
#define INDEX_WALK                                                                                           \
    4000 /* messages; a longer walk makes so much of the map part of this process that it is opened anew */
#define INDEX_READERS 1024 /* sessions of one account that read at the same moment */

#define INDEX_FLAGS_BLOCK 1024 /* messages whose flags stand together */

struct index {
    char *path; /* of its directory */
    int lock_fd;
    MDB_env *env;
    MDB_dbi folders, state, mails, flags, texts, briefs, changes;
    bool in_memory;
    bool written;        /* by us: to be marked clean */
    bool hoards;         /* since it was opened something was written */
    bool swollen;        /* it holds memory after a large transaction or a walk over all: to be opened anew */
    unsigned generation; /* rises when it was opened anew: positions and fids of before are void */
    MDB_txn *read;       /* kept for reuse */
    bool reading;
    struct index_walk {
        MDB_cursor *cursor; /* in `read` */
        uint64_t at;        /* key under the cursor, 0: none */
    } mail_walk, text_walk, brief_walk;
    size_t walked; /* messages read since the last rest */
    struct index_flags_seen {
        bool known;
        uint64_t key;
        const uint8_t *p; /* in the map; NULL: there is none */
        size_t n;
    } flags_seen;
    struct index_flags_block { /* that is being written */
        bool known, changed;
        uint64_t key;
        size_t n;
        uint8_t flags[INDEX_FLAGS_BLOCK];
    } flags_block;
};

/* Open or make it (anew: the old one is set aside). Never fails for good: what cannot be used is replaced by one in memory. */
void index_open(struct index *ix, const char *maildir_root, bool anew);
void index_close(struct index *ix);
/* For who only looks: nothing is made, thrown away or marked. 0, then index_close; MDB_NOTFOUND: there is none;
 * MDB_VERSION_MISMATCH: it is of another version or boot, and will be thrown away; else it is damaged. */
int index_look(struct index *ix, const char *maildir_root);
/* After a failure with this code: set a damaged one aside, fall back to memory; an empty index follows. */
void index_recover(struct index *ix, int rc);
/* Between commands: end reading; give memory back after large transactions. */
void index_rest(struct index *ix);
/* When nobody has asked for a while: also the pages of the map that large walks made part of this process. Who asks again soon is served from
 * them. */
void index_give_back(struct index *ix);

/* A read transaction is open after this (the newest state if none was open). */
int index_read(struct index *ix);
void index_read_end(struct index *ix);
/* Begin a write transaction. */
int index_write(struct index *ix, MDB_txn **txn);
/* Commit; on failure it is aborted. */
int index_commit(struct index *ix, MDB_txn *txn);

#endif
