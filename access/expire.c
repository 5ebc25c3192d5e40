/*
 * expire.c - see expire.h. The age of a message is the time since it was put into this folder (RFC 8514's save date): what is moved to Trash is new
 * there, however old the letter.
 */
#include "access/expire.h"

#include "access/imap_special.h"
#include "base/cleanup.h"
#include "base/strbuf.h"

#include <stdlib.h>
#include <string.h>

#define DAY_S 86400

struct rule {
    struct bytes name; /* or a special use */
    int64_t days;
};

/* Cut the next rule off; the configuration's check has seen to it that it is one. */
static bool next_rule(struct bytes *rules, struct rule *r)
{
    uint64_t days;
    if (!rules->p || !rules->n)
        return false;
    struct bytes age = bytes_split(rules, '/');
    r->name = bytes_split(&age, '=');
    if (!age.p || !age.n || !bytes_to_u64(bytes_from(age.p, age.n - 1), 100000, &days))
        return false;
    r->days = (int64_t)days;
    return true;
}

static bool is_about(const struct rule *r, const struct mail_folder *f, const struct imap_special *special)
{
    if (r->name.n && *r->name.p != '\\')
        return bytes_eq(r->name, bytes_of(f->name));
    struct bytes uses = bytes_of(imap_special_of(special, f));
    while (uses.p && uses.n)
        if (bytes_eq_nocase(bytes_split(&uses, ' '), r->name))
            return true;
    return false;
}

/* The UIDs of those that were saved before then. */
static size_t find_old(struct mailbox *mb, time_t before, uint32_t *uids)
{
    size_t n = 0;
    for (size_t i = 0; i < mailbox_count(mb); i++) {
        const struct mail *mail = mailbox_at(mb, i);
        time_t saved;
        struct err ignored; /* it is gone */
        if (!mail)
            continue;
        uint32_t uid = mail->uid;
        if (!mailbox_save_date(mb, uid, &saved, &ignored) && saved < before)
            uids[n++] = uid;
    }
    return n;
}

static int expire_folder(struct mail_store *store, const struct rule *r, bool dry, struct expired *x,
                         struct err *e)
{
    struct mailbox *mb;
    if (mailbox_open(&mb, store, x->folder, dry, e))
        return -1;
    AUTO_FREE uint32_t *uids = xcalloc(mailbox_count(mb) + 1, sizeof(*uids));
    x->messages = find_old(mb, time(NULL) - r->days * DAY_S, uids);
    int result = dry || !x->messages ? 0 : mailbox_expunge(mb, uids, x->messages, true, e);
    mailbox_close(mb);
    return result;
}

size_t expire(struct mail_store *store, const char *rules, const char *only, bool dry,
              void (*tell)(void *arg, const struct expired *x), void *arg, struct err *e)
{
    struct bytes rest = bytes_of(rules);
    struct mail_folder *folders;
    size_t n, failed = 0;
    struct rule r;
    if (mail_store_folders(store, &folders, &n, e))
        return 1;
    struct imap_special *special = imap_special_new(store, folders, n);
    while (next_rule(&rest, &r)) {
        for (size_t i = 0; i < n; i++) {
            struct expired x = {.folder = folders[i].name, .days = r.days};
            if (!folders[i].exists || !is_about(&r, &folders[i], special) ||
                (only && strcmp(only, folders[i].name) != 0))
                continue;
            if (expire_folder(store, &r, dry, &x, e))
                failed++;
            else if (tell)
                tell(arg, &x);
        }
    }
    imap_special_free(special);
    mail_folders_free(folders, n);
    return failed;
}
