/*
 * maildir_courier_conflict.c - what stands against taking over from Courier, for the operator: a dovecot-uidlist of other numbers,
 * which counts, and UIDLs that stand for two messages. Nothing is written, no lock is taken.
 */
#include "maildir/maildir_check_internal.h"
#include "maildir/maildir_courier.h"
#include "maildir/maildir_subscriptions.h"

#include <errno.h>
#include <fcntl.h>

static bool is_here(const struct courier_files *files, struct bytes base)
{
    return files->n && bsearch(&base, files->items, files->n, sizeof *files->items, courier_by_base);
}

/* ---- UIDLs ---- */

static int compare_uidls(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void find_twins(struct check *c, const struct courier *courier, const struct courier_files *files)
{
    AUTO_FREE char **uidls = xcalloc(courier->n + 1, sizeof *uidls);
    size_t n = 0;
    for (size_t i = 0; i < courier->n; i++) {
        AUTO_STRBUF struct strbuf field = STRBUF_INIT(1024);
        if (!is_here(files, courier->pop3[i].base))
            continue;
        courier_field(courier, courier->pop3[i].base, &field);
        uidls[n++] = strbuf_detach(&field);
    }
    qsort(uidls, n, sizeof *uidls, compare_uidls);
    for (size_t i = 1; i < n; i++)
        if (!strcmp(uidls[i - 1], uidls[i]))
            check_found(c, PROBLEM, COURIER_POP3,
                        "change one of its lines: POP3 clients download one of the two again",
                        "gives the UIDL %s to two messages", uidls[i] + 1 /* behind the P */);
    for (size_t i = 0; i < n; i++)
        free(uidls[i]);
}

/* ---- dovecot-uidlist beside Courier's ---- */

static size_t count_others(const struct uidlist *courier, const struct uidlist *dovecot,
                           const struct courier_files *files)
{
    size_t n = 0;
    for (size_t i = 0; i < courier->n; i++) {
        struct bytes base = uidlist_base(courier, &courier->entries[i]);
        const struct uidlist_entry *other = uidlist_find(dovecot, courier->entries[i].uid);
        n += is_here(files, base) && (!other || !bytes_eq(base, uidlist_base(dovecot, other)));
    }
    return n;
}

static void compare(struct check *c, const struct uidlist *courier, struct bytes text,
                    const struct courier_files *files)
{
    struct uidlist dovecot;
    struct err why;
    uidlist_init(&dovecot);
    if (uidlist_parse(&dovecot, text, &why)) {
        check_found(c, PROBLEM, "dovecot-uidlist",
                    "remove it if clients last knew Courier's numbers; else mend it", "cannot be read: %s",
                    why.text);
    } else if (courier->exists) {
        size_t others = count_others(courier, &dovecot, files);
        if (others || dovecot.validity != courier->validity)
            check_found(
                c, PROBLEM, "dovecot-uidlist",
                "if clients last knew Courier's numbers, remove it while no session runs; else do nothing",
                "counts, with UIDVALIDITY %u; Courier's is %u, and %zu messages have another UID there",
                dovecot.validity, courier->validity, others);
    }
    uidlist_done(&dovecot);
}

/* ---- all of it ---- */

static int find_conflicts(struct check *c, struct uidlist *ul, struct courier_files *files, struct err *e)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(UIDLIST_MAX_BYTES);
    struct err why;
    if (courier_take_uids(ul, c->fd, e) || courier_files_read(files, c->fd, e))
        return -1;
    if (files->n)
        qsort(files->items, files->n, sizeof *files->items, courier_by_base);
    if (!fs_read_file(c->fd, "dovecot-uidlist", &text, &why))
        compare(c, ul, strbuf_bytes(&text), files);
    else if (why.code != ERR_NOTFOUND)
        return err_set(e, why.code, "%s", why.text);
    else if (ul->courier)
        find_twins(c, ul->courier, files);
    return 0;
}

int mail_courier_conflicts(struct mail_store *store, const char *folder, const struct mail_observer *observer,
                           struct mail_checked *sums, struct err *e)
{
    AUTO_STRBUF struct strbuf dir = STRBUF_INIT(4096);
    struct check c = {.store = store, .observer = observer, .sums = sums, .folder = folder};
    struct courier_files files = {.n = 0};
    struct uidlist ul;
    if (folder_dir_find(&dir, store, folder, e))
        return -1;
    c.dir = dir.data;
    c.fd = openat(store->fd, dir.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (c.fd < 0)
        return err_errno(e, errno, "folder \"%s\"", folder);
    uidlist_init(&ul);
    int r = find_conflicts(&c, &ul, &files, e);
    courier_files_done(&files);
    uidlist_done(&ul);
    cleanup_close(&c.fd);
    return r;
}

int mail_courier_subscriptions(struct mail_store *store, void (*each)(void *arg, const char *name), void *arg,
                               struct err *e)
{
    struct subscriptions s;
    if (subscriptions_read(&s, store->fd, e))
        return -1;
    for (size_t i = 0; i < s.n && s.from_courier; i++)
        each(arg, s.names[i]);
    subscriptions_done(&s);
    return 0;
}
