/*
 * maildir_uidlist.c - dovecot-uidlist version 3, and what else UIDs may come from.
 *
 * Format: a header "3 V<validity> N<next> G<guid> ..." and lines "<uid> [<KEY><value> ...] :<base>", UIDs strictly
 * ascending. Readers take no lock, so the file is never edited in place: lines are appended under the lock, or the
 * whole is written to dovecot-uidlist.tmp and renamed. Lines whose file is gone stay until a rewrite. Appended lines
 * may exceed N. A violation makes Dovecot delete the file, and its users lose their UIDs: what is written here must be
 * exactly this.
 *
 * States of the file, under the lock:
 *
 *   S1  as before                     a crash here: nothing happened
 *   S2  lines appended, not synced    a crash here: some whole lines and perhaps a cut-off one, which the next writer
 *                                     drops by rewriting; nobody was told these UIDs
 *   S3  appended and synced           the UIDs may be told
 *   T1  .tmp written and synced       a crash here: an unused .tmp, overwritten next time
 *   T2  renamed over the old one      a crash here: old or new file, each whole
 *   T3  directory synced              as S3
 *
 * Where there is no file, what Courier left is taken over (maildir_courier.h), once, by T1 to T3.
 */
#include "maildir/maildir_uidlist.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/text.h"
#include "maildir/maildir_courier.h"
#include "maildir/maildir_name.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>

#define FILE_NAME  "dovecot-uidlist"
#define TMP_NAME   "dovecot-uidlist.tmp"
#define UID_MAX_32 4294967294u
#define TEXT_MAX   ((size_t)3 << 30) /* the file, and what is added */

void uidlist_init(struct uidlist *ul)
{
    *ul = (struct uidlist){.fd = -1};
    strbuf_init(&ul->text, TEXT_MAX);
}

static void forget(struct uidlist *ul)
{
    free(ul->entries);
    free(ul->extra);
    strbuf_done(&ul->text);
    courier_done(ul->courier);
    cleanup_close(&ul->fd);
}

void uidlist_done(struct uidlist *ul)
{
    forget(ul);
    uidlist_init(ul);
}

/* base and fields are runs of ul->text. */
static void push(struct uidlist *ul, uint32_t uid, struct bytes base, struct bytes fields)
{
    if (ul->n == ul->size) {
        ul->size = ul->size ? ul->size * 2 : 64;
        ul->entries = xrealloc(ul->entries, ul->size, sizeof *ul->entries);
    }
    ul->entries[ul->n++] = (struct uidlist_entry){.uid = uid,
                                                  .base_at = (uint32_t)(base.p - ul->text.data),
                                                  .base_len = (uint16_t)base.n,
                                                  .fields_at = (uint32_t)(fields.p - ul->text.data),
                                                  .fields_len = (uint16_t)fields.n};
    if (uid >= ul->next)
        ul->next = uid + 1;
}

struct bytes uidlist_base(const struct uidlist *ul, const struct uidlist_entry *entry)
{
    return bytes_from(ul->text.data + entry->base_at, entry->base_len);
}

struct bytes uidlist_fields(const struct uidlist *ul, const struct uidlist_entry *entry)
{
    return bytes_from(ul->text.data + entry->fields_at, entry->fields_len);
}

/* ---- parsing ---- */

static int corrupt(struct err *e, size_t line, const char *what)
{
    return err_set(e, ERR_CORRUPT, FILE_NAME " line %zu: %s", line, what);
}

static bool to_u32(struct bytes b, uint32_t *value)
{
    uint64_t v;
    if (!bytes_to_u64(b, UINT32_MAX, &v))
        return false;
    *value = (uint32_t)v;
    return true;
}

static bool header_field(struct uidlist *ul, struct bytes field)
{
    struct bytes value = bytes_skip(field, 1);
    AUTO_STRBUF struct strbuf extra = STRBUF_INIT(65536);
    switch (field.p[0]) {
    case 'V':
        return to_u32(value, &ul->validity) && ul->validity;
    case 'N':
        return to_u32(value, &ul->next) && ul->next;
    case 'G':
        if (value.n == UIDLIST_GUID_LEN) {
            memcpy(ul->guid, value.p, value.n);
            ul->guid[value.n] = '\0';
        }
        return true;
    default:
        strbuf_addf(&extra, "%s " BYTES_FMT, ul->extra ? ul->extra : "", BYTES_ARG(field));
        if (extra.overflow)
            return false;
        free(ul->extra);
        ul->extra = strbuf_detach(&extra);
        return true;
    }
}

static int parse_header(struct uidlist *ul, struct bytes line, unsigned *version, struct err *e)
{
    struct bytes word = bytes_split(&line, ' ');
    if (bytes_eq(word, BYTES("1"))) {
        struct bytes validity = bytes_split(&line, ' ');
        *version = 1;
        ul->rewrite = true;
        if (!to_u32(validity, &ul->validity) || !line.p || !to_u32(line, &ul->next) || !ul->validity ||
            !ul->next)
            return corrupt(e, 1, "malformed header of version 1");
        return 0;
    }
    *version = 3;
    if (!bytes_eq(word, BYTES("3")))
        return corrupt(e, 1, "unknown version");
    while (line.p) {
        word = bytes_split(&line, ' ');
        if (word.n && !header_field(ul, word))
            return corrupt(e, 1, "malformed header field");
    }
    if (!ul->validity || !ul->next)
        return corrupt(e, 1, "no UIDVALIDITY or next UID");
    if (!*ul->guid)
        ul->rewrite = true;
    return 0;
}

/* "<uid> [fields] :<base>", or in version 1 "<uid> <base>". */
static int parse_line(struct uidlist *ul, struct bytes line, unsigned version, size_t number, struct err *e)
{
    uint32_t uid;
    struct bytes digits = bytes_split(&line, ' '), fields = {line.p, 0};
    if (!to_u32(digits, &uid) || !uid || uid > UID_MAX_32 || !line.p)
        return corrupt(e, number, "no UID");
    if (ul->n && uid <= ul->entries[ul->n - 1].uid)
        return corrupt(e, number, "UIDs do not ascend");
    if (version == 1 && uid >= ul->next)
        return corrupt(e, number, "UID above the header's next UID");
    if (version == 3) {
        size_t colon = line.n && line.p[0] == ':' ? 0 : line.n;
        for (size_t i = 0; i + 1 < line.n && colon == line.n; i++)
            if (line.p[i] == ' ' && line.p[i + 1] == ':')
                colon = i + 1;
        if (colon == line.n)
            return corrupt(e, number, "no file name");
        fields = bytes_trim(bytes_from(line.p, colon));
        if (fields.n > UIDLIST_FIELDS_MAX)
            return corrupt(e, number, "the fields are too long");
        line = bytes_skip(line, colon + 1);
    }
    struct bytes base = maildir_name_base(line);
    if (!base.n || base.n > MAILDIR_NAME_MAX || memchr(base.p, '/', base.n) || memchr(base.p, 0, base.n) ||
        memchr(fields.p, 0, fields.n))
        return corrupt(e, number, "no usable file name");
    push(ul, uid, base, fields);
    ul->lines++;
    return 0;
}

/* Whole lines only; what follows the last LF is left for the next writer to drop. */
static int parse_lines(struct uidlist *ul, struct bytes text, unsigned version, size_t number, struct err *e)
{
    size_t start = 0;
    for (size_t i; (i = bytes_index(bytes_skip(text, start), '\n')) < text.n - start; start += i + 1)
        if (parse_line(ul, bytes_from(text.p + start, i), version, number++, e))
            return -1;
    if (start < text.n)
        ul->rewrite = true;
    ul->end += (off_t)start;
    return 0;
}

static int parse_file(struct uidlist *ul, struct bytes text, struct err *e)
{
    unsigned version;
    size_t line = bytes_index(text, '\n');
    if (line == text.n)
        return corrupt(e, 1, "no whole header line");
    if (parse_header(ul, bytes_from(text.p, line), &version, e))
        return -1;
    ul->end = (off_t)line + 1;
    return parse_lines(ul, bytes_skip(text, line + 1), version, 2, e);
}

int uidlist_parse(struct uidlist *ul, struct bytes text, struct err *e)
{
    strbuf_addb(&ul->text, text);
    return parse_file(ul, strbuf_bytes(&ul->text), e);
}

/* ---- reading ---- */

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_dev == b->st_dev;
}

static bool same_state(const struct stat *a, const struct stat *b)
{
    return same_file(a, b) && a->st_size == b->st_size &&
           !memcmp(&a->st_mtim, &b->st_mtim, sizeof a->st_mtim) &&
           !memcmp(&a->st_ctim, &b->st_ctim, sizeof a->st_ctim);
}

static int read_range(int fd, off_t from, off_t to, struct strbuf *out, struct err *e)
{
    if (to - from > UIDLIST_MAX_BYTES)
        return err_set(e, ERR_LIMIT, FILE_NAME " is larger than %d octets", UIDLIST_MAX_BYTES);
    size_t n = (size_t)(to - from);
    char *p = strbuf_room(out, n);
    ssize_t got = p ? fs_pread_all(fd, p, n, from) : -1;
    if (got < 0)
        return err_errno(e, errno, "reading " FILE_NAME);
    strbuf_extend(out, (size_t)got);
    return 0;
}

static int read_whole(struct uidlist *ul, int fd, const struct stat *st, struct err *e)
{
    struct uidlist fresh;
    uidlist_init(&fresh);
    if (read_range(fd, 0, st->st_size, &fresh.text, e) || parse_file(&fresh, strbuf_bytes(&fresh.text), e)) {
        uidlist_done(&fresh);
        return -1;
    }
    fresh.exists = true;
    fresh.st = *st;
    fresh.saved = fresh.n;
    forget(ul);
    *ul = fresh;
    return 0;
}

static int read_on(struct uidlist *ul, int fd, const struct stat *st, struct err *e)
{
    size_t had = ul->text.len;
    if (read_range(fd, ul->end, st->st_size, &ul->text, e) ||
        parse_lines(ul, bytes_skip(strbuf_bytes(&ul->text), had), 3, ul->lines + 2, e))
        return -1;
    ul->st = *st;
    ul->saved = ul->n;
    return 0;
}

int uidlist_read(struct uidlist *ul, int dir_fd, bool *changed, struct err *e)
{
    struct stat st;
    *changed = false;
    if (ul->fd >= 0 && !fstatat(dir_fd, FILE_NAME, &st, AT_SYMLINK_NOFOLLOW) && same_state(&st, &ul->st))
        return 0;
    AUTO_CLOSE int fd = openat(dir_fd, FILE_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT &&
        ul->exists) { /* somebody removed it under us: what we know is written again */
        ul->rewrite = true;
        return 0;
    }
    if (fd < 0 && errno == ENOENT) {
        uidlist_done(ul);
        *changed = true;
        return courier_take_uids(ul, dir_fd, e);
    }
    if (fd < 0 || fstat(fd, &st))
        return err_errno(e, errno, "opening " FILE_NAME);
    if (!S_ISREG(st.st_mode))
        return err_set(e, ERR_CORRUPT, FILE_NAME " is not a regular file");
    *changed = true;
    bool appended =
        ul->fd >= 0 && same_file(&st, &ul->st) && st.st_size > ul->end && !ul->rewrite && ul->saved == ul->n;
    if (appended)
        return read_on(ul, fd, &st, e);
    if (read_whole(ul, fd, &st, e))
        return -1;
    ul->fd = TAKE_FD(fd);
    return 0;
}

/* ---- adding and saving ---- */

void uidlist_resume(struct uidlist *ul, uint32_t validity, uint32_t next, size_t lines, uint64_t size)
{
    uidlist_done(ul);
    ul->exists = ul->partial = true;
    ul->validity = validity;
    ul->next = next;
    ul->lines = lines;
    ul->end = (off_t)size;
}

int uidlist_add(struct uidlist *ul, struct bytes base, const char *fields, uint32_t *uid, struct err *e)
{
    struct bytes more = bytes_of(fields ? fields : "");
    if (ul->next > UID_MAX_32)
        return err_set(e, ERR_LIMIT, "all UIDs of this folder are used up");
    size_t at = ul->text.len;
    if (!strbuf_addb(&ul->text, base) || !strbuf_addb(&ul->text, more))
        return err_set(e, ERR_LIMIT, FILE_NAME " would be too large");
    *uid = ul->next;
    push(ul, ul->next, bytes_from(ul->text.data + at, base.n),
         bytes_from(ul->text.data + at + base.n, more.n));
    return 0;
}

void uidlist_rollback(struct uidlist *ul, uint32_t next)
{
    while (ul->n && ul->entries[ul->n - 1].uid >= next)
        ul->n--;
    ul->next = next;
}

static void add_line(struct strbuf *out, const struct uidlist *ul, const struct uidlist_entry *entry)
{
    struct bytes fields = uidlist_fields(ul, entry);
    strbuf_addu(out, entry->uid);
    strbuf_addc(out, ' ');
    strbuf_addb(out, fields);
    strbuf_adds(out, fields.n ? " :" : ":");
    strbuf_addb(out, uidlist_base(ul, entry));
    strbuf_addc(out, '\n');
}

static void make_guid(char guid[UIDLIST_GUID_LEN + 1])
{
    unsigned char raw[UIDLIST_GUID_LEN / 2];
    AUTO_STRBUF struct strbuf hex = STRBUF_INIT(UIDLIST_GUID_LEN);
    if (getrandom(raw, sizeof raw, 0) != (ssize_t)sizeof raw)
        return;
    hex_encode(&hex, raw, sizeof raw);
    memcpy(guid, hex.data, UIDLIST_GUID_LEN + 1);
}

static void drop_entries(struct uidlist *ul, bool (*keep)(void *, const struct uidlist_entry *), void *arg)
{
    size_t left = 0;
    for (size_t i = 0; i < ul->n; i++)
        if (!keep || keep(arg, &ul->entries[i]))
            ul->entries[left++] = ul->entries[i];
    ul->n = left;
}

static void remember(struct uidlist *ul, int dir_fd)
{
    cleanup_close(&ul->fd);
    ul->fd = openat(dir_fd, FILE_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (ul->fd < 0 || fstat(ul->fd, &ul->st))
        memset(&ul->st, 0, sizeof ul->st);
    ul->end = ul->st.st_size;
    ul->saved = ul->n;
    ul->exists = true;
}

static int rewrite(struct uidlist *ul, int dir_fd, bool (*keep)(void *, const struct uidlist_entry *),
                   void *arg, struct err *e)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(UIDLIST_MAX_BYTES);
    if (!*ul->guid)
        make_guid(ul->guid);
    drop_entries(ul, keep, arg);
    ul->rewrite = true; /* until it is done: what is in memory is no longer what is in the file */
    (void)strbuf_room(&text, ul->text.len + ul->n * 16); /* about what follows, without growing in between */
    text.overflow = false;
    strbuf_addf(&text, "3 V%u N%u%s%s%s\n", ul->validity, ul->next, *ul->guid ? " G" : "", ul->guid,
                ul->extra ? ul->extra : "");
    for (size_t i = 0; i < ul->n; i++)
        add_line(&text, ul, &ul->entries[i]);
    if (text.overflow)
        return err_set(e, ERR_LIMIT, FILE_NAME " would be larger than %d octets", UIDLIST_MAX_BYTES);
    if (fs_replace(dir_fd, FILE_NAME, TMP_NAME, strbuf_bytes(&text), 0600, true, e))
        return -1;
    ul->lines = ul->n;
    ul->rewrite = false;
    remember(ul, dir_fd);
    return 0;
}

static int append(struct uidlist *ul, int dir_fd, struct err *e)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(UIDLIST_MAX_BYTES);
    AUTO_CLOSE int fd = openat(dir_fd, FILE_NAME, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return err_errno(e, errno, "opening " FILE_NAME);
    for (size_t i = ul->saved; i < ul->n; i++)
        add_line(&text, ul, &ul->entries[i]);
    bool written = !fs_write_all(fd, text.data, text.len);
    if (!written || fdatasync(fd)) {
        err_errno(e, errno, "appending to " FILE_NAME);
        if (written) /* even if the disk is full: nobody knows what is there now, so nobody goes on without the lock */
            e->code = ERR_TEMP;
        if (ftruncate(fd, ul->end)) /* take back what was not acknowledged; a cut-off line is dropped by the
                                       next writer */
            ul->rewrite = true;
        return -1;
    }
    ul->lines += ul->n - ul->saved;
    remember(ul, dir_fd);
    return 0;
}

bool uidlist_is_stale(size_t lines, size_t live)
{
    return lines > 100 && live * 4 <= lines * 3;
}

int uidlist_save(struct uidlist *ul, int dir_fd, bool (*keep)(void *arg, const struct uidlist_entry *),
                 void *arg, struct err *e)
{
    if (!ul->exists || ul->rewrite)
        return rewrite(ul, dir_fd, keep, arg, e);
    return ul->saved < ul->n ? append(ul, dir_fd, e) : 0;
}

bool uidlist_field(struct bytes fields, char key, struct bytes *value)
{
    while (fields.p) {
        struct bytes word = bytes_split(&fields, ' ');
        if (word.n && word.p[0] == key) {
            *value = bytes_skip(word, 1);
            return true;
        }
    }
    return false;
}

const struct uidlist_entry *uidlist_find(const struct uidlist *ul, uint32_t uid)
{
    size_t low = 0, high = ul->n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (ul->entries[mid].uid < uid)
            low = mid + 1;
        else
            high = mid;
    }
    return low < ul->n && ul->entries[low].uid == uid ? &ul->entries[low] : NULL;
}
