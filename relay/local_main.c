/*
 * local_main.c - posthouse-local: the last step of a message on this machine. uid of the recipient.
 *
 * Started by relayd with the queue's socket on descriptor 0 and the log on 3. Takes what has arrived, up to
 * 64 messages, writes them as one batch (one directory sync for all), answers each; never waits for company.
 * Ends after 5 s without work. It is installed executable but not readable, and undumpable, so that the user
 * whose uid it has cannot look into it; what it answers is believed about this user only.
 */
#include "relay/relay_msg.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "base/priv.h"
#include "maildir/maildir.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

#define BATCH_MAX 64
#define IDLE_MS   5000

struct batch {
    struct mail_delivery deliveries[BATCH_MAX];
    uint32_t ids[BATCH_MAX];
    char *uniques[BATCH_MAX];
    char *heads[BATCH_MAX];
    size_t n;
};

static const char *user = "?";
static bool shared_uid;
static struct err not_confined; /* .code: what keeps us from delivering at all */

static void batch_clear(struct batch *b)
{
    for (size_t i = 0; i < b->n; i++) {
        close(b->deliveries[i].fd);
        free(b->uniques[i]);
        free(b->heads[i]);
    }
    b->n = 0;
}

static void batch_add(struct batch *b, struct msg_in *in)
{
    struct mail_delivery *d = &b->deliveries[b->n];
    *d = (struct mail_delivery){.fd = -1};
    b->ids[b->n] = msg_get_u32(in);
    b->uniques[b->n] = msg_get_str(in);
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

static int answer(uint32_t id, int result, const struct err *e)
{
    AUTO_MSG struct msg m;
    msg_init(&m, DELIVERED);
    msg_put_u32(&m, id);
    msg_put_u32(&m, result ? e->code : ERR_OK);
    msg_put_str(&m, result ? e->text : "");
    return msg_send(0, &m);
}

static int deliver(struct batch *b, const struct mail_store_options *options)
{
    struct mail_store *store;
    struct err e;
    int failed = not_confined.code ? -1 : mail_store_open(&store, options, &e), r = 0;
    if (not_confined.code)
        e = not_confined;
    if (!failed)
        mail_deliver(store, "INBOX", b->deliveries, b->n);
    for (size_t i = 0; i < b->n; i++) {
        const struct mail_delivery *d = &b->deliveries[i];
        const struct err *why = failed ? &e : &d->err;
        if (failed || d->result)
            log_warn("%s: delivery failed: %s", user, why->text);
        r |= answer(b->ids[i], failed || d->result, why);
    }
    if (!failed)
        mail_store_close(store);
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

static int64_t number(const char *text)
{
    uint64_t v;
    if (!bytes_to_u64(bytes_of(text), INT64_MAX, &v))
        log_fatal("a number is expected instead of \"%s\"", text);
    return (int64_t)v;
}

static void parse_options(int argc, char **argv, struct mail_store_options *options)
{
    static const struct option longs[] = {{"user", 1, NULL, 'u'},         {"mail", 1, NULL, 'm'},
                                          {"quota-bytes", 1, NULL, 'b'},  {"quota-messages", 1, NULL, 'n'},
                                          {"quota-ignore", 1, NULL, 'i'}, {"new-folders", 1, NULL, 'f'},
                                          {"confine", 0, NULL, 'c'},      {NULL, 0, NULL, 0}};
    int c;
    opterr = 0;
    while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
        if (c == 'u')
            user = optarg;
        else if (c == 'm')
            options->root = optarg;
        else if (c == 'b')
            options->quota_bytes = number(optarg);
        else if (c == 'n')
            options->quota_messages = number(optarg);
        else if (c == 'i')
            options->quota_ignore = *optarg ? optarg : NULL;
        else if (c == 'f')
            options->new_folders = optarg;
        else if (c == 'c')
            shared_uid = true;
        else
            log_fatal("unknown option");
    }
    if (!options->root || options->root[0] != '/')
        log_fatal("--mail with an absolute path is needed: this program is started by posthouse-relayd");
}

int main(int argc, char **argv)
{
    static struct batch batch;
    struct mail_store_options options = {.create = true};
    log_init_child("local", CHILD_LOG_FD);
    signal(SIGPIPE, SIG_IGN);
    umask(077);
    priv_hide();
    parse_options(argc, argv, &options);
    if (shared_uid)
        (void)mail_store_confine(options.root, &not_confined);
    while (collect(&batch)) {
        int r = deliver(&batch, &options);
        batch_clear(&batch);
        if (r)
            return 1;
    }
    return 0;
}
