/*
 * mailbox_ctl_courier.c - `posthouse mailbox import-courier`: what becomes of what Courier left. Taking over itself needs no
 * command: the first session or delivery that opens a folder does it.
 */
#include "access/mailbox_ctl.h"

#include "base/text.h"

static void print_json(const struct courier_plan *p)
{
    printf("\"taken\": %s, \"messages\": %zu, \"uidvalidity\": %u, \"uidnext\": %u, \"keep_uid\": %zu, "
           "\"get_uid\": %zu, \"keep_uidl\": %zu, \"stale\": %zu, \"keyword_letters\": %zu, "
           "\"keywords_beyond\": %zu, \"keywords_left\": %zu, \"messages_with_keywords\": %zu",
           p->taken ? "true" : "false", p->messages, p->validity, p->next, p->keep_uid, p->get_uid,
           p->keep_uidl, p->stale, p->letters, p->upper, p->left_behind, p->marked);
}

static void print_text(const struct courier_plan *p)
{
    if (p->taken) {
        printf("has a dovecot-uidlist: Courier's files are not looked at\n");
        return;
    }
    printf("%zu messages: ", p->messages);
    if (p->has_uids)
        printf("%zu keep their UID (UIDVALIDITY %u), %zu get one from %u on", p->keep_uid, p->validity,
               p->get_uid, p->next);
    else
        printf("all get UIDs, there is no courierimapuiddb");
    if (p->has_uidls)
        printf("; %zu keep their UIDL", p->keep_uidl);
    if (p->marked)
        printf("; %zu have keywords, %zu of which get a letter and %zu stand in posthouse-keywords",
               p->marked, p->letters, p->upper);
    if (p->left_behind)
        printf("; %zu keywords are left behind", p->left_behind);
    if (p->stale)
        printf("; %zu lines are about messages that are gone", p->stale);
    printf("\n");
}

/* Of one folder, or (subscriptions) of all. */
struct listing {
    struct ctl *ctl;
    size_t n;
};

static void on_conflict(void *arg, const struct mail_finding *f)
{
    struct listing *l = arg;
    if (l->ctl->json)
        printf("%s", l->n++ ? ", " : "");
    ctl_print_finding(stdout, f, l->ctl->json);
}

static struct mail_checked sums;
static bool first;

static int show_conflicts(struct ctl *ctl, const char *folder, struct err *e)
{
    struct listing l = {.ctl = ctl};
    const struct mail_observer observer = {.found = on_conflict, .arg = &l};
    if (ctl->json)
        printf(", \"conflicts\": [");
    int r = mail_courier_conflicts(ctl->store, folder, &observer, &sums, e);
    if (ctl->json)
        printf("]}");
    return r;
}

static int show(struct ctl *ctl, const char *folder, struct err *e)
{
    struct courier_plan plan;
    ctl_show_progress(ctl, folder, 0);
    if (mail_courier_plan(ctl->store, folder, &plan, e))
        return -1;
    ctl_end_progress(ctl);
    if (ctl->json) {
        printf("%s\n  {\"folder\": ", first ? "" : ",");
        text_print_json(stdout, folder);
        printf(", ");
        print_json(&plan);
    } else {
        text_print(stdout, folder);
        printf(": ");
        print_text(&plan);
    }
    first = false;
    return show_conflicts(ctl, folder, e);
}

static void on_subscribed(void *arg, const char *name)
{
    struct listing *l = arg;
    if (l->ctl->json) {
        printf("%s", l->n++ ? ", " : "");
        text_print_json(stdout, name);
    } else {
        printf("subscribed: ");
        text_print(stdout, name);
        printf("\n");
    }
}

int ctl_import_courier(struct ctl *ctl)
{
    struct listing l = {.ctl = ctl};
    struct err e;
    first = true;
    if (ctl->json)
        printf("{\"folders\": [");
    int status = ctl_each_folder(ctl, show);
    if (ctl->json)
        printf("], \"subscriptions\": [");
    if (!ctl->folder && mail_courier_subscriptions(ctl->store, on_subscribed, &l, &e))
        status = ctl_failed(ctl, &e);
    if (ctl->json)
        printf("]}\n");
    return status == EXIT_FINE && sums.problems ? EXIT_PROBLEMS : status;
}
