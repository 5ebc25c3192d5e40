/*
 * remote_smtp.h - one message to one server, by SMTP, with a verdict for each recipient.
 */
#ifndef RELAY_REMOTE_SMTP_H
#define RELAY_REMOTE_SMTP_H

#include "relay/relay_msg.h"

#define REMOTE_RCPT_MAX 1000

struct remote_job {
    char *host, *port;
    enum relay_tls tls;
    char *user, *password; /* both "": no AUTH */
    char *helo;
    struct bytes reverse_path;
    struct bytes *rcpts;
    size_t nrcpts;
    int fd; /* read with pread; LF line ends */
    uint64_t offset, size;
    /* out, each recipient's: 2xx, 4xx, 5xx */
    int *codes;
    char **texts; /* malloc'ed, "4.4.1 words" */
};

/* Never fails: whatever happens becomes verdicts, one for each recipient. */
void remote_send(struct remote_job *job);

#endif
