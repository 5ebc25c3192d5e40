/*
 * maildir_courier_keywords.c - courierimapkeywords/ and courierimapsubscribed. Pure.
 *
 *   courierimapkeywords/:list       names, one on a line; an empty line; then "<base>:<i> <i> ...", i counting the names from 0
 *   courierimapkeywords/.<N>.<base> an update that waits, N = time / 300: the message's names, one on a line; empty: none
 *   courierimapkeywords/<base>      the newest update
 *   courierimapsubscribed           "INBOX" or "INBOX.<name>"; with a '#' in front: shared
 *
 * The names of folders are UTF-8, or of older Couriers modified UTF-7.
 */
#include "maildir/maildir_courier.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "maildir/maildir_name.h"
#include "maildir/mutf7.h"

#include <stdlib.h>
#include <strings.h>

#define RANK_LIST 0
#define RANK_BASE UINT64_MAX

/* Number of a name; -1 if there is no room for another, or it is none. */
static int name_number(struct courier_keywords *kw, struct bytes name)
{
    AUTO_FREE char *copy = name.n <= MAILDIR_NAME_MAX && text_is_printable(name) ? bytes_dup(name) : NULL;
    for (size_t i = 0; i < kw->nnames && copy; i++)
        if (!strcasecmp(kw->names[i], copy))
            return (int)i;
    if (!copy || !*copy || kw->nnames == COURIER_KEYWORDS_MAX)
        return -1;
    kw->names[kw->nnames] = TAKE_PTR(copy);
    return (int)kw->nnames++;
}

static struct courier_marks *add_marks(struct courier_keywords *kw, struct bytes base, uint64_t rank)
{
    char *copy =
        base.n && base.n <= MAILDIR_NAME_MAX && !memchr(base.p, '/', base.n) ? bytes_dup(base) : NULL;
    if (!copy)
        return NULL;
    if (kw->n == kw->size) {
        kw->size = kw->size ? kw->size * 2 : 64;
        kw->marks = xrealloc(kw->marks, kw->size, sizeof *kw->marks);
    }
    kw->marks[kw->n] = (struct courier_marks){.base = bytes_from(copy, base.n), .rank = rank};
    return &kw->marks[kw->n++];
}

static void set_bit(struct courier_marks *m, int n)
{
    if (n >= 0)
        m->set[n / 64] |= (uint64_t)1 << (n % 64);
}

void courier_keywords_parse(struct courier_keywords *kw, struct bytes text)
{
    int numbers[COURIER_KEYWORDS_MAX];
    uint64_t n = 0, i;
    struct bytes line = bytes_split(&text, '\n');
    for (; line.n; line = bytes_split(&text, '\n'), n++)
        if (n < COURIER_KEYWORDS_MAX)
            numbers[n] = name_number(kw, line);
    while (text.p) {
        line = bytes_split(&text, '\n');
        struct bytes base = bytes_split(&line, ':');
        struct courier_marks *m = line.p ? add_marks(kw, base, RANK_LIST) : NULL;
        while (m && line.p)
            if (bytes_to_u64(bytes_split(&line, ' '), COURIER_KEYWORDS_MAX - 1, &i) && i < n)
                set_bit(m, numbers[i]);
    }
}

void courier_keywords_parse_update(struct courier_keywords *kw, struct bytes file, struct bytes text)
{
    uint64_t rank = RANK_BASE;
    if (!file.n || file.p[0] == ':')
        return;
    if (file.p[0] == '.') {
        file = bytes_skip(file, 1);
        struct bytes digits = bytes_split(&file, '.');
        if (!bytes_to_u64(digits, UINT64_MAX - 1, &rank) || !rank || !file.p)
            return;
    }
    struct courier_marks *m = add_marks(kw, maildir_name_base(file), rank);
    while (m && text.p) {
        struct bytes line = bytes_split(&text, '\n');
        if (!line.n)
            break;
        set_bit(m, name_number(kw, line));
    }
}

static int by_base_and_rank(const void *a, const void *b)
{
    const struct courier_marks *x = a, *y = b;
    int r = courier_by_base(a, b);
    return r ? r : (x->rank > y->rank) - (x->rank < y->rank);
}

void courier_keywords_merge(struct courier_keywords *kw)
{
    size_t left = 0;
    if (kw->n)
        qsort(kw->marks, kw->n, sizeof *kw->marks, by_base_and_rank);
    for (size_t i = 0; i < kw->n; i++) {
        if (left && bytes_eq(kw->marks[left - 1].base, kw->marks[i].base))
            free((char *)kw->marks[--left].base.p);
        kw->marks[left++] = kw->marks[i];
    }
    kw->n = left;
}

void courier_keywords_done(struct courier_keywords *kw)
{
    for (size_t i = 0; i < kw->nnames; i++)
        free(kw->names[i]);
    for (size_t i = 0; i < kw->n; i++)
        free((char *)kw->marks[i].base.p);
    free(kw->marks);
    *kw = (struct courier_keywords){.n = 0};
}

/* ---- subscriptions ---- */

void courier_subscribed_parse(struct bytes text, void (*each)(void *arg, const char *name, struct bytes disk),
                              void *arg)
{
    while (text.p) {
        AUTO_STRBUF struct strbuf name = STRBUF_INIT(4096);
        struct bytes line = bytes_split(&text, '\n');
        if (bytes_eq_nocase(line, BYTES("INBOX")))
            each(arg, "INBOX", BYTES("INBOX"));
        else if (line.n > 6 && bytes_starts_nocase(line, BYTES("INBOX.")) &&
                 folder_name_decode(&name, bytes_skip(line, 6)))
            each(arg, name.data, bytes_skip(line, 6));
    }
}
