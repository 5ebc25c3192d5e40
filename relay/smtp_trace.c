/*
 * smtp_trace.c - what smtp itself writes into a message: the Received line, and for a mail program's message
 * Date and Message-ID where they are missing. Everything in it that a client chose has been checked against a
 * strict alphabet (HELO, address).
 */
#include "maildir/message.h"
#include "relay/smtp.h"

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
    if (s->smtputf8)
        return utf8[smtp_secure(s)][s->user != NULL];
    return s->esmtp ? names[smtp_secure(s)][s->user != NULL] : "SMTP";
}

void smtp_trace(struct strbuf *out, struct smtp_session *s)
{
    char tls[128];
    bool v6 = strchr(s->peer, ':') != NULL;
    strbuf_addf(out, "Received: from %s ([%s%s])\n", s->helo, v6 ? "IPv6:" : "", s->peer);
    if (io_secure(s->io)) {
        tls_describe(io_tls(s->io), tls, sizeof tls);
        strbuf_addf(out, "\t(using %s)\n", tls);
    }
    strbuf_addf(out, "\tby %s (Posthouse) with %s id %08llx.%x", smtp_conf->site.hostname, protocol(s),
                (unsigned long long)time(NULL), s->id);
    if (s->recipients == 1 && s->recipient)
        strbuf_addf(out, "\n\tfor <%s>", s->recipient);
    strbuf_adds(out, ";\n\t");
    add_date(out);
    strbuf_addc(out, '\n');
}

void smtp_complete(struct strbuf *out, struct smtp_session *s, struct bytes header)
{
    struct header_field field;
    uint64_t random[2];
    (void)s;
    if (!header_find(header, "Date", &field)) {
        strbuf_adds(out, "Date: ");
        add_date(out);
        strbuf_addc(out, '\n');
    }
    if (header_find(header, "Message-ID", &field) ||
        getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        return;
    strbuf_addf(out, "Message-ID: <%016llx%016llx@%s>\n", (unsigned long long)random[0],
                (unsigned long long)random[1], smtp_conf->site.hostname);
}
