/*
 * login_pop3.c - POP3 before the login: CAPA, USER, PASS, AUTH, STLS, NOOP, QUIT.
 */
#include "access/login_conn.h"
#include "access/pop3_command.h"
#include "base/cleanup.h"

#include <stdlib.h>
#include <string.h>

static void say(struct login *l, const char *text)
{
    io_printf(l->io, "%s\r\n", text);
}

static void say_mechanisms(struct login *l, const char *first, const char *before, const char *after,
                           const char *last)
{
    AUTO_STRBUF struct strbuf list = STRBUF_INIT(200);
    login_sasl_list(l, before, after, &list);
    io_printf(l->io, "%s%s%s", first, list.data, last);
}

static void list_mechanisms(struct login *l)
{
    say_mechanisms(l, "+OK These are the mechanisms\r\n", "", "\r\n", ".\r\n");
}

static void pop3_greet(struct login *l)
{
    say(l, "+OK Posthouse is ready");
}

static void cmd_capa(struct login *l, struct bytes args)
{
    (void)args;
    say(l, "+OK These are what the server can do");
    io_printf(l->io, POP3_CAPABILITIES);
    if (login_may_auth(l))
        say_mechanisms(l, "USER\r\nSASL", " ", "", "\r\n");
    if (login_tls_offered(l))
        say(l, "STLS");
    say(l, ".");
}

static void cmd_user(struct login *l, struct bytes args)
{
    free(l->user);
    l->user = NULL;
    if (!login_may_auth(l)) {
        login_plain(l, args, args); /* says why not */
    } else if (args.n == 0 || args.n > AUTH_NAME_MAX || memchr(args.p, '\0', args.n)) {
        say(l, "-ERR USER needs a name");
        login_count_bad(l);
    } else {
        l->user = bytes_dup(args);
        say(l, "+OK Now the password");
    }
}

/* The password is all that follows, blanks included. */
static void cmd_pass(struct login *l, struct bytes args)
{
    AUTO_FREE char *user = TAKE_PTR(l->user);
    if (!user) {
        say(l, "-ERR USER comes first");
        login_count_bad(l);
    } else
        login_plain(l, bytes_of(user), args);
}

static void cmd_auth(struct login *l, struct bytes args)
{
    struct bytes initial = args, mechanism = bytes_split(&initial, ' ');
    if (args.n > 0)
        login_sasl(l, mechanism, initial);
    else if (login_may_auth(l))
        list_mechanisms(l);
    else
        say(l, "+OK No mechanism without TLS\r\n.");
}

static void cmd_stls(struct login *l, struct bytes args)
{
    (void)args;
    if (login_secure(l)) {
        say(l, "-ERR TLS is on already");
    } else if (l->utf8) {
        say(l, "-ERR STLS comes before UTF8");
    } else if (!login_tls_offered(l)) {
        say(l, "-ERR [SYS/TEMP] TLS is not available now");
    } else {
        say(l, "+OK Begin TLS");
        login_start_tls(l);
    }
}

/* RFC 6856: messages go out as they are, with it or without. Who has asked for it must not ask for TLS any more. */
static void cmd_utf8(struct login *l, struct bytes args)
{
    (void)args;
    l->utf8 = true;
    say(l, "+OK UTF-8 it is");
}

static void cmd_noop(struct login *l, struct bytes args)
{
    (void)args;
    say(l, "+OK");
}

static void cmd_quit(struct login *l, struct bytes args)
{
    (void)args;
    say(l, "+OK Logging out");
    login_bye(l, NULL);
}

static const struct command {
    const char *name;
    bool alone; /* takes no arguments */
    void (*run)(struct login *l, struct bytes args);
} commands[] = {
    {"AUTH", false, cmd_auth}, {"CAPA", true, cmd_capa}, {"NOOP", true, cmd_noop},  {"PASS", false, cmd_pass},
    {"QUIT", true, cmd_quit},  {"STLS", true, cmd_stls}, {"USER", false, cmd_user}, {"UTF8", true, cmd_utf8},
};

static void dispatch(struct login *l, struct bytes line)
{
    struct bytes args = line, name = bytes_split(&args, ' ');
    if (!args.p)
        args = (struct bytes){"", 0};
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        if (!bytes_eq_nocase(name, bytes_of(commands[i].name)))
            continue;
        if (commands[i].alone && bytes_trim(args).n > 0) {
            say(l, "-ERR This command takes no arguments");
            login_count_bad(l);
        } else
            commands[i].run(l, args);
        return;
    }
    say(l, "-ERR No such command, or not before the login");
    login_count_bad(l);
}

static bool pop3_input(struct login *l)
{
    struct bytes line;
    int r = io_line(l->io, AUTH_SASL_MAX + 64, true, &line);
    if (r == 0)
        return false;
    if (r < 0) {
        login_bye(l, "The line is too long or broken");
        return false;
    }
    dispatch(l, line);
    return true;
}

static void pop3_begin(struct login *l)
{
    l->user = NULL;
}

static void pop3_forget(struct login *l)
{
    free(l->user);
    l->user = NULL;
}

const struct login_protocol login_pop3 = {
    .service = "pop3",
    .bye = "-ERR ",
    .limit = "[SYS/TEMP] ",
    .answers = {[ANSWER_FAILED] = "-ERR [AUTH]",
                [ANSWER_INVALID] = "-ERR",
                [ANSWER_MECHANISM] = "-ERR",
                [ANSWER_TEMPFAIL] = "-ERR [SYS/TEMP]",
                [ANSWER_REFUSED] = "-ERR [SYS/PERM]",
                [ANSWER_LIMIT] = "-ERR [SYS/TEMP]",
                [ANSWER_EXPIRED] = "-ERR [AUTH]",
                [ANSWER_PLAINTEXT] = "-ERR"},
    .greet = pop3_greet,
    .input = pop3_input,
    .forget = pop3_forget,
    .begin = pop3_begin,
    .done = pop3_forget,
};
