/*
 * maildir_copy.c - COPY and MOVE within a store, by hard link.
 *
 *   S1  under the destination's lock: files linked into its cur/ under new names, with their flags
 *       a crash here: whole copies exist that were not acknowledged; they get UIDs as new mail
 *   S2  cur/ of the destination synced
 *   S3  their UIDs appended to the uidlist and synced: a copy is acknowledged here
 *   S4  MOVE: the sources unlinked under the source's lock, and its cur/ synced: acknowledged
 *       a crash between S3 and S4: the message is in both folders, never in none
 *
 * An error before S3 takes the links back. The two locks are never held both, so two moves cannot wait for each
 * other. The hard link keeps the file's mtime, and so INTERNALDATE. The copy keeps the message's GUID (uidlist
 * field G; its default is the base name), as RFC 8474 wants of EMAILID.
 */
#include "maildir/maildir_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

struct copy {
    struct mailbox *from;
    struct mailbox *to;       /* opened for this */
    struct mail_change *made; /* in the destination; names and fields are ours */
    size_t n;
    struct mail_copy_result *result;
    struct uidlist uidlist;              /* of the destination */
    uint64_t letters[MAIL_KEYWORDS_MAX]; /* keyword n of the source is this bit of the destination */
    int64_t octets;
    bool move;
    struct quota quota;
};

static void take_back(struct copy *c)
{
    for (size_t i = 0; i < c->n; i++)
        unlinkat(c->to->folder.cur_fd, c->made[i].name.p, 0);
    fs_sync_dir(c->to->folder.cur_fd);
}

static void copy_done(struct copy *c)
{
    for (size_t i = 0; i < c->n; i++) {
        free((char *)c->made[i].name.p);
        free((char *)c->made[i].fields.p);
    }
    free(c->made);
    uidlist_done(&c->uidlist);
    mailbox_close(c->to);
}

/* ---- keywords ---- */

static uint64_t keywords_of(struct mailbox *mb, const uint32_t *uids, size_t n)
{
    uint64_t all = 0;
    for (size_t i = 0; i < n; i++) {
        const struct mail *mail = mailbox_find(mb, uids[i]);
        all |= mail ? mail->keywords : 0;
    }
    return all;
}

static int map_keywords(struct copy *c, const uint32_t *uids, size_t n, struct err *e)
{
    uint64_t used = keywords_of(c->from, uids, n);
    for (unsigned k = 0; k < MAIL_KEYWORDS_MAX; k++) {
        const char *name = mailbox_keyword(c->from, k);
        const struct mail_flag_change change = {.how = MAIL_FLAGS_ADD, .keywords = &name, .nkeywords = 1};
        if (used >> k & 1 && name && mailbox_keyword_bits(c->to, &change, &c->letters[k], e))
            return -1;
    }
    return 0;
}

static uint64_t translate(const struct copy *c, uint64_t keywords)
{
    uint64_t bits = 0;
    for (unsigned k = 0; k < MAIL_KEYWORDS_MAX; k++)
        if (keywords >> k & 1)
            bits |= c->letters[k];
    return bits;
}

/* ---- one message ---- */

/* Sizes for the new name: those that the old one tells, or the true ones. */
static int sizes_of(struct copy *c, uint32_t uid, const struct index_mail *mail, struct mail_info *info,
                    struct err *e)
{
    *info = (struct mail_info){mail->size, mail->virtual_size, mail->date};
    if (mail->has_info || (maildir_name_size(mail->base, 'S', &info->size) &&
                           maildir_name_size(mail->base, 'W', &info->virtual_size)))
        return 0;
    return mailbox_message_info(c->from, uid, info, e);
}

static char *guid_field(const struct index_mail *mail)
{
    AUTO_STRBUF struct strbuf field = STRBUF_INIT(1024);
    struct bytes guid = mail->base;
    uidlist_field(mail->fields, 'G', &guid);
    strbuf_addf(&field, "G" BYTES_FMT, BYTES_ARG(guid));
    return strchr(field.data, ' ') ? NULL : strbuf_detach(&field);
}

struct linking {
    int to_fd;
    const char *to;
};

static int link_file(void *arg, int dir_fd, const char *name)
{
    const struct linking *l = arg;
    return linkat(dir_fd, name, l->to_fd, l->to, 0);
}

/* "<new unique>,S=..,W=..:2,FLAGS" */
static char *target_name(const struct mail_info *info, uint32_t flags, uint64_t keywords)
{
    AUTO_STRBUF struct strbuf base = STRBUF_INIT(MAILDIR_NAME_MAX), name = STRBUF_INIT(MAILDIR_NAME_MAX);
    maildir_name_new(&base);
    strbuf_addf(&base, ",S=%llu,W=%llu", (unsigned long long)info->size,
                (unsigned long long)info->virtual_size);
    if (!maildir_name_with_flags(&name, strbuf_bytes(&base), flags, (uint32_t)keywords & MAIL_LETTERS))
        return NULL;
    return strbuf_detach(&name);
}

static int copy_one(struct copy *c, uint32_t uid, struct err *e)
{
    struct index_mail mail;
    struct mail_info info;
    if (!mailbox_record(c->from, uid, &mail))
        return 0;
    bool exact = mail.has_info;
    uint64_t keywords = translate(c, mail.keywords);
    uint32_t flags = mail.flags, new_uid;
    AUTO_FREE char *field = guid_field(&mail);
    if (sizes_of(c, uid, &mail, &info, e))
        return -1;
    AUTO_FREE char *name = target_name(&info, flags, keywords);
    if (!name)
        return err_set(e, ERR_LIMIT, "message %u: the file name would be too long", uid);
    struct linking l = {c->to->folder.cur_fd, name};
    if (mailbox_with_file(c->from, uid, link_file, &l, e))
        return err_prefix(e, "cannot be copied");
    struct mail_change *made = &c->made[c->n++];
    *made = (struct mail_change){.name = bytes_of(TAKE_PTR(name)), .has_info = exact, .info = info};
    made->keywords = keywords & SIDECAR_MASK;
    made->has_keywords = made->keywords != 0;
    if (made->has_keywords && mailbox_set_upper(c->to, maildir_name_base(made->name), made->keywords, e))
        return -1;
    if (uidlist_add(&c->uidlist, maildir_name_base(made->name), field, &new_uid, e))
        return -1;
    made->uid = new_uid;
    made->has_fields = field != NULL;
    made->fields = field ? bytes_of(TAKE_PTR(field)) : (struct bytes){NULL, 0};
    c->octets += (int64_t)info.size;
    c->result->source[c->result->n] = uid;
    c->result->target[c->result->n++] = new_uid;
    return 0;
}

/* ---- all of them ---- */

/* MOVE from a folder that counts needs no room. */
static int reserve(struct copy *c, const uint32_t *uids, size_t n, struct err *e)
{
    struct mail_store *store = c->from->store;
    int64_t octets = 0, messages = 0;
    if ((!store->quota_bytes && !store->quota_messages) || !quota_counts(store, c->to->name))
        return 0;
    for (size_t i = 0; i < n; i++) {
        struct index_mail mail;
        struct mail_info info;
        if (!mailbox_record(c->from, uids[i], &mail))
            continue;
        if (sizes_of(c, uids[i], &mail, &info, e))
            return -1;
        octets += (int64_t)info.size;
        messages++;
    }
    return quota_begin(&c->quota, store, c->to->name, octets, messages,
                       c->move && quota_counts(store, c->from->name), e);
}

static int copy_all(struct copy *c, const uint32_t *uids, size_t n, struct maildir_lock *lock, struct err *e)
{
    if (map_keywords(c, uids, n, e) || reserve(c, uids, n, e))
        return -1;
    for (size_t i = 0; i < n; i++) {
        store_step(c->from->store, lock, i, n);
        if (copy_one(c, uids[i], e))
            return -1;
    }
    if (mailbox_save_upper(c->to, e))
        return -1;
    if (c->n && fs_sync_dir(c->to->folder.cur_fd))
        return err_errno(e, errno, "syncing the folder");
    return uidlist_save(&c->uidlist, c->to->folder.fd, NULL, NULL, e);
}

/* The index failed while another folder was opened, and there is a new one: it knows nothing of this folder yet, and each
 * message would be taken for gone. */
static bool is_replaced(const struct mailbox *mb)
{
    return mb->generation != store_index(mb->store)->generation;
}

static int copy_locked(struct copy *c, const uint32_t *uids, size_t n, struct err *e)
{
    AUTO_LOCK struct maildir_lock lock = MAILDIR_LOCK_INIT;
    if (mailbox_lock(c->to, &lock, false, e))
        return -1;
    if (is_replaced(c->from))
        return err_set(e, ERR_TEMP, "the index has failed meanwhile; try again");
    c->result->uidvalidity = mailbox_uidvalidity(c->to);
    mailbox_resume_uidlist(c->to, &c->uidlist);
    mailbox_unwatch(c->to, n);
    if (!copy_all(c, uids, n, &lock, e)) {
        c->quota.octets = c->octets;
        c->quota.messages = (int64_t)c->n;
        quota_end(&c->quota);
        mailbox_added(c->to, &c->uidlist, c->made, c->n, &lock);
        return 0;
    }
    take_back(c);
    quota_end(&c->quota);
    return -1;
}

int mailbox_copy(struct mailbox *mb, const uint32_t *uids, size_t n, const char *folder, bool move,
                 struct mail_copy_result *result, struct err *e)
{
    struct copy c = {.from = mb, .result = result, .move = move, .quota = QUOTA_INIT};
    *result = (struct mail_copy_result){.n = 0};
    uidlist_init(&c.uidlist);
    if (move && mb->read_only)
        return err_set(e, ERR_ACCESS, "the folder is open read-only");
    if (mailbox_refresh(mb, e) || mailbox_open(&c.to, mb->store, folder, true, e))
        return -1;
    if (is_replaced(mb) && mailbox_refresh(mb, e)) {
        copy_done(&c);
        return -1;
    }
    result->source = xcalloc(n + 1, sizeof *result->source);
    result->target = xcalloc(n + 1, sizeof *result->target);
    c.made = xcalloc(n + 1, sizeof *c.made);
    int r = copy_locked(&c, uids, n, e);
    if (!r && move)
        r = mailbox_expunge(mb, result->source, result->n, true, e);
    copy_done(&c);
    if (r)
        mail_copy_result_done(result);
    return r;
}

void mail_copy_result_done(struct mail_copy_result *result)
{
    free(TAKE_PTR(result->source));
    free(TAKE_PTR(result->target));
    result->n = 0;
}
