/*
 * maildir_name.c - see maildir_name.h.
 *
 * The generated pair of seconds and microseconds strictly increases within a process even when the clock
 * jumps back, so that no name comes twice; the pid and the host keep processes and machines apart.
 */
#include "maildir/maildir_name.h"

#include "maildir/maildir.h"

#include <errno.h>
#include <stdio.h>
#include <sys/time.h>
#include <unistd.h>

static const struct {
    char letter;
    uint32_t flag;
} flag_letters[] = {
    {'D', MAIL_DRAFT}, {'F', MAIL_FLAGGED}, {'R', MAIL_ANSWERED}, {'S', MAIL_SEEN}, {'T', MAIL_DELETED},
};
#define NFLAGS (sizeof flag_letters / sizeof flag_letters[0])

struct bytes maildir_name_base(struct bytes name)
{
    return bytes_from(name.p, bytes_index(name, ':'));
}

/* What stands behind the last ":2,", up to a second comma; .p NULL if there is none. */
static struct bytes flags_part(struct bytes name)
{
    for (size_t i = name.n; i-- > 0;) {
        if (name.p[i] != ':')
            continue;
        struct bytes rest = bytes_skip(name, i + 1);
        if (rest.n < 2 || rest.p[0] != '2' || rest.p[1] != ',')
            break;
        rest = bytes_skip(rest, 2);
        return bytes_from(rest.p, bytes_index(rest, ','));
    }
    return (struct bytes){NULL, 0};
}

static uint32_t flag_of(char letter)
{
    for (size_t i = 0; i < NFLAGS; i++)
        if (flag_letters[i].letter == letter)
            return flag_letters[i].flag;
    return 0;
}

void maildir_name_flags(struct bytes name, uint32_t *flags, uint32_t *keywords)
{
    struct bytes letters = flags_part(name);
    *flags = *keywords = 0;
    for (size_t i = 0; i < letters.n; i++) {
        char c = letters.p[i];
        *flags |= flag_of(c);
        if (c >= 'a' && c <= 'z')
            *keywords |= 1u << (c - 'a');
    }
}

bool maildir_name_size(struct bytes name, char key, uint64_t *value)
{
    struct bytes base = maildir_name_base(name);
    for (size_t i = 0; i + 3 < base.n; i++) {
        if (base.p[i] != ',' || base.p[i + 1] != key || base.p[i + 2] != '=')
            continue;
        struct bytes digits = bytes_skip(base, i + 3);
        digits.n = bytes_index(digits, ',');
        if (bytes_to_u64(digits, INT64_MAX, value))
            return true;
    }
    return false;
}

static bool is_known(char c)
{
    return flag_of(c) || (c >= 'a' && c <= 'z');
}

static bool has_unknown(struct bytes letters)
{
    for (size_t i = 0; i < letters.n; i++)
        if (!is_known(letters.p[i]))
            return true;
    return false;
}

static bool add_known(struct strbuf *out, uint32_t flags, uint32_t keywords)
{
    bool ok = true;
    for (size_t i = 0; i < NFLAGS; i++)
        if (flag_letters[i].flag & flags)
            ok &= strbuf_addc(out, flag_letters[i].letter);
    for (; keywords; keywords &= keywords - 1)
        ok &= strbuf_addc(out, (char)('a' + __builtin_ctz(keywords)));
    return ok;
}

/* The letters wanted, in ASCII order, with unknown ones of the old name at their place in that order. */
static bool add_letters(struct strbuf *out, struct bytes old, uint32_t flags, uint32_t keywords)
{
    bool ok = true;
    if (!has_unknown(old))
        return add_known(out, flags, keywords);
    for (int c = 1; c < 256 && ok; c++) {
        bool wanted = (flag_of((char)c) & flags) || (c >= 'a' && c <= 'z' && (keywords & (1u << (c - 'a'))));
        if (!wanted && !is_known((char)c))
            wanted = memchr(old.p, c, old.n) != NULL;
        if (wanted)
            ok = strbuf_addc(out, (char)c);
    }
    return ok;
}

bool maildir_name_is_usual(struct bytes name)
{
    struct bytes rest = bytes_skip(name, maildir_name_base(name).n);
    if (rest.n < 3 || memcmp(rest.p, ":2,", 3) != 0)
        return false;
    for (size_t i = 3; i < rest.n; i++)
        if (!is_known(rest.p[i]) || (i > 3 && rest.p[i] <= rest.p[i - 1]))
            return false;
    return true;
}

bool maildir_name_with_flags(struct strbuf *out, struct bytes name, uint32_t flags, uint32_t keywords)
{
    struct bytes old = flags_part(name), rest = {"", 0};
    if (old.p)
        rest = bytes_from(old.p + old.n, name.n - (size_t)(old.p + old.n - name.p));
    strbuf_addb(out, maildir_name_base(name));
    strbuf_adds(out, ":2,");
    return add_letters(out, old, flags, keywords) && strbuf_addb(out, rest) && !out->overflow;
}

bool maildir_name_is_message(const char *name)
{
    return *name != '.' && *name != ':' && !strpbrk(name, "\r\n");
}

static bool leading_number(struct bytes *b, uint64_t *value)
{
    size_t n = 0;
    while (n < b->n && b->p[n] >= '0' && b->p[n] <= '9')
        n++;
    bool ok = bytes_to_u64(bytes_from(b->p, n), UINT64_MAX, value);
    *b = bytes_skip(*b, n);
    return ok;
}

struct maildir_name_time maildir_name_time(struct bytes name)
{
    struct maildir_name_time t = {.seconds = 0};
    if (!leading_number(&name, &t.seconds))
        t.seconds = 0;
    if (name.n < 2 || name.p[0] != '.')
        return t;
    for (size_t i = 1; i < name.n && name.p[i] != '.'; i++) {
        struct bytes digits = bytes_skip(name, i + 1);
        t.has_micro = name.p[i] == 'M' && leading_number(&digits, &t.micro);
        if (t.has_micro)
            break;
    }
    return t;
}

int maildir_name_time_order(const struct maildir_name_time *a, const struct maildir_name_time *b)
{
    if (a->seconds != b->seconds)
        return a->seconds < b->seconds ? -1 : 1;
    if (a->has_micro && b->has_micro && a->micro != b->micro)
        return a->micro < b->micro ? -1 : 1;
    return 0;
}

int maildir_rename(int from_fd, const char *from, int to_fd, const char *to)
{
    if (!renameat2(from_fd, from, to_fd, to, RENAME_NOREPLACE))
        return 0;
    return errno == EINVAL || errno == ENOSYS ? renameat(from_fd, from, to_fd, to) : -1;
}

void maildir_name_host(struct strbuf *out)
{
    static char host[65];
    if (!*host && gethostname(host, sizeof host - 1))
        snprintf(host, sizeof host, "localhost");
    for (const char *p = host; *p; p++)
        strbuf_addc(out, *p == '/' || *p == ':' || *p == ',' || (unsigned char)*p <= ' ' ? '_' : *p);
}

void maildir_name_new(struct strbuf *out)
{
    static int64_t last;
    struct timeval tv;
    gettimeofday(&tv, NULL);
    int64_t now = (int64_t)tv.tv_sec * 1000000 + tv.tv_usec;
    last = now > last ? now : last + 1;
    strbuf_addf(out, "%lld.M%06lldP%d.", (long long)(last / 1000000), (long long)(last % 1000000),
                (int)getpid());
    maildir_name_host(out);
}
