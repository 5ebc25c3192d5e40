/*
 * pop3_main.c - posthouse-pop3: one POP3 session after the login, on descriptors 0 and 1, under the user's
 * own uid.
 *
 * accessd starts it (descriptor 3 is then the log); it can be tried from a shell as well: see
 * posthouse-pop3(8).
 */
#include "access/pop3_session.h"
#include "access/session_options.h"
#include "base/log.h"

#include <stdlib.h>

int main(int argc, char **argv)
{
    struct session_options o;
    struct pop3 s;
    struct err e;
    session_begin(&o, "posthouse-pop3", argc, argv);
    session_status_begin();
    int r = pop3_open(&s, &o, &e);
    if (r == 0) {
        pop3_run(&s);
    } else {
        log_error("%s: %s", o.user, e.text);
        pop3_say(&s, "-ERR [SYS/TEMP] The mailbox cannot be opened");
        imap_io_flush(&s.io);
    }
    pop3_close(&s);
    return r ? 111 : 0;
}
