/*
 * pop3_command.c - see pop3_command.h.
 */
#include "access/pop3_command.h"

#include <string.h>

bool pop3_parse(struct bytes line, struct pop3_command *command)
{
    struct bytes rest = bytes_trim(line);
    *command = (struct pop3_command){.name = bytes_split(&rest, ' ')};
    while (rest.p) {
        struct bytes arg = bytes_split(&rest, ' ');
        uint64_t value;
        if (arg.n == 0)
            continue;
        if (command->nargs == POP3_ARGS_MAX || !bytes_to_u64(arg, UINT32_MAX, &value))
            return false;
        command->args[command->nargs++] = (uint32_t)value;
    }
    return true;
}

void pop3_stuff(struct pop3_stuff *s, struct bytes in, struct strbuf *out)
{
    while (in.n > 0) {
        if (!s->in_line && in.p[0] == '.')
            strbuf_addc(out, '.');
        const char *dot = memmem(in.p, in.n, "\n.", 2);
        size_t n = dot ? (size_t)(dot - in.p) + 1 : in.n;
        strbuf_add(out, in.p, n);
        s->in_line = in.p[n - 1] != '\n';
        in = bytes_skip(in, n);
    }
}

void pop3_stuff_end(struct pop3_stuff *s, struct strbuf *out)
{
    if (s->in_line)
        strbuf_adds(out, "\r\n");
    strbuf_adds(out, ".\r\n");
}

/* One line, or the beginning of one, of n octets: false if the answer ended before it. */
static bool top_line(struct pop3_top *t, const char *p, size_t n)
{
    bool whole = p[n - 1] == '\n';
    if (t->in_body) {
        if (!t->in_line && t->lines_left == 0) {
            t->done = true;
            return false;
        }
        if (whole)
            t->lines_left--;
    } else {
        bool fresh = !t->in_line, only_cr = n == 1 && p[0] == '\r' && fresh;
        bool empty =
            whole && ((fresh && n == 1) || (fresh && n == 2 && p[0] == '\r') || (t->only_cr && n == 1));
        t->only_cr = only_cr;
        t->in_body = empty;
    }
    t->in_line = !whole;
    return true;
}

size_t pop3_top(struct pop3_top *t, struct bytes in)
{
    size_t used = 0;
    while (used < in.n && !t->done) {
        struct bytes rest = bytes_skip(in, used);
        size_t lf = bytes_index(rest, '\n'), n = lf < rest.n ? lf + 1 : rest.n;
        if (!top_line(t, rest.p, n))
            break;
        used += n;
    }
    return used;
}
