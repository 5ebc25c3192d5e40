/*
 * remote_reply.c - parsing replies. See remote_reply.h.
 */
#include "relay/remote_reply.h"

#include "base/text.h"

void reply_init(struct reply *r)
{
    r->code = 0;
    strbuf_init(&r->text, REPLY_MAX);
}

void reply_done(struct reply *r)
{
    strbuf_done(&r->text);
}

/* Find the line's end. REPLY_DONE: *line is set, without CRLF. */
static enum reply_status cut_line(struct bytes *rest, struct bytes *line)
{
    const char *lf =
        rest->n ? memchr(rest->p, '\n', rest->n < REPLY_LINE_MAX ? rest->n : REPLY_LINE_MAX) : NULL;
    if (!lf)
        return rest->n < REPLY_LINE_MAX ? REPLY_MORE : REPLY_BAD;
    size_t n = (size_t)(lf - rest->p);
    if (n == 0 || lf[-1] != '\r')
        return REPLY_BAD;
    *line = bytes_from(rest->p, n - 1);
    *rest = bytes_skip(*rest, n + 1);
    return memchr(line->p, '\0', line->n) || memchr(line->p, '\r', line->n) ? REPLY_BAD : REPLY_DONE;
}

/* "250-text", "250 text", "250". */
static bool parse_line(struct bytes line, int *code, bool *last)
{
    if (line.n < 3 || line.p[0] < '2' || line.p[0] > '5' || !ascii_digit(line.p[1]) ||
        !ascii_digit(line.p[2]))
        return false;
    *code = (line.p[0] - '0') * 100 + (line.p[1] - '0') * 10 + (line.p[2] - '0');
    *last = line.n == 3 || line.p[3] == ' ';
    return *last || line.p[3] == '-';
}

static void add_text(struct reply *r, struct bytes line)
{
    if (r->text.len)
        strbuf_addc(&r->text, '\n');
    line = bytes_skip(line, 4);
    for (size_t i = 0; i < line.n; i++)
        strbuf_addc(&r->text, (unsigned char)line.p[i] < ' ' || line.p[i] == 127 ? '?' : line.p[i]);
}

enum reply_status reply_parse(struct bytes input, struct reply *r, size_t *used)
{
    struct bytes rest = input, line;
    strbuf_clear(&r->text);
    r->code = 0;
    for (int lines = 0; lines < REPLY_LINES_MAX; lines++) {
        int code;
        bool last;
        enum reply_status status = cut_line(&rest, &line);
        if (status == REPLY_MORE && input.n >= REPLY_MAX)
            return REPLY_BAD;
        if (status != REPLY_DONE)
            return status;
        if (!parse_line(line, &code, &last) || (r->code && code != r->code))
            return REPLY_BAD;
        r->code = code;
        add_text(r, line);
        if (last) {
            *used = input.n - rest.n;
            return *used > REPLY_MAX ? REPLY_BAD : REPLY_DONE;
        }
    }
    return REPLY_BAD;
}

bool reply_keyword(const struct reply *r, const char *keyword, struct bytes *params)
{
    struct bytes rest = strbuf_bytes(&r->text);
    bytes_split(&rest, '\n'); /* the first line is the server's name */
    while (rest.p) {
        struct bytes value = bytes_split(&rest, '\n');
        struct bytes word = bytes_split(&value, ' ');
        if (!bytes_eq_nocase(word, bytes_of(keyword)))
            continue;
        if (params)
            *params = value.p ? value : BYTES("");
        return true;
    }
    return false;
}
