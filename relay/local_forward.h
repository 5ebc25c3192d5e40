/*
 * local_forward.h - ~/.forward, as the deliverer finds it under the user's uid.
 */
#ifndef RELAY_LOCAL_FORWARD_H
#define RELAY_LOCAL_FORWARD_H

#include "relay/forward_file.h"

#include "base/err.h"

/* 1: it counts, and is in f; 0: there is none, or none to be believed; -1: it cannot be read now. */
int local_forward_read(struct forward *f, const struct forward_owner *owner, struct err *e);

#endif
