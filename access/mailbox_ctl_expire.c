/*
 * mailbox_ctl_expire.c - `posthouse mailbox expire`: autoexpunge now, for accounts that nobody logs in to; with --dry-run it only says what would go.
 */
#include "access/expire.h"
#include "access/mailbox_ctl.h"

#include "base/text.h"

struct report {
    struct ctl *ctl;
    bool any;
};

static void print(void *arg, const struct expired *x)
{
    struct report *r = arg;
    if (r->ctl->json) {
        printf("%s{\"folder\": ", r->any ? ",\n " : "[");
        text_print_json(stdout, x->folder);
        printf(", \"days\": %lld, \"messages\": %zu, \"done\": %s}", (long long)x->days, x->messages,
               r->ctl->dry_run ? "false" : "true");
    } else {
        text_print(stdout, x->folder);
        printf(": %zu messages older than %lld days %s\n", x->messages, (long long)x->days,
               r->ctl->dry_run ? "would be removed" : "were removed");
    }
    r->any = true;
}

int ctl_expire(struct ctl *ctl)
{
    struct report r = {.ctl = ctl};
    struct err e;
    size_t failed = expire(ctl->store, ctl->autoexpunge ? ctl->autoexpunge : "", ctl->folder, ctl->dry_run,
                           print, &r, &e);
    if (ctl->json)
        printf("%s]\n", r.any ? "" : "[");
    else if (!r.any && !failed)
        printf("no folder is named by the option autoexpunge\n");
    return failed ? ctl_failed(ctl, &e) : EXIT_FINE;
}
