/*
 * maildir_index_folder.c - folders and messages in the index's tables. See maildir_index_folder.h.
 */
#include "maildir/maildir_index_folder.h"

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "maildir/maildir.h"
#include "maildir/maildir_name.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

/* A message as it is stored; base, name and fields follow. */
struct stored {
    uint64_t modseq, keywords, size, virtual_size;
    int64_t date;
    uint32_t flags;
    uint16_t base_len, name_len, fields_len;
    uint8_t in_new, has_info;
} __attribute__((packed));
#define STORED_MAX (sizeof(struct stored) + 2 * (INDEX_NAME_MAX + 1) + INDEX_FIELDS_MAX)

static uint64_t key_of(uint32_t fid, uint32_t low)
{
    return (uint64_t)fid << 32 | low;
}

static MDB_val val_of(const void *p, size_t n)
{
    return (MDB_val){n, (void *)p};
}

static MDB_txn *txn_of(struct index *ix, MDB_txn *txn)
{
    return txn ? txn : ix->read;
}

/* ---- folders ---- */

static int find_fid(MDB_txn *txn, MDB_dbi dbi, uint64_t ino, uint32_t *fid)
{
    MDB_val key = val_of(&ino, sizeof ino), value;
    int rc = mdb_get(txn, dbi, &key, &value);
    *fid = 0;
    if (!rc && value.mv_size == sizeof *fid)
        memcpy(fid, value.mv_data, sizeof *fid);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

int index_folder_find(struct index *ix, uint64_t ino, uint32_t *fid)
{
    return find_fid(ix->read, ix->folders, ino, fid);
}

/* None is given twice: a session may still have a folder open that is gone. */
static int next_fid(struct index *ix, MDB_txn *txn, uint32_t *fid)
{
    MDB_cursor *cursor;
    MDB_val key, value;
    uint64_t last = 0;
    uint32_t given = 0;
    struct bytes blob;
    int rc = mdb_cursor_open(txn, ix->state, &cursor);
    if (rc)
        return rc;
    rc = mdb_cursor_get(cursor, &key, &value, MDB_LAST);
    if (!rc)
        memcpy(&last, key.mv_data, sizeof last);
    mdb_cursor_close(cursor);
    if (!rc)
        rc = index_get_blob(ix, txn, 0, INDEX_LAST_FID, &blob);
    if (!rc && blob.n == sizeof given)
        memcpy(&given, blob.p, sizeof given);
    if (rc && rc != MDB_NOTFOUND)
        return rc;
    *fid = (uint32_t)(last >> 32 > given ? last >> 32 : given) + 1;
    return index_put_blob(ix, txn, 0, INDEX_LAST_FID, fid, sizeof *fid);
}

int index_folder_make(struct index *ix, MDB_txn *txn, uint64_t ino, uint32_t *fid)
{
    int rc = find_fid(txn, ix->folders, ino, fid);
    if (rc || *fid)
        return rc;
    rc = next_fid(ix, txn, fid);
    if (rc)
        return rc;
    MDB_val key = val_of(&ino, sizeof ino), value = val_of(fid, sizeof *fid);
    return mdb_put(txn, ix->folders, &key, &value, 0);
}

static int clear_range(MDB_txn *txn, MDB_dbi dbi, uint32_t fid)
{
    MDB_cursor *cursor;
    uint64_t first = key_of(fid, 0);
    MDB_val key = val_of(&first, sizeof first), value;
    int rc = mdb_cursor_open(txn, dbi, &cursor);
    if (rc)
        return rc;
    rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    while (!rc) {
        uint64_t at;
        memcpy(&at, key.mv_data, sizeof at);
        if (at >> 32 != fid)
            break;
        rc = mdb_cursor_del(cursor, 0);
        if (!rc)
            rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    }
    mdb_cursor_close(cursor);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

int index_folder_clear(struct index *ix, MDB_txn *txn, uint32_t fid)
{
    const MDB_dbi all[] = {ix->state, ix->mails, ix->flags, ix->texts, ix->briefs, ix->changes};
    int rc = index_flags_flush(ix, txn);
    index_flags_drop(ix);
    for (size_t i = 0; i < ARRAY_LEN(all) && !rc; i++)
        rc = clear_range(txn, all[i], fid);
    return rc;
}

int index_folders_expire(struct index *ix, MDB_txn *txn, bool (*is_there)(void *arg, uint64_t ino), void *arg)
{
    MDB_cursor *cursor;
    MDB_val key, value;
    int rc = mdb_cursor_open(txn, ix->folders, &cursor);
    if (rc)
        return rc;
    for (rc = mdb_cursor_get(cursor, &key, &value, MDB_FIRST); !rc;
         rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
        uint64_t ino;
        uint32_t fid = 0;
        memcpy(&ino, key.mv_data, sizeof ino);
        memcpy(&fid, value.mv_data, value.mv_size < sizeof fid ? value.mv_size : sizeof fid);
        if (is_there(arg, ino))
            continue;
        rc = fid ? index_folder_clear(ix, txn, fid) : 0;
        if (!rc)
            rc = mdb_cursor_del(cursor, 0);
        if (rc)
            break;
    }
    mdb_cursor_close(cursor);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

/* ---- blobs ---- */

int index_get_blob(struct index *ix, MDB_txn *txn, uint32_t fid, enum index_kind kind, struct bytes *value)
{
    uint64_t k = key_of(fid, kind);
    MDB_val key = val_of(&k, sizeof k), v;
    int rc = mdb_get(txn_of(ix, txn), ix->state, &key, &v);
    *value = rc ? (struct bytes){NULL, 0} : bytes_from(v.mv_data, v.mv_size);
    return rc;
}

int index_put_blob(struct index *ix, MDB_txn *txn, uint32_t fid, enum index_kind kind, const void *p,
                   size_t n)
{
    uint64_t k = key_of(fid, kind);
    MDB_val key = val_of(&k, sizeof k), v = val_of(p, n);
    return mdb_put(txn, ix->state, &key, &v, 0);
}

int index_get_head(struct index *ix, MDB_txn *txn, uint32_t fid, struct index_head *head)
{
    struct bytes value;
    int rc = index_get_blob(ix, txn, fid, INDEX_HEAD, &value);
    *head = (struct index_head){.validity = 0};
    if (!rc && value.n != sizeof *head)
        return MDB_CORRUPTED;
    if (!rc)
        memcpy(head, value.p, sizeof *head);
    return rc;
}

int index_put_head(struct index *ix, MDB_txn *txn, uint32_t fid, const struct index_head *head)
{
    return index_put_blob(ix, txn, fid, INDEX_HEAD, head, sizeof *head);
}

int index_get_runs(struct index *ix, MDB_txn *txn, uint32_t fid, struct uid_runs *runs)
{
    struct bytes value;
    int rc = index_get_blob(ix, txn, fid, INDEX_RUNS, &value);
    uid_runs_done(runs);
    if (rc)
        return rc == MDB_NOTFOUND ? 0 : rc;
    return uid_runs_unpack(runs, value.p, value.n / 8) ? 0 : MDB_CORRUPTED;
}

int index_put_runs(struct index *ix, MDB_txn *txn, uint32_t fid, const struct uid_runs *runs)
{
    AUTO_FREE uint32_t *pairs = xcalloc(runs->n + 1, 2 * sizeof *pairs);
    uid_runs_pack(runs, pairs);
    return index_put_blob(ix, txn, fid, INDEX_RUNS, pairs, runs->n * 2 * sizeof *pairs);
}

/* ---- messages ---- */

static int unpack(const MDB_val *value, struct index_mail *mail)
{
    const struct stored *s = value->mv_data;
    if (value->mv_size < sizeof *s || value->mv_size < sizeof *s + s->base_len + s->name_len + s->fields_len)
        return MDB_CORRUPTED;
    const char *text = (const char *)(s + 1);
    *mail = (struct index_mail){
        .modseq = s->modseq,
        .keywords = s->keywords,
        .size = s->size,
        .virtual_size = s->virtual_size,
        .date = s->date,
        .flags = s->flags,
        .in_new = s->in_new,
        .has_info = s->has_info,
        .base = {text, s->base_len},
        .name = {text + s->base_len, s->name_len},
        .fields = {text + s->base_len + s->name_len, s->fields_len},
    };
    return 0;
}

/* Walks are mostly in the order of the keys: then this is a step, or none. */
static int walk_to(struct index_walk *w, uint64_t wanted, MDB_val *value)
{
    uint64_t found = 0;
    MDB_val key;
    int rc = MDB_NOTFOUND;
    if (w->at && w->at <= wanted && wanted - w->at <= 4) {
        rc = mdb_cursor_get(w->cursor, &key, value, w->at == wanted ? MDB_GET_CURRENT : MDB_NEXT);
        if (!rc)
            memcpy(&found, key.mv_data, sizeof found);
    }
    if (found != wanted) {
        key = val_of(&wanted, sizeof wanted);
        rc = mdb_cursor_get(w->cursor, &key, value, MDB_SET_KEY);
    }
    w->at = rc ? 0 : wanted;
    return rc;
}

int index_get_mail(struct index *ix, uint32_t fid, uint32_t uid, struct index_mail *mail)
{
    MDB_val value;
    ix->walked++;
    int rc = walk_to(&ix->mail_walk, key_of(fid, uid), &value);
    return rc ? rc : unpack(&value, mail);
}

int index_get_mail_in(struct index *ix, MDB_txn *txn, uint32_t fid, uint32_t uid, struct index_mail *mail)
{
    uint64_t k = key_of(fid, uid);
    MDB_val key = val_of(&k, sizeof k), value;
    int rc = mdb_get(txn, ix->mails, &key, &value);
    return rc ? rc : unpack(&value, mail);
}

static void put_bytes(char **to, struct bytes b)
{
    if (b.n)
        memcpy(*to, b.p, b.n);
    *to += b.n;
}

int index_put_mail(struct index *ix, MDB_txn *txn, uint32_t fid, uint32_t uid, const struct index_mail *mail,
                   bool last)
{
    char buffer[STORED_MAX];
    struct stored *s = (struct stored *)buffer;
    if (mail->base.n > INDEX_NAME_MAX || mail->name.n > INDEX_NAME_MAX || mail->fields.n > INDEX_FIELDS_MAX)
        return EINVAL;
    *s = (struct stored){
        .modseq = mail->modseq,
        .keywords = mail->keywords,
        .size = mail->size,
        .virtual_size = mail->virtual_size,
        .date = mail->date,
        .flags = mail->flags,
        .base_len = (uint16_t)mail->base.n,
        .name_len = (uint16_t)mail->name.n,
        .fields_len = (uint16_t)mail->fields.n,
        .in_new = mail->in_new,
        .has_info = mail->has_info,
    };
    char *end = (char *)(s + 1);
    put_bytes(&end, mail->base);
    put_bytes(&end, mail->name);
    put_bytes(&end, mail->fields);
    uint64_t k = key_of(fid, uid);
    MDB_val key = val_of(&k, sizeof k), value = val_of(buffer, (size_t)(end - buffer));
    int rc = mdb_put(txn, ix->mails, &key, &value, last ? MDB_APPEND : 0);
    return rc ? rc : index_flags_put(ix, txn, fid, uid, (int)mail->flags);
}

bool index_is_last(struct index *ix, MDB_txn *txn, uint32_t fid, uint32_t uid)
{
    MDB_cursor *cursor;
    MDB_val key, value;
    uint64_t last = 0;
    if (mdb_cursor_open(txn, ix->mails, &cursor))
        return false;
    int rc = mdb_cursor_get(cursor, &key, &value, MDB_LAST);
    if (!rc)
        memcpy(&last, key.mv_data, sizeof last);
    mdb_cursor_close(cursor);
    return rc == MDB_NOTFOUND || (!rc && last < key_of(fid, uid));
}

static int get_kept(struct index *ix, struct index_walk *w, uint64_t wanted, struct bytes *kept)
{
    MDB_val value;
    ix->walked++;
    int rc = walk_to(w, wanted, &value);
    *kept = rc ? (struct bytes){NULL, 0} : bytes_from(value.mv_data, value.mv_size);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

int index_get_text(struct index *ix, uint32_t fid, uint32_t uid, struct bytes *text)
{
    return get_kept(ix, &ix->text_walk, key_of(fid, uid), text);
}

int index_get_brief(struct index *ix, uint32_t fid, uint32_t uid, struct bytes *brief)
{
    return get_kept(ix, &ix->brief_walk, key_of(fid, uid), brief);
}

int index_put_text(struct index *ix, MDB_txn *txn, uint32_t fid, uint32_t uid, struct bytes brief,
                   struct bytes text)
{
    uint64_t k = key_of(fid, uid);
    MDB_val key = val_of(&k, sizeof k), value;
    int rc = mdb_get(txn, ix->mails, &key, &value); /* of a message that is gone nothing is kept */
    if (rc)
        return rc == MDB_NOTFOUND ? 0 : rc;
    value = val_of(text.p, text.n);
    rc = mdb_put(txn, ix->texts, &key, &value, 0);
    value = val_of(brief.p, brief.n);
    return rc ? rc : mdb_put(txn, ix->briefs, &key, &value, 0);
}

int index_delete_mail(struct index *ix, MDB_txn *txn, uint32_t fid, uint32_t uid)
{
    const MDB_dbi all[] = {ix->mails, ix->texts, ix->briefs};
    uint64_t k = key_of(fid, uid);
    MDB_val key = val_of(&k, sizeof k);
    int rc = index_flags_put(ix, txn, fid, uid, -1);
    for (size_t i = 0; i < ARRAY_LEN(all) && !rc; i++) {
        rc = mdb_del(txn, all[i], &key, NULL);
        rc = rc == MDB_NOTFOUND ? 0 : rc;
    }
    return rc;
}

/* ---- names ---- */

void index_mail_name(const struct index_mail *mail, struct strbuf *name)
{
    if (mail->name.n)
        strbuf_addb(name, mail->name);
    else if (mail->in_new)
        strbuf_addb(name, mail->base);
    else
        maildir_name_with_flags(name, mail->base, mail->flags, (uint32_t)(mail->keywords & MAIL_LETTERS));
}

void index_mail_set_name(struct index_mail *mail, struct bytes name)
{
    uint32_t letters;
    maildir_name_flags(name, &mail->flags, &letters);
    mail->keywords = (mail->keywords & ~(uint64_t)MAIL_LETTERS) | letters;
    mail->base = maildir_name_base(name);
    bool usual = mail->in_new ? mail->base.n == name.n : maildir_name_is_usual(name);
    mail->name = usual ? (struct bytes){NULL, 0} : name;
}

/* ---- stamps ---- */

struct index_stamp index_stamp(const struct stat *st)
{
    return (struct index_stamp){
        .ino = st->st_ino,
        .size = S_ISDIR(st->st_mode) ? 0 : (uint64_t)st->st_size,
        .mtime = st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec,
        .ctime = st->st_ctim.tv_sec * 1000000000 + st->st_ctim.tv_nsec,
    };
}

bool index_stamp_eq(const struct index_stamp *a, const struct index_stamp *b)
{
    return a->ino == b->ino && a->size == b->size && a->mtime == b->mtime && a->ctime == b->ctime;
}

struct index_stamp index_stamp_at(int dir_fd, const char *name)
{
    struct stat st;
    if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW))
        return (struct index_stamp){0};
    return index_stamp(&st);
}
