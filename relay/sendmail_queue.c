/*
 * sendmail_queue.c - SUBMIT, LIST and FLUSH, and what their answers mean to the caller of a command.
 */
#include "relay/sendmail_queue.h"

#include "relay/relay_msg.h"
#include "relay/sendmail_drop.h"

#include "base/cleanup.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#define ANSWER_MS   (5 * 60 * 1000)
#define BATCH_BYTES 48000

static int connect_queue(const char *path)
{
    int fd = msg_connect(path);
    if (fd < 0)
        fprintf(stderr,
                "sendmail: the mail relay does not answer at %s: %s\n"
                "sendmail: start posthouse-relayd\n",
                path, strerror(errno));
    return fd;
}

/* Printable, whatever the queue says. */
static void print_text(FILE *out, const char *text)
{
    for (; *text; text++)
        fputc((unsigned char)*text < ' ' && *text != '\n' ? '?' : *text, out);
}

/* ---- SUBMIT ---- */

static int exit_status(unsigned code, const char *text)
{
    if (code / 100 == 2)
        return EX_OK;
    if (code / 100 == 4)
        return EX_TEMPFAIL;
    if (!strncmp(text, "5.1.1", 5))
        return EX_NOUSER;
    if (!strncmp(text, "5.1.3", 5) || !strncmp(text, "5.1.7", 5))
        return EX_DATAERR;
    if (!strncmp(text, "5.7.", 4))
        return EX_NOPERM;
    return EX_UNAVAILABLE;
}

static int read_answer(int fd, bool verbose, struct strbuf *answer)
{
    AUTO_STRBUF struct strbuf buf = STRBUF_INIT(MSG_MAX);
    struct msg_in in;
    if (msg_recv(fd, &buf, &in, ANSWER_MS) != 1 || in.type != SUBMIT_REPLY) {
        fprintf(stderr, "sendmail: the mail relay broke off; the message may not have been taken\n");
        return EX_TEMPFAIL;
    }
    uint32_t code = msg_get_u32(&in);
    AUTO_FREE char *text = msg_get_str(&in);
    int status = msg_end(&in) ? exit_status(code, text) : EX_TEMPFAIL;
    msg_in_done(&in);
    if (answer) {
        strbuf_clear(answer);
        strbuf_addf(answer, "%" PRIu32 " %s", code, text);
    } else if (status || verbose) {
        fprintf(stderr, "sendmail: %" PRIu32 " ", code);
        print_text(stderr, text);
        fprintf(stderr, "%s\n", status == EX_TEMPFAIL ? " (not sent; try again later)" : "");
    }
    return status;
}

/* One record with recipients from *next on. */
static int submit_batch(int fd, const struct submission *s, size_t *next)
{
    AUTO_MSG struct msg m;
    size_t first = *next, end = first, octets = 0;
    while (end < s->recipients->n && end - first < SENDMAIL_BATCH_MAX && octets < BATCH_BYTES)
        octets += strlen(s->recipients->items[end++]);
    msg_init(&m, SUBMIT);
    msg_put_str(&m, s->sender);
    msg_put_u32(&m, s->sender && !*s->sender);
    AUTO_FREE char *directory = getcwd(NULL, 0);
    msg_put_str(&m, directory);
    msg_put_u32(&m, s->ret);
    msg_put_str(&m, s->envid);
    msg_put_u32(&m, s->notify);
    msg_put_u32(&m, (uint32_t)(end - first));
    for (size_t i = first; i < end; i++)
        msg_put_str(&m, s->recipients->items[i]);
    msg_put_fd(&m, s->fd);
    *next = end;
    if (!msg_send(fd, &m))
        return read_answer(fd, s->verbose, s->answer);
    fprintf(stderr, "sendmail: cannot hand over the message: %s\n", strerror(errno));
    return EX_TEMPFAIL;
}

int queue_submit(const struct submission *s)
{
    AUTO_CLOSE int fd = msg_connect(s->socket);
    int status = EX_OK;
    if (fd < 0) {
        status = drop_submit(s);
        if (s->answer)
            strbuf_adds(s->answer, status ? "451 4.3.2 The relay does not run"
                                          : "250 2.0.0 Ok: the relay does not run yet");
        return status;
    }
    for (size_t next = 0; next < s->recipients->n && status == EX_OK;)
        status = submit_batch(fd, s, &next);
    return status;
}

int queue_flush(const char *socket)
{
    AUTO_CLOSE int fd = connect_queue(socket);
    AUTO_MSG struct msg m;
    msg_init(&m, FLUSH);
    if (fd < 0 || msg_send(fd, &m))
        return EX_TEMPFAIL;
    return read_answer(fd, false, NULL);
}

int queue_verify(const char *socket, char *const *addresses)
{
    AUTO_CLOSE int fd = connect_queue(socket);
    int worst = fd < 0 ? EX_TEMPFAIL : EX_OK;
    for (; fd >= 0 && *addresses; addresses++) {
        AUTO_MSG struct msg m;
        AUTO_STRBUF struct strbuf answer = STRBUF_INIT(4096);
        msg_init(&m, VERIFY);
        msg_put_str(&m, *addresses);
        int status = msg_send(fd, &m) ? EX_TEMPFAIL : read_answer(fd, false, &answer);
        worst = status ? status : worst;
        print_text(stdout, *addresses);
        fputs(": ", stdout);
        print_text(stdout, answer.data);
        putchar('\n');
    }
    return worst;
}

/* ---- LIST ---- */

static void print_time(uint64_t when)
{
    char text[40];
    time_t t = (time_t)when;
    struct tm tm;
    if (when > 253402300799u || !localtime_r(&t, &tm) ||
        !strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &tm))
        snprintf(text, sizeof text, "?");
    fputs(text, stdout);
}

static void print_listed(struct msg_in *in)
{
    AUTO_FREE char *id = msg_get_str(in);
    uint64_t arrived = msg_get_u64(in), size = msg_get_u64(in), next = msg_get_u64(in);
    AUTO_FREE char *sender = msg_get_str(in);
    uint32_t n = msg_get_u32(in);
    printf("%s  %8" PRIu64 "  ", id, size);
    print_time(arrived);
    fputs("  <", stdout);
    print_text(stdout, sender);
    fputs(">\n", stdout);
    for (; n && !in->bad; n--) {
        AUTO_FREE char *address = msg_get_str(in);
        AUTO_FREE char *text = msg_get_str(in);
        fputs("    ", stdout);
        print_text(stdout, address);
        fputs(*text ? "\n        " : "", stdout);
        print_text(stdout, text);
        fputc('\n', stdout);
    }
    fputs(next ? "    next attempt: " : "    being tried now", stdout);
    if (next)
        print_time(next);
    fputs("\n\n", stdout);
}

int queue_list(const char *socket)
{
    AUTO_STRBUF struct strbuf buf = STRBUF_INIT(MSG_MAX);
    AUTO_CLOSE int fd = connect_queue(socket);
    AUTO_MSG struct msg m;
    struct msg_in in;
    size_t n = 0;
    msg_init(&m, LIST);
    if (fd < 0 || msg_send(fd, &m))
        return EX_TEMPFAIL;
    while (msg_recv(fd, &buf, &in, ANSWER_MS) == 1) {
        if (in.type == LIST_END) {
            uint32_t untold = msg_get_u32(&in);
            if (untold)
                printf("and %" PRIu32 " more\n", untold);
            if (!n)
                puts("Mail queue is empty");
            return EX_OK;
        }
        if (in.type == LISTED)
            print_listed(&in);
        n++;
        msg_in_done(&in);
    }
    fprintf(stderr, "sendmail: the mail relay broke off\n");
    return EX_TEMPFAIL;
}
