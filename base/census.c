/*
 * census.c - see census.h.
 *
 * A place for each connection, free ones in a list, and a table from networks to counts: open addressing, linear
 * probing, twice as many rows as places, so that there is always an empty one. The hash has a key, or strangers with many
 * networks could make long rows of neighbours. Places are the truth: when a process died with the lock in its hand, the
 * rest is made anew from them.
 */
#include "base/census.h"

#include "base/cleanup.h"
#include "base/strbuf.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>

#define ROWS        (2 * CENSUS_PLACES)
#define NONE        UINT32_MAX
#define PATIENCE_NS 200000000 /* for the lock: who holds it for longer is stopped, or not what it should be */

enum place_state { FREE, WAITING, INSIDE };

struct place {
    uint64_t net;
    uint32_t owner;
    uint32_t state_next; /* in the list of free places: the next one; else enum place_state */
};

struct row {
    uint64_t net;
    uint32_t all, waiting; /* all == 0: empty */
};

struct shared {
    uint32_t made; /* 0: by nobody yet */
    uint32_t first_free;
    struct census_counts counts;
    uint64_t key;
    pthread_mutex_t lock;
    struct place places[CENSUS_PLACES]; /* owner 0: free */
    struct row rows[ROWS];
};

struct census {
    struct shared *s;
    uint32_t number;
};

uint64_t census_net(const char *address)
{
    unsigned char net[16];
    uint64_t number;
    if (inet_pton(AF_INET, address, net) == 1)
        memset(net + 4, 0xff, 4); /* no IPv6 prefix in use looks like this */
    else if (inet_pton(AF_INET6, address, net) != 1)
        memset(net, 0, sizeof(net));
    memcpy(&number, net, sizeof(number));
    return number;
}

/* ---- the table ---- */

static uint32_t home(const struct shared *s, uint64_t net)
{
    uint64_t h = (net ^ s->key) * 0x9e3779b97f4a7c15u;
    h = (h ^ (h >> 32)) * 0xd6e8feb86659fd93u;
    return (uint32_t)((h ^ (h >> 32) ^ s->key) % ROWS);
}

/* The row of that network, or the empty one where it belongs. */
static struct row *row_of(struct shared *s, uint64_t net)
{
    uint32_t i = home(s, net), tries = 0;
    while (s->rows[i].all && s->rows[i].net != net && tries++ < ROWS)
        i = (i + 1) % ROWS;
    return &s->rows[i];
}

/* Empty rows must not cut off those that were put behind them. */
static void close_gap(struct shared *s, uint32_t gap)
{
    for (uint32_t i = (gap + 1) % ROWS; s->rows[i].all; i = (i + 1) % ROWS) {
        uint32_t from_home = (i + ROWS - home(s, s->rows[i].net)) % ROWS, from_gap = (i + ROWS - gap) % ROWS;
        if (from_home < from_gap)
            continue;
        s->rows[gap] = s->rows[i];
        s->rows[i] = (struct row){.all = 0};
        gap = i;
    }
}

static void count(struct shared *s, uint64_t net, bool waiting)
{
    struct row *row = row_of(s, net);
    row->net = net;
    row->all++;
    row->waiting += waiting;
    s->counts.all++;
    s->counts.waiting += waiting;
}

static void uncount(struct shared *s, uint64_t net, bool waiting)
{
    struct row *row = row_of(s, net);
    if (!row->all)
        return;
    row->waiting -= waiting;
    s->counts.all--;
    s->counts.waiting -= waiting;
    if (--row->all == 0)
        close_gap(s, (uint32_t)(row - s->rows));
}

/* ---- the lock ---- */

static void set_free(struct shared *s, uint32_t place)
{
    s->places[place] = (struct place){.state_next = s->first_free};
    s->first_free = place;
}

static void make_anew(struct shared *s)
{
    if (s->made)
        memset(s->rows, 0, sizeof(s->rows));
    s->counts = (struct census_counts){0, 0};
    s->first_free = NONE;
    for (uint32_t i = CENSUS_PLACES; i-- > 0;)
        if (s->places[i].owner)
            count(s, s->places[i].net, s->places[i].state_next == WAITING);
        else
            set_free(s, i);
}

static bool lock(struct shared *s)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += PATIENCE_NS;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    int failed = pthread_mutex_timedlock(&s->lock, &until);
    if (failed != EOWNERDEAD)
        return failed == 0;
    make_anew(s);
    pthread_mutex_consistent(&s->lock);
    return true;
}

static void unlock(struct shared *s)
{
    pthread_mutex_unlock(&s->lock);
}

/* ---- making and opening ---- */

static int make_lock(pthread_mutex_t *lock)
{
    pthread_mutexattr_t how;
    if (pthread_mutexattr_init(&how) != 0)
        return -1;
    int failed = pthread_mutexattr_setpshared(&how, PTHREAD_PROCESS_SHARED);
    if (!failed)
        failed = pthread_mutexattr_setrobust(&how, PTHREAD_MUTEX_ROBUST);
    if (!failed)
        failed = pthread_mutex_init(lock, &how);
    pthread_mutexattr_destroy(&how);
    return failed ? -1 : 0;
}

int census_make(void)
{
    AUTO_CLOSE int fd = memfd_create("posthouse-census", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0 || ftruncate(fd, sizeof(struct shared)) != 0 ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) != 0)
        return -1;
    struct shared *s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (s == MAP_FAILED)
        return -1;
    int failed = make_lock(&s->lock) || getrandom(&s->key, sizeof(s->key), 0) != sizeof(s->key);
    make_anew(s);
    s->made = 1;
    munmap(s, sizeof(*s));
    return failed ? -1 : TAKE_FD(fd);
}

struct census *census_open(int fd, uint32_t number)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || st.st_size != sizeof(struct shared) || number == 0)
        return NULL;
    struct shared *s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (s == MAP_FAILED)
        return NULL;
    struct census *census = xcalloc(1, sizeof(*census));
    *census = (struct census){s, number};
    return census;
}

void census_close(struct census *census)
{
    if (census)
        munmap(census->s, sizeof(*census->s));
    free(census);
}

/* ---- coming and going ---- */

static void leave(struct shared *s, uint32_t place)
{
    uncount(s, s->places[place].net, s->places[place].state_next == WAITING);
    set_free(s, place);
}

static int compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

size_t census_tidy(struct census *census, const uint32_t *living, size_t n, uint32_t next)
{
    struct shared *s = census->s;
    size_t freed = 0;
    if (!lock(s))
        return 0;
    for (uint32_t i = 0; i < CENSUS_PLACES; i++) {
        uint32_t owner = s->places[i].owner;
        if (owner == 0 || owner >= next || (n && bsearch(&owner, living, n, sizeof(*living), compare)))
            continue;
        leave(s, i);
        freed++;
    }
    unlock(s);
    return freed;
}

static enum census_verdict judge(struct shared *s, uint64_t net, const struct census_limits *limits)
{
    const struct row *row = row_of(s, net);
    uint32_t all = row->all, waiting = row->all ? row->waiting : 0;
    if (s->counts.all >= limits->all || s->first_free == NONE)
        return CENSUS_ALL;
    if (limits->net && all >= limits->net)
        return CENSUS_NET;
    if (limits->net_waiting && waiting >= limits->net_waiting)
        return CENSUS_NET_WAITING;
    return s->counts.waiting >= limits->waiting ? CENSUS_WAITING : CENSUS_IN;
}

enum census_verdict census_enter(struct census *census, uint64_t net, const struct census_limits *limits,
                                 uint32_t *place)
{
    struct shared *s = census->s;
    if (!lock(s))
        return CENSUS_ALL;
    enum census_verdict verdict = judge(s, net, limits);
    if (verdict == CENSUS_IN) {
        *place = s->first_free;
        s->first_free = s->places[*place].state_next;
        s->places[*place] = (struct place){net, census->number, WAITING};
        count(s, net, true);
    }
    unlock(s);
    return verdict;
}

static bool is_ours(const struct census *census, uint32_t place)
{
    return place < CENSUS_PLACES && census->s->places[place].owner == census->number;
}

void census_logged_in(struct census *census, uint32_t place)
{
    struct shared *s = census->s;
    if (!is_ours(census, place) || !lock(s))
        return;
    struct place *p = &s->places[place];
    if (p->state_next == WAITING) {
        p->state_next = INSIDE;
        row_of(s, p->net)->waiting--;
        s->counts.waiting--;
    }
    unlock(s);
}

void census_leave(struct census *census, uint32_t place)
{
    if (!is_ours(census, place) || !lock(census->s))
        return;
    leave(census->s, place);
    unlock(census->s);
}

struct census_counts census_counts(struct census *census, const uint64_t *net)
{
    struct census_counts counts = {0, 0};
    if (!lock(census->s))
        return counts;
    const struct row *row = net ? row_of(census->s, *net) : NULL;
    if (!net)
        counts = census->s->counts;
    else if (row->all)
        counts = (struct census_counts){row->all, row->waiting};
    unlock(census->s);
    return counts;
}
