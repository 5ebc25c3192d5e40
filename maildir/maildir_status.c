/*
 * maildir_status.c - counting a folder without opening it for good: STATUS.
 *
 * If folder, new/, cur/ and uidlist are those that the index knows, its head has all the numbers: four stats, and nothing is opened.
 */
#include "maildir/maildir_internal.h"

#include <sys/stat.h>

static int add_sizes(struct mailbox *mb, struct mailbox_status *status, struct err *e)
{
    for (size_t i = 0; i < mailbox_count(mb); i++) {
        const struct mail *mail = mailbox_at(mb, i);
        struct mail_info info;
        if (!mail)
            continue;
        bool deleted = mail->flags & MAIL_DELETED;
        if (mailbox_message_info(mb, mail->uid, &info, e)) {
            if (e->code != ERR_NOTFOUND)
                return -1;
            continue;
        }
        status->size += info.virtual_size;
        status->deleted_size += deleted ? info.virtual_size : 0;
    }
    return 0;
}

static void take_counts(const struct mailbox *mb, struct mailbox_status *status)
{
    *status = (struct mailbox_status){.messages = mb->head.count,
                                      .recent = mb->head.in_new,
                                      .unseen = mb->head.unseen,
                                      .deleted = mb->head.deleted,
                                      .uidnext = mb->head.next,
                                      .uidvalidity = mb->head.validity,
                                      .highestmodseq = mailbox_has_modseqs(mb) ? mailbox_sequence(mb) : 0};
    struct strbuf id = {.data = status->id, .size = sizeof status->id, .max = MAILBOX_ID_MAX};
    mailbox_id(mb, &id);
}

static bool same(const struct mail_store *store, struct strbuf *dir, const char *name,
                 const struct index_stamp *known)
{
    size_t len = dir->len;
    strbuf_addf(dir, "/%s", name);
    struct index_stamp now = index_stamp_at(store->fd, dir->data);
    strbuf_truncate(dir, len);
    return index_stamp_eq(&now, known);
}

/* False: it has to be opened. */
static bool count_by_index(struct mail_store *store, const char *name, struct mailbox_status *status)
{
    struct index *ix = store_index(store);
    struct mailbox mb = {.store = store};
    AUTO_STRBUF struct strbuf dir = STRBUF_INIT(4096);
    struct err ignored;
    struct stat st;
    if (folder_dir_find(&dir, store, name, &ignored) || fstatat(store->fd, dir.data, &st, 0))
        return false;
    mb.ino = st.st_ino;
    index_read_end(ix);
    bool known = !index_read(ix) && !index_folder_find(ix, mb.ino, &mb.fid) && mb.fid &&
                 !index_get_head(ix, NULL, mb.fid, &mb.head) && mb.head.validity && mb.head.settled &&
                 same(store, &dir, "new", &mb.head.new_dir) && same(store, &dir, "cur", &mb.head.cur_dir) &&
                 same(store, &dir, "dovecot-uidlist", &mb.head.uidlist);
    if (known)
        take_counts(&mb, status);
    return known;
}

int mail_store_status(struct mail_store *store, const char *name, bool sizes, struct mailbox_status *status,
                      struct err *e)
{
    struct mailbox *mb;
    if (!sizes && count_by_index(store, name, status))
        return 0;
    if (mailbox_peek(&mb, store, name, e))
        return -1;
    take_counts(mb, status);
    int r = sizes ? add_sizes(mb, status, e) : 0;
    mailbox_close(mb);
    return r;
}
