/*
 * maildir_check_index.c - the index against the directories. Only an index that claims to be up to date can be wrong; one that is
 * behind is brought up to date by the next session.
 */
#include "maildir/maildir_check_internal.h"

#include <fcntl.h>
#include <sys/stat.h>

static struct index_stamp stamp_of(int dir_fd, const char *name)
{
    struct stat st;
    return fstatat(dir_fd, name, &st, 0) ? (struct index_stamp){0} : index_stamp(&st);
}

static bool is_current(int fd, const struct index_head *head)
{
    struct index_stamp fresh = stamp_of(fd, "new"), cur = stamp_of(fd, "cur"),
                       uidlist = index_stamp_at(fd, "dovecot-uidlist");
    return head->settled && index_stamp_eq(&fresh, &head->new_dir) && index_stamp_eq(&cur, &head->cur_dir) &&
           index_stamp_eq(&uidlist, &head->uidlist);
}

static int read_head(struct index *ix, int fd, uint32_t *fid, struct index_head *head)
{
    struct stat st;
    if (fstat(fd, &st))
        return MDB_NOTFOUND;
    int rc = index_read(ix);
    if (!rc)
        rc = index_folder_find(ix, st.st_ino, fid);
    if (!rc && !*fid)
        rc = MDB_NOTFOUND;
    return rc ? rc : index_get_head(ix, NULL, *fid, head);
}

/* Files that the index does not have under their UID and name. */
static size_t count_unknown(struct check *c, uint32_t fid)
{
    size_t unknown = 0;
    for (size_t i = 0; i < c->n; i++) {
        AUTO_STRBUF struct strbuf name = STRBUF_INIT(1024);
        struct index_mail mail;
        const struct checked_file *f = &c->files[i];
        if (i && bytes_eq(checked_base(f), checked_base(f - 1)))
            continue; /* one of two files of one name */
        if (!f->uid || index_get_mail(c->index, fid, f->uid, &mail)) {
            unknown++;
            continue;
        }
        index_mail_name(&mail, &name);
        unknown += mail.in_new != f->in_new || strcmp(name.data, f->name) != 0;
    }
    return unknown;
}

static size_t count_bases(const struct check *c)
{
    size_t n = 0;
    for (size_t i = 0; i < c->n; i++)
        n += !i || !bytes_eq(checked_base(&c->files[i]), checked_base(&c->files[i - 1]));
    return n;
}

void check_index(struct check *c)
{
    static const char way[] = "posthouse mailbox rebuild; nothing is lost but speed";
    struct index_head head;
    uint32_t fid = 0;
    if (!c->index || !c->has_uidlist)
        return;
    int rc = read_head(c->index, c->fd, &fid, &head);
    bool current = !rc && is_current(c->fd, &head);
    if (rc && rc != MDB_NOTFOUND)
        check_found(c, PROBLEM, INDEX_DIR, way, "cannot be read: %s", mdb_strerror(rc));
    if (current) {
        size_t unknown = count_unknown(c, fid);
        bool same = head.validity == c->uidlist.validity && head.count == count_bases(c) && !unknown;
        if (!same && is_current(c->fd, &head)) /* nobody changed the folder while we looked */
            check_found(c, PROBLEM, "dovecot-uidlist", way,
                        "the index says that it is up to date, but has %u messages of which %zu differ",
                        head.count, unknown);
    }
    index_read_end(c->index);
}

const char *mail_index_state(struct mail_store *store, const char *folder)
{
    AUTO_STRBUF struct strbuf dir = STRBUF_INIT(4096);
    struct index look, *ix = store->indexed ? &store->index : &look; /* a process has it open once only */
    struct index_head head;
    struct err ignored;
    uint32_t fid = 0;
    if (folder_dir_find(&dir, store, folder, &ignored) || (ix == &look && index_look(&look, store->root)))
        return "unknown";
    AUTO_CLOSE int fd = openat(store->fd, dir.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const char *state = fd < 0 || read_head(ix, fd, &fid, &head) ? "unknown"
                        : is_current(fd, &head)                  ? "current"
                                                                 : "behind";
    index_read_end(ix);
    if (ix == &look)
        index_close(&look);
    return state;
}
