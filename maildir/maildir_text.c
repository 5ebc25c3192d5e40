/*
 * maildir_text.c - what sessions find out about messages and keep: sizes and dates in the record, and text of their own.
 *
 * Both are collected in memory and written many at a time, without the folder's lock: they follow from the message's
 * bytes, which hardly ever change (a file that was edited in place is noticed when it is opened, by size or mtime; its text is
 * then an empty one). Whatever fails here costs speed only.
 */
#include "maildir/maildir_internal.h"

#define WAITING_MAX    500
#define WAITING_OCTETS ((size_t)512 << 10)

struct waiting {
    uint32_t uid;
    bool has_info;
    struct mail_info info;
    char *kept; /* what is brief, and the text; NULL: none */
    size_t brief, text;
};

struct mailbox_texts {
    struct waiting items[WAITING_MAX];
    size_t n, octets;
    uint32_t least, largest; /* UIDs; most walks are in their order */
};

static struct waiting *waiting_of(const struct mailbox *mb, uint32_t uid)
{
    struct mailbox_texts *t = mb->texts;
    if (!t || !t->n || uid < t->least || uid > t->largest)
        return NULL;
    for (size_t i = t->n; i-- > 0;)
        if (t->items[i].uid == uid)
            return &t->items[i];
    return NULL;
}

static int write_info(struct mailbox *mb, MDB_txn *txn, const struct waiting *w)
{
    struct index *ix = &mb->store->index;
    struct index_mail mail;
    int rc = index_get_mail_in(ix, txn, mb->fid, w->uid, &mail);
    if (rc)
        return rc == MDB_NOTFOUND ? 0 : rc;
    if (mail.has_info && mail.size == w->info.size && mail.virtual_size == w->info.virtual_size &&
        mail.date == w->info.internal_date)
        return 0;
    mail.has_info = true;
    mail.size = w->info.size;
    mail.virtual_size = w->info.virtual_size;
    mail.date = w->info.internal_date;
    return index_put_mail(ix, txn, mb->fid, w->uid, &mail, false);
}

static int write_all(struct mailbox *mb)
{
    struct index *ix = &mb->store->index;
    MDB_txn *txn;
    int rc = index_write(ix, &txn);
    if (rc)
        return rc;
    for (size_t i = 0; i < mb->texts->n && !rc; i++) {
        const struct waiting *w = &mb->texts->items[i];
        if (w->has_info)
            rc = write_info(mb, txn, w);
        if (!rc && w->kept)
            rc = index_put_text(ix, txn, mb->fid, w->uid, bytes_from(w->kept, w->brief),
                                bytes_from(w->kept + w->brief, w->text));
    }
    if (!rc)
        return index_commit(ix, txn);
    mdb_txn_abort(txn);
    return rc;
}

static void forget(struct mailbox_texts *texts)
{
    for (size_t i = 0; i < texts->n; i++)
        free(texts->items[i].kept);
    texts->n = texts->octets = 0;
}

void mailbox_texts_write(struct mailbox *mb)
{
    struct index *ix = &mb->store->index;
    if (!mb->texts || !mb->texts->n)
        return;
    int rc = mb->fid && mb->generation == ix->generation ? write_all(mb) : 0;
    forget(mb->texts);
    if (rc)
        index_recover(ix, rc);
}

void mailbox_texts_done(struct mailbox *mb)
{
    mailbox_texts_write(mb);
    free(TAKE_PTR(mb->texts));
}

static struct waiting *waiting_add(struct mailbox *mb, uint32_t uid)
{
    struct waiting *w = waiting_of(mb, uid);
    if (w)
        return w;
    if (!mb->texts)
        mb->texts = xcalloc(1, sizeof *mb->texts);
    if (mb->texts->n == WAITING_MAX || mb->texts->octets > WAITING_OCTETS)
        mailbox_texts_write(mb);
    struct mailbox_texts *t = mb->texts;
    t->least = !t->n || uid < t->least ? uid : t->least;
    t->largest = !t->n || uid > t->largest ? uid : t->largest;
    w = &t->items[t->n++];
    *w = (struct waiting){.uid = uid};
    return w;
}

bool mailbox_text_get(struct mailbox *mb, uint32_t uid, struct bytes *text)
{
    struct index *ix = &mb->store->index;
    const struct waiting *w = waiting_of(mb, uid);
    *text = (struct bytes){NULL, 0};
    if (w && w->kept)
        *text = bytes_from(w->kept + w->brief, w->text);
    else if (mb->fid && mb->generation == ix->generation && !index_read(ix))
        (void)index_get_text(ix, mb->fid, uid, text);
    return text->p != NULL;
}

bool mailbox_brief_get(struct mailbox *mb, uint32_t uid, struct bytes *brief)
{
    struct index *ix = &mb->store->index;
    const struct waiting *w = waiting_of(mb, uid);
    *brief = (struct bytes){NULL, 0};
    if (w && w->kept)
        *brief = bytes_from(w->kept, w->brief);
    else if (mb->fid && mb->generation == ix->generation && !index_read(ix))
        (void)index_get_brief(ix, mb->fid, uid, brief);
    return brief->p != NULL;
}

void mailbox_text_put(struct mailbox *mb, uint32_t uid, struct bytes brief, struct bytes text)
{
    struct waiting *w = waiting_add(mb, uid);
    if (w->kept)
        mb->texts->octets -= w->brief + w->text;
    free(w->kept);
    w->kept = xrealloc(NULL, brief.n + text.n + 1, 1);
    w->brief = brief.n;
    w->text = text.n;
    memcpy(w->kept, brief.p, brief.n);
    memcpy(w->kept + brief.n, text.p, text.n);
    mb->texts->octets += brief.n + text.n;
}

bool mailbox_text_info(const struct mailbox *mb, uint32_t uid, struct mail_info *info)
{
    const struct waiting *w = waiting_of(mb, uid);
    if (w && w->has_info)
        *info = w->info;
    return w && w->has_info;
}

void mailbox_text_put_info(struct mailbox *mb, uint32_t uid, const struct mail_info *info)
{
    struct waiting *w = waiting_add(mb, uid);
    w->has_info = true;
    w->info = *info;
}
