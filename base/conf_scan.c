/*
 * conf_scan.c - the tokens of a configuration file, and the statements that they make.
 *
 *     file      = *( name "=" value | name "{" *( name "=" value ) "}" )
 *     value     = word | "{" [ word *( "," word ) ] "}"
 *     word      = bare characters | "..." with \ escapes | '...' with \ escapes
 *     comments  = # and // to the end of the line, C comments
 */
#include "base/conf_scan.h"

static const char punctuation[] = "{}=,()";

void conf_scan_init(struct conf_scan *s, struct bytes text)
{
    *s = (struct conf_scan){.rest = text, .line = 1, .at = 1};
}

static void advance(struct conf_scan *s, size_t n)
{
    for (size_t i = 0; i < n && i < s->rest.n; i++)
        s->line += s->rest.p[i] == '\n';
    s->rest = bytes_skip(s->rest, n);
}

static bool starts(const struct conf_scan *s, const char *with)
{
    return bytes_starts_nocase(s->rest, bytes_of(with));
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* To the next byte that means something. */
static void skip_blank(struct conf_scan *s)
{
    while (s->rest.n) {
        if (is_space(s->rest.p[0])) {
            advance(s, 1);
        } else if (s->rest.p[0] == '#' || starts(s, "//")) {
            advance(s, bytes_index(s->rest, '\n'));
        } else if (starts(s, "/*")) {
            const char *end = memmem(s->rest.p + 2, s->rest.n - 2, "*/", 2);
            advance(s, end ? (size_t)(end - s->rest.p) + 2 : s->rest.n);
        } else {
            return;
        }
    }
}

/* Length of the quoted string that rest begins with; all of rest if it is not closed. */
static size_t quoted_length(struct bytes rest)
{
    for (size_t i = 1; i < rest.n; i++) {
        if (rest.p[i] == '\\')
            i++;
        else if (rest.p[i] == rest.p[0])
            return i + 1;
    }
    return rest.n;
}

static size_t bare_length(struct bytes rest)
{
    size_t n = 0;
    while (n < rest.n && !is_space(rest.p[n]) && !memchr("{}=,()\"'#", rest.p[n], 9))
        n++;
    return n ? n : 1;
}

/* The next token, empty at the end of the file. */
static struct bytes next_token(struct conf_scan *s)
{
    skip_blank(s);
    s->token_line = s->line;
    if (s->rest.n == 0)
        return bytes_from(s->rest.p, 0);
    size_t n = 1;
    if (s->rest.p[0] == '"' || s->rest.p[0] == '\'')
        n = quoted_length(s->rest);
    else if (!strchr(punctuation, s->rest.p[0]) || s->rest.p[0] == '\0')
        n = bare_length(s->rest);
    struct bytes token = bytes_from(s->rest.p, n);
    advance(s, n);
    return token;
}

static bool is_mark(struct bytes token, char c)
{
    return token.n == 1 && token.p[0] == c;
}

static bool is_name(struct bytes token)
{
    return token.n && !strchr("{}=,()\"'", token.p[0]) && token.p[0] != '\0';
}

/* Behind the "=": one word, or a list in braces. */
static bool scan_value(struct conf_scan *s)
{
    const char *start = s->rest.p;
    struct bytes token = next_token(s);
    if (is_mark(token, '{'))
        while (token.n && !is_mark(token, '}') && !is_mark(token, '='))
            token = next_token(s);
    else if (token.n == 1 && strchr(punctuation, token.p[0]))
        return false;
    s->value = bytes_from(start, (size_t)(s->rest.p - start));
    return token.n && !is_mark(token, '=');
}

enum conf_item conf_scan_next(struct conf_scan *s, struct err *e)
{
    struct bytes token = next_token(s);
    s->at = s->token_line;
    if (token.n == 0)
        return CONF_END;
    if (is_mark(token, '}'))
        return CONF_CLOSE;
    if (!is_name(token)) {
        err_set(e, ERR_INVALID, "\"%.*s\" where the name of an option or section should stand",
                (int)(token.n < 40 ? token.n : 40), token.p);
        return CONF_WRONG;
    }
    s->name = token;
    struct conf_scan behind = *s;
    token = next_token(s);
    if (is_mark(token, '{'))
        return CONF_SECTION;
    if (is_mark(token, '=') && scan_value(s))
        return CONF_STATEMENT;
    if (!is_mark(token, '='))
        *s = behind;
    err_set(e, ERR_INVALID, "%.*s: right would be \"%.*s = value\" or \"%.*s { ... }\"", BYTES_ARG(s->name),
            BYTES_ARG(s->name), BYTES_ARG(s->name));
    return CONF_WRONG;
}

bool conf_scan_skip(struct conf_scan *s)
{
    for (unsigned depth = 1; depth > 0;) {
        struct bytes token = next_token(s);
        if (token.n == 0)
            return false;
        if (is_mark(token, '{'))
            depth++;
        else if (is_mark(token, '}'))
            depth--;
    }
    return true;
}

void conf_scan_tokens(struct bytes value, struct strbuf *out)
{
    struct conf_scan s;
    conf_scan_init(&s, value);
    for (struct bytes token = next_token(&s); token.n; token = next_token(&s)) {
        strbuf_addb(out, token);
        strbuf_addc(out, ' ');
    }
}
