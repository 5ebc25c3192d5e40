/*
 * imap_structure.c - a tree of parts as BODY and BODYSTRUCTURE.
 *
 * The tree is walked by its own links, so that depth costs no stack: on the way down a part's opening is
 * written, on the way up its rest. All sizes are those of the wire (CRLF). message/global is written as a
 * part of no special kind, unless the client wants it otherwise: those of IMAP4rev1 do not expect an envelope there. What extension data a part
 * has is always written to the end, with NIL where there is none.
 *
 * What the parser keeps of a message is bounded (message_mime.c); the envelopes of the messages in it are not.
 * Behind ENVELOPES_MAX octets of them the rest is written as if its headers were empty.
 */
#include "access/imap_structure.h"

#include "access/imap_envelope.h"
#include "access/imap_quote.h"

#include <inttypes.h>

enum { ENVELOPES_MAX = 4 << 20 };

struct structure {
    struct strbuf *out;
    bool extended, global;
    int (*read_header)(void *arg, const struct mime_part *part, struct strbuf *out);
    void *arg;
    size_t envelopes; /* octets of all so far */
    bool failed;
};

static bool is_message(const struct structure *s, const struct mime_part *part)
{
    return part->rfc822 && (s->global || bytes_eq_nocase(bytes_of(part->subtype), BYTES("rfc822")));
}

static bool is_text(const struct mime_part *part)
{
    return bytes_eq_nocase(bytes_of(part->type), BYTES("text"));
}

/* ---- pieces ---- */

static void add_nstring(struct strbuf *out, const char *s)
{
    imap_nstring(out, s ? bytes_of(s) : bytes_from(NULL, 0));
}

static void add_params(struct strbuf *out, const struct mime_param *params, size_t n)
{
    if (n == 0)
        imap_nil(out);
    for (size_t i = 0; i < n; i++) {
        strbuf_addc(out, i ? ' ' : '(');
        add_nstring(out, params[i].name);
        strbuf_addc(out, ' ');
        add_nstring(out, params[i].value);
    }
    if (n)
        strbuf_addc(out, ')');
}

static void add_disposition(struct strbuf *out, const struct mime_part *part)
{
    if (!part->disposition) {
        imap_nil(out);
        return;
    }
    strbuf_addc(out, '(');
    add_nstring(out, part->disposition);
    strbuf_addc(out, ' ');
    add_params(out, part->disposition_params, part->ndisposition_params);
    strbuf_addc(out, ')');
}

/* One language is a string, several are a list. */
static void add_languages(struct strbuf *out, const char *list)
{
    if (!list || !strchr(list, ',')) {
        add_nstring(out, list);
        return;
    }
    struct bytes rest = bytes_of(list);
    for (char before = '('; rest.p; before = ' ') {
        strbuf_addc(out, before);
        imap_string(out, bytes_split(&rest, ','));
    }
    strbuf_addc(out, ')');
}

/* " disposition language location", the end of all extension data. */
static void add_extension(struct strbuf *out, const struct mime_part *part)
{
    strbuf_addc(out, ' ');
    add_disposition(out, part);
    strbuf_addc(out, ' ');
    add_languages(out, part->language);
    strbuf_addc(out, ' ');
    add_nstring(out, part->location);
}

static void add_envelope(struct structure *s, const struct mime_part *message)
{
    AUTO_STRBUF struct strbuf header = STRBUF_INIT(MESSAGE_HEADER_MAX);
    size_t before = s->out->len;
    if (s->envelopes < ENVELOPES_MAX && s->read_header(s->arg, message, &header))
        s->failed = true;
    imap_envelope(s->out, strbuf_bytes(&header));
    s->envelopes += s->out->len - before;
}

/* ---- parts ---- */

static void open_multipart(struct structure *s)
{
    strbuf_addc(s->out, '(');
}

static void close_multipart(struct structure *s, const struct mime_part *part)
{
    strbuf_addc(s->out, ' ');
    add_nstring(s->out, part->subtype);
    if (s->extended) {
        strbuf_addc(s->out, ' ');
        add_params(s->out, part->params, part->nparams);
        add_extension(s->out, part);
    }
    strbuf_addc(s->out, ')');
}

/* Type to size; for a message its envelope, too. */
static void open_single(struct structure *s, const struct mime_part *part)
{
    const char *const before[] = {part->type, part->subtype}, *const behind[] = {part->id, part->description};
    for (size_t i = 0; i < 2; i++) {
        strbuf_addc(s->out, i ? ' ' : '(');
        add_nstring(s->out, before[i]);
    }
    strbuf_addc(s->out, ' ');
    add_params(s->out, part->params, part->nparams);
    for (size_t i = 0; i < 2; i++) {
        strbuf_addc(s->out, ' ');
        add_nstring(s->out, behind[i]);
    }
    strbuf_addc(s->out, ' ');
    add_nstring(s->out, part->encoding ? part->encoding : "7BIT");
    strbuf_addf(s->out, " %" PRIu64, part->crlf_body);
    if (is_message(s, part)) {
        strbuf_addc(s->out, ' ');
        add_envelope(s, part->first_child);
        strbuf_addc(s->out, ' ');
    }
}

static void close_single(struct structure *s, const struct mime_part *part)
{
    if (is_message(s, part) || is_text(part))
        strbuf_addf(s->out, " %" PRIu64, part->body_lines);
    if (s->extended) {
        strbuf_addc(s->out, ' ');
        add_nstring(s->out, part->md5);
        add_extension(s->out, part);
    }
    strbuf_addc(s->out, ')');
}

/* Are its children written inside of it? */
static bool shows_children(const struct structure *s, const struct mime_part *part)
{
    return part->multipart || is_message(s, part);
}

static void open_part(struct structure *s, const struct mime_part *part)
{
    if (part->multipart)
        open_multipart(s);
    else
        open_single(s, part);
}

static void close_part(struct structure *s, const struct mime_part *part)
{
    if (part->multipart)
        close_multipart(s, part);
    else
        close_single(s, part);
}

int imap_bodystructure(struct strbuf *out, const struct mime_part *root, unsigned how,
                       int (*read_header)(void *arg, const struct mime_part *part, struct strbuf *out),
                       void *arg)
{
    struct structure s = {.out = out,
                          .extended = how & IMAP_STRUCTURE_EXTENDED,
                          .global = how & IMAP_STRUCTURE_GLOBAL,
                          .read_header = read_header,
                          .arg = arg};
    const struct mime_part *part = root;
    while (part && !out->overflow) {
        open_part(&s, part);
        if (shows_children(&s, part)) {
            part = part->first_child;
            continue;
        }
        close_part(&s, part);
        while (part != root && !part->next) {
            part = part->parent;
            close_part(&s, part);
        }
        part = part == root ? NULL : part->next;
    }
    return s.failed ? -1 : 0;
}
