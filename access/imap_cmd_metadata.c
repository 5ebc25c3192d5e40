/*
 * imap_cmd_metadata.c - GETMETADATA and SETMETADATA (RFC 5464). The mailbox "" is the server.
 */
#include "access/imap_commands.h"
#include "access/imap_metadata.h"
#include "access/imap_notify.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "maildir/maildir_metadata.h"

#include <limits.h>
#include <stdlib.h>

/* False: the answer is settled. *name NULL: the server. */
static bool read_mailbox(struct imap *s, char **name)
{
    struct imap_args next = s->args;
    struct bytes text;
    *name = NULL;
    if (imap_args_astring(&next, &text) && text.n == 0) {
        s->args = next;
        return true;
    }
    *name = imap_session_mailbox(s);
    return *name != NULL;
}

/* "(MAXSIZE 1024 DEPTH infinity)"; some clients have it behind the mailbox. */
static bool read_options(struct imap *s, struct imap_metadata_query *q)
{
    struct imap_args list, next = s->args, look;
    struct bytes first;
    if (!imap_args_list(&next, &list))
        return true;
    look = list;
    if (!imap_args_astring(&look, &first) || (first.n && *first.p == '/'))
        return true; /* these are the entries */
    s->args = next;
    while (!imap_args_end(&list)) {
        bool fine = imap_args_word(&list, "MAXSIZE") && imap_args_number(&list, UINT32_MAX, &q->max_size);
        if (!fine && imap_args_word(&list, "DEPTH")) {
            fine =
                imap_args_word(&list, "0") || imap_args_word(&list, "1") || imap_args_word(&list, "infinity");
            struct bytes depth = imap_token_text(list.p, list.at - 1);
            q->depth = bytes_eq(depth, BYTES("0")) ? 0 : bytes_eq(depth, BYTES("1")) ? 1 : UINT_MAX;
        }
        if (!fine) {
            imap_bad(s,
                     "The options of GETMETADATA are MAXSIZE with a number, and DEPTH with 0, 1 or infinity");
            return false;
        }
    }
    return true;
}

enum imap_status imap_cmd_getmetadata(struct imap *s)
{
    AUTO_METADATA_QUERY struct imap_metadata_query q = {.max_size = METADATA_VALUE_MAX};
    AUTO_FREE char *name = NULL;
    struct err e;
    if (!read_options(s, &q) || !read_mailbox(s, &name) || !read_options(s, &q) ||
        !imap_metadata_names(s, &s->args, &q) || !imap_session_no_more_args(s))
        return s->reply.status;
    if (imap_metadata_answer(s, name, name ? name : "", &q, &e))
        return imap_no_err(s, &e);
    if (q.left_out)
        return imap_ok(s, "[METADATA LONGENTRIES %llu] Longer values were left out",
                       (unsigned long long)q.left_out);
    return imap_ok(s, "These are the annotations");
}

struct change {
    char *name;
    struct bytes value; /* .p NULL: remove it */
};

struct changes {
    struct change items[IMAP_METADATA_NAMES_MAX];
    size_t n;
};

static void changes_done(struct changes *c)
{
    while (c->n)
        free(c->items[--c->n].name);
}
#define AUTO_CHANGES __attribute__((cleanup(changes_done)))

enum { TOO_MANY = 1 };

static int apply(struct metadata *m, void *arg)
{
    const struct changes *c = arg;
    for (size_t i = 0; i < c->n; i++)
        if (!metadata_set(m, c->items[i].name, c->items[i].value))
            return TOO_MANY;
    return 0;
}

static bool read_changes(struct imap *s, struct changes *c)
{
    struct imap_args list;
    if (!imap_args_list(&s->args, &list) || imap_args_end(&list)) {
        imap_bad(s, "SETMETADATA takes a list of entries and values");
        return false;
    }
    while (!imap_args_end(&list)) {
        struct change *change = &c->items[c->n];
        if (c->n == IMAP_METADATA_NAMES_MAX) {
            imap_no(s, "[METADATA TOOMANY] At most %d entries can be set at once", IMAP_METADATA_NAMES_MAX);
            return false;
        }
        if (!imap_metadata_name(s, &list, &change->name))
            return false;
        c->n++;
        if (!imap_args_nstring(&list, &change->value) && !imap_args_literal8(&list, &change->value)) {
            imap_bad(s, "The value of an entry was expected: a string, or NIL");
            return false;
        }
        if (change->value.n > METADATA_VALUE_MAX) {
            imap_no(s, "[METADATA MAXSIZE %d] The value is too long", METADATA_VALUE_MAX);
            return false;
        }
    }
    return imap_session_no_more_args(s);
}

/* A client that resynchronises is to see that something has changed (RFC 7162 section 3.2). */
static void advance(struct imap *s, const char *name)
{
    struct mailbox *mb;
    struct err e;
    if (mailbox_open(&mb, s->store, name, true, &e)) {
        log_warn("%s: HIGHESTMODSEQ after SETMETADATA: %s", s->options->user, e.text);
        return;
    }
    if (mailbox_advance(mb, &e))
        log_warn("%s: HIGHESTMODSEQ after SETMETADATA: %s", s->options->user, e.text);
    mailbox_close(mb);
}

enum imap_status imap_cmd_setmetadata(struct imap *s)
{
    AUTO_CHANGES struct changes changes = {.n = 0};
    AUTO_FREE char *name = NULL;
    struct err e;
    if (!read_mailbox(s, &name) || !read_changes(s, &changes))
        return s->reply.status;
    if (!name)
        imap_notify_own(s, "");
    int r = mail_store_change_metadata(s->store, name, apply, &changes, &e);
    if (r == TOO_MANY)
        return imap_no(s, "[METADATA TOOMANY] A mailbox has at most %d annotations", METADATA_ENTRIES_MAX);
    if (r)
        return imap_no_err(s, &e);
    if (name)
        advance(s, name);
    return imap_ok(s, "Annotated");
}
