/*
 * mailbox_ctl_index.c - `posthouse mailbox index`: the texts that SEARCH looks into are read now, so that no search has to.
 */
#include "access/imap_text.h"
#include "access/mailbox_ctl.h"

#include "base/text.h"
#include "base/strbuf.h"

#include <stdlib.h>

struct indexing {
    struct ctl *ctl;
    const char *folder;
};

static bool on_progress(void *arg, size_t done, size_t total)
{
    const struct indexing *x = arg;
    (void)total;
    ctl_show_progress(x->ctl, x->folder, done);
    return true;
}

static size_t read_texts(struct mailbox *mb, struct indexing *x)
{
    size_t count = mailbox_count(mb), n = 0;
    struct imap_text_want *wants = xcalloc(count + 1, sizeof *wants);
    for (size_t i = 0; i < count; i++) {
        const struct mail *mail = mailbox_at(mb, i);
        if (mail)
            wants[n++].uid = mail->uid;
    }
    struct imap_text t = {.mb = mb, .wants = wants, .n = n, .progress = on_progress, .arg = x};
    imap_text_find(&t);
    free(wants);
    return t.read;
}

static void print_line(const struct ctl *ctl, const char *folder, size_t messages, size_t read)
{
    static bool first = true;
    if (ctl->json) {
        printf("%s\n  {\"folder\": ", first ? "" : ",");
        text_print_json(stdout, folder);
        printf(", \"messages\": %zu, \"read\": %zu}", messages, read);
    } else {
        text_print(stdout, folder);
        printf(": %zu messages, %zu of them read\n", messages, read);
    }
    first = false;
}

static int index_folder(struct ctl *ctl, const char *folder, struct err *e)
{
    struct indexing x = {.ctl = ctl, .folder = folder};
    struct mailbox *mb;
    ctl_show_progress(ctl, folder, 0);
    if (mailbox_open(&mb, ctl->store, folder, false, e))
        return -1;
    size_t read = read_texts(mb, &x);
    ctl_end_progress(ctl);
    print_line(ctl, folder, mailbox_count(mb), read);
    mailbox_close(mb);
    return 0;
}

int ctl_index(struct ctl *ctl)
{
    if (ctl->json)
        printf("{\"folders\": [");
    int status = ctl_each_folder(ctl, index_folder);
    if (ctl->json)
        printf("]}\n");
    return status;
}
