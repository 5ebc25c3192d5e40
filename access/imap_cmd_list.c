/*
 * imap_cmd_list.c - LIST and LSUB: reading them (RFC 3501 6.3.8, RFC 5258, RFC 5819, RFC 6154, RFC 9590).
 */
#include "access/imap_commands.h"
#include "access/imap_list.h"
#include "access/imap_status_items.h"
#include "base/cleanup.h"

#define PATTERN_OCTETS_MAX 16384

static const struct {
    const char *name;
    unsigned option;
    bool selects, gives;
} options[] = {
    {"CHILDREN", IMAP_LIST_CHILDREN, false, true}, /* they are told of in any case */
    {"RECURSIVEMATCH", IMAP_LIST_RECURSIVEMATCH, true, false},
    {"REMOTE", IMAP_LIST_REMOTE, true, false}, /* there are none */
    {"SPECIAL-USE", IMAP_LIST_SPECIAL_USE, true, true},
    {"SUBSCRIBED", IMAP_LIST_SUBSCRIBED, true, true},
};

/* All of these settle the answer when they return false. */

static bool malformed(struct imap *s)
{
    imap_bad(s, "LIST takes a reference and a pattern, with the options of LIST-EXTENDED");
    return false;
}

static unsigned read_option(struct imap_args *list, bool select)
{
    for (size_t i = 0; i < ARRAY_LEN(options); i++)
        if ((select ? options[i].selects : options[i].gives) && imap_args_word(list, options[i].name))
            return options[i].option;
    return 0;
}

/* "(SPECIAL-USE SUBSCRIBED)" in front. */
static bool read_selection(struct imap *s, struct imap_list *l)
{
    struct imap_args list;
    if (!imap_args_list(&s->args, &list))
        return true;
    l->extended = true;
    while (!imap_args_end(&list)) {
        unsigned option = read_option(&list, true);
        if (!option)
            return malformed(s);
        l->select |= option;
    }
    if (l->select & IMAP_LIST_RECURSIVEMATCH &&
        !(l->select & (IMAP_LIST_SUBSCRIBED | IMAP_LIST_SPECIAL_USE))) {
        imap_bad(s, "RECURSIVEMATCH needs another option: which are to match?");
        return false;
    }
    return true;
}

/* "RETURN (SPECIAL-USE STATUS (MESSAGES))" at the end. */
static bool read_return(struct imap *s, struct imap_list *l)
{
    struct imap_args list;
    if (imap_args_end(&s->args))
        return true;
    if (!imap_args_word(&s->args, "RETURN") || !imap_args_list(&s->args, &list))
        return malformed(s);
    l->extended = true;
    while (!imap_args_end(&list)) {
        if (imap_args_word(&list, "STATUS")) {
            l->status = imap_status_parse(s, &list);
            if (!l->status)
                return false;
            continue;
        }
        if (imap_args_word(&list, "METADATA")) {
            l->metadata.max_size = UINT64_MAX;
            if (!imap_metadata_names(s, &list, &l->metadata))
                return false;
            continue;
        }
        unsigned option = read_option(&list, false);
        if (!option)
            return malformed(s);
        l->give |= option;
    }
    return imap_session_no_more_args(s);
}

static bool add_pattern(struct imap *s, struct imap_list *l, struct bytes reference, struct bytes pattern)
{
    AUTO_STRBUF struct strbuf whole = STRBUF_INIT(PATTERN_OCTETS_MAX);
    if (l->npatterns == IMAP_LIST_PATTERNS_MAX) {
        imap_no(s, "[LIMIT] At most %d patterns", IMAP_LIST_PATTERNS_MAX);
        return false;
    }
    if (!imap_session_decode_name(s, reference, &whole) || !imap_session_decode_name(s, pattern, &whole)) {
        imap_no(s, "[CANNOT] The pattern is not valid %s", imap_speaks_utf8(s) ? "UTF-8" : "modified UTF-7");
        return false;
    }
    l->patterns[l->npatterns].ends_in_percent = whole.len > 0 && whole.data[whole.len - 1] == '%';
    l->patterns[l->npatterns].alias = bytes_starts_nocase(strbuf_bytes(&whole), BYTES("INBOX."));
    l->patterns[l->npatterns].pattern = imap_pattern_new(strbuf_bytes(&whole), '.');
    if (l->patterns[l->npatterns].pattern) {
        l->npatterns++;
        return true;
    }
    imap_no(s, "[LIMIT] A pattern has at most %d octets", IMAP_PATTERN_MAX);
    return false;
}

/* *root: only the separator is asked for. */
static bool read_patterns(struct imap *s, struct imap_list *l, bool *root)
{
    struct bytes reference, pattern;
    struct imap_args list;
    *root = false;
    if (!imap_args_astring(&s->args, &reference))
        return malformed(s);
    if (!imap_args_list(&s->args, &list)) {
        if (!imap_args_astring(&s->args, &pattern))
            return malformed(s);
        *root = pattern.n == 0;
        return add_pattern(s, l, reference, pattern);
    }
    l->extended = true;
    while (imap_args_astring(&list, &pattern))
        if (!add_pattern(s, l, reference, pattern))
            return false;
    return (imap_args_end(&list) && l->npatterns > 0) || malformed(s);
}

static enum imap_status list(struct imap *s, bool lsub)
{
    AUTO_IMAP_LIST struct imap_list l = {.lsub = lsub, .select = lsub ? IMAP_LIST_SUBSCRIBED : 0};
    struct err e;
    bool root;
    if ((!lsub && !read_selection(s, &l)) || !read_patterns(s, &l, &root))
        return s->reply.status;
    if (lsub ? !imap_session_no_more_args(s) : !read_return(s, &l))
        return s->reply.status;
    l.extended |= (s->enabled & IMAP_ENABLED_REV2) != 0;
    if (root && !lsub && !l.select) {
        imap_untagged(s, "LIST (\\Noselect) \".\" \"\"");
        return imap_ok(s, "The root and the separator");
    }
    if (imap_list_run(s, &l, &e))
        return imap_no_err(s, &e);
    return imap_ok(s, "Listed");
}

enum imap_status imap_cmd_list(struct imap *s)
{
    return list(s, false);
}

enum imap_status imap_cmd_lsub(struct imap *s)
{
    return list(s, true);
}
