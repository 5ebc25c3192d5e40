/*
 * maildir_courier_plan.c - what taking over from Courier would do, for the operator. Nothing is written, no lock is taken.
 */
#include "maildir/maildir_check.h"
#include "maildir/maildir_courier.h"
#include "maildir/maildir_internal.h"

#include <errno.h>
#include <fcntl.h>

static bool is_here(const struct courier_files *files, struct bytes base)
{
    return files->n && bsearch(&base, files->items, files->n, sizeof *files->items, courier_by_base);
}

static void count_uids(const struct uidlist *ul, const struct courier_files *files, struct courier_plan *plan)
{
    const struct courier *c = ul->courier;
    for (size_t i = 0; i < ul->n; i++) {
        bool here = is_here(files, uidlist_base(ul, &ul->entries[i]));
        plan->keep_uid += here;
        plan->stale += !here;
    }
    for (size_t i = 0; c && i < c->n; i++) {
        bool here = is_here(files, c->pop3[i].base);
        plan->keep_uidl += here;
        plan->stale += !here;
    }
    plan->has_uids = ul->exists;
    plan->has_uidls = c && c->n;
    plan->validity = ul->validity;
    plan->next = ul->next;
    plan->messages = files->n;
    plan->get_uid = files->n > plan->keep_uid ? files->n - plan->keep_uid : 0;
}

static int plan_uids(int fd, struct courier_plan *plan, struct err *e)
{
    struct courier_files files = {.n = 0};
    struct uidlist ul;
    uidlist_init(&ul);
    int r = courier_take_uids(&ul, fd, e);
    if (!r)
        r = courier_files_read(&files, fd, e);
    if (!r && files.n)
        qsort(files.items, files.n, sizeof *files.items, courier_by_base);
    if (!r)
        count_uids(&ul, &files, plan);
    courier_files_done(&files);
    uidlist_done(&ul);
    return r;
}

int mail_courier_plan(struct mail_store *store, const char *folder, struct courier_plan *plan, struct err *e)
{
    AUTO_STRBUF struct strbuf dir = STRBUF_INIT(4096);
    *plan = (struct courier_plan){.taken = false};
    if (folder_dir_find(&dir, store, folder, e))
        return -1;
    AUTO_CLOSE int fd = openat(store->fd, dir.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? err_set(e, ERR_NOTFOUND, "there is no folder \"%s\"", folder)
                               : err_errno(e, errno, "folder \"%s\"", folder);
    plan->taken = !faccessat(fd, "dovecot-uidlist", F_OK, AT_SYMLINK_NOFOLLOW);
    if (plan->taken)
        return 0;
    return plan_uids(fd, plan, e) || courier_plan_keywords(fd, plan, e) ? -1 : 0;
}
