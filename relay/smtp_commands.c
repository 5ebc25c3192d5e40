/*
 * smtp_commands.c - the verbs of SMTP: a table with a check and a deed for each. The check decides whether
 * the verb is legal now, the deed does it; what a client may do is read off the table.
 */
#include "base/text.h"
#include "relay/address.h"
#include "relay/smtp.h"
#include "relay/smtp_params.h"

#include <stdlib.h>

struct args {
    struct bytes text; /* behind the verb, trimmed */
};

/* ---- checks: a reply that refuses, or NULL ---- */

static const char *check_none(const struct smtp_session *s)
{
    (void)s;
    return NULL;
}

static const char *check_smtp(const struct smtp_session *s)
{
    return s->lmtp ? "500 5.5.1 This is LMTP: say LHLO" : NULL;
}

static const char *check_lmtp(const struct smtp_session *s)
{
    return s->lmtp ? NULL : "500 5.5.2 Unknown command";
}

static const char *check_mail(const struct smtp_session *s)
{
    if (!s->helo)
        return "503 5.5.1 Say EHLO first";
    if (s->has_mail)
        return "503 5.5.1 A transaction is under way already (RSET ends it)";
    if (s->submission && !s->user)
        return "530 5.7.0 Authentication required";
    return NULL;
}

static const char *check_rcpt(const struct smtp_session *s)
{
    if (s->chunking)
        return "503 5.5.1 The message has begun (RSET ends it)";
    return s->has_mail ? NULL : "503 5.5.1 MAIL first";
}

static const char *check_message(const struct smtp_session *s)
{
    if (!s->has_mail)
        return "503 5.5.1 MAIL first";
    return s->recipients ? NULL : s->lmtp ? "503 5.5.1 No valid recipients" : "554 5.5.1 No valid recipients";
}

static const char *check_data(const struct smtp_session *s)
{
    return s->chunking ? "503 5.5.1 DATA and BDAT do not go together" : check_message(s);
}

static const char *check_starttls(const struct smtp_session *s)
{
    if (smtp_secure(s))
        return "503 5.5.1 TLS is on already";
    if (io_input(s->io).n)
        return "421 4.7.0 Nothing may be sent behind STARTTLS before the handshake";
    return smtp_tls() ? NULL : "454 4.7.0 TLS is not available now";
}

static const char *check_auth(const struct smtp_session *s)
{
    if (!s->helo || !s->esmtp)
        return "503 5.5.1 Say EHLO first";
    if (s->user)
        return "503 5.5.1 Authenticated already";
    if (s->has_mail)
        return "503 5.5.1 Not within a transaction";
    if (!smtp_auth_allowed(s))
        return "538 5.7.11 Encryption is required for authentication (STARTTLS)";
    return NULL;
}

bool smtp_auth_allowed(const struct smtp_session *s)
{
    return smtp_secure(s) || site_plaintext_allowed(&smtp_conf->site, s->peer);
}

/* ---- EHLO and its kin ---- */

static bool good_helo(struct bytes name)
{
    if (!name.n || name.n > SMTP_HELO_MAX)
        return false;
    for (size_t i = 0; i < name.n; i++)
        if (!ascii_alnum(name.p[i]) && !strchr(".-_[]:+", name.p[i]))
            return false;
    return true;
}

static bool take_helo(struct smtp_session *s, struct bytes name)
{
    struct bytes word = bytes_split(&name, ' ');
    if (!good_helo(word)) {
        smtp_reply(s, "501 5.5.4 A host name or address literal must follow");
        smtp_count_error(s);
        return false;
    }
    smtp_reset(s);
    free(s->helo);
    s->helo = bytes_dup(word);
    smtp_link_open(s);
    return true;
}

static void do_helo(struct smtp_session *s, struct args *a)
{
    if (!take_helo(s, a->text))
        return;
    s->esmtp = false;
    smtp_reply(s, "250 %s", smtp_conf->site.hostname);
}

static void reply_auth(struct smtp_session *s)
{
    AUTO_STRBUF struct strbuf list = STRBUF_INIT(200);
    smtp_auth_list(s, &list);
    smtp_reply(s, "250-AUTH%s", list.data);
}

static void do_ehlo(struct smtp_session *s, struct args *a)
{
    if (!take_helo(s, a->text))
        return;
    s->esmtp = true;
    smtp_reply(s, "250-%s", smtp_conf->site.hostname);
    smtp_reply(s, "250-PIPELINING");
    smtp_reply(s, "250-SIZE %lld", (long long)smtp_conf->message_size);
    if (!smtp_secure(s) && smtp_tls())
        smtp_reply(s, "250-STARTTLS");
    if (smtp_auth_allowed(s) && !s->user)
        reply_auth(s);
    smtp_reply(s, "250-8BITMIME");
    smtp_reply(s, "250-SMTPUTF8");
    smtp_reply(s, "250-CHUNKING");
    smtp_reply(s, "250-DSN");
    if (s->xclient && !s->user)
        smtp_reply(s, "250-XCLIENT NAME ADDR PORT PROTO HELO DESTADDR DESTPORT");
    smtp_reply(s, "250 ENHANCEDSTATUSCODES");
}

/* ---- the transaction ---- */

/* Cut "FROM:<path>" or "TO:<path>" off a->text; false after a refusal. */
static bool take_path(struct smtp_session *s, struct args *a, struct bytes keyword, struct strbuf *path)
{
    const char *wrong = "a keyword is missing: MAIL FROM:<address>, RCPT TO:<address>";
    if (bytes_starts_nocase(a->text, keyword)) {
        a->text = bytes_trim(bytes_skip(a->text, keyword.n));
        wrong = address_path_utf8(&a->text, path);
    }
    if (!wrong && a->text.n && a->text.p[0] != ' ')
        wrong = "a blank must follow the address";
    if (!wrong)
        return true;
    smtp_reply(s, "501 5.1.7 Syntax: %s", wrong);
    smtp_count_error(s);
    return false;
}

static void queue_unavailable(struct smtp_session *s)
{
    s->state = SMTP_COMMAND;
    smtp_reply(s, "451 4.3.0 The queue is not available now, try again later");
}

/* RFC 6531 3.5; said of all addresses, known or not. */
static const char *check_ascii(struct bytes path, bool smtputf8)
{
    return smtputf8 || text_is_ascii(path)
               ? NULL
               : "553 5.6.7 The address is not in ASCII, and SMTPUTF8 was not said";
}

static void refuse(struct smtp_session *s, const char *refusal)
{
    smtp_reply(s, "%s", refusal);
    smtp_count_error(s);
    s->fatal |= refusal[0] == '4' && refusal[1] == '2'; /* 421: we close */
}

/* RFC 6409 6.3 */
static void complete_path(const struct smtp_session *s, struct strbuf *path)
{
    if (s->submission && path->len && !memchr(path->data, '@', path->len))
        strbuf_addf(path, "@%s", smtp_conf->site.hostname);
}

static void do_mail(struct smtp_session *s, struct args *a)
{
    AUTO_STRBUF struct strbuf path = STRBUF_INIT(ADDRESS_PATH_MAX + ADDRESS_DOMAIN_MAX);
    struct mail_params params = {.size_max = (uint64_t)smtp_conf->message_size};
    if (!take_path(s, a, BYTES("FROM:"), &path))
        return;
    const char *refusal = mail_params_parse(a->text, &params);
    if (!refusal)
        refusal = check_ascii(strbuf_bytes(&path), params.smtputf8);
    if (refusal) {
        refuse(s, refusal);
        return;
    }
    complete_path(s, &path);
    free(s->reverse_path);
    s->reverse_path = bytes_dup(strbuf_bytes(&path));
    s->smtputf8 = params.smtputf8;
    s->state = SMTP_QUEUE;
    if (!smtp_link_mail(s, strbuf_bytes(&path), &params))
        queue_unavailable(s);
}

static void do_rcpt(struct smtp_session *s, struct args *a)
{
    AUTO_STRBUF struct strbuf path = STRBUF_INIT(ADDRESS_PATH_MAX + ADDRESS_DOMAIN_MAX);
    struct rcpt_params params = {.smtputf8 = s->smtputf8};
    if (!take_path(s, a, BYTES("TO:"), &path))
        return;
    const char *refusal = path.len ? rcpt_params_parse(a->text, &params) : "501 5.1.3 A recipient is needed";
    if (!refusal)
        refusal = check_ascii(strbuf_bytes(&path), s->smtputf8);
    if (refusal) {
        refuse(s, refusal);
        return;
    }
    complete_path(s, &path);
    free(s->recipient);
    s->recipient = s->recipients ? NULL : bytes_dup(strbuf_bytes(&path));
    s->state = SMTP_QUEUE;
    if (!smtp_link_rcpt(s, strbuf_bytes(&path), &params))
        queue_unavailable(s);
}

static void do_data(struct smtp_session *s, struct args *a)
{
    (void)a;
    s->state = SMTP_DATA_WAIT;
    if (!smtp_link_data(s))
        queue_unavailable(s);
}

/* The octets of the chunk come anyway (RFC 3030 2), so that whatever is wrong, their number must be known. */
static void do_bdat(struct smtp_session *s, struct args *a)
{
    struct bytes rest = a->text, number = bytes_split(&rest, ' ');
    bool last = rest.p && bytes_eq_nocase(bytes_trim(rest), BYTES("LAST"));
    uint64_t size;
    if (!bytes_to_u64(number, SMTP_CHUNK_MAX, &size) || (rest.n && !last)) {
        smtp_reply(s, "501 5.5.4 BDAT takes a number of octets, and LAST with the last ones");
        s->fatal = true;
        return;
    }
    const char *refusal = check_message(s);
    if (refusal)
        refuse(s, refusal);
    s->chunk_left = size;
    s->chunk_last = last;
    if (refusal)
        smtp_chunk_drop(s);
    else if (s->chunking)
        s->state = SMTP_CHUNK;
    else {
        s->chunking = true;
        s->state = SMTP_DATA_WAIT;
        if (!smtp_link_data(s)) {
            smtp_reset(s);
            queue_unavailable(s);
            smtp_chunk_drop(s);
        }
    }
}

/* ---- the rest ---- */

static void do_rset(struct smtp_session *s, struct args *a)
{
    (void)a;
    smtp_reset(s);
    smtp_reply(s, "250 2.0.0 Ok");
}

static void do_noop(struct smtp_session *s, struct args *a)
{
    (void)a;
    smtp_reply(s, "250 2.0.0 Ok");
}

static void do_help(struct smtp_session *s, struct args *a)
{
    (void)a;
    smtp_reply(s, "214 2.0.0 EHLO HELO MAIL RCPT DATA BDAT RSET NOOP QUIT VRFY HELP STARTTLS AUTH");
}

static void do_vrfy(struct smtp_session *s, struct args *a)
{
    (void)a;
    smtp_reply(s, "252 2.5.2 Send a message and see");
}

static void do_quit(struct smtp_session *s, struct args *a)
{
    (void)a;
    smtp_reply(s, "221 2.0.0 Bye");
    s->fatal = true;
}

static void do_starttls(struct smtp_session *s, struct args *a)
{
    if (a->text.n) {
        smtp_reply(s, "501 5.5.4 STARTTLS takes no parameters");
        smtp_count_error(s);
        return;
    }
    smtp_reply(s, "220 2.0.0 Go ahead");
    smtp_reset(s);
    smtp_link_close(s); /* what was said in clear is forgotten (RFC 3207 4.2) */
    free(s->helo);
    s->helo = NULL;
    s->state = SMTP_TLS;
    io_start_tls(s->io, smtp_tls(), "smtp esmtp");
}

static void do_auth(struct smtp_session *s, struct args *a)
{
    struct bytes initial = a->text, mechanism = bytes_split(&initial, ' ');
    if (!mechanism.n) {
        smtp_reply(s, "501 5.5.4 AUTH needs a mechanism");
        smtp_count_error(s);
        return;
    }
    smtp_auth_start(s, mechanism, initial.p ? bytes_trim(initial) : initial);
}

static const char *check_xclient(const struct smtp_session *s)
{
    if (!s->xclient)
        return "550 5.7.0 XCLIENT is taken from xclient_networks only";
    if (s->user)
        return "503 5.5.1 Not behind AUTH";
    return s->has_mail ? "503 5.5.1 Not within a transaction" : NULL;
}

/* From here on it is another client, who begins anew. */
static void do_xclient(struct smtp_session *s, struct args *a)
{
    if (!smtp_xclient(s, a->text)) {
        refuse(s, "501 5.5.4 XCLIENT takes ADDR, HELO, NAME, PORT, PROTO, DESTADDR and DESTPORT, each with = "
                  "and xtext");
        return;
    }
    smtp_reset(s);
    smtp_link_close(s);
    free(s->helo);
    s->helo = NULL;
    if (auth_client_banned(smtp_auth_client(), s->peer)) {
        smtp_reply(s, "421 4.7.0 Too many failures from this address");
        s->fatal = true;
        return;
    }
    smtp_reply(s, "220 %s ESMTP Posthouse", smtp_conf->site.hostname);
}

/* A browser led here by somebody else's page (ALPACA and its kin) must not be talked to. */
static void do_http(struct smtp_session *s, struct args *a)
{
    (void)a;
    smtp_reply(s, "421 4.7.0 This is SMTP");
    s->fatal = true;
}

static const struct {
    const char *verb;
    const char *(*check)(const struct smtp_session *s);
    void (*deed)(struct smtp_session *s, struct args *a);
    bool idle; /* brings no message closer */
} commands[] = {
    {"LHLO", check_lmtp, do_ehlo, true},           {"EHLO", check_smtp, do_ehlo, true},
    {"HELO", check_smtp, do_helo, true},           {"MAIL", check_mail, do_mail, false},
    {"RCPT", check_rcpt, do_rcpt, false},          {"DATA", check_data, do_data, false},
    {"BDAT", check_none, do_bdat, false},          {"RSET", check_none, do_rset, true},
    {"NOOP", check_none, do_noop, true},           {"QUIT", check_none, do_quit, false},
    {"VRFY", check_none, do_vrfy, true},           {"HELP", check_none, do_help, true},
    {"AUTH", check_auth, do_auth, false},          {"STARTTLS", check_starttls, do_starttls, false},
    {"XCLIENT", check_xclient, do_xclient, false}, {"GET", check_none, do_http, false},
    {"POST", check_none, do_http, false},          {"PUT", check_none, do_http, false},
    {"HEAD", check_none, do_http, false},          {"OPTIONS", check_none, do_http, false},
    {"CONNECT", check_none, do_http, false},
};

void smtp_command(struct smtp_session *s, struct bytes line)
{
    struct args a = {line};
    struct bytes verb = bytes_split(&a.text, ' ');
    a.text = a.text.p ? bytes_trim(a.text) : BYTES("");
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (!bytes_eq_nocase(verb, bytes_of(commands[i].verb)))
            continue;
        const char *refusal = commands[i].check(s);
        if (commands[i].idle && ++s->idle_commands > SMTP_IDLE_COMMANDS)
            refusal = "421 4.7.0 Too many commands without a message";
        if (refusal)
            refuse(s, refusal);
        else
            commands[i].deed(s, &a);
        return;
    }
    smtp_reply(s, "500 5.5.2 Unknown command");
    smtp_count_error(s);
}
