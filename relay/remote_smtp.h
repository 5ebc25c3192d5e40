/*
 * remote_smtp.h - messages to a server, by SMTP, with a verdict for each recipient. A connection over which one has gone is
 * kept for the next one to the same server.
 */
#ifndef RELAY_REMOTE_SMTP_H
#define RELAY_REMOTE_SMTP_H

#include "relay/envelope.h"
#include "relay/relay_msg.h"

#define REMOTE_RCPT_MAX 1000

struct remote_job {
    char *host, *port;
    enum relay_tls tls;
    char *user, *password; /* both "": no AUTH */
    char *helo;
    struct bytes reverse_path;
    enum envelope_ret ret;
    struct bytes envid; /* xtext, or empty */
    struct bytes *rcpts, *orcpts;
    unsigned *notify; /* enum recipient_notify of each */
    size_t nrcpts;
    int fd; /* read with pread; LF line ends */
    uint64_t offset, size;
    /* out, each recipient's: 2xx, 4xx, 5xx */
    int *codes;
    char **texts; /* malloc'ed, "4.4.1 words" */
    bool relayed; /* the server knows no DSN: nobody else will report success */
};

/* Never fails: whatever happens becomes verdicts, one for each recipient. */
void remote_send(struct remote_job *job);
/* Is a connection being kept? */
bool remote_connected(void);
void remote_hang_up(void);

#endif
