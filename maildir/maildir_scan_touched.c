/*
 * maildir_scan_touched.c - what the events say while and since the directories were read.
 *
 * An event is a hint that something happened to a base; the truth is what stands in the directories. A base is believed
 * gone only when no name of it that anybody knows exists, and no further event about it came until after the
 * directories had been locked once more: an event is queued before its rename releases the directory.
 */
#include "maildir/maildir_scan.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#define ROUNDS 10 /* of somebody renaming faster than we look */

static void on_event(void *arg, const char *name, bool in_new, bool here)
{
    struct scan *s = arg;
    if (!maildir_name_is_message(name))
        return;
    s->touched = xgrow(s->touched, s->ntouched, sizeof *s->touched);
    struct found *f = names_add(&s->touched_names, name, in_new);
    s->touched[s->ntouched] = (struct touched){.last = *f, .here = here};
    s->touched[s->ntouched].last.uid = (uint32_t)s->ntouched; /* their order, until it is a UID */
    s->ntouched++;
}

void scan_touched_collect(struct scan *s)
{
    maildir_watch_read(&s->mb->watch, on_event, s);
}

static int compare_base(const struct found *x, const struct found *y)
{
    size_t n = x->base_len < y->base_len ? x->base_len : y->base_len;
    int r = memcmp(x->name, y->name, n);
    return r ? r : x->base_len - y->base_len;
}

static int by_base_and_order(const void *a, const void *b)
{
    const struct touched *x = a, *y = b;
    int r = compare_base(&x->last, &y->last);
    return r ? r : (x->last.uid > y->last.uid) - (x->last.uid < y->last.uid);
}

static int by_base(const void *a, const void *b)
{
    const struct touched *x = a, *y = b;
    return compare_base(&x->last, &y->last);
}

/* One for each base: its last event, with the name that appeared last. */
static void unite(struct scan *s)
{
    size_t left = 0;
    if (s->ntouched)
        qsort(s->touched, s->ntouched, sizeof *s->touched, by_base_and_order);
    for (size_t i = 0; i < s->ntouched; i++) {
        struct touched *t = &s->touched[i], *last = left ? &s->touched[left - 1] : NULL;
        if (!last || compare_base(&last->last, &t->last))
            s->touched[left++] = *t;
        else if (t->here || !last->here)
            *last = *t;
        else
            last->here = bytes_eq(found_name(&last->last), found_name(&t->last)) ? false : last->here;
    }
    s->ntouched = left;
}

/* Only the file system's word that it is not there counts as that. */
static int exists(const struct scan *s, const struct found *f, bool *there, struct err *e)
{
    struct stat st;
    int dir = f->in_new ? s->mb->folder.new_fd : s->mb->folder.cur_fd;
    int r = fstatat(dir, f->name, &st, AT_SYMLINK_NOFOLLOW);
    *there = !r && S_ISREG(st.st_mode);
    return r && errno != ENOENT && errno != ENAMETOOLONG ? err_errno(e, errno, "looking at %s", f->name) : 0;
}

/* The name under which the index has this base, if it has it. */
static int known_name(struct scan *s, struct bytes base, struct found *known, struct err *e)
{
    struct mailbox *mb = s->mb;
    struct index *ix = &mb->store->index;
    struct index_mail mail;
    AUTO_STRBUF struct strbuf name = STRBUF_INIT(2 * INDEX_NAME_MAX);
    uint32_t uid;
    known->uid = 0;
    if (!mb->fid)
        return 0;
    int rc = index_find_base(ix, mb->fid, &mb->head, &mb->runs, base, &uid);
    if (!rc && uid)
        rc = index_get_mail(ix, mb->fid, uid, &mail);
    if (rc)
        return mailbox_index_err(mb, rc, e);
    if (!uid)
        return 0;
    index_mail_name(&mail, &name);
    *known = *names_add(&s->touched_names, name.data, mail.in_new);
    known->uid = uid;
    return 0;
}

/* *truth: where it stands now; base_len 0 if nowhere. *same: that is what the index says. */
static int find_truth(struct scan *s, const struct touched *t, struct found *truth, bool *same, struct err *e)
{
    struct found known = {.uid = 0};
    bool there = false;
    *truth = t->last;
    if (known_name(s, found_base(&t->last), &known, e))
        return -1;
    truth->uid = known.uid;
    *same = t->here && known.uid && known.in_new == t->last.in_new &&
            bytes_eq(found_name(&known), found_name(&t->last));
    if (*same)
        return 0;
    if (exists(s, &t->last, &there, e))
        return -1;
    if (there)
        return 0;
    if (known.uid && exists(s, &known, &there, e))
        return -1;
    *same = there;
    if (there)
        *truth = known;
    else
        truth->base_len = 0;
    return 0;
}

static struct touched *find_touched(const struct scan *s, const struct found *f)
{
    struct touched key = {.last = *f};
    return bsearch(&key, s->touched, s->ntouched, sizeof *s->touched, by_base);
}

/* What was read about touched bases no longer counts. */
static void forget_names(struct scan *s)
{
    size_t left = 0;
    for (size_t i = 0; i < s->names.n; i++) {
        struct touched *t = find_touched(s, &s->names.items[i]);
        if (t)
            t->last.recent |= s->names.items[i].recent;
        else
            s->names.items[left++] = s->names.items[i];
    }
    s->names.n = left;
}

static void mark_unseen(struct scan *s, uint32_t uid)
{
    uint32_t seq = uid_runs_seq(&s->mb->runs, uid);
    if (seq && s->seen)
        s->seen[(seq - 1) / 64] &= ~((uint64_t)1 << ((seq - 1) % 64));
}

static void take_truth(struct scan *s, const struct found *truth, bool recent, bool same)
{
    if (same && !s->full) {
        scan_mark_seen(s, truth->uid);
        return;
    }
    if (truth->uid)
        mark_unseen(s, truth->uid);
    if (truth->base_len)
        names_add(&s->names, truth->name, truth->in_new)->recent = recent;
}

void scan_wait_for_renames(const struct scan *s)
{
    const int dirs[] = {s->mb->folder.new_fd, s->mb->folder.cur_fd};
    for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
        AUTO_CLOSE int fd = openat(dirs[i], ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        AUTO_CLOSEDIR DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
        if (dir) {
            fd = -1;
            (void)readdir(dir);
        }
    }
}

/* One round. *again: something moved meanwhile. */
static int settle_once(struct scan *s, bool last_round, bool *again, struct err *e)
{
    AUTO_FREE struct found *truths = xcalloc(s->ntouched + 1, sizeof *truths);
    AUTO_FREE bool *same = xcalloc(s->ntouched + 1, sizeof *same);
    size_t nowhere = 0, n = s->ntouched;
    for (size_t i = 0; i < n; i++) {
        if (find_truth(s, &s->touched[i], &truths[i], &same[i], e))
            return -1;
        nowhere += !truths[i].base_len;
    }
    if (nowhere && !last_round) {
        scan_wait_for_renames(s);
        scan_touched_collect(s);
        *again = s->ntouched > n;
    }
    if (*again)
        return 0;
    forget_names(s);
    for (size_t i = 0; i < n; i++) {
        if (!truths[i].base_len && last_round)
            scan_mark_seen(s, truths[i].uid); /* it will stand still one day */
        else
            take_truth(s, &truths[i], s->touched[i].last.recent, same[i]);
    }
    return 0;
}

int scan_touched_settle(struct scan *s, struct err *e)
{
    bool again = true;
    for (int round = 0; s->ntouched && again && round < ROUNDS; round++) {
        again = false;
        unite(s);
        for (size_t i = 0; i < s->ntouched; i++)
            s->touched[i].last.uid = (uint32_t)i;
        if (settle_once(s, round == ROUNDS - 1, &again, e))
            return -1;
    }
    return 0;
}
