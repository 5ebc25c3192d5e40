/*
 * maildir_uidvalidity.c - dovecot-uidvalidity: a counter for the UIDVALIDITY of new folders.
 *
 * At the root: dovecot-uidvalidity holds 8 lower-case hex digits without line end, and beside it lies one
 * empty file dovecot-uidvalidity.<8 hex>. Renaming .old to .old+1 is the lock: who succeeds owns old+1. The
 * main file is written in place, as others do: there is no lock for it, and two who number two folders at once
 * would take a temporary file from each other. What is read from it is only where to begin looking.
 *
 *   S1  dovecot-uidvalidity.<old> renamed to .<old + 1>   a crash here: the next one begins at the old value, finds the new
 *                                                         file and goes on from it: a value is left out
 *   S2  main file written and synced                      torn by a power cut it is no number, or one that no file has: the
 *                                                         directory is searched
 *   S3  root synced: the value may be told                (both in write_main)
 */
#include "maildir/maildir_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>

#define PREFIX  "dovecot-uidvalidity"
#define TRIES   10
#define LOOKS   5
#define TURN_MS 2000

static bool parse(const char *hex, uint32_t *value)
{
    uint32_t v = 0;
    for (int i = 0; i < 8; i++) {
        const char *digits = "0123456789abcdef", *at = hex[i] ? strchr(digits, hex[i]) : NULL;
        if (!at)
            return false;
        v = v << 4 | (uint32_t)(at - digits);
    }
    *value = v;
    return hex[8] == '\0';
}

/* The largest dovecot-uidvalidity.<hex>; smaller ones are removed. 0: there is none. */
static uint32_t find(int root)
{
    uint32_t best = 0;
    AUTO_CLOSE int fd = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    AUTO_CLOSEDIR DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir)
        return 0;
    fd = -1;
    for (struct dirent *d; (d = readdir(dir));) {
        uint32_t value;
        if (strncmp(d->d_name, PREFIX ".", sizeof PREFIX) || !parse(d->d_name + sizeof PREFIX, &value))
            continue;
        char smaller[64];
        snprintf(smaller, sizeof smaller, PREFIX ".%08x", value < best ? value : best);
        if (best)
            unlinkat(root, smaller, 0);
        if (value > best)
            best = value;
    }
    return best;
}

/* Ours take turns, so that a value is not made a second time by who looked before it was there. Others
 * know nothing of this, so that one who waits too long may go on. */
static int open_main(int root, struct err *e)
{
    int fd = openat(root, PREFIX, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return err_errno(e, errno, "opening " PREFIX);
    for (int i = 0; i < TURN_MS && flock(fd, LOCK_EX | LOCK_NB); i++)
        usleep(1000);
    return fd;
}

static uint32_t read_main(int fd)
{
    char hex[9] = "";
    uint32_t value;
    return fs_pread_all(fd, hex, 8, 0) == 8 && parse(hex, &value) ? value : 0;
}

static int write_main(int root, int fd, uint32_t value, struct err *e)
{
    char hex[16];
    snprintf(hex, sizeof hex, "%08x", value);
    if (lseek(fd, 0, SEEK_SET) || fs_write_all(fd, hex, 8) || fsync(fd) || fs_sync_dir(root))
        return err_errno(e, errno, "writing " PREFIX);
    return 0;
}

/* 0: made, 1: it is there already. */
static int create_above(int root, uint32_t old, uint32_t *value, struct err *e)
{
    char name[64];
    uint32_t now = (uint32_t)time(NULL);
    *value = old + 1 > now ? old + 1 : now;
    snprintf(name, sizeof name, PREFIX ".%08x", *value);
    AUTO_CLOSE int fd = openat(root, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
    if (fd < 0)
        return errno == EEXIST ? 1 : err_errno(e, errno, "making %s", name);
    return 0;
}

/* 0: it is ours, 1: the name was not there. */
static int rename_to_next(int root, uint32_t old, uint32_t *value, struct err *e)
{
    char from[64], to[64];
    *value = old + 1;
    snprintf(from, sizeof from, PREFIX ".%08x", old);
    snprintf(to, sizeof to, PREFIX ".%08x", *value);
    if (!renameat(root, from, root, to))
        return 0;
    return errno == ENOENT ? 1 : err_errno(e, errno, "renaming %s", from);
}

static uint32_t find_for_sure(int root)
{
    uint32_t found = 0;
    for (int look = 0; look < LOOKS && !found; look++)
        found = find(root); /* a reading may miss it while others rename it */
    return found;
}

int uidvalidity_next(struct mail_store *store, uint32_t *value, struct err *e)
{
    AUTO_CLOSE int fd = open_main(store->fd, e);
    if (fd < 0)
        return -1;
    uint32_t main_value = read_main(fd), old = main_value ? main_value : find_for_sure(store->fd);
    int late = 1;
    for (int i = 0; i < TRIES && late > 0; i++) {
        late = old ? rename_to_next(store->fd, old, value, e) : 1;
        if (late > 0 && !(old = find_for_sure(store->fd))) /* the main file stands alone, or nothing does */
            late = create_above(store->fd, main_value, value, e);
    }
    if (late > 0)
        return err_set(e, ERR_BUSY, PREFIX " changes all the time");
    return late < 0 ? -1 : write_main(store->fd, fd, *value, e);
}

int folder_number(struct mail_store *store, struct uidlist *ul, struct err *e)
{
    if (ul->exists || ul->validity)
        return 0;
    ul->next = ul->next ? ul->next : 1;
    return uidvalidity_next(store, &ul->validity, e);
}
