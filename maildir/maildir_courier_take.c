/*
 * maildir_courier_take.c - Courier's UIDs and UIDLs as entries of a uidlist that is not there yet.
 *
 * A message that has an IMAP UID becomes an entry with it, and with field P if the POP3 list has it. A message that is in the POP3
 * list only is numbered with all the other new ones, in the order of arrival (maildir_scan_join.c), and takes its P along then.
 *
 * A uidlist that was set aside tells that the folder was taken over before, and that it is to be numbered anew: Courier's UIDs,
 * among which others have been given since, are not used again. UIDLs are.
 */
#include "maildir/maildir_courier.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "maildir/maildir_uidlist.h"

#include <fcntl.h>
#include <stdlib.h>

void courier_done(struct courier *courier)
{
    if (!courier)
        return;
    strbuf_done(&courier->text);
    courier_files_done(&courier->files);
    free(courier->pop3);
    free(courier);
}

void courier_field(const struct courier *courier, struct bytes base, struct strbuf *out)
{
    const struct courier_pop3 *line = courier && courier->n ? bsearch(&base, courier->pop3, courier->n,
                                                                      sizeof *courier->pop3, courier_by_base)
                                                            : NULL;
    if (!line)
        return;
    strbuf_addc(out, 'P');
    courier_pop3_uidl(out, line);
}

static int read_file(int dir_fd, const char *name, struct strbuf *text, bool *exists, struct err *e)
{
    struct err why;
    *exists = !fs_read_file(dir_fd, name, text, &why);
    return *exists || why.code == ERR_NOTFOUND ? 0 : err_set(e, why.code, "%s", why.text);
}

static bool was_set_aside(int dir_fd)
{
    return !faccessat(dir_fd, "dovecot-uidlist.broken", F_OK, AT_SYMLINK_NOFOLLOW);
}

static int add_uids(struct uidlist *ul, const struct courier_uiddb *db, struct err *e)
{
    for (size_t i = 0; i < db->n; i++) {
        AUTO_STRBUF struct strbuf field = STRBUF_INIT(1024);
        uint32_t uid;
        courier_field(ul->courier, db->uids[i].base, &field);
        ul->next = db->uids[i].uid;
        if (uidlist_add(ul, db->uids[i].base, field.data, &uid, e))
            return -1;
    }
    ul->next = db->next;
    return 0;
}

static int by_uid(const void *a, const void *b)
{
    const struct courier_uid *x = a, *y = b;
    return (x->uid > y->uid) - (x->uid < y->uid);
}

static int take(struct uidlist *ul, struct courier_uiddb *db, struct err *e)
{
    struct courier *c = ul->courier;
    c->pop3 = courier_pop3_parse(strbuf_bytes(&c->text), &c->n);
    courier_match(c->pop3, c->n, sizeof *c->pop3, &c->files);
    courier_match(db->uids, db->n, sizeof *db->uids, &c->files);
    if (c->n)
        qsort(c->pop3, c->n, sizeof *c->pop3, courier_by_base);
    if (db->n)
        qsort(db->uids, db->n, sizeof *db->uids, by_uid);
    return add_uids(ul, db, e);
}

int courier_take_uids(struct uidlist *ul, int dir_fd, struct err *e)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(COURIER_MAX_BYTES);
    struct courier_uiddb db = {.n = 0};
    struct courier *c = xcalloc(1, sizeof *c);
    bool has_uids = false, has_pop3 = false;
    strbuf_init(&c->text, COURIER_MAX_BYTES);
    ul->courier = c;
    int r = was_set_aside(dir_fd) ? 0 : read_file(dir_fd, COURIER_UIDDB, &text, &has_uids, e);
    if (!r)
        r = read_file(dir_fd, COURIER_POP3, &c->text, &has_pop3, e);
    if (!r && (has_uids || has_pop3))
        r = courier_files_read(&c->files, dir_fd, e);
    if (!r && has_uids)
        r = courier_uiddb_parse(&db, strbuf_bytes(&text), e);
    if (!r && (has_uids || has_pop3))
        r = take(ul, &db, e);
    if (!r && has_uids) {
        ul->validity = db.validity;
        ul->exists = ul->rewrite = true;
    }
    courier_uiddb_done(&db);
    return r;
}
