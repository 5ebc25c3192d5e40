/*
 * imap_target.c - the arguments that most commands have: a set of messages, a mailbox name, and nothing more.
 */
#include "access/imap_notify.h"
#include "access/imap_results.h"
#include "access/imap_session.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "maildir/mutf7.h"

#include <stdlib.h>
#include <uninorm.h>

#define NAME_MAX_IN 4096 /* octets of a mailbox name in UTF-8 */

/* First and last message number that a range of UIDs covers. */
static struct imap_seqrange to_numbers(const struct imap *s, struct imap_seqrange r, bool by_uid)
{
    if (!by_uid)
        return (struct imap_seqrange){r.lo,
                                      r.hi < imap_view_count(&s->view) ? r.hi : imap_view_count(&s->view)};
    uint32_t behind = r.hi == UINT32_MAX ? imap_view_count(&s->view) + 1 : imap_view_from(&s->view, r.hi + 1);
    return (struct imap_seqrange){imap_view_from(&s->view, r.lo), behind - 1};
}

void imap_session_resolve(const struct imap *s, const struct imap_seqset *set, bool by_uid, uint32_t **uids,
                          size_t *n)
{
    *n = 0;
    *uids = xcalloc(imap_view_count(&s->view) + 1, sizeof(**uids));
    for (size_t i = 0; i < set->n; i++) {
        struct imap_seqrange r = to_numbers(s, set->ranges[i], by_uid);
        for (uint32_t seq = r.lo; seq <= r.hi && seq >= r.lo; seq++)
            (*uids)[(*n)++] = imap_view_uid(&s->view, seq);
    }
}

bool imap_session_read_set(struct imap *s, struct imap_seqset *set)
{
    struct bytes text;
    uint32_t star =
        s->by_uid ? imap_view_uid(&s->view, imap_view_count(&s->view)) : imap_view_count(&s->view);
    if (imap_args_word(&s->args, "$")) {
        imap_saved_set(s, s->by_uid, set);
        return true;
    }
    if (!imap_args_atom(&s->args, &text) || !imap_seqset_parse(set, text, star)) {
        imap_bad(s, "A set of messages was expected, as 1:5,8 or 20:*");
        return false;
    }
    if (!s->by_uid && imap_seqset_max(set) > imap_view_count(&s->view) &&
        memchr(text.p, '*', text.n) == NULL) {
        imap_bad(s, "[CLIENTBUG] There are only %u messages", imap_view_count(&s->view));
        return false;
    }
    return true;
}

bool imap_session_targets(struct imap *s, uint32_t **uids, size_t *n)
{
    AUTO_SEQSET struct imap_seqset set = {0};
    if (!imap_session_read_set(s, &set))
        return false;
    imap_session_resolve(s, &set, s->by_uid, uids, n);
    return true;
}

bool imap_session_decode_name(const struct imap *s, struct bytes text, struct strbuf *out)
{
    bool good = !imap_speaks_utf8(s) && text_is_ascii(text) ? mutf7_decode(out, text)
                                                            : utf8_valid(text) && strbuf_addb(out, text);
    return good && !out->overflow && !memchr(out->data, '\0', out->len);
}

char *imap_session_mailbox(struct imap *s)
{
    struct bytes text;
    AUTO_STRBUF struct strbuf name = STRBUF_INIT(NAME_MAX_IN);
    if (!imap_args_astring(&s->args, &text)) {
        imap_bad(s, "The name of a mailbox was expected");
        return NULL;
    }
    if (!imap_session_decode_name(s, text, &name)) {
        imap_no(s, "[CANNOT] The mailbox name is not valid %s",
                imap_speaks_utf8(s) ? "UTF-8" : "modified UTF-7 or UTF-8");
        return NULL;
    }
    s->by_alias = bytes_starts_nocase(strbuf_bytes(&name), BYTES("INBOX.")) && name.len > 6 &&
                  !mail_store_has(s->store, name.data);
    char *found = s->by_alias ? xstrdup(name.data + 6) : strbuf_detach(&name);
    imap_notify_own(s, found);
    return found;
}

/* Composed (NFC), without controls and separators of lines. Names in modified UTF-7 are taken as they are: they have always been. */
static bool net_unicode(struct bytes name)
{
    AUTO_FREE uint8_t *normal = NULL;
    size_t n = 0;
    for (size_t i = 0; i < name.n;) {
        int32_t c = utf8_next(name, &i);
        if (c < ' ' || (c >= 0x7f && c <= 0x9f) || c == 0x2028 || c == 0x2029)
            return false;
    }
    normal = u8_normalize(UNINORM_NFC, (const uint8_t *)name.p, name.n, NULL, &n);
    return normal && bytes_eq(name, bytes_from(normal, n));
}

char *imap_session_new_mailbox(struct imap *s)
{
    struct imap_args args = s->args;
    struct bytes wire;
    AUTO_FREE char *name = imap_session_mailbox(s);
    if (!name || !imap_args_astring(&args, &wire) || (text_is_ascii(wire) && !imap_speaks_utf8(s)) ||
        net_unicode(bytes_of(name)))
        return TAKE_PTR(name);
    imap_no(s, "[CANNOT] The name of a mailbox must be in Unicode's composed form (NFC), without control "
               "characters");
    return NULL;
}

bool imap_session_no_more_args(struct imap *s)
{
    if (!imap_args_end(&s->args))
        imap_bad(s, "Too many arguments");
    return imap_args_end(&s->args);
}
