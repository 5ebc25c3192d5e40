/*
 * local_parent.h - the parent of the deliverers of a shared uid.
 */
#ifndef RELAY_LOCAL_PARENT_H
#define RELAY_LOCAL_PARENT_H

/* Fork a process for each START_LOCAL record on descriptor 0 (relay_msg.h), in which run gets the record's command line and
 * finds the record's socket on descriptor 0. Returns the exit status when relayd has closed its end and all have ended. */
int local_parent(int (*run)(int argc, char **argv));

#endif
