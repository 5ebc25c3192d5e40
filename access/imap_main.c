/*
 * imap_main.c - posthouse-imap: one IMAP session after login, on descriptors 0 and 1, under the user's own
 * uid.
 *
 * accessd starts it (descriptor 3 is then the log); it can be tried from a shell as well: see
 * posthouse-imap(8).
 */
#include "access/expire.h"
#include "access/imap_session.h"
#include "access/session_options.h"
#include "base/log.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The client learns that we cannot serve it, in the form that it waits for. */
static void refuse(struct imap *s, const struct err *e)
{
    log_error("%s: %s", s->options->user, e->text);
    if (s->options->tag) {
        imap_puts(s, s->options->tag);
        imap_puts(s, " NO [UNAVAILABLE] The mailbox cannot be opened\r\n");
    }
    imap_puts(s, "* BYE [UNAVAILABLE] The mailbox cannot be opened\r\n");
    imap_io_flush(&s->io);
}

/* In words: without the response code. */
static const char *why_ended(const struct imap *s)
{
    const char *behind = s->bye ? strstr(s->bye, "] ") : NULL;
    return behind ? behind + 2 : s->bye ? s->bye : s->lost ? s->lost : "logged out";
}

int main(int argc, char **argv)
{
    struct session_options o;
    struct imap s = {.options = &o};
    struct err e;
    session_begin(&o, "posthouse-imap", argc, argv);
    imap_rest_begin();
    session_status_begin();
    imap_io_init(&s.io, STDIN_FILENO, STDOUT_FILENO);
    struct mail_store_options store = {
        .root = o.mail,
        .create = true,
        .quota_bytes = o.quota_bytes,
        .quota_messages = o.quota_messages,
        .quota_ignore = o.quota_ignore,
        .new_folders = o.new_folders,
        .new_index = o.new_index,
        .watcher = o.watcher,
    };
    bool opened = session_confine(&o, &e) == 0 && mail_store_open(&s.store, &store, &e) == 0;
    if (opened) {
        mail_store_on_progress(s.store, imap_store_progress, &s);
        imap_session_run(&s);
        if (o.autoexpunge && expire(s.store, o.autoexpunge, NULL, false, NULL, NULL, &e))
            log_warn("%s: autoexpunge: %s", o.user, e.text);
        mail_store_close(s.store);
        session_status_end(&o, s.io.octets_in, s.io.octets_out, &s.did, why_ended(&s));
    } else
        refuse(&s, &e);
    imap_io_done(&s.io);
    return opened ? EXIT_SUCCESS : EXIT_FAILURE;
}
