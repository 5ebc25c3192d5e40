/*
 * mailbox_ctl_status.c - `posthouse mailbox status` and `rebuild`: folders one after the other.
 */
#include "access/mailbox_ctl.h"

#include "base/text.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "base/strbuf.h"

#include <strings.h>

int ctl_each_folder(struct ctl *ctl, int (*f)(struct ctl *ctl, const char *folder, struct err *e))
{
    struct mail_folder *folders;
    size_t n;
    struct err e;
    if (ctl->folder)
        return f(ctl, ctl->folder, &e) ? ctl_failed(ctl, &e) : EXIT_FINE;
    if (mail_store_folders(ctl->store, &folders, &n, &e))
        return ctl_failed(ctl, &e);
    int status = EXIT_FINE;
    for (size_t i = 0; i < n; i++)
        if (folders[i].exists && f(ctl, folders[i].name, &e)) {
            err_prefix(&e, "%s", folders[i].name);
            status = ctl_failed(ctl, &e);
        }
    mail_folders_free(folders, n);
    return status;
}

/* ---- status ---- */

struct line {
    struct mailbox_status status;
    uint64_t modseq;
    int64_t octets, messages;
    const char *index;
};

static void print_line(const struct ctl *ctl, const char *folder, const struct line *l)
{
    static bool first = true;
    const struct mailbox_status *s = &l->status;
    if (ctl->json) {
        printf("%s\n  {\"folder\": ", first ? "" : ",");
        text_print_json(stdout, folder);
        printf(", \"messages\": %u, \"unseen\": %u, \"recent\": %u, \"octets\": %lld, \"uidvalidity\": %u, "
               "\"uidnext\": "
               "%u, \"highestmodseq\": %llu, \"index\": \"%s\"}",
               s->messages, s->unseen, s->recent, (long long)l->octets, s->uidvalidity, s->uidnext,
               (unsigned long long)l->modseq, l->index);
    } else {
        if (first)
            printf("%8s %8s %8s %14s %11s %10s %18s %-8s %s\n", "messages", "unseen", "recent", "octets",
                   "uidvalidity", "uidnext", "highestmodseq", "index", "folder");
        printf("%8u %8u %8u %14lld %11u %10u %18llu %-8s ", s->messages, s->unseen, s->recent,
               (long long)l->octets, s->uidvalidity, s->uidnext, (unsigned long long)l->modseq, l->index);
        text_print(stdout, folder);
        printf("\n");
    }
    first = false;
}

static int status_of(struct ctl *ctl, const char *folder, struct err *e)
{
    struct line l = {.index = mail_index_state(ctl->store, folder)};
    struct mailbox *mb;
    ctl_show_progress(ctl, folder, 0);
    if (mailbox_open(&mb, ctl->store, folder, true, e))
        return -1;
    l.modseq = mailbox_sequence(mb);
    mailbox_close(mb);
    if (mail_store_status(ctl->store, folder, false, &l.status, e) ||
        mail_store_usage(ctl->store, folder, &l.octets, &l.messages, e))
        return -1;
    ctl_end_progress(ctl);
    print_line(ctl, folder, &l);
    return 0;
}

static void print_quota(struct ctl *ctl)
{
    int64_t octets, messages;
    struct err e;
    if (mail_store_usage(ctl->store, NULL, &octets, &messages, &e))
        return;
    if (ctl->json) {
        printf(",\n \"quota\": {\"octets\": %lld, \"messages\": %lld, \"limit_octets\": %lld, "
               "\"limit_messages\": %lld}}\n",
               (long long)octets, (long long)messages, (long long)ctl->quota_bytes,
               (long long)ctl->quota_messages);
        return;
    }
    printf("used: %lld octets", (long long)octets);
    if (ctl->quota_bytes)
        printf(" of %lld", (long long)ctl->quota_bytes);
    printf(", %lld messages", (long long)messages);
    if (ctl->quota_messages)
        printf(" of %lld", (long long)ctl->quota_messages);
    printf("\n");
}

int ctl_status(struct ctl *ctl)
{
    if (ctl->json) {
        printf("{\"mail\": ");
        text_print_json(stdout, ctl->mail);
        printf(", \"folders\": [");
    }
    int status = ctl_each_folder(ctl, status_of);
    if (ctl->json)
        printf("]");
    print_quota(ctl);
    return status;
}

/* ---- rebuild ---- */

static const char cost[] = "%s; with --renumber all messages get new UIDs under a new UIDVALIDITY: every "
                           "client downloads the folder again, and POP3 "
                           "clients that leave mail on the server get it twice";

static int rebuild(struct ctl *ctl, const char *folder, struct err *e)
{
    enum mail_rebuild what = ctl->renumber  ? MAIL_REBUILD_RENUMBER
                             : ctl->uidlist ? MAIL_REBUILD_UIDLIST
                                            : MAIL_REBUILD_INDEX;
    size_t messages;
    ctl_show_progress(ctl, folder, 0);
    if (mailbox_rebuild(ctl->store, folder, what, &messages, e)) {
        AUTO_FREE char *text = xstrdup(e->text);
        if (e->code == ERR_CORRUPT && ctl->uidlist && !ctl->renumber)
            log_error(cost, text);
        return -1;
    }
    ctl_end_progress(ctl);
    if (ctl->json) {
        printf("{\"folder\": ");
        text_print_json(stdout, folder);
        printf(", \"messages\": %zu}\n", messages);
    } else {
        text_print(stdout, folder);
        printf(": %zu messages\n", messages);
    }
    return 0;
}

int ctl_rebuild(struct ctl *ctl)
{
    return ctl_each_folder(ctl, rebuild);
}
