/*
 * imap_cmd_notify.c - NOTIFY (RFC 5465): reading it. A copy of the command is kept, since the FETCH items of MessageNew refer to it.
 */
#include "access/imap_commands.h"
#include "access/imap_notify.h"
#include "base/cleanup.h"

#include <stdlib.h>

static const struct {
    const char *name;
    unsigned event;
} events[] = {
    {"MessageNew", IMAP_NOTIFY_NEW},
    {"MessageExpunge", IMAP_NOTIFY_EXPUNGE},
    {"FlagChange", IMAP_NOTIFY_FLAGS},
    {"MailboxName", IMAP_NOTIFY_NAME},
    {"SubscriptionChange", IMAP_NOTIFY_SUBSCRIPTION},
    {"MailboxMetadataChange", IMAP_NOTIFY_METADATA},
    {"ServerMetadataChange", IMAP_NOTIFY_SERVER_METADATA},
};

static const struct {
    const char *name;
    enum imap_notify_filter filter;
    bool names;
} filters[] = {
    {"INBOXES", IMAP_NOTIFY_PERSONAL, false}, /* which these are is not easily said: mail may be delivered to any */
    {"PERSONAL", IMAP_NOTIFY_PERSONAL, false}, {"SUBSCRIBED", IMAP_NOTIFY_SUBSCRIBED, false},
    {"SUBTREE", IMAP_NOTIFY_SUBTREE, true},    {"MAILBOXES", IMAP_NOTIFY_MAILBOXES, true},
};

/* All of these settle the answer when they return false. */

static bool malformed(struct imap *s)
{
    imap_bad(s, "NOTIFY takes NONE, or SET and groups as (SELECTED (MessageNew MessageExpunge)) or "
                "(MAILBOXES INBOX NONE)");
    return false;
}

static bool bad_event(struct imap *s)
{
    AUTO_STRBUF struct strbuf names = STRBUF_INIT(1024);
    for (size_t i = 0; i < ARRAY_LEN(events); i++)
        strbuf_addf(&names, "%s%s", i ? " " : "", events[i].name);
    imap_no(s, "[BADEVENT (%s)] These are the events that can be told", names.data);
    return false;
}

/* MessageNew's list of FETCH items. */
static bool read_fetch(struct imap *s, struct imap_notify *n, struct imap_args *list)
{
    struct imap_args outer = s->args, skipped;
    bool by_uid = s->by_uid;
    s->args = *list;
    imap_args_list(list, &skipped);
    s->args.end = list->at;
    s->by_uid = true;
    bool fine = imap_fetch_parse(s, &n->fetch);
    s->args = outer;
    s->by_uid = by_uid;
    return fine;
}

static bool read_event(struct imap *s, struct imap_notify *n, struct imap_args *list, bool selected,
                       unsigned *wanted)
{
    struct bytes name;
    size_t i = 0;
    if (!imap_args_atom(list, &name))
        return malformed(s);
    while (i < ARRAY_LEN(events) && !bytes_eq_nocase(name, bytes_of(events[i].name)))
        i++;
    if (i == ARRAY_LEN(events))
        return bad_event(s);
    *wanted |= events[i].event;
    if (imap_args_end(list) || imap_args_type(list) != IMAP_LIST)
        return true;
    if (!selected || events[i].event != IMAP_NOTIFY_NEW || n->fetch.n)
        return malformed(s);
    return read_fetch(s, n, list);
}

static bool fit_together(struct imap *s, unsigned wanted, bool selected)
{
    unsigned both = wanted & (IMAP_NOTIFY_NEW | IMAP_NOTIFY_EXPUNGE);
    bool fine = both ? both == (IMAP_NOTIFY_NEW | IMAP_NOTIFY_EXPUNGE) : !(wanted & IMAP_NOTIFY_FLAGS);
    if (!fine)
        imap_bad(s, "MessageNew and MessageExpunge go together, and FlagChange goes with both");
    else if (selected && wanted & ~IMAP_NOTIFY_MESSAGES)
        imap_bad(s, "Only events of messages go with SELECTED and SELECTED-DELAYED");
    else
        return true;
    return false;
}

static bool read_events(struct imap *s, struct imap_notify *n, struct imap_args *group, bool selected,
                        unsigned *wanted)
{
    struct imap_args list;
    *wanted = 0;
    if (imap_args_word(group, "NONE"))
        return imap_args_end(group) || malformed(s);
    if (!imap_args_list(group, &list) || imap_args_end(&list) || !imap_args_end(group))
        return malformed(s);
    while (!imap_args_end(&list))
        if (!read_event(s, n, &list, selected, wanted))
            return false;
    return fit_together(s, *wanted, selected);
}

static bool read_name(struct imap *s, struct imap_notify_group *g, struct imap_args *a)
{
    struct imap_args outer = s->args;
    s->args = *a;
    char *name = imap_session_mailbox(s);
    *a = s->args;
    s->args = outer;
    if (!name)
        return false;
    if (g->nnames == IMAP_NOTIFY_NAMES_MAX) {
        free(name);
        imap_no(s, "[NOTIFICATIONOVERFLOW] At most %d mailboxes can be named", IMAP_NOTIFY_NAMES_MAX);
        return false;
    }
    g->names = xgrow(g->names, g->nnames, sizeof(*g->names));
    g->names[g->nnames++] = name;
    return true;
}

static bool read_names(struct imap *s, struct imap_notify_group *g, struct imap_args *group)
{
    struct imap_args list;
    if (!imap_args_list(group, &list))
        return imap_args_end(group) ? malformed(s) : read_name(s, g, group);
    if (imap_args_end(&list))
        return malformed(s);
    while (!imap_args_end(&list))
        if (!read_name(s, g, &list))
            return false;
    return true;
}

static bool read_other(struct imap *s, struct imap_notify *n, struct imap_args *group)
{
    size_t i = 0;
    while (i < ARRAY_LEN(filters) && !imap_args_word(group, filters[i].name))
        i++;
    if (i == ARRAY_LEN(filters))
        return malformed(s);
    if (n->ngroups == IMAP_NOTIFY_GROUPS_MAX) {
        imap_no(s, "[NOTIFICATIONOVERFLOW] At most %d groups can be asked for", IMAP_NOTIFY_GROUPS_MAX);
        return false;
    }
    struct imap_notify_group *g = &n->groups[n->ngroups++];
    g->filter = filters[i].filter;
    return (!filters[i].names || read_names(s, g, group)) && read_events(s, n, group, false, &g->events);
}

static bool read_groups(struct imap *s, struct imap_notify *n)
{
    struct imap_args group;
    bool selected = false;
    if (imap_args_end(&s->args))
        return malformed(s);
    while (!imap_args_end(&s->args)) {
        if (!imap_args_list(&s->args, &group))
            return malformed(s);
        bool immediate = imap_args_word(&group, "SELECTED");
        if (!immediate && !imap_args_word(&group, "SELECTED-DELAYED")) {
            if (!read_other(s, n, &group))
                return false;
            continue;
        }
        if (selected || !read_events(s, n, &group, true, &n->selected))
            return selected ? malformed(s) : false;
        n->immediate = immediate;
        selected = true;
    }
    return true;
}

static void replace(struct imap *s, struct imap_notify *n)
{
    imap_notify_free(s->notify);
    s->notify = n;
    if (n->ngroups)
        n->watch = mail_store_watch_new(s->store);
}

/* The words of a command, to be kept. */
static bool copy_words(struct imap_parse *to, const struct imap_parse *from)
{
    imap_parse_init(to, &from->limits);
    to->tokens = memcpy(xcalloc(from->ntokens + 1, sizeof(*to->tokens)), from->tokens,
                        from->ntokens * sizeof(*to->tokens));
    to->ntokens = to->tokens_size = from->ntokens;
    return from->text.len <= IMAP_NOTIFY_TEXT_MAX && strbuf_addb(&to->text, strbuf_bytes(&from->text));
}

static enum imap_status set(struct imap *s)
{
    struct imap_notify *n = xcalloc(1, sizeof(*n));
    if (!copy_words(&n->text, &s->parse)) {
        imap_notify_free(n);
        return imap_no(s, "[LIMIT] This NOTIFY is too long");
    }
    s->args.p = &n->text;
    n->status = imap_args_word(&s->args, "STATUS");
    if (!read_groups(s, n)) {
        imap_notify_free(n);
        return s->reply.status;
    }
    imap_session_sync(s, true, NULL, 0); /* accumulated changes, as the client had them told until now */
    replace(s, n);
    imap_notify_begin(s);
    return imap_ok(s, "These will be told");
}

enum imap_status imap_cmd_notify(struct imap *s)
{
    if (imap_args_word(&s->args, "SET"))
        return set(s);
    if (!imap_args_word(&s->args, "NONE") || !imap_args_end(&s->args)) {
        malformed(s);
        return IMAP_BAD;
    }
    replace(s, xcalloc(1, sizeof(struct imap_notify)));
    return imap_ok(s, "Nothing will be told");
}
