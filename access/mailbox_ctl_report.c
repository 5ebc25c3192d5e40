/*
 * mailbox_ctl_report.c - what posthouse-mailbox prints: findings as text or JSON, progress on a terminal.
 */
#include "access/mailbox_ctl.h"

#include "base/bytes.h"
#include "base/log.h"
#include "base/text.h"

void ctl_show_progress(void *arg, const char *folder, size_t messages)
{
    const struct ctl *ctl = arg;
    if (!ctl->progress)
        return;
    fputc('\r', stderr);
    text_print(stderr, folder);
    fprintf(stderr, ": %zu\033[K", messages);
    fflush(stderr);
}

void ctl_end_progress(const struct ctl *ctl)
{
    if (ctl->progress)
        fprintf(stderr, "\r\033[K");
}

int ctl_failed(const struct ctl *ctl, const struct err *e)
{
    ctl_end_progress(ctl);
    log_error("%s: %s", ctl->user ? ctl->user : ctl->mail, e->text);
    return EXIT_FAILED;
}

/* ---- check ---- */

struct printing {
    struct ctl *ctl;
    size_t n;
};

static void print_json(FILE *out, const struct mail_finding *f)
{
    fprintf(out, "{\"kind\": \"%s\", \"folder\": ", f->problem ? "problem" : "note");
    if (f->folder)
        text_print_json(out, f->folder);
    else
        fprintf(out, "null");
    fprintf(out, ", \"file\": ");
    text_print_json(out, f->file);
    fprintf(out, ", \"what\": ");
    text_print_json(out, f->what);
    fprintf(out, ", \"way_out\": ");
    text_print_json(out, f->way_out);
    fprintf(out, "}");
}

void ctl_print_finding(FILE *out, const struct mail_finding *f, bool json)
{
    if (json) {
        print_json(out, f);
        return;
    }
    fprintf(out, "%s: ", f->problem ? "problem" : "note");
    text_print(out, f->file);
    fprintf(out, " ");
    text_print(out, f->what);
    fprintf(out, "\n    ");
    text_print(out, f->way_out);
    fprintf(out, "\n");
}

static void on_found(void *arg, const struct mail_finding *f)
{
    struct printing *p = arg;
    ctl_end_progress(p->ctl);
    if (p->ctl->json)
        printf("%s\n  ", p->n++ ? "," : "");
    ctl_print_finding(stdout, f, p->ctl->json);
}

static void on_progress(void *arg, const char *folder, size_t messages)
{
    ctl_show_progress(((struct printing *)arg)->ctl, folder, messages);
}

int ctl_check(struct ctl *ctl)
{
    struct printing p = {.ctl = ctl};
    const struct mail_observer observer = {.found = on_found, .progress = on_progress, .arg = &p};
    struct mail_checked sums;
    struct err e;
    if (ctl->json)
        printf("{\"findings\": [");
    int r = mail_check(ctl->store, ctl->folder, &observer, &sums, &e);
    ctl_end_progress(ctl);
    if (ctl->json)
        printf("%s], \"folders\": %zu, \"messages\": %zu, \"problems\": %zu, \"notes\": %zu, \"complete\": "
               "%s}\n",
               p.n ? "\n" : "", sums.folders, sums.messages, sums.problems, sums.notes, r ? "false" : "true");
    else
        printf("%zu folders, %zu messages: %zu problems, %zu notes\n", sums.folders, sums.messages,
               sums.problems, sums.notes);
    if (r)
        return ctl_failed(ctl, &e);
    return sums.problems ? EXIT_PROBLEMS : EXIT_FINE;
}
