/*
 * pop3_session.c - the life of a POP3 session: open, lines in, answers out, end. See pop3_session.h.
 */
#include "access/pop3_session.h"

#include "base/cleanup.h"
#include "base/log.h"

#include <malloc.h>
#include <stdlib.h>

#define ANSWER_MAX 1024

/* ---- opening ---- */

/* Those with an order of an earlier server come first, by it; then the rest by UID. */
static int compare_mails(const void *a, const void *b)
{
    const struct pop3_mail *x = a, *y = b;
    uint32_t p = x->order - 1, q = y->order - 1; /* no order is after every order */
    if (p != q)
        return p < q ? -1 : 1;
    return (x->uid > y->uid) - (x->uid < y->uid);
}

static void rest(void *arg)
{
    (void)arg;
    session_status_idle("INBOX");
    malloc_trim(0);
}

int pop3_open(struct pop3 *s, const struct session_options *options, struct err *e)
{
    struct mail_store_options store = {.root = options->mail,
                                       .create = true,
                                       .quota_bytes = options->quota_bytes,
                                       .quota_messages = options->quota_messages,
                                       .quota_ignore = options->quota_ignore,
                                       .new_folders = options->new_folders,
                                       .watcher = options->watcher,
                                       .new_index = options->new_index};
    *s = (struct pop3){.options = options};
    strbuf_init(&s->line, POP3_LINE_MAX + 1); /* and a CR */
    imap_io_init(&s->io, 0, 1);
    s->io.resting = rest;
    if (session_confine(options, e) != 0 || mail_store_open(&s->store, &store, e) != 0 ||
        mailbox_open(&s->mailbox, s->store, "INBOX", false, e) != 0)
        return -1;
    s->count = mailbox_count(s->mailbox);
    s->mails = xcalloc(s->count + 1, sizeof(*s->mails));
    for (size_t i = 0; i < s->count; i++) {
        const struct mail *mail = mailbox_at(s->mailbox, i);
        s->mails[i] = (struct pop3_mail){.uid = mail->uid,
                                         .order = mailbox_pop3_order(s->mailbox, mail->uid),
                                         .seen = mail->flags & MAIL_SEEN};
    }
    qsort(s->mails, s->count, sizeof(*s->mails), compare_mails);
    return 0;
}

void pop3_close(struct pop3 *s)
{
    if (s->mailbox)
        mailbox_close(s->mailbox);
    mail_store_close(s->store);
    free(s->mails);
    strbuf_done(&s->line);
    imap_io_done(&s->io);
}

/* ---- answers ---- */

void pop3_say(struct pop3 *s, const char *fmt, ...)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(ANSWER_MAX);
    va_list ap;
    va_start(ap, fmt);
    strbuf_addv(&text, fmt, ap);
    va_end(ap);
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] < ' ' || text.data[i] > '~')
            text.data[i] = '?';
    strbuf_adds(&text, "\r\n");
    imap_io_write(&s->io, text.data, text.len);
}

void pop3_say_err(struct pop3 *s, const struct err *e)
{
    if (e->code == ERR_NOTFOUND) {
        pop3_say(s, "-ERR The message is gone, another client has removed it");
        return;
    }
    log_error("%s: %s", s->options->user, e->text);
    pop3_say(s, "-ERR [%s] %s", e->code == ERR_CORRUPT ? "SYS/PERM" : "SYS/TEMP", err_word(e->code));
}

struct pop3_mail *pop3_mail(struct pop3 *s, uint32_t number)
{
    if (number == 0 || number > s->count) {
        pop3_say(s, "-ERR There is no message %u", number);
        return NULL;
    }
    if (s->mails[number - 1].deleted) {
        pop3_say(s, "-ERR Message %u is deleted", number);
        return NULL;
    }
    return &s->mails[number - 1];
}

void pop3_size(struct pop3 *s, struct pop3_mail *mail)
{
    struct mail_info info;
    struct err e;
    if (mail->sized)
        return;
    mail->sized = true;
    if (mailbox_message_info(s->mailbox, mail->uid, &info, &e) == 0)
        mail->size = info.virtual_size;
    else if (e.code != ERR_NOTFOUND)
        log_error("%s: %s", s->options->user, e.text);
}

/* ---- lines in ---- */

enum line { LINE_WHOLE, LINE_LONG, LINE_END };

/* Take what belongs to the current line. */
static bool take_line(struct pop3 *s, bool *too_long)
{
    struct bytes in = imap_io_input(&s->io);
    size_t lf = bytes_index(in, '\n');
    size_t n = lf < in.n ? lf + 1 : in.n;
    struct bytes text = {in.p, lf};
    if (lf < in.n && lf > 0 && in.p[lf - 1] == '\r')
        text.n--;
    if (!strbuf_addb(&s->line, text))
        *too_long = true;
    imap_io_consume(&s->io, n);
    return lf < in.n;
}

static enum line read_line(struct pop3 *s)
{
    bool too_long = false;
    strbuf_clear(&s->line);
    do {
        enum imap_io_result r = imap_io_wait(&s->io, POP3_IDLE_MS, -1);
        s->why = r == IMAP_IO_TIMEOUT ? "idle for too long"
                 : r == IMAP_IO_STOP  ? "server shutting down"
                                      : "the client is gone";
        if (r != IMAP_IO_OK)
            return LINE_END;
        session_status_heard();
    } while (!take_line(s, &too_long));
    if (s->line.len > 0 && s->line.data[s->line.len - 1] == '\r') /* CR and LF came in two pieces */
        strbuf_truncate(&s->line, s->line.len - 1);
    return too_long ? LINE_LONG : LINE_WHOLE;
}

void pop3_run(struct pop3 *s)
{
    pop3_say(s, "+OK Logged in, %zu message%s", s->count, s->count == 1 ? "" : "s");
    while (!s->ended && !s->io.dead) {
        struct pop3_command command;
        enum line line = read_line(s);
        if (line == LINE_END)
            break;
        if (line == LINE_LONG)
            pop3_say(s, "-ERR The line is too long");
        else if (!pop3_parse(strbuf_bytes(&s->line), &command))
            pop3_say(s, "-ERR The arguments make no sense");
        else
            pop3_execute(s, &command);
    }
    imap_io_flush(&s->io);
    session_status_end(s->options, s->io.octets_in, s->io.octets_out, &s->did,
                       s->ended ? "logged out" : s->why);
}
