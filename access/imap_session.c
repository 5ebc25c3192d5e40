/*
 * imap_session.c - the loop: read, parse, find, run, tell what has changed, answer.
 */
#include "access/imap_session.h"

#include "access/imap_append.h"
#include "access/imap_commands.h"
#include "access/imap_condstore.h"
#include "access/imap_message.h"
#include "access/imap_news.h"
#include "access/imap_notify.h"
#include "access/imap_results.h"
#include "base/cleanup.h"
#include "base/log.h"

#include <stdlib.h>

void imap_session_deselect(struct imap *s)
{
    imap_message_free(s->message);
    s->message = NULL;
    imap_view_done(&s->view);
    imap_saved_clear(s);
    mailbox_close(s->mb);
    s->mb = NULL;
    s->keywords_told = 0;
    s->has_modseqs = false;
}

/* ---- one command ---- */

static enum imap_status refuse_unknown(struct imap *s)
{
    struct bytes name = imap_parse_name(&s->parse);
    if (name.n > 40)
        name.n = 40;
    return imap_bad(s, "Unknown command " BYTES_FMT, BYTES_ARG(name));
}

bool imap_session_allows(struct imap *s, const struct imap_command *c)
{
    if (c->flags & IMAP_NEEDS_MAILBOX && !s->mb)
        imap_bad(s, "[CLIENTBUG] %s needs a selected mailbox", c->name);
    else if (c->flags & IMAP_TAKES_NUMBERS && imap_uidonly(s))
        imap_bad(s, "[UIDREQUIRED] UIDONLY is enabled: use UID %s", c->name);
    else if (c->flags & IMAP_WRITES && mailbox_read_only(s->mb))
        imap_no(s, "[READ-ONLY] The mailbox is open for reading only");
    else
        return true;
    return false;
}

static enum imap_status run(struct imap *s, const struct imap_command *c)
{
    if (!c)
        return refuse_unknown(s);
    return imap_session_allows(s, c) ? c->run(s) : s->reply.status;
}

static void run_command(struct imap *s)
{
    const struct imap_command *c = imap_command_find(&s->parse, &s->args);
    s->by_uid = c && bytes_starts_nocase(bytes_of(c->name), BYTES("UID "));
    s->sync_done = s->keeps_numbers = false;
    enum imap_status status = run(s, c);
    if (c && !(c->flags & IMAP_QUIET) && !s->sync_done && status != IMAP_BAD)
        imap_session_sync(s, !(c->flags & IMAP_KEEPS_NUMBERS) && !s->keeps_numbers, NULL, 0);
    if (c && !(c->flags & IMAP_QUIET))
        imap_condstore_settle(s);
    imap_notify_tell(s);
    s->bad_in_row = status == IMAP_BAD ? s->bad_in_row + 1 : 0;
    if (!s->bye) /* which says more than the answer would */
        imap_reply_send(s);
    if (s->compress && !imap_io_compress(&s->io))
        s->bye = "[CLIENTBUG] Nothing may be sent between COMPRESS and its answer";
    s->compress = false;
    if (s->mb)
        mailbox_rest(s->mb);
}

static void refuse_broken(struct imap *s)
{
    if (s->parse.error_code)
        imap_bad(s, "[%s] %s", s->parse.error_code, s->parse.error);
    else
        imap_bad(s, "%s", s->parse.error);
    s->bad_in_row++;
    imap_reply_send(s);
}

static void on_event(struct imap *s, enum imap_parse_event event)
{
    switch (event) {
    case IMAP_PARSE_MORE:
        return;
    case IMAP_PARSE_CONTINUE:
        imap_puts(s, "+ OK\r\n");
        return;
    case IMAP_PARSE_STREAM:
        imap_append_begin(s);
        return;
    case IMAP_PARSE_DONE:
        run_command(s);
        break;
    case IMAP_PARSE_BAD:
        if (imap_append_abort(s))
            imap_reply_send(s);
        else
            refuse_broken(s);
        break;
    case IMAP_PARSE_FATAL:
        s->bye = "[TOOBIG] A literal is too large to be skipped";
        break;
    }
    imap_parse_reset(&s->parse);
    if (s->bad_in_row >= IMAP_BAD_COMMANDS_MAX)
        s->bye = "[CLIENTBUG] Too many commands that are wrong";
}

/* ---- the session ---- */

/* Why waiting for input ended the session. */
static void end_of_input(struct imap *s, enum imap_io_result why)
{
    s->ending = true;
    if (why == IMAP_IO_TIMEOUT)
        s->bye = "[UNAVAILABLE] Idle for too long";
    else if (why == IMAP_IO_STOP)
        s->bye = "[UNAVAILABLE] Server shutting down";
    else
        s->lost = "the client is gone";
}

bool imap_session_more(struct imap *s)
{
    enum imap_io_result r =
        imap_parse_idle(&s->parse) ? imap_news_between(s) : imap_io_wait(&s->io, IMAP_COMMAND_TIMEOUT_MS, -1);
    if (r == IMAP_IO_OK)
        session_status_heard();
    else
        end_of_input(s, r);
    return r == IMAP_IO_OK;
}

static void greet(struct imap *s)
{
    AUTO_STRBUF struct strbuf can = STRBUF_INIT(IMAP_CAPABILITIES_MAX);
    imap_capabilities_write(s, &can);
    if (s->options->tag) {
        imap_puts(s, s->options->tag);
        imap_puts(s, " OK [");
        imap_put(s, strbuf_bytes(&can));
        imap_puts(s, "] Logged in\r\n");
    } else
        imap_untagged(s, "PREAUTH [%s] Posthouse is ready, logged in as %s", can.data, s->options->user);
}

void imap_session_run(struct imap *s)
{
    strbuf_init(&s->reply.text, IMAP_REPLY_MAX);
    imap_parse_init(&s->parse, &imap_parse_after_login);
    s->io.resting = imap_session_rest;
    s->io.resting_arg = s;
    greet(s);
    while (!s->ending && !s->bye && imap_session_more(s)) {
        enum imap_parse_event event;
        size_t used = imap_parse_feed(&s->parse, imap_io_input(&s->io), &event);
        imap_io_consume(&s->io, used);
        on_event(s, event);
    }
    if (s->bye)
        imap_untagged(s, "BYE %s", s->bye);
    imap_io_flush(&s->io);
    imap_append_abort(s);
    imap_notify_free(TAKE_PTR(s->notify));
    imap_session_deselect(s);
    imap_parse_done(&s->parse);
    strbuf_done(&s->reply.text);
}
