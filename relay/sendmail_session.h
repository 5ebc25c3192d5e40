/*
 * sendmail_session.h - sendmail -bs: SMTP on standard input and output, for programs that want it so.
 */
#ifndef RELAY_SENDMAIL_SESSION_H
#define RELAY_SENDMAIL_SESSION_H

/* An exit status of sysexits.h. socket: of the queue; drop_dir: for when it does not run. */
int session_serve(const char *hostname, const char *socket, const char *drop_dir);

#endif
