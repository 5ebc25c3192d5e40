/*
 * local_deliver.c - the last step of a message on this machine: a deliverer at work.
 *
 * Takes what has arrived, up to 64 messages, writes them as one batch (one directory sync for all), answers
 * each; never waits for company. Ends after 5 s without work.
 */
#include "relay/local_deliver.h"

#include "relay/local_forward.h"
#include "relay/relay_msg.h"

#include "base/cleanup.h"
#include "base/log.h"

#include <errno.h>

#define BATCH_MAX 64
#define IDLE_MS   5000

struct batch {
    struct mail_delivery deliveries[BATCH_MAX];
    uint32_t ids[BATCH_MAX];
    char *uniques[BATCH_MAX];
    char *heads[BATCH_MAX];
    char *folders[BATCH_MAX]; /* asked for; then: where it goes */
    size_t n;
};

static void batch_clear(struct batch *b)
{
    for (size_t i = 0; i < b->n; i++) {
        close(b->deliveries[i].fd);
        free(b->uniques[i]);
        free(b->heads[i]);
        free(b->folders[i]);
    }
    b->n = 0;
}

static void batch_add(struct batch *b, struct msg_in *in)
{
    struct mail_delivery *d = &b->deliveries[b->n];
    *d = (struct mail_delivery){.fd = -1};
    b->ids[b->n] = msg_get_u32(in);
    b->uniques[b->n] = msg_get_str(in);
    b->folders[b->n] = msg_get_str(in);
    d->again = msg_get_u32(in);
    struct bytes head = msg_get_bytes(in);
    b->heads[b->n] = xcalloc(head.n + 1, 1);
    memcpy(b->heads[b->n], head.p, head.n);
    d->offset = (off_t)msg_get_u64(in);
    d->size = (off_t)msg_get_u64(in);
    d->fd = msg_get_fd(in);
    d->head = bytes_from(b->heads[b->n], head.n);
    d->unique = b->uniques[b->n];
    if (in->type != DELIVER || !msg_end(in) || d->offset < 0 || d->size < 0)
        log_fatal("malformed record %u from the queue", in->type);
    b->n++;
}

static int answer(uint32_t id, int result, const struct err *e, const struct forward *f)
{
    AUTO_MSG struct msg m;
    size_t n = result ? 0 : f->naddresses;
    msg_init(&m, DELIVERED);
    msg_put_u32(&m, id);
    msg_put_u32(&m, result ? e->code : ERR_OK);
    msg_put_str(&m, result ? e->text : "");
    msg_put_u32(&m, (uint32_t)n);
    for (size_t i = 0; i < n; i++)
        msg_put_str(&m, f->addresses[i]);
    return msg_send(0, &m);
}

/* ---- which folder ---- */

static char *in_any_case(struct mail_store *store, const char *name)
{
    struct mail_folder *folders;
    size_t n;
    struct err e;
    char *found = NULL;
    if (mail_store_folders(store, &folders, &n, &e))
        return NULL;
    for (size_t i = 0; i < n && !found; i++)
        if (folders[i].exists && bytes_eq_nocase(bytes_of(folders[i].name), bytes_of(name)))
            found = xstrdup(folders[i].name);
    mail_folders_free(folders, n);
    return found;
}

/* The folder that an address names after '+', or INBOX. */
static void find_folder(struct mail_store *store, char **folder)
{
    char *found = NULL;
    for (char *c = *folder; *c; c++)
        if (*c == '.')
            *c = '/';
    if (**folder)
        found = mail_store_has(store, *folder) ? xstrdup(*folder) : in_any_case(store, *folder);
    free(*folder);
    *folder = found ? found : xstrdup("INBOX");
}

/* ---- delivering ---- */

/* Neighbours that go to one folder go together. */
static void deliver_to_folders(struct mail_store *store, struct batch *b)
{
    for (size_t i = 0; i < b->n; i++)
        find_folder(store, &b->folders[i]);
    for (size_t i = 0, end; i < b->n; i = end) {
        for (end = i + 1; end < b->n && !strcmp(b->folders[i], b->folders[end]);)
            end++;
        mail_deliver(store, b->folders[i], b->deliveries + i, end - i);
    }
}

/* Into each of the folders that ~/.forward names; a folder that is not there is INBOX. */
static void deliver_copies(struct mail_store *store, struct batch *b, const struct forward *f)
{
    for (size_t k = 0; k < f->nfolders; k++) {
        bool there = mail_store_has(store, f->folders[k]);
        for (size_t i = 0; i < b->n; i++)
            if (!b->deliveries[i].result)
                mail_deliver(store, there ? f->folders[k] : "INBOX", &b->deliveries[i], 1);
    }
}

/* The address of Delivered-To, which the queue has put in front of each message. */
static struct bytes own_address(const struct batch *b)
{
    const char *at = strstr(b->heads[0], "Delivered-To: ");
    struct bytes rest = bytes_of(at ? at + 14 : "");
    return bytes_from(rest.p, bytes_index(rest, '\n'));
}

static void deliver_stored(struct batch *b, struct mail_store *store, const struct forward *f, bool forwarded)
{
    for (size_t i = 0; i < b->n; i++)
        b->deliveries[i].result = 0;
    if (forwarded)
        deliver_copies(store, b, f);
    else
        deliver_to_folders(store, b);
}

static int deliver(struct batch *b, const struct local_account *account, const struct err *not_confined)
{
    struct mail_store *store = NULL;
    struct err e = *not_confined;
    struct forward f = {.naddresses = 0};
    struct forward_owner owner = {account->user, own_address(b), account->home, account->store.root};
    int failed = not_confined->code ? -1 : 0, forwarded = 0, r = 0;
    if (!failed && account->home)
        failed = forwarded = local_forward_read(&f, &owner, &e);
    if (failed >= 0)
        failed = mail_store_open(&store, &account->store, &e);
    if (!failed)
        deliver_stored(b, store, &f, forwarded > 0);
    for (size_t i = 0; i < b->n; i++) {
        const struct mail_delivery *d = &b->deliveries[i];
        const struct err *why = failed ? &e : &d->err;
        if (failed || d->result)
            log_warn("%s: delivery failed: %s", account->user, why->text);
        r |= answer(b->ids[i], failed || d->result, why, &f);
    }
    mail_store_close(store);
    forward_done(&f);
    return r;
}

/* Wait for one record, then take those that are there too. False: nothing for a while, or the queue is gone.
 */
static bool collect(struct batch *b)
{
    AUTO_STRBUF struct strbuf buf = STRBUF_INIT(MSG_MAX);
    for (int timeout = IDLE_MS; b->n < BATCH_MAX; timeout = 0) {
        struct msg_in in;
        if (msg_recv(0, &buf, &in, timeout) != 1)
            break;
        batch_add(b, &in);
        msg_in_done(&in);
    }
    return b->n;
}

int local_deliver(const struct local_account *account)
{
    static struct batch batch;
    struct err not_confined = {.code = ERR_OK};
    if (account->confine)
        (void)mail_store_confine(account->store.root, &not_confined);
    while (collect(&batch)) {
        int r = deliver(&batch, account, &not_confined);
        batch_clear(&batch);
        if (r)
            return 1;
    }
    return 0;
}
