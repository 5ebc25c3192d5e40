/*
 * census_master.h - the memory in which processes count connections (census.h): made by their master, handed to each. Programs
 * have a record for it, number u32, n u32, n times number u32 of a process that lives, fd.
 */
#ifndef BASE_CENSUS_MASTER_H
#define BASE_CENSUS_MASTER_H

#include "base/census.h"
#include "base/master.h"

#define CENSUS_PROCESSES_MAX 12000

/* A process has started: it gets the memory, its number, and the numbers of those that live, in a record of that type. */
void census_send(struct master *m, struct chan *to, uint16_t type);
/* In that process. NULL: malformed, or the memory cannot be used. */
struct census *census_take(struct msg_in *in);

#endif
