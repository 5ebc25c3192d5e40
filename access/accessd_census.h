/*
 * accessd_census.h - the memory in which login processes count connections (login_census.h): made here, handed to each.
 */
#ifndef ACCESS_ACCESSD_CENSUS_H
#define ACCESS_ACCESSD_CENSUS_H

#include "base/master.h"

/* A login process has started: it gets the memory, its number, and the numbers of those that live. */
void census_send(struct master *m, struct chan *to);

#endif
