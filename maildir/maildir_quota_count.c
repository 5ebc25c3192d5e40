/*
 * maildir_quota_count.c - counting what an account uses: the messages of all folders that count, by the `,S=` of their
 * names, else by a stat. Written to maildirsize, unless a directory changed meanwhile: whoever changed it may have added a line
 * to the file that ours replaced. Then it is tried again, and in the end done without.
 */
#include "maildir/maildir_internal.h"
#include "maildir/maildirsize.h"

#include <fcntl.h>
#include <sys/stat.h>

#define TMP_NAME MAILDIRSIZE_FILE ".tmp"
#define ATTEMPTS 3

static void count_dir(int folder_fd, const char *sub, struct maildirsize *m)
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
        if (size > INT64_MAX || __builtin_add_overflow(m->octets, (int64_t)size, &m->octets))
            m->octets = INT64_MAX; /* a name tells nonsense */
        m->messages++;
    }
}

struct look {
    struct maildirsize *sums; /* NULL: only the stamp */
    uint64_t stamp;           /* changes when a directory does */
};

static void look_at_folder(struct look *look, int root, const char *name)
{
    static const char *const subdirs[] = {"new", "cur"};
    AUTO_CLOSE int fd = openat(root, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    for (size_t i = 0; i < ARRAY_LEN(subdirs) && fd >= 0; i++) {
        struct stat st;
        if (fstatat(fd, subdirs[i], &st, 0))
            continue;
        uint64_t words[] = {st.st_ino, (uint64_t)st.st_mtim.tv_sec, (uint64_t)st.st_mtim.tv_nsec};
        look->stamp += index_hash(bytes_from(words, sizeof words));
        if (look->sums)
            count_dir(fd, subdirs[i], look->sums);
    }
}

static bool dir_counts(struct mail_store *store, const char *dir)
{
    AUTO_STRBUF struct strbuf name = STRBUF_INIT(4096);
    if (dir[0] != '.' || !dir[1] || dir[1] == '.')
        return false;
    return !folder_name_of_dir(&name, store, dir) || quota_counts(store, name.data);
}

static void look_at_all(struct mail_store *store, struct look *look)
{
    AUTO_CLOSE int fd = openat(store->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    AUTO_CLOSEDIR DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir)
        return;
    fd = -1;
    if (quota_counts(store, "INBOX"))
        look_at_folder(look, store->fd, ".");
    for (struct dirent *d; (d = readdir(dir));)
        if (d->d_type != DT_REG && dir_counts(store, d->d_name))
            look_at_folder(look, store->fd, d->d_name);
}

static void write_file(struct mail_store *store, const struct maildirsize *m)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(MAILDIRSIZE_MAX_BYTES);
    struct err ignored;
    maildirsize_format(&text, m);
    fs_replace(store->fd, MAILDIRSIZE_FILE, TMP_NAME, strbuf_bytes(&text), 0600, false,
               &ignored); /* without it we count again */
}

void quota_count(struct mail_store *store, struct maildirsize *m, bool write)
{
    for (int i = 0; i < ATTEMPTS; i++) {
        struct look before = {.sums = m}, after = {.sums = NULL};
        *m = (struct maildirsize){
            .limit_octets = store->quota_bytes, .limit_messages = store->quota_messages, .lines = 1};
        look_at_all(store, &before);
        if (write)
            write_file(store, m);
        look_at_all(store, &after);
        if (before.stamp == after.stamp)
            return;
    }
    if (write)
        unlinkat(store->fd, MAILDIRSIZE_FILE, 0);
}

void quota_count_folder(struct mail_store *store, const char *dir, struct maildirsize *m)
{
    struct look look = {.sums = m};
    *m = (struct maildirsize){0};
    look_at_folder(&look, store->fd, dir);
}
