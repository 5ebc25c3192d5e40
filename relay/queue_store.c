/*
 * queue_store.c - the spool directory. uid posthouse. From the acknowledgement of a message that cannot be
 * finished at once to its last recipient's verdict.
 *
 * Below the spool: queue/ID (envelope and message), queue/ID.journal (verdicts), damaged/ (set aside). All on
 * one file system.
 *
 *      state                                    a crash leaves     next step (function)
 *  S0  nothing                                  -                  make unnamed file in queue/ (store_put)
 *  S1  unnamed file, written in part            S0                 write all, fsync file
 *  S2  unnamed file, complete and synced        S0                 link as queue/ID
 *  S3  queue/ID, name not yet durable           S0 or S4           fsync queue/; then the sender gets 250
 *  S4  queue/ID durable: ours to deliver        S4                 append verdicts (store_append)
 *  S5  ID.journal written, not synced           S4 or S5; may be   fdatasync ID.journal; after its making
 *                                               delivered twice    fsync queue/; back to S4
 *  S6  every recipient has its verdict, the     as S5              unlink queue/ID (store_remove)
 *      report to the sender is in the spool
 *  SH  held: the envelope or the last H of the  SH                 nothing is tried; the journal's next H (released)
 *      journal says so                                             makes it S4
 *  S7  queue/ID gone, ID.journal there          S6 or S7           unlink ID.journal; start-up does it too
 *  S8  both gone                                S7 or S8           -
 *  SX  unreadable                               SX                 rename to damaged/ (store_set_aside)
 *
 * Where the file system has no unnamed files, S1 and S2 have the name queue/.tmp-ID and the link is a rename;
 * start-up removes such files. Names and journals are written by threads (queue_disk.c), one at a time for each message.
 * A failed fsync is never tried again: the file is dropped and the sender told
 * to come back.
 */
#include "relay/queue_store.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>

#define JOURNAL_SUFFIX ".journal"
#define NAME_LEN       64
#define COPY_CHUNK     65536

struct store {
    int queue_fd, damaged_fd, proc_fd;
    bool reading; /* only to look */
};

struct temp { /* a file that has no final name yet */
    int fd;
    char name[NAME_LEN]; /* "": unnamed */
};

/* ---- ids: 13 hex digits of microseconds, 7 of chance ---- */

static uint32_t new_chance(void)
{
    static uint32_t pool[64];
    static size_t left;
    if (!left && getrandom(pool, sizeof pool, 0) != sizeof pool)
        log_fatal("no randomness from the system: %m");
    left = left ? left - 1 : ARRAY_LEN(pool) - 1;
    return pool[left];
}

void store_new_id(char id[STORE_ID_LEN + 1])
{
    struct timespec now;
    uint32_t chance = new_chance();
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t us = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
    snprintf(id, STORE_ID_LEN + 1, "%013llx%07x", (unsigned long long)(us & 0xfffffffffffffULL),
             chance & 0xfffffffu);
}

static bool is_id(struct bytes name)
{
    for (size_t i = 0; i < name.n; i++)
        if (!ascii_digit(name.p[i]) && !(name.p[i] >= 'a' && name.p[i] <= 'f'))
            return false;
    return name.n == STORE_ID_LEN;
}

uint64_t store_id_us(const char *id)
{
    char digits[14];
    snprintf(digits, sizeof digits, "%.13s", id);
    return strtoull(digits, NULL, 16);
}

uint64_t store_id_time(const char *id)
{
    return store_id_us(id) / 1000000;
}

static void journal_name(char name[NAME_LEN], const char *id)
{
    snprintf(name, NAME_LEN, "%s" JOURNAL_SUFFIX, id);
}

/* ---- opening ---- */

static int open_dir(int at, const char *path, bool make, struct err *e)
{
    if (make && mkdirat(at, path, 0700) && errno != EEXIST)
        return err_errno(e, errno, "cannot make the spool directory %s", path);
    int fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? err_errno(e, errno, "cannot open the spool directory %s", path) : fd;
}

struct store *store_open(const char *dir, struct err *e)
{
    AUTO_CLOSE int top = open_dir(AT_FDCWD, dir, true, e);
    if (top < 0)
        return NULL;
    struct store *s = xcalloc(1, sizeof *s);
    s->queue_fd = open_dir(top, "queue", true, e);
    s->damaged_fd = s->queue_fd < 0 ? -1 : open_dir(top, "damaged", true, e);
    s->proc_fd = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (s->damaged_fd >= 0 && s->proc_fd < 0)
        err_errno(e, errno, "cannot open /proc/self/fd (is /proc mounted?)");
    if (s->damaged_fd >= 0 && s->proc_fd >= 0 &&
        (fs_sync_dir(top) == 0 || err_errno(e, errno, "%s", dir) == 0))
        return s;
    store_close(s);
    return NULL;
}

struct store *store_open_reading(const char *dir, struct err *e)
{
    AUTO_CLOSE int top = open_dir(AT_FDCWD, dir, false, e);
    int fd = top < 0 ? -1 : open_dir(top, "queue", false, e);
    if (fd < 0)
        return NULL;
    struct store *s = xcalloc(1, sizeof *s);
    *s = (struct store){.queue_fd = fd, .damaged_fd = -1, .proc_fd = -1, .reading = true};
    return s;
}

void store_close(struct store *s)
{
    if (!s)
        return;
    cleanup_close(&s->queue_fd);
    cleanup_close(&s->damaged_fd);
    cleanup_close(&s->proc_fd);
    free(s);
}

/* ---- start-up ---- */

/* A name in queue/ that is no message: what a crash left (S1, S2, S8) goes, the rest is left alone. */
static void clean_up(struct store *s, const char *name)
{
    struct bytes b = bytes_of(name), suffix = BYTES(JOURNAL_SUFFIX);
    bool journal = b.n == STORE_ID_LEN + suffix.n && bytes_eq(bytes_skip(b, STORE_ID_LEN), suffix);
    char id[STORE_ID_LEN + 1];
    snprintf(id, sizeof id, "%.*s", STORE_ID_LEN, name);
    bool orphan = journal && faccessat(s->queue_fd, id, F_OK, AT_SYMLINK_NOFOLLOW) && errno == ENOENT;
    if (orphan || bytes_starts_nocase(b, BYTES(".tmp-")))
        unlinkat(s->queue_fd, name, 0);
}

int store_scan(struct store *s, void (*fn)(const char *, void *), void *arg, struct err *e)
{
    int fd = openat(s->queue_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    AUTO_CLOSEDIR DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir)
        return err_errno(e, errno, "cannot read the spool");
    struct dirent *d;
    while ((d = readdir(dir))) {
        if (is_id(bytes_of(d->d_name)))
            fn(d->d_name, arg);
        else if (!s->reading)
            clean_up(s, d->d_name);
    }
    return 0;
}

/* ---- files without a name ---- */

static int temp_open(struct store *s, const char *id, struct temp *t)
{
    t->name[0] = '\0';
    t->fd = openat(s->queue_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (t->fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT))
        return t->fd;
    snprintf(t->name, sizeof t->name, ".tmp-%s", id);
    t->fd = openat(s->queue_fd, t->name, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
    return t->fd;
}

static int temp_publish(struct store *s, struct temp *t, const char *name)
{
    char number[16];
    if (t->name[0])
        return renameat(s->queue_fd, t->name, s->queue_fd, name);
    snprintf(number, sizeof number, "%d", t->fd);
    return linkat(s->proc_fd, number, s->queue_fd, name, AT_SYMLINK_FOLLOW);
}

static void temp_drop(struct store *s, struct temp *t)
{
    if (t->name[0])
        unlinkat(s->queue_fd, t->name, 0);
    cleanup_close(&t->fd);
}

int store_scratch(struct store *s, struct err *e)
{
    char id[STORE_ID_LEN + 1];
    struct temp t;
    store_new_id(id);
    if (temp_open(s, id, &t) < 0)
        return err_errno(e, errno, "cannot make a spool file");
    if (t.name[0])
        unlinkat(s->queue_fd, t.name, 0);
    return t.fd;
}

int store_reopen(struct store *s, int fd)
{
    char number[16];
    snprintf(number, sizeof number, "%d", fd);
    return openat(s->proc_fd, number, O_RDONLY | O_CLOEXEC);
}

uint64_t store_free_space(const struct store *s)
{
    struct statvfs v;
    return fstatvfs(s->queue_fd, &v) ? UINT64_MAX : (uint64_t)v.f_bavail * v.f_frsize;
}

/* ---- S0 to S4 ---- */

static int copy(int to, int from, uint64_t offset, uint64_t size)
{
    AUTO_FREE char *buf = xcalloc(1, COPY_CHUNK);
    while (size) {
        ssize_t n = fs_pread_all(from, buf, size < COPY_CHUNK ? size : COPY_CHUNK, (off_t)offset);
        if (n <= 0) {
            errno = n ? errno : EIO; /* shorter than its sender said */
            return -1;
        }
        if (fs_write_all(to, buf, (size_t)n))
            return -1;
        offset += (uint64_t)n;
        size -= (uint64_t)n;
    }
    return 0;
}

static int write_message(int fd, struct envelope *env, const struct content *content)
{
    AUTO_STRBUF struct strbuf head = STRBUF_INIT(ENVELOPE_MAX);
    env->size = content->prefix.n + content->size;
    if (!envelope_encode(env, false, &head)) {
        errno = EMSGSIZE;
        return -1;
    }
    if (fs_write_all(fd, head.data, head.len) || fs_write_all(fd, content->prefix.p, content->prefix.n) ||
        copy(fd, content->fd, content->offset, content->size))
        return -1;
    return fsync(fd);
}

int store_put(struct store *s, struct envelope *env, const struct content *content, struct err *e)
{
    struct temp t;
    if (temp_open(s, env->id, &t) < 0)
        return err_errno(e, errno, "cannot make a spool file");
    if (write_message(t.fd, env, content) || temp_publish(s, &t, env->id)) {
        err_errno(e, errno, "cannot write spool file %s", env->id);
        temp_drop(s, &t);
        return -1;
    }
    close(t.fd);
    if (fs_sync_dir(s->queue_fd)) {
        err_errno(e, errno, "cannot sync the spool directory");
        unlinkat(s->queue_fd, env->id, 0);
        return -1;
    }
    return 0;
}

/* ---- reading back ---- */

/* Most envelopes fit into the first few kilobytes; long ones are read once more, whole. */
static int read_envelope(int fd, struct spooled *m, struct err *e)
{
    for (size_t want = 16384;; want = ENVELOPE_MAX) {
        AUTO_STRBUF struct strbuf head = STRBUF_INIT(ENVELOPE_MAX);
        size_t used;
        ssize_t n = fs_pread_all(fd, strbuf_room(&head, want), want, 0);
        if (n < 0)
            return err_errno(e, errno, "cannot read it");
        strbuf_extend(&head, (size_t)n);
        if (envelope_decode(&m->env, strbuf_bytes(&head), &used, e) == 0) {
            m->offset = used;
            return 0;
        }
        if (e->code != ERR_LIMIT || (size_t)n < want || want == ENVELOPE_MAX) {
            e->code = ERR_CORRUPT;
            return -1;
        }
    }
}

static int check_size(const struct spooled *m, const char *id, struct err *e)
{
    struct stat st;
    if (fstat(m->fd, &st))
        return err_errno(e, errno, "cannot look at it");
    if ((uint64_t)st.st_size != m->offset + m->env.size)
        return err_set(e, ERR_CORRUPT, "it has %lld octets where %llu were written", (long long)st.st_size,
                       (unsigned long long)(m->offset + m->env.size));
    if (strcmp(m->env.id, id))
        return err_set(e, ERR_CORRUPT, "its envelope belongs to message %s", m->env.id);
    return 0;
}

/* Half a record from a crash: away with it, or what is appended behind it would never be read. */
static int cut_journal(struct store *s, const char *name, size_t keep, size_t lost, struct err *e)
{
    AUTO_CLOSE int fd = openat(s->queue_fd, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
    log_warn("spool: %s: its last %zu octets were not written whole before a crash and are dropped", name,
             lost);
    if (fd < 0 || ftruncate(fd, (off_t)keep))
        return err_errno(e, errno, "cannot shorten %s", name);
    return 0;
}

static int read_journal(struct store *s, const char *id, struct spooled *m, struct err *e)
{
    AUTO_STRBUF struct strbuf journal = STRBUF_INIT(JOURNAL_MAX);
    char name[NAME_LEN];
    journal_name(name, id);
    if (fs_read_file(s->queue_fd, name, &journal, e) && e->code != ERR_NOTFOUND)
        return -1;
    size_t used = journal_apply(strbuf_bytes(&journal), &m->env, &m->tried);
    return used < journal.len && !s->reading ? cut_journal(s, name, used, journal.len - used, e) : 0;
}

int store_load(struct store *s, const char *id, struct spooled *m, struct err *e)
{
    *m = (struct spooled){.fd = openat(s->queue_fd, id, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)};
    if (m->fd < 0)
        return err_errno(e, errno, "spool file %s", id);
    if (read_envelope(m->fd, m, e) == 0 && check_size(m, id, e) == 0 && read_journal(s, id, m, e) == 0)
        return 0;
    spooled_done(m);
    return err_prefix(e, "spool file %s", id);
}

void spooled_done(struct spooled *m)
{
    envelope_done(&m->env);
    cleanup_close(&m->fd);
    m->fd = -1;
}

/* ---- S4 to S8 ---- */

int store_append(struct store *s, const char *id, struct bytes records, bool sync, struct err *e)
{
    char name[NAME_LEN];
    bool fresh = false;
    journal_name(name, id);
    AUTO_CLOSE int fd = openat(s->queue_fd, name, O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) {
        fd = openat(s->queue_fd, name, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
        fresh = true;
    }
    if (fd < 0 || fs_write_all(fd, records.p, records.n) || (sync && fdatasync(fd)) ||
        (sync && fresh && fs_sync_dir(s->queue_fd)))
        return err_errno(e, errno, "cannot write the journal of %s", id);
    return 0;
}

int store_remove(struct store *s, const char *id, struct err *e)
{
    char name[NAME_LEN];
    journal_name(name, id);
    if (unlinkat(s->queue_fd, id, 0) && errno != ENOENT)
        return err_errno(
            e, errno, "cannot remove spool file %s (its recipients have their mail; it is tried again)", id);
    unlinkat(s->queue_fd, name, 0); /* if it cannot be, start-up does it (S7) */
    return 0;
}

void store_set_aside(struct store *s, const char *id)
{
    char name[NAME_LEN];
    journal_name(name, id);
    if (renameat(s->queue_fd, id, s->damaged_fd, id))
        log_error("cannot move spool file %s to damaged/: %m", id);
    renameat(s->queue_fd, name, s->damaged_fd, name);
    fs_sync_dir(s->queue_fd);
}
