/*
 * message_address.c - lists of addresses (RFC 5322 3.4 and 4.4) in the terms of IMAP's ENVELOPE.
 *
 * One pass. Words are gathered until a delimiter says what they were: "<" a display name, "@" a local part,
 * ":" a group's name, a comma or the end an address without a domain (its host is then "", since an absent
 * host means a group). Two words with a blank but no dot between them cannot both be of a local part: what
 * stands first is the display name. Semicolons separate, too, outside of groups; brackets that are missing
 * are taken as read. An encoded word may hold commas, as some programs write them.
 */
#include "maildir/message.h"

#include "base/cleanup.h"
#include "maildir/message_lex.h"

#include <stdlib.h>

enum { ENCODED_WORD_MAX = 128 };

#define WORD_SPECIALS "()<>@,;:\""
#define HOST_SPECIALS "()<>@,;:\"["

struct address_parser {
    struct lex lex;
    struct address_list *list;
    size_t size; /* of list->items */
    bool in_group;
    struct strbuf phrase; /* words with single spaces between */
    struct strbuf local;  /* the last words, with dots between and no spaces */
    size_t phrase_before; /* length of the phrase without those in `local` */
    struct strbuf route, host, comment;
    bool has_host, has_route, has_angle;
};

/* ---- the list ---- */

static bool list_full(const struct address_parser *p)
{
    return p->list->n + 2 > MESSAGE_ADDRS_MAX; /* room for the group's end */
}

static void list_add(struct address_parser *p, struct address a)
{
    struct address_list *list = p->list;
    if (list->n == p->size) {
        p->size = p->size ? p->size * 2 : 8;
        list->items = xrealloc(list->items, p->size, sizeof(*list->items));
    }
    list->items[list->n++] = a;
}

static char *text_or_null(const struct strbuf *sb)
{
    return sb->len ? xstrdup(sb->data) : NULL;
}

/* Forget the words of the address that was read. */
static void forget(struct address_parser *p)
{
    strbuf_clear(&p->phrase);
    strbuf_clear(&p->local);
    strbuf_clear(&p->route);
    strbuf_clear(&p->host);
    strbuf_clear(&p->comment);
    p->phrase_before = 0;
    p->has_host = p->has_route = p->has_angle = false;
}

static void address_end(struct address_parser *p)
{
    bool anything = p->has_angle || p->has_host || p->phrase.len;
    if (!anything || list_full(p)) {
        forget(p);
        return;
    }
    bool bare_words = !p->has_angle && !p->has_host;
    if (!p->has_angle)
        strbuf_truncate(&p->phrase, bare_words ? p->phrase.len : p->phrase_before);
    struct address a = {
        .name = bare_words || p->phrase.len == 0 ? text_or_null(&p->comment) : xstrdup(p->phrase.data),
        .route = text_or_null(&p->route),
        .mailbox = xstrdup(bare_words ? p->phrase.data : p->local.data),
        .host = xstrdup(p->host.data),
    };
    list_add(p, a);
    forget(p);
}

static void group_start(struct address_parser *p)
{
    if (!p->in_group && !list_full(p)) {
        list_add(p, (struct address){.mailbox = xstrdup(p->phrase.data)});
        p->in_group = true;
    }
    forget(p);
}

static void group_end(struct address_parser *p)
{
    if (p->in_group)
        list_add(p, (struct address){0});
    p->in_group = false;
}

/* ---- words ---- */

/* Length of an encoded word at the start of b, or 0. */
static size_t encoded_word_length(struct bytes b)
{
    unsigned marks = 0;
    for (size_t i = 0; i < b.n && i < ENCODED_WORD_MAX && (unsigned char)b.p[i] > ' '; i++) {
        if (b.p[i] == '?')
            marks++;
        if ((i == 0 && b.p[i] != '=') || (i == 1 && b.p[i] != '?'))
            return 0;
        if (marks == 4)
            return i + 1 < b.n && b.p[i + 1] == '=' ? i + 2 : 0;
    }
    return 0;
}

/* Append the next word: a quoted string, an encoded word or a run of other octets. */
static void read_word(struct address_parser *p, struct strbuf *word, const char *specials)
{
    struct lex *lex = &p->lex;
    if (lex_peek(lex) == '"') {
        lex_quoted(lex, word);
        return;
    }
    size_t n = encoded_word_length(bytes_skip(lex->in, lex->at));
    if (n) {
        strbuf_add(word, lex->in.p + lex->at, n);
        lex->at += n;
        return;
    }
    struct bytes run = lex_word(lex, specials);
    if (run.n == 0)
        lex->at++; /* a special that means nothing here */
    strbuf_addb(word, run);
}

static bool dotted(const struct strbuf *before, const struct strbuf *word)
{
    return (before->len && before->data[before->len - 1] == '.') || word->data[0] == '.';
}

/* A word of a phrase or a local part. */
static void add_word(struct address_parser *p, const struct strbuf *word, bool blank_before)
{
    if (blank_before && p->local.len && !dotted(&p->local, word)) {
        p->phrase_before = p->phrase.len;
        strbuf_clear(&p->local);
    }
    if (blank_before && p->phrase.len)
        strbuf_addc(&p->phrase, ' ');
    strbuf_addb(&p->phrase, strbuf_bytes(word));
    strbuf_addb(&p->local, strbuf_bytes(word));
}

/* ---- pieces of an address ---- */

/* "[...]", with the brackets. */
static void read_domain_literal(struct address_parser *p)
{
    struct bytes rest = bytes_skip(p->lex.in, p->lex.at);
    size_t n = bytes_index(rest, ']');
    n += n < rest.n;
    strbuf_add(&p->host, rest.p, n);
    p->lex.at += n;
}

/* Behind "@". */
static void read_host(struct address_parser *p)
{
    p->has_host = true;
    for (;;) {
        lex_blanks(&p->lex, p->has_angle ? NULL : &p->comment);
        char c = lex_peek(&p->lex);
        if (lex_end(&p->lex) || strchr("<>,;:\"", c))
            return;
        if (c == '[')
            read_domain_literal(p);
        else if (lex_take(&p->lex, '@'))
            strbuf_addc(&p->host, '@');
        else if (!lex_take(&p->lex, ')'))
            strbuf_addb(&p->host, lex_word(&p->lex, HOST_SPECIALS));
    }
}

/* Behind "<": a route up to its colon. */
static void read_route(struct address_parser *p)
{
    while (!lex_end(&p->lex) && !strchr(">:", lex_peek(&p->lex))) {
        if (lex_blanks(&p->lex, NULL))
            continue;
        strbuf_addc(&p->route, lex_peek(&p->lex));
        p->lex.at++;
    }
    lex_take(&p->lex, ':');
}

/* Behind "<": the address up to ">". */
static void read_angle(struct address_parser *p)
{
    AUTO_STRBUF struct strbuf word = STRBUF_INIT(p->lex.in.n);
    p->has_angle = true;
    strbuf_clear(&p->local);
    lex_blanks(&p->lex, NULL);
    if (lex_peek(&p->lex) == '@')
        read_route(p);
    for (;;) {
        lex_blanks(&p->lex, NULL);
        char c = lex_peek(&p->lex);
        if (lex_end(&p->lex) || strchr(">,;", c))
            break;
        if (lex_take(&p->lex, '@')) {
            read_host(p);
            break;
        }
        strbuf_clear(&word);
        read_word(p, &word, WORD_SPECIALS);
        strbuf_addb(&p->local, strbuf_bytes(&word));
    }
    lex_take(&p->lex, '>');
}

/* One step: a delimiter, or a word. */
static void address_step(struct address_parser *p, struct strbuf *word, bool blank_before)
{
    char c = lex_peek(&p->lex);
    bool open = !p->has_angle && !p->has_host;
    if (lex_take(&p->lex, ',')) {
        address_end(p);
    } else if (lex_take(&p->lex, ';')) {
        address_end(p);
        group_end(p);
    } else if (c == ':' && open) {
        p->lex.at++;
        group_start(p);
    } else if (c == '<' && !p->has_angle) {
        p->lex.at++;
        strbuf_clear(&p->host);
        read_angle(p);
    } else if (c == '@' && open) {
        p->lex.at++;
        read_host(p);
    } else {
        strbuf_clear(word);
        read_word(p, word, WORD_SPECIALS);
        if (open)
            add_word(p, word, blank_before);
    }
}

void address_parse(struct address_list *list, struct bytes value)
{
    AUTO_STRBUF struct strbuf flat = STRBUF_INIT(value.n);
    AUTO_STRBUF struct strbuf word = STRBUF_INIT(value.n);
    header_unfold(&flat, value);
    struct address_parser p = {
        .lex.in = strbuf_bytes(&flat),
        .list = list,
        .phrase = STRBUF_INIT(2 * value.n),
        .local = STRBUF_INIT(value.n),
        .route = STRBUF_INIT(value.n),
        .host = STRBUF_INIT(value.n),
        .comment = STRBUF_INIT(value.n),
    };
    *list = (struct address_list){0};
    while (!lex_end(&p.lex) && list->n < MESSAGE_ADDRS_MAX - 1) {
        bool blank_before = lex_blanks(&p.lex, &p.comment);
        if (!lex_end(&p.lex))
            address_step(&p, &word, blank_before);
    }
    address_end(&p);
    group_end(&p);
    strbuf_done(&p.phrase);
    strbuf_done(&p.local);
    strbuf_done(&p.route);
    strbuf_done(&p.host);
    strbuf_done(&p.comment);
}

void address_list_done(struct address_list *list)
{
    for (size_t i = 0; i < list->n; i++) {
        free(list->items[i].name);
        free(list->items[i].route);
        free(list->items[i].mailbox);
        free(list->items[i].host);
    }
    free(list->items);
    *list = (struct address_list){0};
}
