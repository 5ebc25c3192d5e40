/*
 * imap_news.c - see imap_news.h.
 *
 * The kernel wakes us when a name changes in new/ or cur/ (inotify); a slow poll covers file systems without it, watches that could not
 * be had, and events that were lost. A waking is only a hint: the mailbox is always asked itself. The first change is told at once,
 * those that follow closely together: many sessions would otherwise wear out one folder, and each other.
 */
#include "access/imap_news.h"

#include "access/imap_notify.h"

#include <time.h>

#define POLL_MS  (30 * 1000)
#define BLIND_MS (2 * 1000) /* without a watch */
#define PAUSE_MS 50         /* between two looks */

static int64_t now_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int least(int a, int64_t b)
{
    return b < a ? (int)b : a;
}

static int other_folders(const struct imap *s)
{
    return s->notify && s->notify->watch ? mail_store_watch_fd(s->notify->watch) : -1;
}

enum imap_io_result imap_news_wait(struct imap *s, int timeout_ms)
{
    int selected = s->mb ? mailbox_watch_fd(s->mb) : -1, others = other_folders(s);
    bool blind = (s->mb && selected < 0) || (s->notify && s->notify->watch && others < 0);
    int64_t early = s->news_looked + PAUSE_MS - now_ms();
    if (early > 0) {
        enum imap_io_result r = imap_io_wait(&s->io, least(timeout_ms, early), -1);
        if (r != IMAP_IO_TIMEOUT)
            return r;
    }
    s->io.also = others;
    enum imap_io_result r = imap_io_wait(&s->io, least(timeout_ms, blind ? BLIND_MS : POLL_MS), selected);
    s->io.also = -1;
    return r;
}

void imap_news_tell(struct imap *s, bool may_expunge)
{
    imap_session_sync(s, may_expunge, NULL, 0);
    imap_notify_tell(s);
    s->news_looked = now_ms();
}

enum imap_io_result imap_news_between(struct imap *s)
{
    bool immediate;
    bool wanted = s->notify && (imap_notify_selected(s, &immediate) || s->notify->watch);
    int64_t end = now_ms() + IMAP_IDLE_TIMEOUT_MS;
    if (!wanted)
        return imap_io_wait(&s->io, IMAP_IDLE_TIMEOUT_MS, -1);
    while (!s->bye) {
        enum imap_io_result r = imap_news_wait(s, least(IMAP_IDLE_TIMEOUT_MS, end - now_ms()));
        if ((r != IMAP_IO_OTHER && r != IMAP_IO_TIMEOUT) || now_ms() >= end)
            return r;
        imap_news_tell(s, immediate);
    }
    return IMAP_IO_OK;
}
