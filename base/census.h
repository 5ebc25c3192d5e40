/*
 * census.h - how many connections there are, over all processes of a program: in all, of one address, and of those that have not
 * logged in.
 *
 * One block of memory, made by a master and shared by its processes, behind a lock that is given back when its
 * holder dies. Whoever wants in is counted in the same step in which the limits are looked at, so limits hold to the
 * one. The master never looks into it: the processes that can write it face strangers.
 *
 * Each process has a number, larger than those of the processes before it. A new one frees the places of those that
 * have died.
 */
#ifndef BASE_CENSUS_H
#define BASE_CENSUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CENSUS_PLACES = 65536 }; /* connections at once */

struct census;

/* A descriptor of fresh memory, for census_open in this and other processes; -1 with errno. */
int census_make(void);
/* fd stays the caller's. NULL: not the right size, or it cannot be mapped. */
struct census *census_open(int fd, uint32_t number);
void census_close(struct census *census);
/* Free the places of processes with a number below `next` that are not among the living, who stand in ascending order. How
 * many. */
size_t census_tidy(struct census *census, const uint32_t *living, size_t n, uint32_t next);

/* What is counted as one network: an IPv4 address, the first half of an IPv6 address. */
uint64_t census_net(const char *address);

struct census_limits {
    uint32_t all, waiting;     /* waiting: not logged in */
    uint32_t net, net_waiting; /* the same of one network; 0: no limit */
};
enum census_verdict { CENSUS_IN, CENSUS_ALL, CENSUS_WAITING, CENSUS_NET, CENSUS_NET_WAITING };

/* Come in, as one who has not logged in; *place is for the calls below. Refused: nothing is counted. */
enum census_verdict census_enter(struct census *census, uint64_t net, const struct census_limits *limits,
                                 uint32_t *place);
void census_logged_in(struct census *census, uint32_t place);
void census_leave(struct census *census, uint32_t place);

struct census_counts {
    uint32_t all, waiting;
};
/* Of a network, or NULL: in all. */
struct census_counts census_counts(struct census *census, const uint64_t *net);

#endif
