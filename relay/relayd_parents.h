/*
 * relayd_parents.h - for each uid that several accounts share, the process that forks their deliverers.
 */
#ifndef RELAY_RELAYD_PARENTS_H
#define RELAY_RELAYD_PARENTS_H

#include "base/master.h"

/* Have a deliverer with this command line and fd (borrowed) as descriptor 0 forked by the parent of who->uid, which is started if it
 * does not run. 0 when it was told; -1 with e. */
int parents_start(struct master *m, const struct priv *who, char *const argv[], int fd, struct err *e);
/* Let them go: each ends when what it has forked has ended. */
void parents_close(void);

#endif
