/*
 * message_address.c - lists of addresses (RFC 5322 3.4 and 4.4) in the terms of IMAP's ENVELOPE.
 *
 * One pass. Words are gathered until a delimiter says what they were: "<" a display name, "@" a local part,
 * ":" a group's name, a comma or the end an address without a domain (its host is then "", since an absent
 * host means a group). Two words with a blank but no dot between them cannot both be of a local part: what
 * stands first is the display name. Semicolons separate, too, outside of groups; brackets that are missing
 * are taken as read. An encoded word may hold commas, as some programs write them, and a display name may be an
 * address without quotation marks: "a@b <a@b>".
 */
#include "maildir/message.h"

#include "base/cleanup.h"
#include "maildir/message_lex.h"

enum { ENCODED_WORD_MAX = 128, STACK_ROOM = 256 };

struct address_parser {
    struct lex lex;
    void (*each)(void *arg, const struct address *a);
    void *arg;
    size_t n; /* that were handed over */
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
    return p->n + 2 > MESSAGE_ADDRS_MAX; /* room for the group's end */
}

static void list_add(struct address_parser *p, struct address a)
{
    p->n++;
    p->each(p->arg, &a);
}

static struct bytes text_or_absent(const struct strbuf *sb)
{
    return sb->len ? strbuf_bytes(sb) : bytes_from(NULL, 0);
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
        .name = bare_words || p->phrase.len == 0 ? text_or_absent(&p->comment) : strbuf_bytes(&p->phrase),
        .route = text_or_absent(&p->route),
        .mailbox = strbuf_bytes(bare_words ? &p->phrase : &p->local),
        .host = strbuf_bytes(&p->host),
    };
    list_add(p, a);
    forget(p);
}

static void group_start(struct address_parser *p)
{
    if (!p->in_group && !list_full(p)) {
        list_add(p, (struct address){.mailbox = strbuf_bytes(&p->phrase)});
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

/* The next word: a quoted string, an encoded word or a run of other octets. */
static struct bytes read_word(struct address_parser *p, struct strbuf *scratch)
{
    struct lex *lex = &p->lex;
    char c = lex_peek(lex);
    if (c == '"')
        return lex_quoted(lex, scratch);
    struct bytes rest = bytes_skip(lex->in, lex->at);
    size_t n = c == '=' ? encoded_word_length(rest) : 0;
    if (n) {
        lex->at += n;
        return (struct bytes){rest.p, n};
    }
    struct bytes run = lex_word(lex, LEX_WORD);
    if (run.n == 0)
        lex->at++; /* a special that means nothing here */
    return run;
}

static bool dotted(const struct strbuf *before, struct bytes word)
{
    return (before->len && before->data[before->len - 1] == '.') || (word.n && word.p[0] == '.');
}

/* A word of a phrase or a local part. */
static void add_word(struct address_parser *p, struct bytes word, bool blank_before)
{
    if (blank_before && p->local.len && !dotted(&p->local, word)) {
        p->phrase_before = p->phrase.len;
        strbuf_clear(&p->local);
    }
    if (blank_before && p->phrase.len)
        strbuf_addc(&p->phrase, ' ');
    strbuf_addb(&p->phrase, word);
    strbuf_addb(&p->local, word);
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
        struct bytes word = lex_word(&p->lex, LEX_HOST);
        strbuf_addb(&p->host, word);
        if (word.n)
            continue;
        if (lex_peek(&p->lex) == '[')
            read_domain_literal(p);
        else if (lex_take(&p->lex, '@'))
            strbuf_addc(&p->host, '@');
        else if (!lex_take(&p->lex, ')'))
            return;
    }
}

/* At "<": what was read so far is the display name, be it an address. */
static void host_to_phrase(struct address_parser *p)
{
    if (!p->has_host)
        return;
    strbuf_addc(&p->phrase, '@');
    strbuf_addb(&p->phrase, strbuf_bytes(&p->host));
    strbuf_clear(&p->host);
    p->has_host = false;
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
static void read_angle(struct address_parser *p, struct strbuf *scratch)
{
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
        strbuf_addb(&p->local, read_word(p, scratch));
    }
    lex_take(&p->lex, '>');
}

/* One step: a delimiter, or a word. */
static void address_step(struct address_parser *p, struct strbuf *scratch, bool blank_before)
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
        host_to_phrase(p);
        read_angle(p, scratch);
    } else if (c == '@' && open) {
        p->lex.at++;
        read_host(p);
    } else {
        struct bytes word = read_word(p, scratch);
        if (open)
            add_word(p, word, blank_before);
    }
}

void address_parse(struct bytes value, void (*each)(void *arg, const struct address *a), void *arg)
{
    char rooms[6][STACK_ROOM];
    AUTO_STRBUF struct strbuf flat = STRBUF_LENT(rooms[0], value.n);
    AUTO_STRBUF struct strbuf scratch = STRBUF_LENT(rooms[1], value.n);
    struct address_parser p = {
        .lex.in = header_text(&flat, value),
        .each = each,
        .arg = arg,
        .phrase = STRBUF_LENT(rooms[2], 2 * value.n),
        .local = STRBUF_LENT(rooms[3], value.n),
        .route = STRBUF_INIT(value.n),
        .host = STRBUF_LENT(rooms[4], value.n),
        .comment = STRBUF_LENT(rooms[5], value.n),
    };
    while (!lex_end(&p.lex) && p.n < MESSAGE_ADDRS_MAX - 1) {
        bool blank_before = lex_blanks(&p.lex, &p.comment);
        if (!lex_end(&p.lex))
            address_step(&p, &scratch, blank_before);
    }
    address_end(&p);
    group_end(&p);
    strbuf_done(&p.phrase);
    strbuf_done(&p.local);
    strbuf_done(&p.route);
    strbuf_done(&p.host);
    strbuf_done(&p.comment);
}
