/*
 * remote_dialogue.c - from the connection to AUTH. uid posthouse-net2. See remote_dialogue.h.
 *
 * What a reply says goes into verdicts as text without control characters (remote_reply.c).
 */
#include "relay/remote_dialogue.h"

#include "base/cleanup.h"
#include "base/text.h"

#define COMMAND_MAX 1024 /* octets of one command line */
#define TEXT_MAX    400

/* ---- verdicts ---- */

static void set_verdict(struct remote_job *job, size_t i, int code, const char *text)
{
    free(job->texts[i]);
    job->texts[i] = xstrdup(text);
    job->codes[i] = code;
}

/* For all that have none yet. */
void set_all(struct remote_job *job, int code, const char *text)
{
    for (size_t i = 0; i < job->nrcpts; i++)
        if (!job->codes[i])
            set_verdict(job, i, code, text);
}

/* Does the reply's text start with an enhanced code of its own class? */
static bool has_enhanced(const struct reply *r)
{
    size_t n = strspn(r->text.data, "0123456789.");
    return n >= 5 && r->text.data[0] == '0' + r->code / 100 && r->text.data[1] == '.';
}

static void describe(struct strbuf *out, const struct remote_job *job, const struct reply *r)
{
    char first[TEXT_MAX];
    snprintf(first, sizeof first, "%s", r->text.data);
    for (char *p = first; *p; p++)
        if (*p == '\n')
            *p = ' ';
    if (!has_enhanced(r))
        strbuf_addf(out, "%d.0.0 ", r->code / 100);
    strbuf_addf(out, "%s (said %s)", first, job->host);
}

void set_from_reply(struct dialogue *d, size_t i)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(1024);
    describe(&text, d->job, &d->reply);
    set_verdict(d->job, i, d->reply.code, text.data);
}

/* The server refuses the transaction: all recipients have its word. A 3xx where none belongs counts as
 * "later". */
int refuse_all(struct dialogue *d)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(1024);
    describe(&text, d->job, &d->reply);
    set_all(d->job, d->reply.code >= 400 ? d->reply.code : 451, text.data);
    return -1;
}

int broken(struct dialogue *d, const char *status, const struct err *e)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(1024);
    strbuf_addf(&text, "%s %s: %s", status, d->job->host, e->text);
    set_all(d->job, *status == '5' ? 554 : 451, text.data);
    d->dead = true;
    return -1;
}

/* ---- commands ---- */

bool path_is_clean(struct bytes b)
{
    for (size_t i = 0; i < b.n; i++)
        if ((unsigned char)b.p[i] < ' ' || b.p[i] == 127)
            return false;
    return true;
}

/* One line of ours alone, and its reply. */
static int command(struct dialogue *d, const char *words)
{
    AUTO_STRBUF struct strbuf line = STRBUF_INIT(COMMAND_MAX);
    struct err e;
    strbuf_addf(&line, "%s\r\n", words);
    if (line.overflow || !path_is_clean(bytes_of(words))) {
        err_set(&e, ERR_LIMIT, "a command of more than %d octets, or with control characters", COMMAND_MAX);
        return broken(d, "5.5.4", &e);
    }
    if (wire_send(d->wire, strbuf_bytes(&line), T_REPLY, &e) || wire_reply(d->wire, &d->reply, T_REPLY, &e))
        return broken(d, "4.4.2", &e);
    return 0;
}

static int ehlo(struct dialogue *d)
{
    struct bytes p = BYTES("");
    AUTO_STRBUF struct strbuf verb = STRBUF_INIT(COMMAND_MAX);
    strbuf_addf(&verb, "EHLO %s", d->job->helo);
    if (command(d, verb.data))
        return -1;
    if (d->reply.code / 100 != 2)
        return refuse_all(d);
    d->pipelining = reply_keyword(&d->reply, "PIPELINING", NULL);
    d->dsn = reply_keyword(&d->reply, "DSN", NULL);
    d->eightbit = reply_keyword(&d->reply, "8BITMIME", NULL);
    d->utf8 = reply_keyword(&d->reply, "SMTPUTF8", NULL);
    d->size = reply_keyword(&d->reply, "SIZE", &p);
    d->size_limit = 0;
    bytes_to_u64(p, UINT64_MAX, &d->size_limit);
    d->plain = false;
    if (reply_keyword(&d->reply, "AUTH", &p))
        while (p.p)
            d->plain |= bytes_eq_nocase(bytes_split(&p, ' '), BYTES("PLAIN"));
    return 0;
}

static int tls(struct dialogue *d)
{
    struct err e;
    return wire_start_tls(d->wire, d->job->host, T_TLS, &e) ? broken(d, "4.7.5", &e) : 0;
}

static int greet(struct dialogue *d)
{
    struct err e;
    d->wire = wire_connect(d->job->host, d->job->port, T_CONNECT, &e);
    if (!d->wire)
        return broken(d, "4.4.1", &e);
    if (d->job->tls == RELAY_TLS_IMPLICIT && tls(d))
        return -1;
    if (wire_reply(d->wire, &d->reply, T_REPLY, &e))
        return broken(d, "4.4.1", &e);
    return d->reply.code / 100 == 2 ? 0 : refuse_all(d);
}

static int upgrade(struct dialogue *d)
{
    if (d->job->tls != RELAY_TLS_STARTTLS)
        return 0;
    struct err e;
    if (!reply_keyword(&d->reply, "STARTTLS", NULL)) {
        err_set(&e, ERR_TEMP, "it does not offer STARTTLS, which smarthost_tls asks for");
        return broken(d, "4.7.4", &e);
    }
    if (command(d, "STARTTLS"))
        return -1;
    if (d->reply.code != 220)
        return refuse_all(d);
    return tls(d) || ehlo(d) ? -1 : 0;
}

/* A refused login is a mistake in our configuration, which somebody will mend: the mail waits. */
static int authenticate(struct dialogue *d)
{
    struct remote_job *job = d->job;
    struct err e;
    if (!*job->user && !*job->password)
        return 0;
    if (!wire_secure(d->wire) && !wire_loopback(d->wire)) {
        err_set(&e, ERR_TEMP, "credentials are not sent without TLS (set smarthost_tls)");
        return broken(d, "4.7.4", &e);
    }
    if (!d->plain) {
        err_set(&e, ERR_TEMP, "it does not offer AUTH PLAIN");
        return broken(d, "4.7.4", &e);
    }
    __attribute__((cleanup(strbuf_done_secret))) struct strbuf token = STRBUF_INIT(512),
                                                               word = STRBUF_INIT(800);
    strbuf_addf(&token, "%c%s%c%s", 0, job->user, 0, job->password);
    strbuf_adds(&word, "AUTH PLAIN ");
    base64_encode(&word, strbuf_bytes(&token));
    if (command(d, word.data))
        return -1;
    if (d->reply.code == 235)
        return 0;
    err_set(&e, ERR_TEMP, "it refuses our credentials: %d %.150s", d->reply.code, d->reply.text.data);
    return broken(d, "4.7.8", &e);
}

int dialogue_open(struct dialogue *d)
{
    return greet(d) || ehlo(d) || upgrade(d) || authenticate(d) ? -1 : 0;
}
