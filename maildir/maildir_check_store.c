/*
 * maildir_check_store.c - what is the account's and no folder's: the quota, subscriptions, what crashes left. And what is used.
 */
#include "maildir/maildir_check_internal.h"
#include "maildir/maildir_courier.h"
#include "maildir/maildir_subscriptions.h"
#include "maildir/maildirsize.h"

#include <errno.h>
#include <fcntl.h>
#include <strings.h>

int mail_store_usage(struct mail_store *store, const char *folder, int64_t *octets, int64_t *messages,
                     struct err *e)
{
    AUTO_STRBUF struct strbuf dir = STRBUF_INIT(4096);
    struct maildirsize m;
    if (folder && folder_dir_find(&dir, store, folder, e))
        return -1;
    if (folder)
        quota_count_folder(store, dir.data, &m);
    else
        quota_count(store, &m, false);
    *octets = m.octets;
    *messages = m.messages;
    return 0;
}

static void check_quota(struct check *c)
{
    struct maildirsize m, real;
    time_t written;
    if (faccessat(c->store->fd, MAILDIRSIZE_FILE, F_OK, AT_SYMLINK_NOFOLLOW) ||
        (!c->store->quota_bytes && !c->store->quota_messages))
        return;
    if (!quota_read(c->store, &m, &written)) {
        check_found(c, NOTE, MAILDIRSIZE_FILE,
                    "nothing needs to be done: it is counted anew when it is needed",
                    "cannot be read, or is of another quota");
        return;
    }
    quota_count(c->store, &real, false);
    if (m.octets != real.octets || m.messages != real.messages)
        check_found(c, PROBLEM, MAILDIRSIZE_FILE, "remove the file; it is counted anew when it is needed",
                    "says %lld octets in %lld messages, and there are %lld in %lld", (long long)m.octets,
                    (long long)m.messages, (long long)real.octets, (long long)real.messages);
}

static void check_subscriptions(struct check *c)
{
    struct subscriptions s;
    struct err e;
    if (subscriptions_read(&s, c->store->fd, &e)) {
        check_found(c, PROBLEM, "subscriptions", "mend or remove it", "cannot be read: %s", e.text);
        return;
    }
    if (s.from_courier)
        check_found(c, NOTE, COURIER_SUBSCRIBED, "nothing needs to be done",
                    "is taken over by the first session that asks for subscriptions");
    for (size_t i = 0; i < s.nunread; i++)
        check_found(c, NOTE, "subscriptions", "remove the line", "a line is no folder's name: \"%.200s\"",
                    s.unread[i]);
    subscriptions_done(&s);
}

static void check_left_over(struct check *c, const char *name)
{
    if (!strncmp(name, "..posthouse-", 12))
        check_found(c, NOTE, name, "it may be removed when no session runs",
                    "is what a crash left of a folder that was being made or removed");
    else if (!strcmp(name, INDEX_BROKEN))
        check_found(c, NOTE, name, "remove it; it is kept only for whoever looks into what damaged it",
                    "is an index that was set aside");
}

void check_store(struct check *c)
{
    AUTO_CLOSE int fd = openat(c->store->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    AUTO_CLOSEDIR DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir)
        return;
    fd = -1;
    check_quota(c);
    check_subscriptions(c);
    for (struct dirent *d; (d = readdir(dir));)
        check_left_over(c, d->d_name);
}
