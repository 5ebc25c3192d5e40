/*
 * imap_progress.c - see imap_progress.h.
 */
#include "access/imap_session.h"

#include <time.h>

#define EVERY_MS   5000
#define LOOK_EVERY 16 /* calls between two looks at the clock */

static int64_t now_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void imap_progress(struct imap *s, struct imap_progress *p, size_t done, size_t total)
{
    if (p->calls++ % LOOK_EVERY)
        return;
    int64_t now = now_ms();
    if (!p->told_ms)
        p->told_ms = now;
    if (now - p->told_ms < EVERY_MS)
        return;
    p->told_ms = now;
    if (!imap_io_is_idle(&s->io))
        return;
    struct bytes tag = imap_parse_tag(&s->parse);
    imap_untagged(s, "OK [INPROGRESS (\"" BYTES_FMT "\" %zu %zu)] Still at work", BYTES_ARG(tag), done,
                  total);
    imap_io_flush(&s->io);
}

void imap_store_progress(void *arg, size_t done, size_t total)
{
    struct imap *s = arg;
    if (done == 0)
        s->work = (struct imap_progress){0};
    imap_progress(s, &s->work, done, total);
}
