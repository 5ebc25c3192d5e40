/*
 * sendmail_drop.h - a message for a queue that does not run.
 */
#ifndef RELAY_SENDMAIL_DROP_H
#define RELAY_SENDMAIL_DROP_H

#include "relay/sendmail_queue.h"

/* Leave the message in the drop directory (posthouse-drop). An exit status of sysexits.h, having said why on standard error if it is not
 * EX_OK. */
int drop_submit(const struct submission *s);

#endif
