/*
 * imap_fetch_modifiers.c - what may stand in parentheses behind FETCH's items: CHANGEDSINCE and VANISHED (RFC 7162), PARTIAL (RFC 9394).
 */
#include "access/imap_condstore.h"
#include "access/imap_fetch_items.h"
#include "base/cleanup.h"

static bool read_since(struct imap_args *a, struct imap_fetch *fetch)
{
    fetch->has_since = true;
    return imap_args_number(a, IMAP_MODSEQ_MAX, &fetch->since);
}

static bool read_vanished(struct imap_args *a, struct imap_fetch *fetch)
{
    (void)a;
    return fetch->vanished = true;
}

/* "1:100", or "-1:-100" from the end; in any order. */
static bool read_partial(struct imap_args *a, struct imap_fetch *fetch)
{
    struct bytes from, to;
    uint64_t x, y;
    if (!imap_args_atom(a, &to))
        return false;
    from = bytes_split(&to, ':');
    bool end = from.n && from.p[0] == '-';
    if (!to.p || end != (to.n && to.p[0] == '-'))
        return false;
    if (!bytes_to_u64(bytes_skip(from, end), UINT32_MAX, &x) ||
        !bytes_to_u64(bytes_skip(to, end), UINT32_MAX, &y) || !x || !y)
        return false;
    fetch->partial_from = (uint32_t)(x < y ? x : y);
    fetch->partial_to = (uint32_t)(x < y ? y : x);
    fetch->partial_from_end = end;
    return true;
}

static const struct {
    const char *name;
    bool (*read)(struct imap_args *a, struct imap_fetch *fetch);
} modifiers[] = {
    {"CHANGEDSINCE", read_since},
    {"PARTIAL", read_partial},
    {"VANISHED", read_vanished},
};

static bool read_one(struct imap_args *a, struct imap_fetch *fetch)
{
    for (size_t i = 0; i < ARRAY_LEN(modifiers); i++)
        if (imap_args_word(a, modifiers[i].name))
            return modifiers[i].read(a, fetch);
    return false;
}

bool imap_fetch_modifiers(struct imap *s, struct imap_fetch *fetch)
{
    struct imap_args list;
    bool fine = true;
    if (!imap_args_list(&s->args, &list))
        return true;
    fine = !imap_args_end(&list);
    while (fine && !imap_args_end(&list))
        fine = read_one(&list, fetch);
    bool vanishes = s->by_uid && fetch->has_since && s->enabled & IMAP_ENABLED_QRESYNC;
    if (!fine)
        imap_bad(s, "Unknown or malformed modifier of FETCH");
    else if (fetch->vanished && !vanishes)
        imap_bad(s, "[CLIENTBUG] VANISHED is for UID FETCH with CHANGEDSINCE, and QRESYNC has to be enabled");
    else if (fetch->partial_from && !s->by_uid)
        imap_bad(s, "[CLIENTBUG] PARTIAL is for UID FETCH");
    else if (fetch->has_since && !imap_condstore_use(s))
        return false;
    else {
        if (fetch->has_since)
            imap_fetch_add(fetch, "MODSEQ");
        return true;
    }
    return false;
}
