/*
 * imap_catenate.c - CATENATE's URLs (RFC 4469): parts of messages that are here already, into the one that is being appended.
 *
 * The octets are those that FETCH BODY.PEEK[section] would give, and \Seen is not set. A section is read by the same parser as
 * FETCH's: it is dressed up as a command. Errors are BADURL with the URL as it came, as far as it can be shown.
 */
#include "access/imap_append.h"
#include "access/imap_message.h"
#include "access/imap_section.h"
#include "access/imap_url.h"
#include "base/cleanup.h"
#include "base/text.h"

#include <errno.h>
#include <stdlib.h>

#define PIECE       65536
#define COMMAND_MAX (2 * IMAP_URL_MAX)

static bool bad_url(struct imap *s, struct bytes url, const char *why)
{
    bool shown = text_is_printable(url) && bytes_index(url, ']') == url.n && url.n > 0 && url.n <= 1000;
    imap_no(s, "[BADURL " BYTES_FMT "] %s", BYTES_ARG(shown ? url : BYTES("?")), why);
    return false;
}

/* ---- the section ---- */

/* "BODY[1.2]<0.100>" as tokens of p, which must live as long as *section. */
static bool read_section(struct imap_parse *p, const struct imap_url *url, struct imap_section *section)
{
    AUTO_STRBUF struct strbuf line = STRBUF_INIT(COMMAND_MAX);
    enum imap_parse_event event;
    struct bytes item, body = BYTES("BODY[");
    strbuf_addf(&line, "x FETCH BODY[%s]", url->section.data);
    if (url->partial)
        strbuf_addf(&line, "<%u.%u>", url->offset, url->count);
    strbuf_adds(&line, "\r\n");
    imap_parse_init(p, &imap_parse_after_login);
    if (imap_parse_feed(p, strbuf_bytes(&line), &event) != line.len || event != IMAP_PARSE_DONE)
        return false;
    struct imap_args args = imap_args_of(p, 2);
    return imap_args_atom(&args, &item) && imap_section_parse(section, bytes_skip(item, body.n), &args) &&
           imap_args_end(&args);
}

/* ---- the octets ---- */

static int copy_octets(struct imap *s, struct imap_message *m, struct imap_octets *o)
{
    AUTO_FREE char *piece = xrealloc(NULL, PIECE, 1);
    while (o->n > 0) {
        ssize_t n = imap_octets_read(o, piece, PIECE);
        if (n <= 0)
            return err_errno(&m->err, n ? errno : EIO, "message with UID %u", m->uid);
        if (mail_append_write(s->append->mail, piece, (size_t)n, &m->err))
            return -1;
    }
    return 0;
}

static bool copy_section(struct imap *s, struct imap_message *m, const struct imap_section *section,
                         struct bytes url)
{
    AUTO_OCTETS struct imap_octets o;
    bool opened = imap_section_open(m, section, &o) == 0;
    if (!opened && m->err.code == ERR_NOTFOUND)
        return bad_url(s, url, "There is no such message");
    if (opened && !o.exists)
        return bad_url(s, url, "The message has no such part");
    if (opened && !imap_append_fits(s, o.n))
        return false;
    uint64_t n = o.n;
    if (!opened || copy_octets(s, m, &o)) {
        imap_no_err(s, &m->err);
        return false;
    }
    s->append->octets += n;
    s->append->total += n;
    return true;
}

/* ---- the mailbox ---- */

static bool is_named(const struct mailbox *mb, const char *name)
{
    return mb && (!strcmp(mailbox_name(mb), name) ||
                  (!strcasecmp(name, "INBOX") && !strcasecmp(mailbox_name(mb), name)));
}

/* The selected one, or that of the URL before, or one that is opened for this. */
static struct mailbox *find_mailbox(struct imap *s, const struct imap_url *url, struct bytes text)
{
    struct imap_append *a = s->append;
    struct err e;
    const char *name = url->mailbox.data;
    if (!url->mailbox.len && !s->mb)
        bad_url(s, text, "No mailbox is selected");
    if (!url->mailbox.len || is_named(s->mb, name))
        return s->mb;
    if (is_named(a->source, name))
        return a->source;
    mailbox_close(TAKE_PTR(a->source));
    if (mailbox_open(&a->source, s->store, name, true, &e)) {
        a->source = NULL;
        bad_url(s, text, "There is no such mailbox");
    }
    return a->source;
}

bool imap_catenate_url(struct imap *s, struct bytes text)
{
    AUTO_IMAP_URL struct imap_url url = {.uid = 0};
    struct imap_section section;
    if (!imap_url_parse(&url, text))
        return bad_url(s, text, "Expected: /mailbox;UIDVALIDITY=n/;UID=n/;SECTION=part/;PARTIAL=n.n");
    struct mailbox *mb = find_mailbox(s, &url, text);
    if (!mb)
        return false;
    if ((url.uidvalidity && url.uidvalidity != mailbox_uidvalidity(mb)) || !mailbox_find(mb, url.uid))
        return bad_url(s, text, "There is no such message");
    struct imap_parse p;
    struct imap_message *m = imap_message_new(mb, url.uid);
    bool good = read_section(&p, &url, &section);
    good = good ? copy_section(s, m, &section, text) : bad_url(s, text, "There is no such section");
    imap_message_free(m);
    imap_parse_done(&p);
    mailbox_rest(mb);
    return good;
}
