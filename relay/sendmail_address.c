/*
 * sendmail_address.c - cutting an address list into addresses, in one pass and without recursion.
 */
#include "relay/sendmail_address.h"

#include "base/strbuf.h"

#include <stdlib.h>

#define ADDRESS_MAX 1000
#define COMMENT_MAX 100 /* nesting that is counted; deeper ones end early */

struct scan {
    struct strbuf plain, angle; /* text outside and inside of <> */
    bool quoted, in_angle, had_angle, at;
    unsigned comment;
};

void addresses_done(struct addresses *list)
{
    for (size_t i = 0; i < list->n; i++)
        free(list->items[i]);
    free(list->items);
    *list = (struct addresses){.n = 0};
}

static bool add(struct addresses *list, struct bytes address)
{
    if (!address.n)
        return true;
    if (list->n == SENDMAIL_ADDRESSES_MAX)
        return false;
    if (list->n % 64 == 0)
        list->items = xrealloc(list->items, list->n + 64, sizeof(char *));
    char *copy = xcalloc(address.n + 1, 1);
    memcpy(copy, address.p, address.n);
    list->items[list->n++] = copy;
    return true;
}

/* The element is over: what is in <> counts, else what is not. */
static bool flush(struct addresses *list, struct scan *s)
{
    struct strbuf *from = s->had_angle ? &s->angle : &s->plain;
    bool good = add(list, bytes_trim(strbuf_bytes(from)));
    strbuf_clear(&s->plain);
    strbuf_clear(&s->angle);
    s->quoted = s->in_angle = s->had_angle = s->at = false;
    s->comment = 0;
    return good;
}

/* Inside of quotes and comments nothing is syntax but their ends. Returns true if c was used up. */
static bool skip_comment(struct scan *s, char c)
{
    if (s->comment && c == ')')
        s->comment--;
    else if (c == '(' && !s->quoted && s->comment < COMMENT_MAX)
        s->comment++;
    else
        return s->comment;
    return true;
}

static void keep(struct scan *s, char c)
{
    if (c == '\n' || c == '\r' || c == '\t')
        c = ' ';
    if (c == ' ' && !s->quoted) {
        struct strbuf *to = s->in_angle ? &s->angle : &s->plain;
        if (!to->len || to->data[to->len - 1] == ' ' || s->in_angle)
            return;
    }
    strbuf_addc(s->in_angle ? &s->angle : &s->plain, c);
}

/* Syntax outside of quotes and comments. Returns true if c was used up; *end when it ends the element. */
static bool syntax(struct scan *s, char c, bool *end)
{
    *end = false;
    if (c == '<' && !s->in_angle) {
        s->in_angle = s->had_angle = true;
        strbuf_clear(&s->angle);
    } else if (c == '>' && s->in_angle) {
        s->in_angle = false;
    } else if ((c == ',' || c == ';') && !s->in_angle) {
        *end = true;
    } else if (c == ':' && !s->in_angle && !s->at) {
        strbuf_clear(&s->plain); /* the name of a group */
    } else {
        s->at = s->at || c == '@';
        return false;
    }
    return true;
}

bool addresses_add(struct addresses *list, struct bytes text)
{
    struct scan s = {.plain = STRBUF_INIT(ADDRESS_MAX), .angle = STRBUF_INIT(ADDRESS_MAX)};
    bool good = true, end;
    for (size_t i = 0; i < text.n && good; i++) {
        char c = text.p[i];
        if (c == '\\' && i + 1 < text.n && (s.quoted || s.comment)) {
            i++;
            if (!s.comment) {
                keep(&s, c);
                keep(&s, text.p[i]);
            }
            continue;
        }
        if (skip_comment(&s, c))
            continue;
        if (c == '"')
            s.quoted = !s.quoted;
        else if (!s.quoted && syntax(&s, c, &end)) {
            if (end)
                good = flush(list, &s);
            continue;
        }
        keep(&s, c);
    }
    good = good && flush(list, &s);
    strbuf_done(&s.plain);
    strbuf_done(&s.angle);
    return good;
}
