/*
 * smtp_trace.c - what smtp itself writes into a message: the Received line, and into a mail
 * program's message what is missing there. Everything in it that a client chose has been checked against a
 * strict alphabet (HELO, address).
 */
#include "relay/smtp.h"
#include "relay/smtp_repair.h"

#include <stdio.h>
#include <sys/random.h>
#include <time.h>

static void add_date(struct strbuf *out)
{
    char text[64];
    time_t now = time(NULL);
    struct tm tm;
    localtime_r(&now, &tm);
    strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S %z", &tm);
    strbuf_adds(out, text);
}

/* RFC 3848, RFC 6531 4.3: what the session was. */
static const char *protocol(const struct smtp_session *s)
{
    static const char *const names[2][2] = {{"ESMTP", "ESMTPA"}, {"ESMTPS", "ESMTPSA"}};
    static const char *const utf8[2][2] = {{"UTF8SMTP", "UTF8SMTPA"}, {"UTF8SMTPS", "UTF8SMTPSA"}};
    static const char *const lmtp[2][2] = {{"LMTP", "LMTPA"}, {"LMTPS", "LMTPSA"}};
    if (s->lmtp)
        return lmtp[smtp_secure(s)][s->user != NULL];
    if (s->smtputf8)
        return utf8[smtp_secure(s)][s->user != NULL];
    return s->esmtp ? names[smtp_secure(s)][s->user != NULL] : "SMTP";
}

void smtp_trace(struct strbuf *out, struct smtp_session *s)
{
    char tls[128];
    bool v6 = strchr(s->peer, ':') != NULL;
    if (s->user && smtp_conf->hide_client)
        strbuf_adds(out, "Received:");
    else
        strbuf_addf(out, "Received: from %s ([%s%s])\n", s->helo, v6 ? "IPv6:" : "", s->peer);
    if (!(s->user && smtp_conf->hide_client) && io_secure(s->io)) {
        tls_describe(io_tls(s->io), tls, sizeof tls);
        strbuf_addf(out, "\t(using %s)\n", tls);
    }
    strbuf_addf(out, "%sby %s (Posthouse) with %s id %08llx.%x",
                s->user && smtp_conf->hide_client ? " " : "\t", smtp_conf->site.hostname, protocol(s),
                (unsigned long long)time(NULL), s->id);
    if (s->recipients == 1 && s->recipient)
        strbuf_addf(out, "\n\tfor <%s>", s->recipient);
    strbuf_adds(out, ";\n\t");
    add_date(out);
    strbuf_addc(out, '\n');
}

void smtp_complete(struct strbuf *out, struct smtp_session *s, struct bytes header)
{
    AUTO_STRBUF struct strbuf date = STRBUF_INIT(64), id = STRBUF_INIT(400), from = STRBUF_INIT(1024);
    uint64_t random[2] = {0};
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        random[0] = (uint64_t)time(NULL) << 32 | s->id;
    add_date(&date);
    strbuf_addf(&id, "<%016llx%016llx@%s>", (unsigned long long)random[0], (unsigned long long)random[1],
                smtp_conf->site.hostname);
    if (s->reverse_path && *s->reverse_path)
        strbuf_adds(&from, s->reverse_path);
    else
        strbuf_addf(&from, strchr(s->user, '@') ? "%s" : "%s@%s", s->user, smtp_conf->site.hostname);
    struct repair how = {from.data, date.data, id.data, smtp_conf->site.hostname};
    repair_header(header, &how, out);
}
