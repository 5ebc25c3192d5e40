/*
 * imap_search_match.c - the table of SEARCH's keys and what each asks of a message.
 */
#include "access/imap_cache.h"
#include "access/imap_date.h"
#include "access/imap_search.h"
#include "base/cleanup.h"

#include <time.h>

static struct imap_message *message(struct imap_candidate *c)
{
    if (!c->message)
        c->message = imap_message_new(c->mb, c->uid);
    return c->message;
}

/* More than its flags. One that has gone meanwhile has nothing. */
static const struct mail *mail(struct imap_candidate *c)
{
    const struct mail *found = c->has_mail ? NULL : mailbox_find(c->mb, c->uid);
    if (found)
        c->mail = *found;
    c->has_mail = true;
    return &c->mail;
}

static struct bytes needle(const struct imap_search_node *node)
{
    return bytes_from(node->needle, node->needle_len);
}

/* ---- flags and numbers ---- */

static bool match_all(struct imap_candidate *c, const struct imap_search_node *node)
{
    (void)c, (void)node;
    return true;
}

static bool match_flag(struct imap_candidate *c, const struct imap_search_node *node)
{
    return (c->flags & node->row->flag) != 0;
}

static bool match_recent(struct imap_candidate *c, const struct imap_search_node *node)
{
    (void)node;
    return mail(c)->recent;
}

static bool match_new(struct imap_candidate *c, const struct imap_search_node *node)
{
    (void)node;
    return !(c->flags & MAIL_SEEN) && mail(c)->recent;
}

static bool match_keyword(struct imap_candidate *c, const struct imap_search_node *node)
{
    for (unsigned n = 0; n < MAIL_KEYWORDS_MAX; n++) {
        const char *name = mail(c)->keywords >> n & 1 ? mailbox_keyword(c->mb, n) : NULL;
        if (name && bytes_eq_nocase(bytes_of(name), node->name))
            return true;
    }
    return false;
}

static bool match_set(struct imap_candidate *c, const struct imap_search_node *node)
{
    return imap_seqset_has(&node->set, c->seq);
}

static bool match_uid(struct imap_candidate *c, const struct imap_search_node *node)
{
    return imap_seqset_has(&node->set, c->uid);
}

static bool match_modseq(struct imap_candidate *c, const struct imap_search_node *node)
{
    return mail(c)->changed >= node->size;
}

static bool match_emailid(struct imap_candidate *c, const struct imap_search_node *node)
{
    AUTO_STRBUF struct strbuf id = STRBUF_INIT(MAILBOX_ID_MAX);
    return mailbox_emailid(c->mb, c->uid, &id) && bytes_eq(strbuf_bytes(&id), node->name);
}

/* Messages are not put into threads for good (RFC 8474 section 5.2). */
static bool match_threadid(struct imap_candidate *c, const struct imap_search_node *node)
{
    (void)c, (void)node;
    return false;
}

/* ---- size and dates ---- */

static bool match_larger(struct imap_candidate *c, const struct imap_search_node *node)
{
    const struct mail_info *info = imap_message_info(message(c));
    return info && info->virtual_size > node->size;
}

static bool match_smaller(struct imap_candidate *c, const struct imap_search_node *node)
{
    const struct mail_info *info = imap_message_info(message(c));
    return info && info->virtual_size < node->size;
}

/* The day on which it came, by the local clock, minus the key's day. */
static bool arrived(struct imap_candidate *c, const struct imap_search_node *node, int64_t *difference)
{
    const struct mail_info *info = imap_message_info(message(c));
    if (info)
        *difference = imap_day_local(info->internal_date) - node->day;
    return info != NULL;
}

static bool match_before(struct imap_candidate *c, const struct imap_search_node *node)
{
    int64_t d;
    return arrived(c, node, &d) && d < 0;
}

static bool match_on(struct imap_candidate *c, const struct imap_search_node *node)
{
    int64_t d;
    return arrived(c, node, &d) && d == 0;
}

static bool match_since(struct imap_candidate *c, const struct imap_search_node *node)
{
    int64_t d;
    return arrived(c, node, &d) && d >= 0;
}

static bool match_older(struct imap_candidate *c, const struct imap_search_node *node)
{
    const struct mail_info *info = imap_message_info(message(c));
    return info && info->internal_date <= node->day;
}

static bool match_younger(struct imap_candidate *c, const struct imap_search_node *node)
{
    const struct mail_info *info = imap_message_info(message(c));
    return info && info->internal_date >= node->day;
}

/* The same of the day on which it was put into this mailbox (RFC 8514). */
static bool saved(struct imap_candidate *c, const struct imap_search_node *node, int64_t *difference)
{
    time_t date;
    struct err ignored; /* it is gone */
    if (mailbox_save_date(c->mb, c->uid, &date, &ignored))
        return false;
    *difference = imap_day_local(date) - node->day;
    return true;
}

static bool match_savedbefore(struct imap_candidate *c, const struct imap_search_node *node)
{
    int64_t d;
    return saved(c, node, &d) && d < 0;
}

static bool match_savedon(struct imap_candidate *c, const struct imap_search_node *node)
{
    int64_t d;
    return saved(c, node, &d) && d == 0;
}

static bool match_savedsince(struct imap_candidate *c, const struct imap_search_node *node)
{
    int64_t d;
    return saved(c, node, &d) && d >= 0;
}

/* The same of the day in its Date field, as it stands there, whatever the zone. */
static bool sent(struct imap_candidate *c, const struct imap_search_node *node, int64_t *difference)
{
    struct imap_brief brief;
    struct header_field field;
    const struct strbuf *header;
    time_t when = 0;
    int zone = 0;
    bool has;
    if (imap_cache_brief(c->mb, c->uid, &brief) || imap_cache_get_brief(message(c), &brief)) {
        has = brief.has_sent;
        when = brief.sent;
        zone = brief.zone;
    } else {
        header = imap_message_header(message(c));
        has = header && header_find(strbuf_bytes(header), "Date", &field) &&
              date_parse(field.value, &when, &zone);
    }
    *difference = imap_day_of(when, zone) - node->day;
    return has;
}

static bool match_sentbefore(struct imap_candidate *c, const struct imap_search_node *node)
{
    int64_t d;
    return sent(c, node, &d) && d < 0;
}

static bool match_senton(struct imap_candidate *c, const struct imap_search_node *node)
{
    int64_t d;
    return sent(c, node, &d) && d == 0;
}

static bool match_sentsince(struct imap_candidate *c, const struct imap_search_node *node)
{
    int64_t d;
    return sent(c, node, &d) && d >= 0;
}

/* ---- text ---- */

static bool match_field(struct imap_candidate *c, const struct imap_search_node *node)
{
    return imap_search_in_field(message(c), bytes_of(node->row->field), needle(node));
}

static bool match_header(struct imap_candidate *c, const struct imap_search_node *node)
{
    return imap_search_in_field(message(c), node->name, needle(node));
}

static enum imap_truth judge_text(struct imap_candidate *c, const struct imap_search_node *node)
{
    return !c->has_texts ? IMAP_MAYBE : c->texts >> node->text & 1 ? IMAP_TRUE : IMAP_FALSE;
}

/* ---- the tree ---- */

enum imap_truth imap_search_match(struct imap_candidate *c, const struct imap_search_node *node)
{
    enum imap_truth truth = node->row->judge            ? node->row->judge(c, node)
                            : node->row->match(c, node) ? IMAP_TRUE
                                                        : IMAP_FALSE;
    if (truth == IMAP_MAYBE || !node->negated)
        return truth;
    return truth == IMAP_TRUE ? IMAP_FALSE : IMAP_TRUE;
}

/* The first child that says `decides`, decides. */
static enum imap_truth judge_children(struct imap_candidate *c, const struct imap_search_node *node,
                                      enum imap_truth decides)
{
    enum imap_truth all = decides == IMAP_TRUE ? IMAP_FALSE : IMAP_TRUE;
    for (const struct imap_search_node *child = node->children; child; child = child->next) {
        enum imap_truth truth = imap_search_match(c, child);
        if (truth == decides)
            return decides;
        if (truth == IMAP_MAYBE)
            all = IMAP_MAYBE;
    }
    return all;
}

static enum imap_truth judge_and(struct imap_candidate *c, const struct imap_search_node *node)
{
    return judge_children(c, node, IMAP_FALSE);
}

static enum imap_truth judge_or(struct imap_candidate *c, const struct imap_search_node *node)
{
    return judge_children(c, node, IMAP_TRUE);
}

#define NONE   SEARCH_ARG_NONE
#define STRING SEARCH_ARG_STRING
#define DAY    SEARCH_ARG_DAY
#define INFO   IMAP_SEARCH_COST_INFO
#define HEADER IMAP_SEARCH_COST_HEADER
#define TEXT   IMAP_SEARCH_COST_TEXT

static const struct imap_search_row rows[] = {
    {"ALL", NONE, .match = match_all},
    {"ANSWERED", NONE, .flag = MAIL_ANSWERED, .match = match_flag},
    {"BCC", STRING, .field = "Bcc", .cost = HEADER, .match = match_field},
    {"BEFORE", DAY, .cost = INFO, .match = match_before},
    {"BODY", STRING, .cost = TEXT, .judge = judge_text},
    {"CC", STRING, .field = "Cc", .cost = HEADER, .match = match_field},
    {"DELETED", NONE, .flag = MAIL_DELETED, .match = match_flag},
    {"DRAFT", NONE, .flag = MAIL_DRAFT, .match = match_flag},
    {"EMAILID", SEARCH_ARG_ID, .match = match_emailid},
    {"FLAGGED", NONE, .flag = MAIL_FLAGGED, .match = match_flag},
    {"FROM", STRING, .field = "From", .cost = HEADER, .match = match_field},
    {"HEADER", SEARCH_ARG_FIELD, .cost = HEADER, .match = match_header},
    {"KEYWORD", SEARCH_ARG_KEYWORD, .match = match_keyword},
    {"LARGER", SEARCH_ARG_SIZE, .cost = INFO, .match = match_larger},
    {"MODSEQ", SEARCH_ARG_MODSEQ, .match = match_modseq},
    {"NEW", NONE, .match = match_new},
    {"OLD", NONE, .negated = true, .match = match_recent},
    {"OLDER", SEARCH_ARG_INTERVAL, .cost = INFO, .match = match_older},
    {"ON", DAY, .cost = INFO, .match = match_on},
    {"OR", SEARCH_ARG_OR, .judge = judge_or},
    {"RECENT", NONE, .match = match_recent},
    {"SAVEDATESUPPORTED", NONE, .match = match_all},
    {"SAVEDBEFORE", DAY, .match = match_savedbefore},
    {"SAVEDON", DAY, .match = match_savedon},
    {"SAVEDSINCE", DAY, .match = match_savedsince},
    {"SEEN", NONE, .flag = MAIL_SEEN, .match = match_flag},
    {"SENTBEFORE", DAY, .cost = HEADER, .match = match_sentbefore},
    {"SENTON", DAY, .cost = HEADER, .match = match_senton},
    {"SENTSINCE", DAY, .cost = HEADER, .match = match_sentsince},
    {"SINCE", DAY, .cost = INFO, .match = match_since},
    {"SMALLER", SEARCH_ARG_SIZE, .cost = INFO, .match = match_smaller},
    {"SUBJECT", STRING, .field = "Subject", .cost = HEADER, .match = match_field},
    {"TEXT", STRING, .cost = TEXT, .judge = judge_text},
    {"THREADID", SEARCH_ARG_ID, .match = match_threadid},
    {"TO", STRING, .field = "To", .cost = HEADER, .match = match_field},
    {"UID", SEARCH_ARG_UIDS, .match = match_uid},
    {"UNANSWERED", NONE, .negated = true, .flag = MAIL_ANSWERED, .match = match_flag},
    {"UNDELETED", NONE, .negated = true, .flag = MAIL_DELETED, .match = match_flag},
    {"UNDRAFT", NONE, .negated = true, .flag = MAIL_DRAFT, .match = match_flag},
    {"UNFLAGGED", NONE, .negated = true, .flag = MAIL_FLAGGED, .match = match_flag},
    {"UNKEYWORD", SEARCH_ARG_KEYWORD, .negated = true, .match = match_keyword},
    {"UNSEEN", NONE, .negated = true, .flag = MAIL_SEEN, .match = match_flag},
    {"YOUNGER", SEARCH_ARG_INTERVAL, .cost = INFO, .match = match_younger},
};

const struct imap_search_row imap_search_and = {"", NONE, .judge = judge_and};
const struct imap_search_row imap_search_set = {"", NONE, .match = match_set};
const struct imap_search_row imap_search_saved = {"", NONE, .match = match_uid};

bool imap_search_is_body(const struct imap_search_row *row)
{
    return bytes_eq(bytes_of(row->name), BYTES("BODY"));
}

const struct imap_search_row *imap_search_row(struct bytes name)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (bytes_eq_nocase(name, bytes_of(rows[i].name)))
            return &rows[i];
    }
    return NULL;
}
