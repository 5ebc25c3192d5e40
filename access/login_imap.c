/*
 * login_imap.c - IMAP before the login: CAPABILITY, NOOP, LOGOUT, ID, STARTTLS, LOGIN, AUTHENTICATE.
 *
 * After a successful login it is the session that answers the command, hence its tag travels with the ticket.
 */
#include "access/login_conn.h"
#include "base/cleanup.h"
#include "base/text.h"

#include <string.h>

static void capabilities(struct login *l)
{
    AUTO_STRBUF struct strbuf mechanisms = STRBUF_INIT(200);
    if (login_may_auth(l))
        login_sasl_list(l, " AUTH=", "", &mechanisms);
    else
        strbuf_adds(&mechanisms, " LOGINDISABLED");
    io_printf(l->io, "CAPABILITY IMAP4rev1 IMAP4rev2 LITERAL- SASL-IR ID%s%s",
              login_tls_offered(l) ? " STARTTLS" : "", mechanisms.data);
}

static void imap_greet(struct login *l)
{
    io_printf(l->io, "* OK [");
    capabilities(l);
    io_printf(l->io, "] Posthouse is ready\r\n");
}

static void tagged(struct login *l, const char *text)
{
    io_printf(l->io, "%s %s\r\n", l->tag, text);
}

/* ---- commands ---- */

static void cmd_capability(struct login *l, struct imap_args *args)
{
    (void)args;
    io_printf(l->io, "* ");
    capabilities(l);
    io_printf(l->io, "\r\n");
    tagged(l, "OK These are what the server can do");
}

static void cmd_noop(struct login *l, struct imap_args *args)
{
    (void)args;
    tagged(l, "OK Nothing done");
}

static void cmd_id(struct login *l, struct imap_args *args)
{
    struct imap_args list;
    struct bytes field, value;
    if (imap_args_list(args, &list)) /* a stranger's words: not logged */
        while (imap_args_string(&list, &field) && imap_args_nstring(&list, &value))
            if (value.p && bytes_eq_nocase(field, BYTES("x-originating-ip")))
                login_originates(l, value);
    io_printf(l->io, "* ID (\"name\" \"Posthouse\")\r\n");
    tagged(l, "OK Nice to meet you");
}

static void cmd_logout(struct login *l, struct imap_args *args)
{
    (void)args;
    io_printf(l->io, "* BYE Logging out\r\n");
    tagged(l, "OK Logged out");
    login_bye(l, NULL);
}

static void cmd_starttls(struct login *l, struct imap_args *args)
{
    (void)args;
    if (login_secure(l)) {
        tagged(l, "BAD TLS is on already");
    } else if (!login_tls_offered(l)) {
        tagged(l, "NO [UNAVAILABLE] TLS is not available now");
    } else {
        tagged(l, "OK Begin TLS");
        login_start_tls(l);
    }
}

static void syntax(struct login *l, const char *what)
{
    io_printf(l->io, "%s BAD Wrong arguments, expected: %s\r\n", l->tag, what);
    login_count_bad(l);
}

static void cmd_login(struct login *l, struct imap_args *args)
{
    struct bytes name, password;
    if (imap_args_astring(args, &name) && imap_args_astring(args, &password) && imap_args_end(args))
        login_plain(l, name, password);
    else
        syntax(l, "LOGIN name password");
}

static void cmd_authenticate(struct login *l, struct imap_args *args)
{
    struct bytes mechanism, initial = {NULL, 0};
    bool good = imap_args_atom(args, &mechanism);
    if (good && !imap_args_end(args))
        good = imap_args_atom(args, &initial) && imap_args_end(args);
    if (good)
        login_sasl(l, mechanism, initial);
    else
        syntax(l, "AUTHENTICATE mechanism [initial-response]");
}

static const struct command {
    const char *name;
    bool alone; /* takes no arguments */
    void (*run)(struct login *l, struct imap_args *args);
} commands[] = {
    {"AUTHENTICATE", false, cmd_authenticate},
    {"CAPABILITY", true, cmd_capability},
    {"ID", false, cmd_id},
    {"LOGIN", false, cmd_login},
    {"LOGOUT", true, cmd_logout},
    {"NOOP", true, cmd_noop},
    {"STARTTLS", true, cmd_starttls},
};

static const struct command *find(struct bytes name)
{
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        if (bytes_eq_nocase(name, bytes_of(commands[i].name)))
            return &commands[i];
    return NULL;
}

/* ---- reading ---- */

static bool take_tag(struct login *l)
{
    struct bytes tag = imap_parse_tag(&l->parse);
    bool good = tag.n > 0 && tag.n <= ACCESS_TAG_MAX && text_is_printable(tag);
    if (!good)
        tag = BYTES("*");
    memcpy(l->tag, tag.p, tag.n);
    l->tag[tag.n] = '\0';
    return good && strcmp(l->tag, "*") != 0;
}

static void bad(struct login *l, const char *why)
{
    io_printf(l->io, "%s BAD %s\r\n", l->tag, why);
    login_count_bad(l);
}

static void dispatch(struct login *l)
{
    const struct command *command = find(imap_parse_name(&l->parse));
    struct imap_args args = imap_args_of(&l->parse, 2);
    if (!take_tag(l))
        bad(l, "A command begins with a tag");
    else if (!command)
        bad(l, "No such command, or not before the login");
    else if (command->alone && !imap_args_end(&args))
        syntax(l, "nothing");
    else
        command->run(l, &args);
}

/* A command may have held a password. */
static void wipe(struct login *l)
{
    explicit_bzero(l->parse.text.data, l->parse.text.len);
    imap_parse_reset(&l->parse);
}

static bool imap_input(struct login *l)
{
    struct bytes in = io_input(l->io);
    enum imap_parse_event event;
    if (in.n == 0)
        return false;
    size_t used = imap_parse_feed(&l->parse, in, &event);
    io_consume(l->io, used);
    switch (event) {
    case IMAP_PARSE_MORE:
        return false;
    case IMAP_PARSE_CONTINUE:
        io_printf(l->io, "+ Go on\r\n");
        return true;
    case IMAP_PARSE_DONE:
        dispatch(l);
        wipe(l);
        return true;
    case IMAP_PARSE_BAD:
        take_tag(l);
        bad(l, l->parse.error ? l->parse.error : "Syntax error");
        wipe(l);
        return true;
    case IMAP_PARSE_STREAM:
    case IMAP_PARSE_FATAL:
        break;
    }
    login_bye(l, "The command is too large");
    return false;
}

static void imap_begin(struct login *l)
{
    imap_parse_init(&l->parse, &imap_parse_before_login);
}

static void imap_done(struct login *l)
{
    explicit_bzero(l->parse.text.data, l->parse.text.len);
    imap_parse_done(&l->parse);
}

static void imap_forget(struct login *l)
{
    imap_done(l);
    imap_begin(l);
}

const struct login_protocol login_imap = {
    .service = "imap",
    .bye = "* BYE ",
    .limit = "[LIMIT] ",
    .answers = {[ANSWER_FAILED] = "NO [AUTHENTICATIONFAILED]",
                [ANSWER_INVALID] = "BAD",
                [ANSWER_MECHANISM] = "NO [CANNOT]",
                [ANSWER_TEMPFAIL] = "NO [UNAVAILABLE]",
                [ANSWER_REFUSED] = "NO [CONTACTADMIN]",
                [ANSWER_LIMIT] = "NO [LIMIT]",
                [ANSWER_EXPIRED] = "NO [EXPIRED]",
                [ANSWER_PLAINTEXT] = "NO [PRIVACYREQUIRED]"},
    .greet = imap_greet,
    .input = imap_input,
    .forget = imap_forget,
    .begin = imap_begin,
    .done = imap_done,
};
