/*
 * queue_ctl_show.c - list, show and stats, for people and as JSON (one object a line). What strangers wrote is printed with its
 * control characters replaced.
 */
#include "relay/queue_ctl.h"

#include "base/fs.h"
#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define SHOWN_MAX   65536
#define DOMAINS_MAX 4096

/* ---- pieces ---- */

static void print_time(uint64_t when)
{
    char text[40] = "?";
    time_t t = (time_t)when;
    struct tm tm;
    if (when < UINT64_C(253402300799) && gmtime_r(&t, &tm))
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
    fputs(text, stdout);
}

static void print_text(struct bytes b)
{
    for (size_t i = 0; i < b.n; i++) {
        unsigned char c = (unsigned char)b.p[i];
        putchar((c < ' ' && c != '\n' && c != '\t') || c == 127 ? '?' : c);
    }
}

static void json_field(const char *name, const char *text)
{
    printf("\"%s\":", name);
    text_print_json(stdout, text ? text : "");
}

static void json_recipients(const struct spooled *m)
{
    fputs("\"recipients\":[", stdout);
    for (size_t i = 0; i < m->env.nrcpts; i++) {
        const struct recipient *r = &m->env.rcpts[i];
        fputs(i ? ",{" : "{", stdout);
        json_field("address", r->address);
        printf(",\"code\":%d,", r->code);
        json_field("reply", r->text);
        putchar('}');
    }
    putchar(']');
}

static void json_message(const struct ctl *ctl, const struct spooled *m)
{
    putchar('{');
    json_field("id", m->env.id);
    putchar(',');
    json_field("sender", m->env.reverse_path);
    putchar(',');
    json_field("login", m->env.login);
    putchar(',');
    json_field("origin", m->env.origin);
    if (m->env.owner != ENVELOPE_STRANGER)
        printf(",\"uid\":%" PRIu32, m->env.owner);
    printf(",\"size\":%" PRIu64 ",\"arrived\":%" PRIu64 ",\"attempts\":%" PRIu32 ",\"next\":%" PRIu64
           ",\"held\":%s,",
           m->env.size, m->env.arrived, m->tried.attempts, ctl_next(ctl, m),
           m->tried.held ? "true" : "false");
    json_field("reason", m->tried.held ? m->tried.reason : "");
    putchar(',');
    json_recipients(m);
    puts("}");
}

static void print_recipients(const struct spooled *m, bool all)
{
    for (size_t i = 0; i < m->env.nrcpts; i++) {
        const struct recipient *r = &m->env.rcpts[i];
        if (recipient_final(r) && !all)
            continue;
        fputs("    ", stdout);
        print_text(bytes_of(r->address));
        if (r->code)
            printf("\n        %d ", r->code);
        print_text(bytes_of(r->text ? r->text : ""));
        putchar('\n');
    }
}

static void print_message(const struct ctl *ctl, const struct spooled *m, bool all)
{
    uint64_t next = ctl_next(ctl, m);
    printf("%s  %8" PRIu64 "  ", m->env.id, m->env.size);
    print_time(m->env.arrived);
    fputs("  <", stdout);
    print_text(bytes_of(m->env.reverse_path));
    fputs(">\n", stdout);
    if (*m->env.login)
        printf("    handed in by %s\n", m->env.login);
    else if (m->env.owner != ENVELOPE_STRANGER)
        printf("    handed in by uid %" PRIu32 "\n", m->env.owner);
    if (*m->env.origin)
        printf("    from the directory %s\n", m->env.origin);
    print_recipients(m, all);
    printf("    %" PRIu32 " attempts, ", m->tried.attempts);
    if (!next) {
        printf("held: %s\n", *m->tried.reason ? m->tried.reason : "by the operator");
    } else {
        fputs("next ", stdout);
        print_time(next);
        putchar('\n');
    }
}

/* ---- list, show ---- */

static bool list_one(struct ctl *ctl, const struct spooled *m, void *arg)
{
    ++*(size_t *)arg;
    if (ctl->json)
        json_message(ctl, m);
    else
        print_message(ctl, m, false);
    return true;
}

int ctl_list(struct ctl *ctl)
{
    size_t n = 0;
    if (ctl_each(ctl, list_one, &n))
        return EXIT_FAILED;
    if (!ctl->json)
        printf("%zu message%s\n", n, n == 1 ? "" : "s");
    return 0;
}

static void print_header(const struct spooled *m)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(SHOWN_MAX);
    size_t want = m->env.size < SHOWN_MAX ? m->env.size : SHOWN_MAX;
    ssize_t n = want ? fs_pread_all(m->fd, strbuf_room(&text, want), want, (off_t)m->offset) : 0;
    if (n > 0)
        strbuf_extend(&text, (size_t)n);
    struct bytes b = strbuf_bytes(&text);
    const char *end = b.n ? memmem(b.p, b.n, "\n\n", 2) : NULL;
    putchar('\n');
    print_text(end ? bytes_from(b.p, (size_t)(end - b.p) + 1) : b);
}

static bool show_one(struct ctl *ctl, const struct spooled *m, void *arg)
{
    ++*(size_t *)arg;
    if (ctl->json) {
        json_message(ctl, m);
        return true;
    }
    print_message(ctl, m, true);
    print_header(m);
    return true;
}

int ctl_show(struct ctl *ctl)
{
    size_t n = 0;
    if (ctl_each(ctl, show_one, &n))
        return EXIT_FAILED;
    if (!n)
        fputs("posthouse queue: there is no such message\n", stderr);
    return n ? 0 : EXIT_NONE;
}

/* ---- stats ---- */

struct domain {
    char *name;
    uint64_t recipients;
};

struct stats {
    uint64_t messages, octets, recipients, held, oldest;
    struct domain domains[DOMAINS_MAX];
    size_t n;
};

static void count_domain(struct stats *s, const char *address)
{
    const char *at = strrchr(address, '@'), *name = at ? at + 1 : "localhost";
    size_t i = 0;
    while (i < s->n && strcasecmp(s->domains[i].name, name))
        i++;
    if (i == DOMAINS_MAX)
        return;
    if (i == s->n)
        s->domains[s->n++] = (struct domain){.name = xstrdup(name)};
    s->domains[i].recipients++;
}

static bool count_one(struct ctl *ctl, const struct spooled *m, void *arg)
{
    struct stats *s = arg;
    (void)ctl;
    s->messages++;
    s->octets += m->env.size;
    s->held += m->tried.held;
    if (!s->oldest || m->env.arrived < s->oldest)
        s->oldest = m->env.arrived;
    for (size_t i = 0; i < m->env.nrcpts; i++) {
        if (recipient_final(&m->env.rcpts[i]))
            continue;
        s->recipients++;
        count_domain(s, m->env.rcpts[i].address);
    }
    return true;
}

static int more_first(const void *a, const void *b)
{
    uint64_t x = ((const struct domain *)a)->recipients, y = ((const struct domain *)b)->recipients;
    return x < y ? 1 : x > y ? -1 : 0;
}

static void print_domains(const struct ctl *ctl, const struct stats *s)
{
    for (size_t i = 0; i < s->n; i++) {
        if (ctl->json) {
            fputs(i ? ",{" : "{", stdout);
            json_field("domain", s->domains[i].name);
            printf(",\"recipients\":%" PRIu64 "}", s->domains[i].recipients);
        } else if (i < 20) {
            printf("%8" PRIu64 "  ", s->domains[i].recipients);
            print_text(bytes_of(s->domains[i].name));
            putchar('\n');
        }
    }
}

int ctl_stats(struct ctl *ctl)
{
    static struct stats s;
    if (ctl_each(ctl, count_one, &s))
        return EXIT_FAILED;
    qsort(s.domains, s.n, sizeof s.domains[0], more_first);
    uint64_t age = s.oldest && ctl->now > s.oldest ? ctl->now - s.oldest : 0;
    printf(ctl->json ? "{\"messages\":%" PRIu64 ",\"held\":%" PRIu64 ",\"recipients\":%" PRIu64
                       ",\"octets\":%" PRIu64 ",\"oldest_seconds\":%" PRIu64 ",\"domains\":["
                     : "messages %" PRIu64 ", of these held %" PRIu64 "\nrecipients %" PRIu64
                       "\noctets %" PRIu64 "\noldest %" PRIu64 " seconds\n",
           s.messages, s.held, s.recipients, s.octets, age);
    print_domains(ctl, &s);
    if (ctl->json)
        puts("]}");
    return 0;
}
