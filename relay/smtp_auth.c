/*
 * smtp_auth.c - AUTH (RFC 4954): SASL passes through to auth unread; its ticket goes to queue, which redeems
 * it. smtp itself can make nobody authenticated.
 */
#include "base/log.h"
#include "base/text.h"
#include "relay/smtp.h"

#include <stdlib.h>

static void failed(struct smtp_session *s, const char *reply)
{
    s->state = SMTP_COMMAND;
    smtp_reply(s, "%s", reply);
    smtp_count_error(s);
    if (++s->auth_tries >= SMTP_AUTH_TRIES && !s->fatal) {
        smtp_reply(s, "421 4.7.0 Too many failed attempts");
        s->fatal = true;
    }
}

static void succeeded(struct smtp_session *s, const struct auth_result *result)
{
    free(s->candidate);
    s->candidate = xstrdup(result->name);
    if (!smtp_link_auth(s, result->text))
        failed(s, "454 4.7.0 Temporary authentication failure, try again later");
}

static void on_result(const struct auth_result *result, void *arg)
{
    struct smtp_session *s = arg;
    if (result->status == AUTH_CONTINUE) {
        s->state = SMTP_AUTH_LINE;
        smtp_reply(s, "334 " BYTES_FMT, BYTES_ARG(result->text));
        smtp_proceed(s);
        return;
    }
    s->auth = NULL;
    if (result->status == AUTH_OK)
        succeeded(s, result);
    else if (result->status == AUTH_FAILED)
        failed(s, "535 5.7.8 Authentication failed");
    else if (result->status == AUTH_EXPIRED)
        failed(s, "535 5.7.8 The password or the account has expired: set a new password, or ask the "
                  "administrator");
    else if (result->status == AUTH_INVALID)
        failed(s, "501 5.5.2 Authentication was cancelled or its exchange is malformed");
    else
        failed(s, "454 4.7.0 Temporary authentication failure, try again later");
    smtp_proceed(s);
}

void smtp_auth_list(const struct smtp_session *s, struct strbuf *out)
{
    unsigned char binding[TLS_EXPORTER];
    site_sasl_list(&smtp_conf->site, tls_exporter(io_tls(s->io), binding), " ", "", out);
}

void smtp_auth_start(struct smtp_session *s, struct bytes mechanism, struct bytes initial)
{
    struct auth_peer peer = {.service = "smtp", .remote = s->peer, .secure = smtp_secure(s)};
    unsigned char binding[TLS_EXPORTER];
    if (tls_exporter(io_tls(s->io), binding))
        peer.binding = bytes_from(binding, sizeof(binding));
    if (!site_sasl_offers(&smtp_conf->site, mechanism, peer.binding.n > 0)) {
        smtp_reply(s, "504 5.5.4 The mechanism is not offered");
        smtp_count_error(s);
        return;
    }
    s->state = SMTP_AUTH;
    s->auth = auth_start(smtp_auth_client(), &peer, mechanism, initial, on_result, s);
    if (!s->auth)
        failed(s, "454 4.7.0 Temporary authentication failure, try again later");
}

void smtp_auth_line(struct smtp_session *s, struct bytes line)
{
    s->state = SMTP_AUTH;
    auth_continue(s->auth, line);
}

void smtp_auth_redeemed(struct smtp_session *s, uint32_t code, struct bytes text)
{
    (void)text;
    if (code != 235) {
        failed(s, "454 4.7.0 Temporary authentication failure, try again later");
    } else {
        s->state = SMTP_COMMAND;
        s->user = s->candidate;
        s->candidate = NULL;
        smtp_reply(s, "235 2.7.0 Authenticated");
        if (io_input(s->io)
                .n) { /* nothing that was sent before the verdict may count as the account's word */
            smtp_reply(s, "421 4.7.0 Nothing may be sent behind AUTH before its answer");
            s->fatal = true;
        }
    }
    smtp_proceed(s);
}
