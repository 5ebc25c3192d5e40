/*
 * maildir_quota.c - Maildir++ quota in `maildirsize` at the root.
 *
 * First line the limits "<octets>S,<messages>C", then lines "<octets> <messages>" that are summed; they may
 * be negative. Appended with O_APPEND by everybody. Counted anew when missing, 5120 octets or longer,
 * unreadable, negative, of other limits, or when over quota with more than one line of sums or older than 15
 * minutes: so a stale file never refuses mail for long. All folders count.
 */
#include "maildir/maildir_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#define FILE_NAME "maildirsize"
#define TMP_NAME  "maildirsize.tmp"
#define MAX_BYTES 5120
#define STALE_S   (15 * 60)

struct usage {
    int64_t octets, messages;
    size_t lines;
    time_t written;
};

static bool has_limits(const struct mail_store *store)
{
    return store->quota_bytes > 0 || store->quota_messages > 0;
}

static bool exceeds(int64_t used, int64_t more, int64_t limit)
{
    int64_t sum;
    return limit > 0 && (__builtin_add_overflow(used, more, &sum) || sum > limit);
}

static bool over(const struct mail_store *store, const struct usage *u, int64_t octets, int64_t messages)
{
    return exceeds(u->octets, octets, store->quota_bytes) ||
           exceeds(u->messages, messages, store->quota_messages);
}

static void limits_line(const struct mail_store *store, char *line, size_t size)
{
    snprintf(line, size, "%lldS,%lldC", (long long)store->quota_bytes, (long long)store->quota_messages);
}

/* "10S,20C" in any order, with parts left out; compared by value. */
static bool same_limits(const struct mail_store *store, const char *line)
{
    long long octets = 0, messages = 0;
    for (const char *p = line; *p && *p != '\n';) {
        char *end;
        long long value = strtoll(p, &end, 10);
        if (end == p)
            return false;
        if (*end == 'S')
            octets = value;
        else if (*end == 'C')
            messages = value;
        p = *end ? end + 1 : end;
        p += *p == ',';
    }
    return octets == store->quota_bytes && messages == store->quota_messages;
}

static bool sum_lines(char *text, struct usage *u)
{
    char *save = NULL;
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        long long octets, messages;
        if (sscanf(line, "%lld %lld", &octets, &messages) != 2 ||
            __builtin_add_overflow(u->octets, octets, &u->octets) ||
            __builtin_add_overflow(u->messages, messages, &u->messages))
            return false;
        u->lines++;
    }
    return u->octets >= 0 && u->messages >= 0;
}

static bool read_usage(const struct mail_store *store, struct usage *u)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(MAX_BYTES);
    struct stat st;
    struct err e;
    *u = (struct usage){0};
    if (fstatat(store->fd, FILE_NAME, &st, AT_SYMLINK_NOFOLLOW) ||
        fs_read_file(store->fd, FILE_NAME, &text, &e) || text.len >= MAX_BYTES)
        return false;
    u->written = st.st_mtime;
    char *rest = strchr(text.data, '\n');
    return rest && same_limits(store, text.data) && sum_lines(rest + 1, u);
}

/* ---- counting anew ---- */

static void count_dir(int folder_fd, const char *sub, struct usage *u)
{
    AUTO_CLOSE int fd = openat(folder_fd, sub, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    AUTO_CLOSEDIR DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir)
        return;
    int dir_fd = TAKE_FD(fd);
    for (struct dirent *d; (d = readdir(dir));) {
        uint64_t size;
        struct stat st;
        if (!maildir_name_is_message(d->d_name))
            continue;
        if (!maildir_name_size(bytes_of(d->d_name), 'S', &size)) {
            if (fstatat(dir_fd, d->d_name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode))
                continue;
            size = (uint64_t)st.st_size;
        }
        if (__builtin_add_overflow(u->octets, (int64_t)size, &u->octets))
            u->octets = INT64_MAX; /* a name tells nonsense */
        u->messages++;
    }
}

static void count_folder(int root, const char *name, struct usage *u)
{
    AUTO_CLOSE int fd = openat(root, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return;
    count_dir(fd, "new", u);
    count_dir(fd, "cur", u);
}

static void recount(struct mail_store *store, struct usage *u)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(MAX_BYTES);
    char limits[64];
    struct err ignored;
    *u = (struct usage){.lines = 1, .written = time(NULL)};
    AUTO_CLOSE int fd = openat(store->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    AUTO_CLOSEDIR DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir)
        return;
    fd = -1;
    count_folder(store->fd, ".", u);
    for (struct dirent *d; (d = readdir(dir));)
        if (d->d_name[0] == '.' && d->d_name[1] && d->d_name[1] != '.')
            count_folder(store->fd, d->d_name, u);
    limits_line(store, limits, sizeof limits);
    strbuf_addf(&text, "%s\n%lld %lld\n", limits, (long long)u->octets, (long long)u->messages);
    fs_replace(store->fd, FILE_NAME, TMP_NAME, strbuf_bytes(&text), 0600, false,
               &ignored); /* without it we count again */
}

int quota_check(struct mail_store *store, int64_t octets, int64_t messages, struct err *e)
{
    struct usage u;
    if (!has_limits(store))
        return 0;
    if (!read_usage(store, &u))
        recount(store, &u);
    if (over(store, &u, octets, messages) && (u.lines > 1 || time(NULL) - u.written > STALE_S))
        recount(store, &u);
    if (!over(store, &u, octets, messages))
        return 0;
    return err_set(
        e, ERR_QUOTA,
        "the mailbox is full (%lld octets in %lld messages; the quota is %lld octets, %lld messages)",
        (long long)u.octets, (long long)u.messages, (long long)store->quota_bytes,
        (long long)store->quota_messages);
}

void quota_add(struct mail_store *store, int64_t octets, int64_t messages)
{
    char line[64];
    if (!has_limits(store) || (!octets && !messages))
        return;
    AUTO_CLOSE int fd =
        openat(store->fd, FILE_NAME, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    int n = snprintf(line, sizeof line, "%lld %lld\n", (long long)octets, (long long)messages);
    if (fd >= 0 && fs_write_all(fd, line, (size_t)n))
        unlinkat(store->fd, FILE_NAME, 0); /* a count that is not true is worse than none */
}
