/*
 * maildir_index.c - the index's environment: opening, trusting, closing. See maildir_index.h.
 *
 * Life of the file, kept in `state` under key 0:
 *
 *   I1  made: {version, boot id, not clean}
 *   I2  open in one or more sessions of this boot: changes are written, not synced. A killed session harms nothing (LMDB
 *       is copy-on-write, the pages are the kernel's); a power cut leaves I2 of another boot: thrown away
 *   I3  the last session closes: all synced, then {clean} written and synced
 *   I3 -> I2  by the first write of any session: {not clean} written and synced before that write
 *
 * Sessions hold a shared flock on the directory; who gets the exclusive one is the last. Only the last may throw the
 * files away in place; a damaged index is renamed instead, so that others go on with theirs and ours starts anew.
 */
#include "maildir/maildir_index_folder.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/strbuf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define FORMAT       4
#define MAP_LARGEST  ((size_t)1 << 36) /* address space, not memory */
#define MAP_LEAST    ((size_t)1 << 26)
#define MAP_MEMORY   ((size_t)1 << 32)
#define SMALL_PAGES  256 /* a smaller file may be as empty as it likes */
#define LOCK_TRIES   200
#define LOCK_WAIT_US 5000

struct life {
    uint32_t version, clean;
    char boot[40];
};

static const struct {
    const char *name;
    size_t offset;
    unsigned flags;
} tables[] = {
    {"folders", offsetof(struct index, folders), MDB_INTEGERKEY},
    {"state", offsetof(struct index, state), MDB_INTEGERKEY},
    {"mails", offsetof(struct index, mails), MDB_INTEGERKEY},
    {"flags", offsetof(struct index, flags), MDB_INTEGERKEY},
    {"texts", offsetof(struct index, texts), MDB_INTEGERKEY},
    {"briefs", offsetof(struct index, briefs), MDB_INTEGERKEY},
    {"changes", offsetof(struct index, changes), MDB_INTEGERKEY},
};

/* ---- trust ---- */

static void read_boot(struct life *life)
{
    *life = (struct life){.version = FORMAT};
    AUTO_CLOSE int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read(fd, life->boot, sizeof life->boot - 1) <= 0)
        memset(life->boot, 0, sizeof life->boot);
}

static int put_life(struct index *ix, MDB_txn *txn, bool clean)
{
    struct life life;
    uint64_t zero = 0;
    read_boot(&life);
    life.clean = clean;
    MDB_val key = {sizeof zero, &zero}, value = {sizeof life, &life};
    return mdb_put(txn, ix->state, &key, &value, 0);
}

static int get_life(const struct index *ix, MDB_txn *txn, struct life *life)
{
    uint64_t zero = 0;
    MDB_val key = {sizeof zero, &zero}, value;
    int rc = mdb_get(txn, ix->state, &key, &value);
    if (rc)
        return rc;
    if (value.mv_size != sizeof *life)
        return MDB_VERSION_MISMATCH;
    memcpy(life, value.mv_data, sizeof *life);
    return 0;
}

/* 0: may be used. MDB_VERSION_MISMATCH: to be thrown away. */
static int trust(const struct index *ix, MDB_txn *txn)
{
    struct life life, now;
    int rc = get_life(ix, txn, &life);
    read_boot(&now);
    if (rc)
        return rc == MDB_NOTFOUND ? MDB_VERSION_MISMATCH : rc;
    bool same_boot = *now.boot && !memcmp(life.boot, now.boot, sizeof now.boot);
    return life.version == FORMAT && (life.clean || same_boot) ? 0 : MDB_VERSION_MISMATCH;
}

/* ---- the environment ---- */

static int open_tables(struct index *ix, MDB_txn *txn, unsigned flags)
{
    int rc = 0;
    for (size_t i = 0; i < ARRAY_LEN(tables) && !rc; i++)
        rc = mdb_dbi_open(txn, tables[i].name, tables[i].flags | flags,
                          (MDB_dbi *)((char *)ix + tables[i].offset));
    return rc;
}

static int make_tables(struct index *ix)
{
    MDB_txn *txn;
    int rc = mdb_txn_begin(ix->env, NULL, 0, &txn);
    if (rc)
        return rc;
    rc = open_tables(ix, txn, MDB_CREATE);
    if (!rc)
        rc = put_life(ix, txn, false);
    if (!rc)
        return mdb_txn_commit(txn);
    mdb_txn_abort(txn);
    return rc;
}

static int look_at_tables(struct index *ix)
{
    MDB_txn *txn;
    int rc = mdb_txn_begin(ix->env, NULL, MDB_RDONLY, &txn);
    if (rc)
        return rc;
    rc = mdb_dbi_open(txn, "state", MDB_INTEGERKEY, &ix->state); /* MDB_NOTFOUND: it is new */
    if (!rc)
        rc = trust(ix, txn);
    if (!rc && open_tables(ix, txn, 0))
        rc = MDB_CORRUPTED;
    if (rc)
        mdb_txn_abort(txn);
    else
        rc = mdb_txn_commit(txn); /* keeps the handles */
    return rc;
}

static void end_walk(struct index_walk *w)
{
    if (w->cursor)
        mdb_cursor_close(w->cursor);
    *w = (struct index_walk){NULL, 0};
}

static void close_env(struct index *ix)
{
    end_walk(&ix->mail_walk);
    end_walk(&ix->text_walk);
    end_walk(&ix->brief_walk);
    if (ix->read)
        mdb_txn_abort(ix->read);
    if (ix->env)
        mdb_env_close(ix->env);
    ix->read = NULL;
    ix->env = NULL;
    ix->reading = false;
}

static int open_env(struct index *ix, const char *path, size_t map, unsigned flags)
{
    int rc = mdb_env_create(&ix->env);
    if (rc)
        return rc;
    mdb_env_set_maxdbs(ix->env, ARRAY_LEN(tables));
    mdb_env_set_maxreaders(ix->env, INDEX_READERS);
    mdb_env_set_mapsize(ix->env, map);
    rc = mdb_env_open(ix->env, path, MDB_NOSYNC | MDB_NOTLS | flags, 0600);
    if (rc)
        close_env(ix);
    return rc;
}

/* A large map costs nothing, but may be forbidden. */
static int open_file(struct index *ix)
{
    int rc = ENOMEM;
    for (size_t map = MAP_LARGEST; rc == ENOMEM && map >= MAP_LEAST; map /= 4)
        rc = open_env(ix, ix->path, map, 0);
    if (rc)
        return rc;
    int stale;
    mdb_reader_check(ix->env, &stale);
    rc = look_at_tables(ix);
    if (rc == MDB_NOTFOUND)
        rc = make_tables(ix);
    if (rc)
        close_env(ix);
    return rc;
}

static void open_memory(struct index *ix)
{
    char path[40];
    ix->in_memory = true;
    AUTO_CLOSE int fd = memfd_create("posthouse-index", MFD_CLOEXEC);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (fd < 0 || open_env(ix, path, MAP_MEMORY, MDB_NOSUBDIR | MDB_NOLOCK) || make_tables(ix))
        close_env(ix); /* every use then fails, and says so */
}

/* ---- the directory and its lock ---- */

static bool lock_dir(const struct index *ix, int how)
{
    for (int i = 0; i < LOCK_TRIES; i++) {
        if (!flock(ix->lock_fd, how | LOCK_NB))
            return true;
        if (errno != EWOULDBLOCK && errno != EINTR)
            return false;
        usleep(LOCK_WAIT_US);
    }
    return false;
}

static void unlink_files(const struct index *ix)
{
    unlinkat(ix->lock_fd, "data.mdb", 0);
    unlinkat(ix->lock_fd, "lock.mdb", 0);
}

static int open_dir(struct index *ix)
{
    if (mkdir(ix->path, 0700) && errno != EEXIST)
        return errno;
    ix->lock_fd = open(ix->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (ix->lock_fd < 0)
        return errno;
    return lock_dir(ix, LOCK_SH) ? 0 : EBUSY;
}

static void close_dir(struct index *ix)
{
    cleanup_close(&ix->lock_fd);
    ix->lock_fd = -1;
}

static void set_aside(struct index *ix)
{
    AUTO_STRBUF struct strbuf broken = STRBUF_INIT(8192);
    const char *slash = strrchr(ix->path, '/');
    strbuf_addb(&broken, bytes_from(ix->path, (size_t)(slash + 1 - ix->path)));
    strbuf_adds(&broken, INDEX_BROKEN);
    AUTO_CLOSE int old = open(broken.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (old >= 0) {
        unlinkat(old, "data.mdb", 0);
        unlinkat(old, "lock.mdb", 0);
        rmdir(broken.data);
    }
    rename(ix->path, broken.data);
}

/* Another boot's, not closed cleanly, or another version's: thrown away by whoever is alone with it. */
static int throw_away(struct index *ix)
{
    if (flock(ix->lock_fd, LOCK_EX | LOCK_NB)) {
        close_dir(ix);
        set_aside(ix);
        return open_dir(ix);
    }
    unlink_files(ix);
    return lock_dir(ix, LOCK_SH) ? 0 : EBUSY;
}

static bool is_damage(int rc)
{
    bool lmdb = rc >= MDB_KEYEXIST && rc <= MDB_LAST_ERRCODE; /* negative, ascending */
    return lmdb && rc != MDB_MAP_FULL && rc != MDB_READERS_FULL && rc != MDB_TXN_FULL;
}

void index_open(struct index *ix, const char *maildir_root, bool anew)
{
    AUTO_STRBUF struct strbuf path = STRBUF_INIT(8192);
    *ix = (struct index){.lock_fd = -1, .generation = 1};
    strbuf_addf(&path, "%s/%s", maildir_root, INDEX_DIR);
    ix->path = strbuf_detach(&path);
    if (anew)
        set_aside(ix);
    int rc = open_dir(ix);
    if (!rc)
        rc = open_file(ix);
    if (rc == MDB_VERSION_MISMATCH && !(rc = throw_away(ix)))
        rc = open_file(ix);
    if (is_damage(rc)) {
        close_dir(ix);
        set_aside(ix);
        if (!(rc = open_dir(ix)))
            rc = open_file(ix);
    }
    if (rc) {
        close_dir(ix);
        open_memory(ix);
    }
}

int index_look(struct index *ix, const char *maildir_root)
{
    AUTO_STRBUF struct strbuf path = STRBUF_INIT(8192), data = STRBUF_INIT(8192);
    *ix = (struct index){.lock_fd = -1, .generation = 1};
    strbuf_addf(&path, "%s/%s", maildir_root, INDEX_DIR);
    strbuf_addf(&data, "%s/data.mdb", path.data);
    if (access(data.data, F_OK))
        return MDB_NOTFOUND;
    int rc = ENOMEM;
    for (size_t map = MAP_LARGEST; rc == ENOMEM && map >= MAP_LEAST; map /= 4)
        rc = open_env(ix, path.data, map, MDB_RDONLY);
    if (!rc && (rc = look_at_tables(ix)))
        close_env(ix);
    ix->path = rc ? NULL : strbuf_detach(&path);
    return rc;
}

/* Pages in use, and pages of the file. */
static bool count_pages(struct index *ix, size_t *used, size_t *all)
{
    const MDB_dbi dbis[] = {ix->folders, ix->state, ix->mails, ix->flags, ix->texts, ix->briefs, ix->changes};
    MDB_envinfo info;
    *used = 0;
    if (index_read(ix) || mdb_env_info(ix->env, &info))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(dbis); i++) {
        MDB_stat stat;
        if (mdb_stat(ix->read, dbis[i], &stat))
            return false;
        *used += stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages;
    }
    index_read_end(ix);
    *all = info.me_last_pgno + 1;
    return true;
}

/* LMDB's file never shrinks: one that is over twice its need is written anew. Nobody else has it open. */
static void make_small(struct index *ix)
{
    size_t used, all;
    if (!count_pages(ix, &used, &all) || all < SMALL_PAGES || used * 2 > all)
        return;
    AUTO_CLOSE int fd =
        openat(ix->lock_fd, "data.mdb.new", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 || mdb_env_copyfd2(ix->env, fd, MDB_CP_COMPACT) || fsync(fd) ||
        renameat(ix->lock_fd, "data.mdb.new", ix->lock_fd, "data.mdb"))
        unlinkat(ix->lock_fd, "data.mdb.new", 0);
}

static void mark_clean(struct index *ix)
{
    MDB_txn *txn;
    if (!ix->written || ix->in_memory || !ix->env || flock(ix->lock_fd, LOCK_EX | LOCK_NB))
        return;
    if (mdb_env_sync(ix->env, 1) || mdb_txn_begin(ix->env, NULL, 0, &txn))
        return;
    if (put_life(ix, txn, true))
        mdb_txn_abort(txn);
    else if (!mdb_txn_commit(txn) && !mdb_env_sync(ix->env, 1))
        make_small(ix);
}

void index_close(struct index *ix)
{
    if (!ix->path)
        return;
    index_read_end(ix);
    mark_clean(ix);
    close_env(ix);
    close_dir(ix);
    free(TAKE_PTR(ix->path));
}

void index_recover(struct index *ix, int rc)
{
    bool damaged = is_damage(rc) && !ix->in_memory;
    unsigned generation = ix->generation;
    close_env(ix);
    close_dir(ix);
    if (damaged) {
        AUTO_FREE char *path = TAKE_PTR(ix->path);
        AUTO_FREE char *root = bytes_dup(bytes_from(path, (size_t)(strrchr(path, '/') - path)));
        *ix = (struct index){.path = path, .lock_fd = -1};
        index_open(ix, root, true);
    } else {
        open_memory(ix);
    }
    ix->generation = generation + 1;
}

/* LMDB keeps copies of the pages that it wrote until it is closed. */
static void open_again(struct index *ix)
{
    index_read_end(ix);
    close_env(ix);
    ix->swollen = false;
    int rc = open_file(ix);
    if (rc)
        index_recover(ix, rc);
}

void index_rest(struct index *ix)
{
    index_read_end(ix);
    if (ix->swollen && !ix->in_memory)
        open_again(ix);
}

void index_give_back(struct index *ix)
{
    index_read_end(ix);
    if ((ix->walked > INDEX_WALK || ix->hoards) && !ix->in_memory)
        open_again(ix);
    ix->walked = 0;
    ix->hoards = false;
}

/* ---- transactions ---- */

static int begin_walk(struct index *ix, struct index_walk *w, MDB_dbi table)
{
    w->at = 0;
    return w->cursor ? mdb_cursor_renew(ix->read, w->cursor) : mdb_cursor_open(ix->read, table, &w->cursor);
}

int index_read(struct index *ix)
{
    int rc;
    if (ix->reading)
        return 0;
    if (!ix->env)
        return ENOMEM;
    rc = ix->read ? mdb_txn_renew(ix->read) : mdb_txn_begin(ix->env, NULL, MDB_RDONLY, &ix->read);
    if (rc)
        return rc;
    rc = begin_walk(ix, &ix->mail_walk, ix->mails);
    if (!rc)
        rc = begin_walk(ix, &ix->text_walk, ix->texts);
    if (!rc)
        rc = begin_walk(ix, &ix->brief_walk, ix->briefs);
    ix->flags_seen.known = false;
    ix->reading = true;
    return rc;
}

void index_read_end(struct index *ix)
{
    if (ix->reading)
        mdb_txn_reset(ix->read);
    ix->reading = false;
}

/* I3 -> I2, before anything else is written: without the sync a power cut could leave the old, clean head over pages that
 * later transactions have used again. */
static int mark_unclean(struct index *ix)
{
    MDB_txn *txn;
    int rc = mdb_txn_begin(ix->env, NULL, 0, &txn);
    if (rc)
        return rc;
    rc = put_life(ix, txn, false);
    if (rc)
        mdb_txn_abort(txn);
    else
        rc = mdb_txn_commit(txn);
    return rc ? rc : mdb_env_sync(ix->env, 1);
}

int index_write(struct index *ix, MDB_txn **txn)
{
    struct life life;
    index_read_end(ix);
    index_flags_drop(ix);
    if (!ix->env)
        return ENOMEM;
    int rc = mdb_txn_begin(ix->env, NULL, 0, txn);
    if (rc)
        return rc;
    rc = get_life(ix, *txn, &life);
    ix->written |= !rc;
    ix->hoards = true;
    if (!rc && !life.clean)
        return 0;
    mdb_txn_abort(*txn);
    if (!rc)
        rc = mark_unclean(ix);
    return rc ? rc : mdb_txn_begin(ix->env, NULL, 0, txn);
}

int index_commit(struct index *ix, MDB_txn *txn)
{
    int rc = index_flags_flush(ix, txn);
    if (!rc)
        return mdb_txn_commit(txn);
    mdb_txn_abort(txn);
    return rc;
}
