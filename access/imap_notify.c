/*
 * imap_notify.c - see imap_notify.h.
 */
#include "access/imap_notify.h"

#include "base/cleanup.h"

#include <stdlib.h>
#include <strings.h>

static void group_done(struct imap_notify_group *g)
{
    for (size_t i = 0; i < g->nnames; i++)
        free(g->names[i]);
    free(g->names);
}

static void forget_own(struct imap_notify *n)
{
    while (n->nown)
        free(n->own[--n->nown]);
}

void imap_notify_free(struct imap_notify *n)
{
    if (!n)
        return;
    for (size_t i = 0; i < n->ngroups; i++)
        group_done(&n->groups[i]);
    for (size_t i = 0; i < n->n; i++) {
        free(n->folders[i].folder.name);
        metadata_done(&n->folders[i].annotations);
    }
    metadata_done(&n->annotations);
    free(n->folders);
    forget_own(n);
    mail_store_watch_free(n->watch);
    imap_fetch_done(&n->fetch);
    imap_parse_done(&n->text);
    free(n);
}

static bool same_name(const char *a, const char *b)
{
    return strcmp(a, b) == 0 || (strcasecmp(a, "INBOX") == 0 && strcasecmp(b, "INBOX") == 0);
}

static bool is_below(const char *name, const char *top)
{
    size_t n = strlen(top);
    return strncmp(name, top, n) == 0 && name[n] == '.';
}

static bool matches(const struct imap_notify_group *g, const struct mail_folder *f)
{
    bool found =
        g->filter == IMAP_NOTIFY_PERSONAL ? f->exists : f->subscribed && g->filter == IMAP_NOTIFY_SUBSCRIBED;
    for (size_t i = 0; i < g->nnames && !found; i++)
        found = same_name(f->name, g->names[i]) ||
                (g->filter == IMAP_NOTIFY_SUBTREE && is_below(f->name, g->names[i]));
    return found;
}

unsigned imap_notify_events(const struct imap_notify *n, const struct mail_folder *f)
{
    unsigned events = 0;
    for (size_t i = 0; i < n->ngroups; i++)
        if (matches(&n->groups[i], f))
            events |= n->groups[i].events;
    return events;
}

unsigned imap_notify_selected(const struct imap *s, bool *immediate)
{
    *immediate = s->notify && s->notify->immediate;
    return s->notify ? s->notify->selected : IMAP_NOTIFY_MESSAGES;
}

void imap_notify_new_messages(struct imap *s, uint32_t max)
{
    if (!s->notify || s->notify->fetch.n == 0 || max == UINT32_MAX)
        return;
    uint32_t count = imap_view_count(&s->view);
    for (uint32_t seq = imap_view_from(&s->view, max + 1); seq <= count && !s->io.dead; seq++) {
        struct imap_message *m = imap_message_new(s->mb, imap_view_uid(&s->view, seq));
        (void)imap_fetch_send(s, &s->notify->fetch, m,
                              false); /* what cannot be read is told when the client asks */
        imap_message_free(m);
    }
}

bool imap_notify_is_own(const struct imap_notify *n, const char *name)
{
    for (size_t i = 0; i < n->nown; i++) {
        size_t len = strlen(n->own[i]);
        if (strncmp(n->own[i], name, len) == 0 && (name[len] == '\0' || (len && name[len] == '.')))
            return true;
    }
    return false;
}

void imap_notify_own(struct imap *s, const char *name)
{
    if (s->notify && s->notify->nown < ARRAY_LEN(s->notify->own))
        s->notify->own[s->notify->nown++] = xstrdup(name);
}
