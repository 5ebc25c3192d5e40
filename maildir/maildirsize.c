/*
 * maildirsize.c - reading and writing the text of `maildirsize`. See maildirsize.h.
 */
#include "maildir/maildirsize.h"

/* Cut a number with or without sign off the front of *rest. */
static bool take_number(struct bytes *rest, int64_t *value)
{
    bool minus = rest->n && *rest->p == '-';
    size_t sign = minus || (rest->n && *rest->p == '+'), n = sign;
    int64_t v = 0;
    for (; n < rest->n && rest->p[n] >= '0' && rest->p[n] <= '9'; n++)
        if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, rest->p[n] - '0', &v))
            return false;
    if (n == sign)
        return false;
    *value = minus ? -v : v;
    *rest = bytes_skip(*rest, n);
    return true;
}

/* Letters that we do not know are limits of something else. */
static bool parse_limits(struct maildirsize *m, struct bytes line)
{
    struct bytes rest = bytes_trim(line);
    while (rest.p && rest.n) {
        struct bytes part = bytes_trim(bytes_split(&rest, ','));
        int64_t value;
        if (!take_number(&part, &value) || value < 0 || part.n != 1)
            return false;
        if (*part.p == 'S')
            m->limit_octets = value;
        else if (*part.p == 'C')
            m->limit_messages = value;
    }
    return true;
}

static bool add_line(struct maildirsize *m, struct bytes line)
{
    struct bytes rest = bytes_trim(line);
    int64_t octets, messages;
    if (!rest.n)
        return true;
    if (!take_number(&rest, &octets) || !rest.n || (*rest.p != ' ' && *rest.p != '\t'))
        return false;
    rest = bytes_trim(rest);
    m->lines++;
    return take_number(&rest, &messages) && !rest.n &&
           !__builtin_add_overflow(m->octets, octets, &m->octets) &&
           !__builtin_add_overflow(m->messages, messages, &m->messages);
}

bool maildirsize_parse(struct maildirsize *m, struct bytes text)
{
    *m = (struct maildirsize){0};
    if (!text.n || text.n >= MAILDIRSIZE_MAX_BYTES || text.p[text.n - 1] != '\n')
        return false;
    struct bytes rest = {text.p, text.n - 1};
    bool ok = parse_limits(m, bytes_split(&rest, '\n'));
    while (ok && rest.p)
        ok = add_line(m, bytes_split(&rest, '\n'));
    return ok && m->octets >= 0 && m->messages >= 0;
}

void maildirsize_format(struct strbuf *text, const struct maildirsize *m)
{
    strbuf_addf(text, "%lldS,%lldC\n%lld %lld\n", (long long)m->limit_octets, (long long)m->limit_messages,
                (long long)m->octets, (long long)m->messages);
}
