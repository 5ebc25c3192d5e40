/*
 * imap_preview_text.c - the words of a plain or HTML text as a preview shows them: runs of blanks are one, and there is no markup, nothing
 * that is quoted from another letter (unless that is all), nothing invisible.
 */
#include "access/imap_preview.h"

#include "base/cleanup.h"
#include "base/text.h"

#define ENTITY_MAX 10

struct words {
    struct strbuf *out;
    unsigned n; /* characters */
    bool blank; /* one is due before the next character */
};

static bool is_full(const struct words *w)
{
    return w->n >= IMAP_PREVIEW_MAX;
}

static bool is_blank(uint32_t c)
{
    return c <= ' ' || (c >= 0x7f && c <= 0xa0) || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) ||
           c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

/* Soft hyphens, joiners, marks of direction: what newsletters fill their previews with. */
static bool is_invisible(uint32_t c)
{
    return c == 0xad || c == 0x34f || c == 0x61c || (c >= 0x180b && c <= 0x180e) ||
           (c >= 0x200b && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) ||
           c == 0xfeff || c == 0xfffd;
}

static void add(struct words *w, uint32_t c)
{
    if (is_invisible(c) || is_full(w))
        return;
    if (is_blank(c)) {
        w->blank = w->n > 0;
        return;
    }
    if (w->blank && w->n + 2 > IMAP_PREVIEW_MAX) {
        w->n = IMAP_PREVIEW_MAX;
        return;
    }
    if (w->blank) {
        strbuf_addc(w->out, ' ');
        w->n++;
    }
    w->blank = false;
    utf8_add(w->out, c);
    w->n++;
}

static void add_all(struct words *w, struct bytes utf8)
{
    for (size_t at = 0; at < utf8.n && !is_full(w);) {
        int32_t c = utf8_next(utf8, &at);
        if (c >= 0)
            add(w, (uint32_t)c);
    }
}

/* ---- plain ---- */

static void add_lines(struct words *w, struct bytes text, bool quotes)
{
    while (text.n && !is_full(w)) {
        struct bytes line = bytes_split(&text, '\n');
        struct bytes trimmed = bytes_trim(line);
        if (bytes_eq(line, BYTES("-- ")) || bytes_eq(line, BYTES("-- \r")))
            return; /* the signature */
        if (!quotes && trimmed.n && trimmed.p[0] == '>')
            continue;
        add_all(w, trimmed);
        add(w, ' ');
    }
}

/* ---- HTML ---- */

static const struct {
    const char *name;
    uint32_t c;
} entities[] = {
    {"amp", '&'},   {"apos", '\''},     {"bull", 0x2022},  {"copy", 0xa9},    {"euro", 0x20ac},
    {"gt", '>'},    {"hellip", 0x2026}, {"laquo", 0xab},   {"ldquo", 0x201c}, {"lsquo", 0x2018},
    {"lt", '<'},    {"mdash", 0x2014},  {"middot", 0xb7},  {"nbsp", 0xa0},    {"ndash", 0x2013},
    {"quot", '"'},  {"raquo", 0xbb},    {"rdquo", 0x201d}, {"reg", 0xae},     {"rsquo", 0x2019},
    {"shy", 0xad},  {"trade", 0x2122},  {"zwj", 0x200d},   {"zwnj", 0x200c},  {"auml", 0xe4},
    {"ouml", 0xf6}, {"uuml", 0xfc},     {"szlig", 0xdf},   {"Auml", 0xc4},    {"Ouml", 0xd6},
    {"Uuml", 0xdc}, {"eacute", 0xe9},   {"egrave", 0xe8},  {"agrave", 0xe0},  {"ccedil", 0xe7},
};

/* Elements whose content is not shown. */
static const char *const hidden[] = {"head", "style", "script", "title", "template"};

static bool hex_number(struct bytes b, uint64_t *value)
{
    *value = 0;
    for (size_t i = 0; i < b.n; i++) {
        char c = ascii_lower(b.p[i]);
        if (!ascii_digit(c) && (c < 'a' || c > 'f'))
            return false;
        *value = *value * 16 + (uint64_t)(ascii_digit(c) ? c - '0' : c - 'a' + 10);
    }
    return b.n > 0;
}

static bool entity_value(struct bytes name, uint64_t *c)
{
    if (name.n > 2 && name.p[0] == '#' && ascii_lower(name.p[1]) == 'x')
        return hex_number(bytes_skip(name, 2), c);
    if (name.n > 1 && name.p[0] == '#')
        return bytes_to_u64(bytes_skip(name, 1), 0x10ffff, c);
    for (size_t i = 0; i < ARRAY_LEN(entities); i++)
        if (bytes_eq(name, bytes_of(entities[i].name)))
            return *c = entities[i].c, true;
    return false;
}

/* "&...;" at the beginning; octets that it takes, 0 if it is none. */
static size_t add_entity(struct words *w, struct bytes html)
{
    uint64_t c;
    size_t end = 1;
    while (end < html.n && end <= ENTITY_MAX && html.p[end] != ';')
        end++;
    if (end == html.n || html.p[end] != ';' || !entity_value(bytes_from(html.p + 1, end - 1), &c) ||
        c > 0x10ffff)
        return 0;
    add(w, (uint32_t)c);
    return end + 1;
}

static size_t find(struct bytes html, size_t from, const char *what)
{
    const char *p = from < html.n ? memmem(html.p + from, html.n - from, what, strlen(what)) : NULL;
    return p ? (size_t)(p - html.p) + strlen(what) : html.n;
}

/* Behind the end tag of the element with this name. */
static size_t skip_element(struct bytes html, size_t at, const char *name)
{
    size_t n = strlen(name);
    while ((at = find(html, at, "</")) < html.n)
        if (bytes_starts_nocase(bytes_skip(html, at), bytes_of(name)) && at + n <= html.n)
            return find(html, at + n, ">");
    return html.n;
}

static bool is_inline(struct bytes name)
{
    static const char *const names[] = {"a",      "b",    "i",     "u",   "em",  "span",
                                        "strong", "font", "small", "big", "code"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (bytes_eq_nocase(name, bytes_of(names[i])))
            return true;
    return false;
}

/* A tag or comment at the beginning; octets that it takes, hidden content included. */
static size_t skip_tag(struct words *w, struct bytes html)
{
    if (bytes_starts_nocase(html, BYTES("<!--")))
        return find(html, 4, "-->");
    size_t from = html.n > 1 && html.p[1] == '/' ? 2 : 1, n = from;
    while (n < html.n && (ascii_alpha(html.p[n]) || ascii_digit(html.p[n])))
        n++;
    struct bytes name = bytes_from(html.p + from, n - from);
    if (!name.n && html.n > 1 && html.p[1] != '/' && html.p[1] != '!' && html.p[1] != '?')
        return 0; /* a sign, as in 1 < 2 */
    if (!is_inline(name))
        add(w, ' ');
    size_t end = find(html, n, ">");
    for (size_t i = 0; i < ARRAY_LEN(hidden) && from == 1; i++)
        if (bytes_eq_nocase(name, bytes_of(hidden[i])))
            return skip_element(html, end, hidden[i]);
    return end;
}

static void add_html(struct words *w, struct bytes html)
{
    for (size_t at = 0; at < html.n && !is_full(w);) {
        struct bytes rest = bytes_skip(html, at);
        size_t n = rest.p[0] == '<' ? skip_tag(w, rest) : rest.p[0] == '&' ? add_entity(w, rest) : 0;
        int32_t c = n ? -1 : utf8_next(html, &at);
        if (c >= 0)
            add(w, (uint32_t)c);
        at += n;
    }
}

void imap_preview_text(struct bytes utf8, bool html, struct strbuf *out)
{
    struct words w = {.out = out};
    if (html) {
        add_html(&w, utf8);
        return;
    }
    add_lines(&w, utf8, false);
    if (!w.n)
        add_lines(&w, utf8, true);
}
