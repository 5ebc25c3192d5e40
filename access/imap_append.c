/*
 * imap_append.c - messages from the socket to the disk in pieces; nothing of them is held in memory. See imap_append.h.
 *
 *     APPEND mailbox  [(flags)] ["date"] message  [[(flags)] ["date"] message ...]      (RFC 3501, 3502)
 *     message:  {n}  |  ~{n} (3516)  |  UTF8 (~{n}) (6855)  |  CATENATE (part part ...) (4469)
 *     part:     TEXT {n}  |  URL astring  |  UTF8 (~{n})
 *
 * The parser stops at each {n} (imap_append_begin) while the command is still coming; what stood before it is used up token by token
 * then, and the rest when the command has ended (imap_append_finish). So lists may still be open when their beginning is looked at:
 *
 *     state      in front of          next
 *     OPTIONS    (flags), "date"      OPTIONS
 *                {n}, ~{n}            OPTIONS: a message has ended
 *                CATENATE (           PARTS
 *                UTF8 (               UTF8
 *     PARTS      TEXT                 TEXT
 *                URL astring          PARTS
 *                UTF8 (               UTF8
 *                )                    OPTIONS: a message has ended
 *     TEXT       {n}                  PARTS
 *     UTF8       ~{n}                 UTF8_READ
 *     UTF8_READ  )                    PARTS in CATENATE, else OPTIONS: a message has ended
 *
 * A message that is refused before a synchronising literal was asked for is never sent; one that comes unasked is read and thrown
 * away, so that it is not taken for commands. Several messages become visible together, or none.
 *
 * Messages are kept with LF line ends and given out with CRLF, so a literal8 that has an LF alone or a NUL would not come back as it
 * went in: UNKNOWN-CTE. 8-bit octets in headers are taken from every client: old mail that is copied from elsewhere has them, and
 * RFC 6855's NO would lose it.
 */
#include "access/imap_append.h"

#include "access/imap_commands.h"
#include "access/imap_date.h"
#include "base/cleanup.h"

/* ---- one message ---- */

bool imap_append_fits(struct imap *s, uint64_t n)
{
    struct imap_append *a = s->append;
    uint64_t max = s->options->append_limit;
    if (n > max || a->octets + n > max)
        imap_no(s, "[TOOBIG] A message may have %llu octets", (unsigned long long)max);
    else if (a->total + n > max * IMAP_APPEND_TOTAL)
        imap_no(s, "[TOOBIG] The messages of one command may have %llu octets",
                (unsigned long long)max * IMAP_APPEND_TOTAL);
    else
        return true;
    return false;
}

static bool start_message(struct imap *s)
{
    struct imap_append *a = s->append;
    struct err e;
    if (a->once && a->messages) {
        imap_bad(s, "REPLACE takes one message");
        return false;
    }
    if (mail_append_add(a->mail, a->flags.flags, (const char *const *)a->flags.keywords, a->flags.nkeywords,
                        a->has_date ? a->date : time(NULL), &e)) {
        imap_no_err(s, &e);
        return false;
    }
    imap_flags_done(&a->flags);
    a->has_flags = a->has_date = false;
    return true;
}

static bool end_message(struct imap *s)
{
    struct imap_append *a = s->append;
    bool empty = a->octets == 0;
    a->messages++;
    a->octets = 0;
    a->list = 0;
    a->state = IMAP_APPEND_OPTIONS;
    if (empty)
        imap_no(s, "[CANNOT] The message is empty");
    return !empty;
}

/* ---- what stands between the literals ---- */

static bool misplaced(struct imap *s)
{
    imap_bad(
        s, "Expected: [(flags)] [\"date\"] and a message, which is {n}, ~{n}, UTF8 (~{n}), or CATENATE with "
           "TEXT {n}, URL and UTF8 (~{n}) in parentheses");
    return false;
}

/* "WORD (": the list's token, 0 if it is something else. */
static unsigned enter(struct imap *s, const char *word)
{
    struct imap_append *a = s->append;
    struct imap_args next = imap_args_of(&s->parse, a->at);
    if (!imap_args_word(&next, word) || imap_args_end(&next) || imap_args_type(&next) != IMAP_LIST)
        return 0;
    a->at = next.at + 1;
    return next.at;
}

static bool enter_utf8(struct imap *s)
{
    struct imap_append *a = s->append;
    a->state = IMAP_APPEND_UTF8;
    if (imap_speaks_utf8(s))
        return true;
    imap_no(s, "[CANNOT] ENABLE UTF8=ACCEPT comes first");
    return false;
}

static bool take_option(struct imap *s)
{
    struct imap_append *a = s->append;
    struct imap_args next = imap_args_of(&s->parse, a->at), list;
    struct bytes text;
    const char *why;
    if (imap_args_list(&next, &list)) {
        if (a->has_flags || a->has_date)
            return misplaced(s);
        if (!imap_flags_parse(&a->flags, &list, &why)) {
            imap_bad(s, "%s", why);
            return false;
        }
        a->has_flags = true;
    } else if (!a->has_date && imap_args_string(&next, &text) && imap_date_parse(text, &a->date)) {
        a->has_date = true;
    } else {
        imap_bad(
            s, "Flags in parentheses, or a date in quotes, as \"17-Jul-1996 02:44:25 -0700\", was expected");
        return false;
    }
    a->at = next.at;
    return true;
}

static bool take_options(struct imap *s)
{
    struct imap_append *a = s->append;
    if ((a->list = enter(s, "CATENATE"))) {
        a->state = IMAP_APPEND_PARTS;
        return start_message(s);
    }
    if ((a->utf8 = enter(s, "UTF8")))
        return enter_utf8(s) && start_message(s);
    return take_option(s);
}

static bool take_part(struct imap *s)
{
    struct imap_append *a = s->append;
    struct imap_args next = imap_args_of(&s->parse, a->at);
    struct bytes url;
    if ((a->utf8 = enter(s, "UTF8")))
        return enter_utf8(s);
    if (imap_args_word(&next, "TEXT"))
        a->state = IMAP_APPEND_TEXT;
    else if (!imap_args_word(&next, "URL") || !imap_args_astring(&next, &url))
        return misplaced(s);
    a->at = next.at;
    return a->state == IMAP_APPEND_TEXT || imap_catenate_url(s, url);
}

/* A list that was being read may have been closed. */
static bool leave_lists(struct imap *s)
{
    struct imap_append *a = s->append;
    const struct imap_parse *p = &s->parse;
    if (a->state == IMAP_APPEND_UTF8_READ && !imap_parse_is_open(p, a->utf8)) {
        if (a->at < p->tokens[a->utf8].end)
            return misplaced(s);
        a->state = IMAP_APPEND_PARTS;
        if (!a->list)
            return end_message(s);
    }
    if (a->state == IMAP_APPEND_PARTS && !imap_parse_is_open(p, a->list) && a->at >= p->tokens[a->list].end)
        return end_message(s);
    return true;
}

/* Use up the tokens that are there. */
static bool advance(struct imap *s)
{
    struct imap_append *a = s->append;
    while (leave_lists(s)) {
        if (a->at >= s->parse.ntokens)
            return true;
        bool taken = a->state == IMAP_APPEND_OPTIONS ? take_options(s)
                     : a->state == IMAP_APPEND_PARTS ? take_part(s)
                                                     : misplaced(s);
        if (!taken)
            return false;
    }
    return false;
}

/* ---- beginning and end of the command ---- */

/* REPLACE's message, by number or UID. */
static bool take_replaced(struct imap *s)
{
    struct imap_append *a = s->append;
    uint64_t number;
    if (!imap_args_number(&s->args, UINT32_MAX, &number)) {
        imap_bad(s, "The number of one message was expected");
        return false;
    }
    a->once = true;
    a->replaces = s->by_uid ? (uint32_t)number : imap_view_uid(&s->view, (uint32_t)number);
    if (a->replaces && imap_view_seq(&s->view, a->replaces) && mailbox_find(s->mb, a->replaces))
        return true;
    if (!s->by_uid && !a->replaces)
        imap_bad(s, "[CLIENTBUG] There are only %u messages", imap_view_count(&s->view));
    else
        imap_no(s, "[EXPUNGEISSUED] There is no such message to be replaced");
    return false;
}

/* What stands in front of the first message. */
static bool start(struct imap *s)
{
    const struct imap_command *c = imap_command_find(&s->parse, &s->args);
    struct err e;
    s->by_uid = bytes_starts_nocase(bytes_of(c->name), BYTES("UID "));
    if (!imap_session_allows(s, c))
        return false;
    struct imap_append *a = s->append;
    if (c->run == imap_cmd_replace && !take_replaced(s))
        return false;
    AUTO_FREE char *folder = imap_session_mailbox(s);
    if (!folder)
        return false;
    a->at = s->args.at;
    if (!mail_append_begin(&a->mail, s->store, folder, &e))
        return true;
    a->mail = NULL;
    imap_no_trycreate(s, &e);
    return false;
}

static bool go_on(struct imap *s)
{
    if (!s->append) {
        s->append = xcalloc(1, sizeof(*s->append));
        if (!start(s))
            return false;
    }
    return advance(s);
}

bool imap_append_abort(struct imap *s)
{
    struct imap_append *a = s->append;
    bool refused = a && !a->mail;
    if (!a)
        return false;
    mail_append_abort(a->mail);
    mailbox_close(a->source);
    imap_flags_done(&a->flags);
    free(TAKE_PTR(s->append));
    return refused;
}

bool imap_append_finish(struct imap *s)
{
    struct imap_append *a;
    bool good = go_on(s);
    a = s->append;
    if (good && (a->state != IMAP_APPEND_OPTIONS || a->has_flags || a->has_date || !a->messages))
        good = misplaced(s);
    if (!good)
        imap_append_abort(s);
    return good;
}

/* ---- a literal ---- */

/* False: it would not come back as it goes in. */
static bool keeps(struct imap_append *a, struct bytes in)
{
    if (memchr(in.p, '\0', in.n))
        return false;
    for (struct bytes rest = in; rest.n;) {
        size_t lf = bytes_index(rest, '\n');
        if (lf < rest.n && (lf ? rest.p[lf - 1] != '\r' : !a->after_cr))
            return false;
        a->after_cr = lf == rest.n ? rest.p[rest.n - 1] == '\r' : false;
        rest = bytes_skip(rest, lf + 1);
    }
    return true;
}

/* Read it. False: writing failed (`left` octets were not read yet) or the client is gone. */
static bool receive(struct imap *s, uint64_t *left)
{
    struct imap_append *a = s->append;
    struct err e;
    a->after_cr = false;
    while (*left > 0) {
        if (!imap_session_more(s))
            return false;
        struct bytes in = imap_io_input(&s->io);
        size_t n = in.n < *left ? in.n : (size_t)*left;
        bool kept = !s->parse.stream_binary || a->state == IMAP_APPEND_UTF8 || keeps(a, bytes_from(in.p, n));
        int failed = kept ? mail_append_write(a->mail, in.p, n, &e) : 0;
        imap_io_consume(&s->io, n);
        *left -= n;
        if (!kept)
            imap_no(s, "[UNKNOWN-CTE] NUL and LF without CR cannot be stored, encode the message");
        if (failed)
            imap_no_err(s, &e);
        if (failed || !kept)
            return false;
    }
    return true;
}

/* The answer is settled; throw away what the client sends before it goes out. */
static void refuse(struct imap *s, uint64_t left, bool coming)
{
    if (coming) {
        mail_append_abort(TAKE_PTR(s->append->mail));
        imap_parse_refuse(&s->parse, left, "");
        return;
    }
    imap_append_abort(s);
    imap_reply_send(s);
    imap_parse_reset(&s->parse);
}

/* Everything that can be refused before the message comes. */
static bool prepare(struct imap *s)
{
    struct imap_append *a = s->append;
    uint64_t n = s->parse.stream_size;
    if (a->state == IMAP_APPEND_OPTIONS) {
        if (n == 0)
            imap_no(s, "[CANNOT] The message is empty");
        return n > 0 && imap_append_fits(s, n) && start_message(s);
    }
    if (a->state == IMAP_APPEND_PARTS || a->state == IMAP_APPEND_UTF8_READ ||
        (a->state == IMAP_APPEND_UTF8 && !s->parse.stream_binary))
        return misplaced(s);
    return imap_append_fits(s, n);
}

void imap_append_begin(struct imap *s)
{
    uint64_t left = s->parse.stream_size;
    if (!go_on(s) || !prepare(s)) {
        refuse(s, left, !s->parse.stream_sync);
        return;
    }
    struct imap_append *a = s->append;
    if (s->parse.stream_sync)
        imap_puts(s, "+ OK\r\n");
    a->octets += left;
    a->total += left;
    if (!receive(s, &left)) {
        if (!s->ending)
            refuse(s, left, true);
        return;
    }
    imap_parse_streamed(&s->parse);
    if (a->state == IMAP_APPEND_OPTIONS)
        end_message(s);
    else
        a->state = a->state == IMAP_APPEND_TEXT ? IMAP_APPEND_PARTS : IMAP_APPEND_UTF8_READ;
}
