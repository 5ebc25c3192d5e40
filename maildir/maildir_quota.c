/*
 * maildir_quota.c - Maildir++ quota: is there room, and keeping `maildirsize` true.
 *
 * First line the limits, then lines "<octets> <messages>" that are summed; they may be negative. Appended with O_APPEND by
 * everybody. Counted anew (maildir_quota_count.c) when missing, 5120 octets or longer, unreadable, negative, of other limits, or
 * when over quota with more than one line of sums or older than 15 minutes: so a stale file never refuses mail for long.
 *
 *   Q1  the account's lock: the kernel's, on tmp/ of the root, so that it dies with its holder
 *   Q2  sums read or counted; over the limit: refused
 *   Q3  the line for what is about to come, appended   a crash here: counted too much, until the next count
 *   Q4  the messages get their names                   delivery, APPEND, COPY
 *   Q5  on failure a line that takes it back; unlocked
 * Removal: Q1, the names go, the line is appended, unlocked: a crash in between counts too much again.
 *
 * So processes of ours that race can never pass the limit together, and nobody counts while messages of ours come or go. Other
 * servers take no lock: beside them the limit may be passed by what both add at the same moment. A folder's lock is taken before
 * this one, never after. MOVE is never refused between folders that count; while it goes on its messages count twice. The file is not
 * synced: after a power cut it may lack lines, and the account hold so much more until it is counted again.
 */
#include "maildir/maildir_internal.h"
#include "maildir/maildirsize.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

#define STALE_S      (15 * 60)
#define LOCK_TRIES   60000
#define LOCK_WAIT_US 1000

static bool has_limits(const struct mail_store *store)
{
    return store->quota_bytes > 0 || store->quota_messages > 0;
}

bool quota_counts(const struct mail_store *store, const char *folder)
{
    struct bytes rest = store->quota_ignore ? bytes_of(store->quota_ignore) : (struct bytes){NULL, 0};
    while (rest.p) {
        struct bytes name = bytes_split(&rest, '/');
        if (name.n && !strncmp(folder, name.p, name.n) && (!folder[name.n] || folder[name.n] == '.'))
            return false;
    }
    return true;
}

/* ---- the file ---- */

static bool exceeds(int64_t used, int64_t more, int64_t limit)
{
    int64_t sum;
    return limit > 0 && (__builtin_add_overflow(used, more, &sum) || sum > limit);
}

static bool over(const struct mail_store *store, const struct maildirsize *m, int64_t octets,
                 int64_t messages)
{
    return exceeds(m->octets, octets, store->quota_bytes) ||
           exceeds(m->messages, messages, store->quota_messages);
}

bool quota_read(const struct mail_store *store, struct maildirsize *m, time_t *written)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(MAILDIRSIZE_MAX_BYTES);
    struct stat st;
    struct err e;
    if (fstatat(store->fd, MAILDIRSIZE_FILE, &st, AT_SYMLINK_NOFOLLOW) ||
        fs_read_file(store->fd, MAILDIRSIZE_FILE, &text, &e))
        return false;
    *written = st.st_mtime;
    return maildirsize_parse(m, strbuf_bytes(&text)) && m->limit_octets == store->quota_bytes &&
           m->limit_messages == store->quota_messages;
}

static void forget(const struct mail_store *store)
{
    unlinkat(store->fd, MAILDIRSIZE_FILE, 0);
}

static void append_line(const struct mail_store *store, int64_t octets, int64_t messages)
{
    char line[64];
    if (!octets && !messages)
        return;
    AUTO_CLOSE int fd =
        openat(store->fd, MAILDIRSIZE_FILE, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    int n = snprintf(line, sizeof line, "%lld %lld\n", (long long)octets, (long long)messages);
    if (fd >= 0 && fs_write_all(fd, line, (size_t)n))
        forget(store); /* a count that is not true is worse than none */
}

/* ---- the lock ---- */

static int take_lock(const struct mail_store *store, struct err *e)
{
    AUTO_CLOSE int fd = openat(store->fd, "tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return err_errno(e, errno, "%s/tmp, for the lock of the quota", store->root);
    for (int i = 0; flock(fd, LOCK_EX | LOCK_NB); i++) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return err_errno(e, errno, "locking %s/tmp for the quota", store->root);
        if (i == LOCK_TRIES)
            return err_set(e, ERR_BUSY, "the quota has been locked by another session for a minute");
        usleep(LOCK_WAIT_US);
    }
    return TAKE_FD(fd);
}

/* ---- for those who add and remove ---- */

/* Under the lock. */
static int check(struct mail_store *store, int64_t octets, int64_t messages, struct err *e)
{
    struct maildirsize m;
    time_t written;
    bool known = quota_read(store, &m, &written);
    bool full = known && over(store, &m, octets, messages);
    if (!known || (full && (m.lines > 1 || time(NULL) - written > STALE_S)))
        quota_count(store, &m, true);
    if (!over(store, &m, octets, messages))
        return 0;
    return err_set(
        e, ERR_QUOTA,
        "the mailbox is full (%lld octets in %lld messages; the quota is %lld octets, %lld messages)",
        (long long)m.octets, (long long)m.messages, (long long)store->quota_bytes,
        (long long)store->quota_messages);
}

int quota_begin(struct quota *q, struct mail_store *store, const char *folder, int64_t octets,
                int64_t messages, bool free, struct err *e)
{
    *q = (struct quota)QUOTA_INIT;
    if (!has_limits(store) || !quota_counts(store, folder))
        return 0;
    q->lock_fd = take_lock(store, e);
    if (q->lock_fd < 0)
        return -1;
    if (!free && check(store, octets, messages, e)) {
        quota_end(q);
        return -1;
    }
    append_line(store, octets, messages);
    q->store = store;
    q->reserved_octets = octets;
    q->reserved_messages = messages;
    return 0;
}

void quota_begin_removal(struct quota *q, struct mail_store *store, const char *folder)
{
    struct err ignored;
    *q = (struct quota)QUOTA_INIT;
    if (!has_limits(store) || !quota_counts(store, folder))
        return;
    q->store = store;
    q->lock_fd = take_lock(store, &ignored);
}

void quota_end(struct quota *q)
{
    if (q->store && q->lock_fd < 0)
        forget(q->store);
    else if (q->store)
        append_line(q->store, q->octets - q->reserved_octets, q->messages - q->reserved_messages);
    cleanup_close(&q->lock_fd);
    *q = (struct quota)QUOTA_INIT;
}

void quota_forget(struct mail_store *store)
{
    if (has_limits(store))
        forget(store);
}

int quota_check(struct mail_store *store, const char *folder, int64_t octets, int64_t messages, struct err *e)
{
    if (!has_limits(store) || !quota_counts(store, folder))
        return 0;
    AUTO_CLOSE int lock_fd = take_lock(store, e);
    return lock_fd < 0 ? -1 : check(store, octets, messages, e);
}

/* ---- for those who ask ---- */

int mail_store_quota(struct mail_store *store, struct mail_quota *quota, struct err *e)
{
    struct maildirsize m = {.lines = 0};
    time_t written;
    if (has_limits(store) && !quota_read(store, &m, &written)) {
        AUTO_CLOSE int lock = take_lock(store, e);
        if (lock < 0)
            return -1;
        quota_count(store, &m, true);
    }
    *quota = (struct mail_quota){m.octets, m.messages, store->quota_bytes, store->quota_messages};
    return 0;
}

bool mail_store_counts(const struct mail_store *store, const char *folder)
{
    return has_limits(store) && quota_counts(store, folder);
}
