/*
 * queue_drop.c - picks up what posthouse-drop has left (drop_main.c), one message at a time.
 *
 *   t...  being written, or left half written by a killed posthouse-drop: removed after an hour
 *   x...  not what posthouse-drop's callers write; left to the operator
 *   d...  complete and durable; looks like a file of the spool, its envelope a user's word (sendmail_drop.c)
 *
 * The file's owner is whose message it is. The message is copied first: nothing that a user owns goes into the hands of other users'
 * deliverers. The file is removed when the message is delivered or durable in the spool; killed in between, the message goes out twice.
 * Nobody waits for an answer: what is refused is reported to the sender, what fails for now lies on.
 */
#include "relay/queue_drop.h"

#include "relay/queue_handin.h"
#include "relay/queue_place.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LOOK_MS   60000
#define SOON_MS   10 /* between two messages */
#define STALE     3600
#define NAMES_MAX 1000 /* of one look */
#define GROUP     "posthouse-drop"

static const char LATER[] = "4.3.0 It cannot be read or copied now";

struct drop {
    struct queue *q;
    int dir;
    struct timer timer;
    struct handin handin;
    char name[NAME_MAX + 1]; /* the one in hand */
    char **names;            /* found by the latest look, still to come */
    size_t n;
    bool progress; /* since the latest look a file has gone */
};

void drop_prepare(const char *directory, uid_t uid, gid_t gid)
{
    if (fs_mkdirs(AT_FDCWD, directory, 0700)) {
        log_error("cannot make the drop directory %s: %m", directory);
        return;
    }
    if (uid == (uid_t)-1)
        return;
    const struct group *group = getgrnam(GROUP);
    AUTO_CLOSE int fd = open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (!group)
        log_warn("there is no group " GROUP
                 " (contrib/create-users makes it): sendmail has no drop directory");
    if (fd < 0 || fchown(fd, uid, group ? group->gr_gid : gid) || fchmod(fd, group ? 0730 : 0700))
        log_error("cannot take over the drop directory %s: %m", directory);
}

/* ---- one message ---- */

static void next(struct drop *d, unsigned ms)
{
    timer_set(d->q->loop, &d->timer, ms);
}

static void finished(void *arg, int code, const char *text)
{
    struct drop *d = arg;
    if (code / 100 != 2)
        log_warn("%s in the drop directory: %d %s", d->name, code, text);
    if (code / 100 != 4 && !unlinkat(d->dir, d->name, 0))
        d->progress = true;
    next(d, d->n || d->progress ? SOON_MS : LOOK_MS);
}

/* For an operator. */
static void set_aside(struct drop *d, const char *why)
{
    char name[sizeof d->name];
    snprintf(name, sizeof name, "%s", d->name);
    name[0] = 'x';
    if (renameat(d->dir, d->name, d->dir, name))
        log_error("%s in the drop directory cannot be renamed: %m", d->name);
    else
        log_warn("%s in the drop directory is no message that posthouse-drop has left: %s; kept as %s",
                 d->name, why, name);
    next(d, d->n || d->progress ? SOON_MS : LOOK_MS);
}

/* The user's word becomes the commit's envelope: what SUBMIT could have said, and no more. */
static const char *take_envelope(struct drop *d, int fd, size_t *used)
{
    struct err e;
    AUTO_ENVELOPE struct envelope said = {.id = NULL};
    AUTO_STRBUF struct strbuf buf = STRBUF_INIT(ENVELOPE_MAX);
    struct envelope *env = &d->handin.commit->env;
    ssize_t n = fs_pread_all(fd, strbuf_room(&buf, ENVELOPE_MAX - 1), ENVELOPE_MAX - 1, 0);
    if (n > 0)
        strbuf_extend(&buf, (size_t)n);
    if (envelope_decode(&said, strbuf_bytes(&buf), used, &e) || !said.nrcpts ||
        said.nrcpts > ENVELOPE_RCPT_MAX)
        return "its envelope is malformed";
    if (!handin_path_ok(bytes_of(said.reverse_path)) || !handin_path_ok(bytes_of(said.envid)))
        return "its sender is no address";
    for (size_t i = 0; i < said.nrcpts; i++) {
        const struct recipient *r = &said.rcpts[i];
        if (!*r->address || !handin_path_ok(bytes_of(r->address)) || r->notify > NOTIFY_ALL)
            return "a recipient is no address";
        envelope_add_dsn(env, RECIPIENT_UNROUTED, bytes_of(r->address), "", r->notify, BYTES(""));
    }
    d->handin.null_sender = said.owner == ENVELOPE_STRANGER;
    env->ret = said.ret;
    free(env->reverse_path);
    env->reverse_path = TAKE_PTR(said.reverse_path);
    free(env->envid);
    env->envid = TAKE_PTR(said.envid);
    if (handin_path_ok(bytes_of(said.origin))) {
        free(env->origin);
        env->origin = TAKE_PTR(said.origin);
    }
    return NULL;
}

static const char *take_message(struct drop *d, int fd, size_t head, uint64_t size)
{
    struct commit *k = d->handin.commit;
    struct store *store = d->q->store;
    struct place place = {.fd = -1};
    struct err e;
    if (size > d->q->message_size)
        return "it is larger than message_size";
    if (place_open(&place, store, size, &e) || (size > place.cap && place_grow(&place, store, 0, size, &e)) ||
        place_copy(place.fd, fd, head, size) ||
        (k->fd = place_finish(&place, store, size, &k->memory, &e)) < 0) {
        place_close(&place);
        return LATER;
    }
    k->size = size;
    return NULL;
}

static const char *take(struct drop *d)
{
    struct stat st;
    size_t head;
    AUTO_CLOSE int fd = openat(d->dir, d->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st))
        return LATER;
    if (!S_ISREG(st.st_mode))
        return "it is no file";
    d->handin.uid = st.st_uid;
    const char *wrong = take_envelope(d, fd, &head);
    return wrong ? wrong : take_message(d, fd, head, (uint64_t)st.st_size - head);
}

static void hand_in(struct drop *d)
{
    d->handin = (struct handin){.commit = commit_new(d->q), .way = "drop", .done = finished, .arg = d};
    d->handin.commit->absent = true;
    const char *wrong = take(d);
    if (!wrong) {
        handin_start(&d->handin);
        return;
    }
    commit_free(TAKE_PTR(d->handin.commit));
    if (wrong == LATER)
        finished(d, 451, wrong);
    else
        set_aside(d, wrong);
}

/* ---- looking ---- */

static void remove_stale(struct drop *d, const char *name)
{
    struct stat st;
    if (!fstatat(d->dir, name, &st, AT_SYMLINK_NOFOLLOW) && time(NULL) - st.st_mtime > STALE &&
        !unlinkat(d->dir, name, 0))
        log_info("%s in the drop directory was never finished, and is removed", name);
}

static void look(struct drop *d)
{
    int fd = openat(d->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        log_error("the drop directory cannot be read: %m");
        cleanup_close(&fd);
        return;
    }
    d->progress = false;
    for (struct dirent *entry; d->n < NAMES_MAX && (entry = readdir(dir));)
        if (entry->d_name[0] == 'd')
            d->names[d->n++] = xstrdup(entry->d_name);
        else if (entry->d_name[0] == 't')
            remove_stale(d, entry->d_name);
    closedir(dir);
}

static void on_timer(void *arg)
{
    struct drop *d = arg;
    if (!d->n)
        look(d);
    if (!d->n) {
        next(d, LOOK_MS);
        return;
    }
    AUTO_FREE char *name = d->names[--d->n];
    snprintf(d->name, sizeof d->name, "%s", name);
    hand_in(d);
}

struct drop *drop_new(struct queue *q, const char *directory)
{
    struct drop *d = xcalloc(1, sizeof *d);
    d->q = q;
    d->names = xcalloc(NAMES_MAX, sizeof(char *));
    d->dir = open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    timer_init(&d->timer, on_timer, d);
    if (d->dir < 0)
        log_error("the drop directory %s cannot be opened: %m", directory);
    else
        next(d, SOON_MS);
    return d;
}

void drop_stop(struct drop *d)
{
    timer_stop(d->q->loop, &d->timer);
    while (d->n)
        free(d->names[--d->n]);
}
