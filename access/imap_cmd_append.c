/*
 * imap_cmd_append.c - APPEND of one or several messages (RFC 3502). They go from the socket to the disk in pieces; nothing of them is
 * held in memory. Several become visible together, or none.
 *
 * The parser stops where the message begins (imap_cmd_append_begin), the rest of the line follows, and with
 * its end the message is made durable (imap_cmd_append_end). A message that is refused before a synchronising
 * literal was asked for is never sent; one that comes unasked is read and thrown away, so that it is not
 * taken for commands.
 */
#include "access/imap_commands.h"
#include "access/imap_date.h"
#include "access/imap_flags.h"
#include "base/cleanup.h"

#define UIDS_TEXT_MAX 65536 /* they are successive, mostly */

/* Flags and date in front of the message. */
static bool read_options(struct imap *s, struct imap_flags *flags, time_t *date)
{
    struct imap_args list;
    struct bytes text;
    const char *why;
    *date = time(NULL);
    if (imap_args_list(&s->args, &list) && !imap_flags_parse(flags, &list, &why)) {
        imap_bad(s, "%s", why);
        return false;
    }
    if (!imap_args_end(&s->args) && (!imap_args_string(&s->args, &text) || !imap_date_parse(text, date))) {
        imap_bad(s, "A date in quotes was expected, as \"17-Jul-1996 02:44:25 -0700\"");
        return false;
    }
    return imap_session_no_more_args(s);
}

static bool size_is_fine(struct imap *s)
{
    if (s->parse.stream_size > 0 && s->parse.stream_size <= IMAP_APPEND_MAX)
        return true;
    imap_no(s, s->parse.stream_size ? "[TOOBIG] The message is too large" : "[CANNOT] The message is empty");
    return false;
}

/* The mailbox stands in front of the first message only. */
static bool begin(struct imap *s)
{
    AUTO_FREE char *folder = NULL;
    struct err e;
    if (s->append)
        return true;
    folder = imap_session_mailbox(s);
    if (!folder)
        return false;
    if (!mail_append_begin(&s->append, s->store, folder, &e))
        return true;
    s->append = NULL;
    imap_no_trycreate(s, &e);
    return false;
}

/* Everything that can be refused before the message comes. */
static bool prepare(struct imap *s)
{
    AUTO_IMAP_FLAGS struct imap_flags flags = {0};
    time_t date;
    struct err e;
    if (!begin(s) || !read_options(s, &flags, &date) || !size_is_fine(s))
        return false;
    if (!mail_append_add(s->append, flags.flags, (const char *const *)flags.keywords, flags.nkeywords, date,
                         &e))
        return true;
    imap_no_err(s, &e);
    return false;
}

/* Read the message. False: writing failed (`left` octets were not read yet) or the client is gone. */
static bool receive(struct imap *s, uint64_t *left)
{
    struct err e;
    while (*left > 0) {
        if (!imap_session_more(s))
            return false;
        struct bytes in = imap_io_input(&s->io);
        size_t n = in.n < *left ? in.n : (size_t)*left;
        int failed = mail_append_write(s->append, in.p, n, &e);
        imap_io_consume(&s->io, n);
        *left -= n;
        if (failed) {
            imap_no_err(s, &e);
            return false;
        }
    }
    return true;
}

/* The answer is settled; throw away what the client sends before it goes out. */
static void refuse(struct imap *s, uint64_t left, bool coming)
{
    mail_append_abort(s->append);
    s->append = NULL;
    s->append_refused = true;
    if (coming)
        imap_parse_refuse(&s->parse, left, "");
    else {
        imap_cmd_append_abort(s);
        imap_reply_send(s);
        imap_parse_reset(&s->parse);
    }
}

void imap_cmd_append_begin(struct imap *s)
{
    uint64_t left = s->parse.stream_size;
    s->args = imap_args_of(&s->parse, s->append ? s->append_tokens : 2);
    s->append_tokens = s->parse.ntokens;
    if (!prepare(s)) {
        refuse(s, left, !s->parse.stream_sync);
        return;
    }
    if (s->parse.stream_sync)
        imap_puts(s, "+ OK\r\n");
    if (receive(s, &left))
        imap_parse_streamed(&s->parse);
    else if (!s->ending)
        refuse(s, left, true);
}

bool imap_cmd_append_abort(struct imap *s)
{
    bool refused = s->append_refused;
    mail_append_abort(s->append);
    s->append = NULL;
    s->append_refused = false;
    return refused;
}

enum imap_status imap_cmd_append_end(struct imap *s)
{
    AUTO_FREE uint32_t *uids = NULL;
    uint32_t uidvalidity;
    size_t n;
    struct err e;
    if (!s->append)
        return imap_bad(s, "APPEND takes a mailbox, flags, a date, and the message as a literal");
    if (s->parse.ntokens != s->append_tokens) {
        imap_cmd_append_abort(s);
        return imap_bad(s, "APPEND takes messages and nothing behind the last one");
    }
    if (mail_append_commit(TAKE_PTR(s->append), &uidvalidity, &uids, &n, &e))
        return imap_no_err(s, &e);
    AUTO_STRBUF struct strbuf set = STRBUF_INIT(UIDS_TEXT_MAX);
    imap_seqset_write(&set, uids, n);
    return imap_ok(s, "[APPENDUID %u %s] Appended", uidvalidity, set.data);
}
