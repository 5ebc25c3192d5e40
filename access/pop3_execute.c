/*
 * pop3_execute.c - POP3's commands after the login (RFC 1939 less APOP, RFC 2449).
 *
 * Nothing is removed or marked before QUIT: a session that ends in another way has changed nothing.
 */
#include "access/pop3_session.h"
#include "access/pop3_uidl.h"
#include "base/cleanup.h"
#include "base/log.h"

#include <stdlib.h>

/* ---- looking ---- */

static void cmd_stat(struct pop3 *s, const struct pop3_command *c)
{
    uint64_t size = 0, n = 0;
    (void)c;
    for (size_t i = 0; i < s->count; i++) {
        if (s->mails[i].deleted)
            continue;
        pop3_size(s, &s->mails[i]);
        size += s->mails[i].size;
        n++;
    }
    pop3_say(s, "+OK %llu %llu", (unsigned long long)n, (unsigned long long)size);
}

/* The text of a message's line in LIST or UIDL. */
typedef void describe_fn(struct pop3 *s, struct pop3_mail *mail, struct strbuf *out);

static void describe_size(struct pop3 *s, struct pop3_mail *mail, struct strbuf *out)
{
    pop3_size(s, mail);
    strbuf_addf(out, "%llu", (unsigned long long)mail->size);
}

/* What an earlier server has given out stays. */
static void describe_uid(struct pop3 *s, struct pop3_mail *mail, struct strbuf *out)
{
    AUTO_FREE char *stored = mailbox_pop3_uidl(s->mailbox, mail->uid);
    struct pop3_uidl of = {.uid = mail->uid, .validity = mailbox_uidvalidity(s->mailbox)};
    const char *format = s->options->uidl_format;
    if (stored && *stored) {
        strbuf_adds(out, stored);
        return;
    }
    mailbox_names(s->mailbox, mail->uid, &of.file, &of.guid);
    pop3_uidl_write(format ? format : POP3_UIDL_FORMAT, &of, out);
}

static void list(struct pop3 *s, const struct pop3_command *c, describe_fn *describe)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(600);
    if (c->nargs == 1) {
        struct pop3_mail *mail = pop3_mail(s, c->args[0]);
        if (mail) {
            describe(s, mail, &text);
            pop3_say(s, "+OK %u %s", c->args[0], text.data);
        }
        return;
    }
    pop3_say(s, "+OK");
    for (size_t i = 0; i < s->count; i++) {
        if (s->mails[i].deleted)
            continue;
        strbuf_clear(&text);
        describe(s, &s->mails[i], &text);
        pop3_say(s, "%zu %s", i + 1, text.data);
    }
    pop3_say(s, ".");
}

static void cmd_list(struct pop3 *s, const struct pop3_command *c)
{
    list(s, c, describe_size);
}

static void cmd_uidl(struct pop3 *s, const struct pop3_command *c)
{
    list(s, c, describe_uid);
}

static void cmd_retr(struct pop3 *s, const struct pop3_command *c)
{
    struct pop3_mail *mail = pop3_mail(s, c->args[0]);
    if (mail)
        pop3_send(s, mail, -1);
}

static void cmd_top(struct pop3 *s, const struct pop3_command *c)
{
    struct pop3_mail *mail = pop3_mail(s, c->args[0]);
    if (mail)
        pop3_send(s, mail, c->args[1]);
}

static void cmd_capa(struct pop3 *s, const struct pop3_command *c)
{
    static const char text[] = POP3_CAPABILITIES;
    (void)c;
    pop3_say(s, "+OK These are what the server can do");
    imap_io_write(&s->io, text, sizeof(text) - 1);
    pop3_say(s, ".");
}

static void cmd_utf8(struct pop3 *s, const struct pop3_command *c)
{
    (void)c;
    pop3_say(s, "-ERR UTF8 comes before the login"); /* RFC 6856 section 2 */
}

static void cmd_noop(struct pop3 *s, const struct pop3_command *c)
{
    (void)c;
    pop3_say(s, "+OK");
}

/* ---- changing ---- */

static void cmd_dele(struct pop3 *s, const struct pop3_command *c)
{
    struct pop3_mail *mail = pop3_mail(s, c->args[0]);
    if (!mail)
        return;
    mail->deleted = true;
    pop3_say(s, "+OK Message %u will be removed at QUIT", c->args[0]);
}

static void cmd_rset(struct pop3 *s, const struct pop3_command *c)
{
    (void)c;
    for (size_t i = 0; i < s->count; i++)
        s->mails[i].deleted = s->mails[i].retrieved = false;
    pop3_say(s, "+OK");
}

static bool wants_removal(const struct pop3_mail *mail)
{
    return mail->deleted;
}

static bool wants_seen(const struct pop3_mail *mail)
{
    return mail->retrieved && !mail->deleted && !mail->seen;
}

static int compare_uids(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* UIDs of those that want it, ascending; the number of them. */
static size_t collect(struct pop3 *s, bool (*wants)(const struct pop3_mail *), uint32_t *uids)
{
    size_t n = 0;
    for (size_t i = 0; i < s->count; i++)
        if (wants(&s->mails[i]))
            uids[n++] = s->mails[i].uid;
    qsort(uids, n, sizeof(*uids), compare_uids);
    return n;
}

static int remove_and_mark(struct pop3 *s, struct err *e)
{
    static const struct mail_flag_change seen = {.how = MAIL_FLAGS_ADD, .flags = MAIL_SEEN};
    AUTO_FREE uint32_t *uids = xcalloc(s->count + 1, sizeof(*uids));
    struct err why;
    size_t n = collect(s, wants_seen, uids);
    if (n > 0 && mailbox_store(s->mailbox, uids, n, &seen, &why) != 0)
        log_error("%s: messages cannot be marked as seen: %s", s->options->user, why.text);
    n = collect(s, wants_removal, uids);
    if (n > 0 && mailbox_expunge(s->mailbox, uids, n, true, e) != 0)
        return -1;
    s->did.removed = n;
    return 0;
}

static void cmd_quit(struct pop3 *s, const struct pop3_command *c)
{
    struct err e;
    (void)c;
    s->ended = true;
    if (remove_and_mark(s, &e) == 0) {
        pop3_say(s, "+OK Goodbye");
        return;
    }
    log_error("%s: messages cannot be removed: %s", s->options->user, e.text);
    pop3_say(s, "-ERR [SYS/TEMP] Some deleted messages were not removed");
}

/* ---- the table ---- */

static const struct {
    const char *name;
    unsigned min, max; /* number of arguments */
    void (*run)(struct pop3 *s, const struct pop3_command *c);
} commands[] = {
    {"CAPA", 0, 0, cmd_capa}, {"DELE", 1, 1, cmd_dele}, {"LIST", 0, 1, cmd_list}, {"NOOP", 0, 0, cmd_noop},
    {"QUIT", 0, 0, cmd_quit}, {"RETR", 1, 1, cmd_retr}, {"RSET", 0, 0, cmd_rset}, {"STAT", 0, 0, cmd_stat},
    {"TOP", 2, 2, cmd_top},   {"UIDL", 0, 1, cmd_uidl}, {"UTF8", 0, 0, cmd_utf8},
};

void pop3_execute(struct pop3 *s, const struct pop3_command *command)
{
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        if (!bytes_eq_nocase(command->name, bytes_of(commands[i].name)))
            continue;
        if (command->nargs < commands[i].min || command->nargs > commands[i].max)
            pop3_say(s, "-ERR %s takes %u to %u arguments", commands[i].name, commands[i].min,
                     commands[i].max);
        else
            commands[i].run(s, command);
        return;
    }
    pop3_say(s, "-ERR No such command");
}
