/*
 * maildir_courier_uids.c - courierimapuiddb and courierpop3dsizelist: how Courier numbered messages. Pure.
 *
 *   courierimapuiddb      "1 <uidvalidity> <next uid>", then "<uid> <base>"; one in each folder
 *   courierpop3dsizelist  in the Maildir's root, of INBOX only, independent of the IMAP UIDs:
 *     /3 <next> <validity>    lines "<file name> <size> <n>:<validity>:<0 or 1>"
 *     /2 <next> <validity>    lines "<file name> <size> <n>:<validity>"
 *     /1 <next>               lines "<file name> <size> <n>"
 *     no such header          lines "<file name> <size>"
 *
 * A file name may hold blanks: lines are read from the right. UIDL: "UID<n>-<validity>", "UID<n>" where the validity is 0, and
 * where n is 0 (or there was none yet) the base, with what is not printable, and ' " +, as "+HH".
 */
#include "maildir/maildir_courier.h"

#include "maildir/maildir_name.h"

#include <inttypes.h>
#include <stdlib.h>

#define UID_LAST 4294967294u

static bool is_base(struct bytes base)
{
    return base.n && base.n <= MAILDIR_NAME_MAX && !memchr(base.p, '/', base.n) &&
           !memchr(base.p, 0, base.n) && !memchr(base.p, '\r', base.n);
}

static bool to_u32(struct bytes digits, uint32_t *value)
{
    uint64_t v;
    if (!bytes_to_u64(digits, UID_LAST, &v) || !v)
        return false;
    *value = (uint32_t)v;
    return true;
}

/* ---- IMAP ---- */

static int by_uid(const void *a, const void *b)
{
    const struct courier_uid *x = a, *y = b;
    return (x->uid > y->uid) - (x->uid < y->uid);
}

static bool uiddb_header(struct courier_uiddb *db, struct bytes line)
{
    struct bytes version = bytes_split(&line, ' '), validity = bytes_split(&line, ' ');
    return bytes_eq(version, BYTES("1")) && to_u32(validity, &db->validity) && line.p &&
           to_u32(bytes_trim(line), &db->next);
}

/* A UID that stands there twice is the first one's. */
static void sort_uids(struct courier_uiddb *db)
{
    size_t left = 0;
    if (db->n)
        qsort(db->uids, db->n, sizeof *db->uids, by_uid);
    for (size_t i = 0; i < db->n; i++)
        if (!left || db->uids[left - 1].uid != db->uids[i].uid)
            db->uids[left++] = db->uids[i];
    db->n = left;
    if (left && db->uids[left - 1].uid >= db->next)
        db->next = db->uids[left - 1].uid + 1;
}

int courier_uiddb_parse(struct courier_uiddb *db, struct bytes text, struct err *e)
{
    size_t size = 0, number = 1;
    *db = (struct courier_uiddb){.n = 0};
    if (!uiddb_header(db, bytes_split(&text, '\n')))
        return err_set(e, ERR_CORRUPT, COURIER_UIDDB " line 1: malformed header");
    while (text.p) {
        struct bytes line = bytes_split(&text, '\n');
        bool whole = text.p != NULL;
        struct courier_uid u = {.uid = 0};
        bool ok = to_u32(bytes_split(&line, ' '), &u.uid) && line.p;
        u.base = ok ? maildir_name_base(line) : line;
        number++;
        if (!whole)
            break;
        if (!ok || !is_base(u.base)) {
            courier_uiddb_done(db);
            return err_set(e, ERR_CORRUPT, COURIER_UIDDB " line %zu: no UID and file name", number);
        }
        if (db->n == size) {
            size = size ? size * 2 : 64;
            db->uids = xrealloc(db->uids, size, sizeof *db->uids);
        }
        db->uids[db->n++] = u;
    }
    sort_uids(db);
    return 0;
}

void courier_uiddb_done(struct courier_uiddb *db)
{
    free(db->uids);
    *db = (struct courier_uiddb){.n = 0};
}

/* ---- POP3 ---- */

/* Cut off and return what stands behind the last blank. */
static struct bytes last_word(struct bytes *line)
{
    const char *blank = line->n ? memrchr(line->p, ' ', line->n) : NULL;
    if (!blank)
        return (struct bytes){NULL, 0};
    struct bytes word = bytes_skip(*line, (size_t)(blank + 1 - line->p));
    line->n = (size_t)(blank - line->p);
    return word;
}

static bool pop3_numbers(struct courier_pop3 *l, struct bytes word)
{
    struct bytes number = bytes_split(&word, ':'), validity = bytes_split(&word, ':');
    return bytes_to_u64(number, UINT64_MAX, &l->number) && bytes_to_u64(validity, UINT64_MAX, &l->validity);
}

static bool pop3_line(struct courier_pop3 *l, struct bytes line, unsigned version)
{
    uint64_t size;
    *l = (struct courier_pop3){.number = 0};
    struct bytes word = version ? last_word(&line) : (struct bytes){NULL, 0};
    if (version && !(version == 1 ? bytes_to_u64(word, UINT64_MAX, &l->number) : pop3_numbers(l, word)))
        return false;
    if (!bytes_to_u64(last_word(&line), UINT64_MAX, &size))
        return false;
    l->base = l->listed = maildir_name_base(line);
    return is_base(l->base);
}

/* Of the list; 0: it has no header, its first line is a message's. */
static unsigned pop3_version(struct bytes line)
{
    uint64_t version;
    struct bytes word = bytes_split(&line, ' ');
    if (!word.n || word.p[0] != '/')
        return 0;
    return bytes_to_u64(bytes_skip(word, 1), 1000, &version) ? (unsigned)version : 3;
}

struct courier_pop3 *courier_pop3_parse(struct bytes text, size_t *n)
{
    struct courier_pop3 *lines = NULL, l;
    size_t size = 0;
    unsigned version = pop3_version(text);
    *n = 0;
    if (version)
        bytes_split(&text, '\n');
    while (text.p) {
        struct bytes line = bytes_split(&text, '\n');
        if (!text.p || !pop3_line(&l, line, version))
            continue;
        if (*n == size) {
            size = size ? size * 2 : 64;
            lines = xrealloc(lines, size, sizeof *lines);
        }
        lines[(*n)++] = l;
    }
    return lines;
}

void courier_pop3_uidl(struct strbuf *out, const struct courier_pop3 *line)
{
    if (line->number && line->validity)
        strbuf_addf(out, "UID%" PRIu64 "-%" PRIu64, line->number, line->validity);
    else if (line->number)
        strbuf_addf(out, "UID%" PRIu64, line->number);
    for (size_t i = 0; i < line->listed.n && !line->number; i++) {
        unsigned char c = (unsigned char)line->listed.p[i];
        if (c < 0x21 || c > 0x7e || strchr("'\"+", c))
            strbuf_addf(out, "+%02X", c);
        else
            strbuf_addc(out, (char)c);
    }
}
