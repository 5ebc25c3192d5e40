/*
 * imap_search.c - reading SEARCH's keys. Children of an AND are sorted by what they cost, so that a message
 * whose flags do not match is not opened.
 */
#include "access/imap_search.h"

#include "access/imap_date.h"
#include "base/cleanup.h"
#include "base/text.h"

#define FOLDED_MAX (1 << 20) /* octets of a search string after folding */

struct reader {
    struct imap_args *a;
    const struct imap_search_limits *limits;
    unsigned depth, keys, texts;
    const char *why;
    bool charset;     /* the error is about a character set */
    const char *from; /* of strings; NULL: UTF-8 */
};

static bool read_key(struct reader *r, struct imap_search_node **node);

static bool fail(struct reader *r, const char *why)
{
    if (!r->why)
        r->why = why;
    return false;
}

static struct imap_search_node *new_node(const struct imap_search_row *row)
{
    struct imap_search_node *node = xcalloc(1, sizeof(*node));
    node->row = row;
    node->negated = row->negated;
    node->cost = row->cost;
    return node;
}

/* The depth is bounded by the reader. */
void imap_search_free(struct imap_search_node *root)
{
    while (root) {
        struct imap_search_node *next = root->next;
        imap_search_free(root->children);
        imap_seqset_done(&root->set);
        free(root->needle);
        free(root);
        root = next;
    }
}

/* The depth is bounded by the reader. */
size_t imap_search_needles(const struct imap_search_node *root, struct imap_text_needle *needles)
{
    size_t n = 0;
    for (const struct imap_search_node *child = root->children; child; child = child->next) {
        n += imap_search_needles(child, needles);
        if (child->row->cost == IMAP_SEARCH_COST_TEXT && !child->children) {
            needles[child->text] = (struct imap_text_needle){bytes_from(child->needle, child->needle_len),
                                                             imap_search_is_body(child->row)};
            n++;
        }
    }
    return n;
}

/* ---- arguments ---- */

static bool read_string(struct reader *r, struct imap_search_node *node)
{
    struct bytes text;
    AUTO_STRBUF struct strbuf converted = STRBUF_INIT(FOLDED_MAX);
    if (!imap_args_astring(r->a, &text))
        return fail(r, "A search key lacks its string");
    if (r->from) {
        r->charset = !text_convert(r->from, text, &converted);
        text = strbuf_bytes(&converted);
    } else
        r->charset = !utf8_valid(text);
    if (r->charset)
        return fail(r, "The search string is not valid in its character set");
    struct strbuf folded = STRBUF_INIT(FOLDED_MAX);
    text_casefold(&folded, text);
    if (folded.overflow) {
        strbuf_done(&folded);
        return fail(r, "The search string is too long");
    }
    node->needle_len = folded.len;
    node->needle = strbuf_detach(&folded);
    return true;
}

static bool read_field(struct reader *r, struct imap_search_node *node)
{
    if (!imap_args_astring(r->a, &node->name))
        return fail(r, "HEADER takes a field name and a string");
    return read_string(r, node);
}

static bool read_keyword(struct reader *r, struct imap_search_node *node)
{
    return imap_args_atom(r->a, &node->name) || fail(r, "A keyword was expected");
}

static bool read_day(struct reader *r, struct imap_search_node *node)
{
    struct bytes text;
    if (!imap_args_astring(r->a, &text) || !imap_day_parse(text, &node->day))
        return fail(r, "A date was expected, as 1-Feb-1994");
    return true;
}

static bool read_size(struct reader *r, struct imap_search_node *node)
{
    return imap_args_number(r->a, UINT32_MAX, &node->size) || fail(r, "A number of octets was expected");
}

/* "$" (RFC 5182). */
static bool copy_saved(struct reader *r, struct imap_seqset *set)
{
    size_t n = r->limits->saved ? r->limits->saved->n : 0;
    set->ranges = xcalloc(n + 1, sizeof(*set->ranges));
    set->n = n;
    if (n)
        memcpy(set->ranges, r->limits->saved->ranges, n * sizeof(*set->ranges));
    return true;
}

/* Seconds (RFC 5032). */
static bool read_interval(struct reader *r, struct imap_search_node *node)
{
    uint64_t seconds;
    if (!imap_args_number(r->a, UINT32_MAX, &seconds) || !seconds)
        return fail(r, "A number of seconds was expected");
    node->day = (int64_t)r->limits->now - (int64_t)seconds;
    return true;
}

static bool read_uids(struct reader *r, struct imap_search_node *node)
{
    struct bytes text;
    if (imap_args_word(r->a, "$"))
        return copy_saved(r, &node->set);
    if (!imap_args_atom(r->a, &text) || !imap_seqset_parse(&node->set, text, r->limits->star_uid))
        return fail(r, "A set of UIDs was expected");
    return true;
}

/* "/flags/\\draft" all 620162338: there is one mod-sequence for all flags of a message, so that the entry does not matter. */
static bool read_modseq(struct reader *r, struct imap_search_node *node)
{
    struct bytes entry, type;
    node->uses |= IMAP_SEARCH_USES_MODSEQ;
    if (imap_args_string(r->a, &entry) && !imap_args_atom(r->a, &type))
        return fail(r, "MODSEQ takes an entry with its type, and a mod-sequence");
    return imap_args_number(r->a, INT64_MAX, &node->size) || fail(r, "A mod-sequence was expected");
}

static bool read_id(struct reader *r, struct imap_search_node *node)
{
    return imap_args_atom(r->a, &node->name) || fail(r, "An object identifier was expected");
}

static void add_child(struct imap_search_node *parent, struct imap_search_node *child)
{
    struct imap_search_node **at = &parent->children;
    while (*at && (*at)->cost <= child->cost)
        at = &(*at)->next;
    child->next = *at;
    *at = child;
    parent->uses |= child->uses;
    if (child->cost > parent->cost)
        parent->cost = child->cost;
}

static bool read_child(struct reader *r, struct imap_search_node *parent)
{
    struct imap_search_node *child = NULL;
    if (!read_key(r, &child)) {
        imap_search_free(child);
        return false;
    }
    add_child(parent, child);
    return true;
}

static bool read_or(struct reader *r, struct imap_search_node *node)
{
    return read_child(r, node) && read_child(r, node);
}

static bool read_argument(struct reader *r, struct imap_search_node *node)
{
    static bool (*const readers[])(struct reader *, struct imap_search_node *) = {
        [SEARCH_ARG_STRING] = read_string,   [SEARCH_ARG_FIELD] = read_field,
        [SEARCH_ARG_KEYWORD] = read_keyword, [SEARCH_ARG_DAY] = read_day,
        [SEARCH_ARG_SIZE] = read_size,       [SEARCH_ARG_UIDS] = read_uids,
        [SEARCH_ARG_OR] = read_or,           [SEARCH_ARG_MODSEQ] = read_modseq,
        [SEARCH_ARG_ID] = read_id,           [SEARCH_ARG_INTERVAL] = read_interval,
    };
    return node->row->arg == SEARCH_ARG_NONE || readers[node->row->arg](r, node);
}

/* ---- keys ---- */

static bool read_set(struct reader *r, struct bytes text, struct imap_search_node **node)
{
    *node = new_node(&imap_search_set);
    (*node)->uses = IMAP_SEARCH_USES_NUMBERS;
    return imap_seqset_parse(&(*node)->set, text, r->limits->star_seq) ||
           fail(r, "Malformed set of messages");
}

static bool read_keys(struct reader *r, struct imap_search_node *parent)
{
    if (imap_args_end(r->a))
        return fail(r, "A search key was expected");
    while (!imap_args_end(r->a)) {
        if (!read_child(r, parent))
            return false;
    }
    return true;
}

static bool read_list(struct reader *r, struct imap_args *list, struct imap_search_node **node)
{
    struct imap_args *outer = r->a;
    *node = new_node(&imap_search_and);
    r->a = list;
    bool fine = read_keys(r, *node);
    r->a = outer;
    return fine;
}

static bool read_named(struct reader *r, struct imap_search_node **node)
{
    struct bytes name;
    if (!imap_args_atom(r->a, &name))
        return fail(r, "A search key was expected");
    if (imap_seqset_looks_like(name))
        return read_set(r, name, node);
    if (bytes_eq(name, BYTES("$"))) {
        *node = new_node(&imap_search_saved);
        return copy_saved(r, &(*node)->set);
    }
    const struct imap_search_row *row = imap_search_row(name);
    if (!row)
        return fail(r, "Unknown search key");
    if (row->cost == IMAP_SEARCH_COST_TEXT && r->texts == IMAP_SEARCH_TEXTS_MAX)
        return fail(r, "Too many BODY and TEXT keys");
    *node = new_node(row);
    if (row->cost == IMAP_SEARCH_COST_TEXT)
        (*node)->text = r->texts++;
    return read_argument(r, *node);
}

/* NOTs in a row only turn the next key around. */
static bool read_key(struct reader *r, struct imap_search_node **node)
{
    bool negated = false;
    struct imap_args list;
    while (imap_args_word(r->a, "NOT"))
        negated = !negated;
    if (++r->keys > IMAP_SEARCH_KEYS_MAX)
        return fail(r, "Too many search keys");
    if (++r->depth > IMAP_SEARCH_DEPTH_MAX)
        return fail(r, "Search keys are nested too deep");
    bool fine = imap_args_list(r->a, &list) ? read_list(r, &list, node) : read_named(r, node);
    r->depth--;
    if (fine)
        (*node)->negated ^= negated;
    return fine;
}

/* The character set of the strings. *name is malloc'ed where it is neither UTF-8 nor a part of it. */
static enum imap_search_result read_charset(struct reader *r, char **name)
{
    struct bytes text;
    if (!r->limits->charset_first && !imap_args_word(r->a, "CHARSET"))
        return IMAP_SEARCH_READ;
    if (r->limits->no_charset) {
        fail(r, "UTF8=ACCEPT is enabled: strings are UTF-8, and CHARSET is not allowed");
        return IMAP_SEARCH_SYNTAX;
    }
    if (!imap_args_astring(r->a, &text)) {
        fail(r, "The name of a character set was expected");
        return IMAP_SEARCH_SYNTAX;
    }
    if (bytes_eq_nocase(text, BYTES("UTF-8")) || bytes_eq_nocase(text, BYTES("US-ASCII")))
        return IMAP_SEARCH_READ;
    *name = bytes_dup(text);
    r->from = *name;
    if (*name && text_convert(*name, BYTES(""), NULL))
        return IMAP_SEARCH_READ;
    fail(r, "Unknown character set");
    return IMAP_SEARCH_CHARSET;
}

enum imap_search_result imap_search_parse(struct imap_args *a, const struct imap_search_limits *limits,
                                          struct imap_search_node **root, const char **why)
{
    struct reader r = {.a = a, .limits = limits};
    AUTO_FREE char *charset = NULL;
    *root = NULL;
    enum imap_search_result result = read_charset(&r, &charset);
    *why = r.why;
    if (result != IMAP_SEARCH_READ)
        return result;
    struct imap_search_node *all = new_node(&imap_search_and);
    if (read_keys(&r, all)) {
        *root = all;
        return IMAP_SEARCH_READ;
    }
    imap_search_free(all);
    *why = r.why;
    return r.charset ? IMAP_SEARCH_CHARSET : IMAP_SEARCH_SYNTAX;
}
