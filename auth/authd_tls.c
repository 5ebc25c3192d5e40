/*
 * authd_tls.c - see authd_tls.h. On the way of a certificate: an ACME client writes it below tls_directory, root opens it
 * here, the signer reads and checks it, login and smtp ask the signer for it.
 *
 * ACME clients replace chain and key (or the links to them) one after the other. So a change is handed over only
 * when it has looked the same for two ticks, else each renewal would make a complaint about a key that does not match. A
 * client has the new certificate some four seconds after it was written; with thousands of names the files are
 * looked at BATCH names a second. The signer says when it has looked at a pair: no more than WINDOW of them are
 * open or under way.
 */
#include "auth/authd_tls.h"

#include "auth/auth_proto.h"
#include "auth/authd_files.h"
#include "base/cleanup.h"
#include "base/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

enum { BATCH = 512, WINDOW = 16, NAMES_MAX = 20000, NAME_OCTETS_MAX = 250, FRESH_SECONDS = 3 };

static const char *const files[] = {"fullchain.pem", "privkey.pem"};
enum { FILES = 2 };

struct entry {
    char *name;
    struct stat seen[FILES], pending[FILES]; /* as they were handed over; as they were at the last look */
    bool sent, listed;
};

static char *directory; /* NULL: none */
static struct entry *entries;
static size_t nentries, cursor, outstanding;
static bool first_pass; /* the signer is new, and waits for all there is */
static struct stat listed;
static bool complained;

bool tls_directory_name_ok(const char *name)
{
    static const char ok[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.*";
    size_t n = strlen(name);
    return n > 0 && n <= NAME_OCTETS_MAX && *name != '.' && strspn(name, ok) == n;
}

/* ---- what there is ---- */

static void forget_listing(void)
{
    listed = (struct stat){.st_ino = 0};
    complained = false;
}

void tls_directory_configure(const struct auth_conf *conf)
{
    const char *path = conf->tls_directory;
    if (directory && path && strcmp(directory, path) == 0)
        return;
    free(directory);
    directory = path ? xstrdup(path) : NULL;
    for (size_t i = 0; i < nentries; i++) /* the same name in another directory is another certificate */
        memset(entries[i].seen, 0, sizeof(entries[i].seen));
    forget_listing();
}

static struct entry *entry_of(const char *name)
{
    for (size_t i = 0; i < nentries; i++)
        if (strcmp(entries[i].name, name) == 0)
            return &entries[i];
    return NULL;
}

static void list_name(const char *name)
{
    struct entry *entry = entry_of(name);
    if (!entry && nentries < NAMES_MAX) {
        entries = xgrow(entries, nentries, sizeof(*entries));
        entry = &entries[nentries++];
        *entry = (struct entry){.name = xstrdup(name)};
    }
    if (entry)
        entry->listed = true;
}

/* Has a name come or gone? A change right after a listing may leave no trace in the time of the directory. */
static bool must_list(struct stat *st)
{
    if (stat(directory, st) != 0)
        return false;
    return st->st_ino != listed.st_ino || st->st_mtim.tv_sec != listed.st_mtim.tv_sec ||
           st->st_mtim.tv_nsec != listed.st_mtim.tv_nsec || time(NULL) - st->st_mtim.tv_sec < FRESH_SECONDS;
}

static void list(void)
{
    struct stat st;
    if (directory && !must_list(&st) && listed.st_ino != 0)
        return;
    AUTO_CLOSEDIR DIR *d = directory ? opendir(directory) : NULL;
    if (directory && !d) {
        if (!complained)
            log_error("tls_directory %s: %m", directory);
        complained = true;
        return;
    }
    for (size_t i = 0; i < nentries; i++)
        entries[i].listed = false;
    for (struct dirent *de; d && (de = readdir(d));)
        if (tls_directory_name_ok(de->d_name))
            list_name(de->d_name);
    listed = d ? st : (struct stat){.st_ino = 1};
    complained = false;
}

/* ---- handing over ---- */

static void path_of(const struct entry *entry, int file, struct strbuf *path)
{
    strbuf_clear(path);
    strbuf_addf(path, "%s/%s/%s", directory ? directory : "", entry->name, files[file]);
}

/* Both files as they are now; false if one is not there. */
static bool look_at(const struct entry *entry, struct stat now[FILES])
{
    AUTO_STRBUF struct strbuf path = STRBUF_INIT(AUTH_PATH_MAX);
    for (int i = 0; i < FILES; i++) {
        path_of(entry, i, &path);
        if (!directory || stat(path.data, &now[i]) != 0 || !S_ISREG(now[i].st_mode))
            return false;
    }
    return true;
}

static void send_record(struct master *m, const struct entry *entry, const char *path, const int fds[FILES])
{
    AUTO_MSG struct msg msg;
    struct auth_record r = {.type = AUTH_CTL_CERTIFICATE,
                            .mail = bytes_of(path),
                            .name = bytes_of(entry->name),
                            .has_text = fds[0] < 0};
    auth_record_write(&r, &msg);
    for (int i = 0; i < FILES && fds[0] >= 0; i++)
        msg_put_fd(&msg, fds[i]);
    master_broadcast(m, "posthouse-signer", &msg);
    outstanding++;
}

static void drop(struct master *m, struct entry *entry)
{
    static const int none[FILES] = {-1, -1};
    if (entry->sent) {
        log_info("certificate %s is gone", entry->name);
        send_record(m, entry, entry->name, none);
    }
    entry->sent = false;
    memset(entry->seen, 0, sizeof(entry->seen));
}

static void hand_over(struct master *m, struct entry *entry)
{
    AUTO_STRBUF struct strbuf path = STRBUF_INIT(AUTH_PATH_MAX);
    path_of(entry, 1, &path);
    AUTO_CLOSE int key_fd = files_open(path.data, &entry->seen[1]);
    path_of(entry, 0, &path);
    AUTO_CLOSE int chain_fd = files_open(path.data, &entry->seen[0]);
    if (key_fd < 0 || chain_fd < 0)
        return; /* said so; tried again when they change */
    send_record(m, entry, path.data, (const int[FILES]){chain_fd, key_fd});
    entry->sent = true;
}

static bool same(const struct stat a[FILES], const struct stat b[FILES])
{
    return files_same(&a[0], &b[0]) && files_same(&a[1], &b[1]);
}

static void check(struct master *m, struct entry *entry)
{
    struct stat now[FILES];
    if (!entry->listed || !look_at(entry, now)) {
        drop(m, entry);
        return;
    }
    if (same(now, entry->seen))
        return;
    if (first_pass || same(now, entry->pending)) {
        memcpy(entry->seen, now, sizeof(now));
        hand_over(m, entry);
    }
    memcpy(entry->pending, now, sizeof(now));
}

/* ---- when ---- */

static void go_on(struct master *m)
{
    while (cursor < nentries && outstanding < WINDOW)
        check(m, &entries[cursor++]);
    if (cursor < nentries)
        return;
    first_pass = false;
    files_send_certificate(m, NULL);
}

void tls_directory_started(struct master *m, struct chan *to)
{
    (void)to;
    for (size_t i = 0; i < nentries; i++) {
        entries[i].sent = false;
        memset(entries[i].seen, 0, sizeof(entries[i].seen));
    }
    cursor = outstanding = 0;
    first_pass = true;
    forget_listing();
    list();
    go_on(m);
}

void tls_directory_message(struct master *m, struct chan *from, struct msg_in *in)
{
    struct auth_record r;
    (void)from;
    if (!auth_record_read(in, &r) || r.type != AUTH_CTL_CERTIFICATE_TAKEN) {
        log_error("posthouse-signer sent record %d, which it may not", in->type);
        return;
    }
    outstanding -= outstanding > 0;
    if (first_pass)
        go_on(m);
}

void tls_directory_tick(struct master *m)
{
    if (first_pass)
        return;
    if (cursor >= nentries)
        cursor = 0;
    list();
    for (int i = 0; i < BATCH && cursor < nentries && outstanding < WINDOW; i++)
        check(m, &entries[cursor++]);
}
