/*
 * auth_bans.h - the table of banned networks, as auth keeps it and each process that accepts connections has a copy of it. Pure: told
 * the time, in seconds of the wall clock.
 */
#ifndef AUTH_AUTH_BANS_H
#define AUTH_AUTH_BANS_H

#include "base/nets.h"

enum { BANS_MAX = 10000, BAN_REASON_MAX = 63 };

struct ban {
    struct net net;
    uint64_t until; /* 0: for ever */
    char reason[BAN_REASON_MAX + 1];
};

struct bans;
struct bans *bans_new(void);
void bans_free(struct bans *b);
void bans_clear(struct bans *b);
/* Anew, or instead of one of the same network. When the table is full the one that ends first makes room; false if none ends. */
bool bans_set(struct bans *b, const struct net *net, uint64_t until, struct bytes reason);
bool bans_remove(struct bans *b, const struct net *net);
/* The ban that holds this address now, or NULL. The work grows with the number of different prefix lengths only. */
const struct ban *bans_find(const struct bans *b, const char *remote, uint64_t now);
/* One that has ended, or NULL. */
const struct ban *bans_ended(const struct bans *b, uint64_t now);
size_t bans_count(const struct bans *b);
const struct ban *bans_at(const struct bans *b, size_t i);

/* As lines "network until reason", and back; lines that are none are skipped, as are those that have ended. */
void bans_write(const struct bans *b, struct strbuf *out);
void bans_read(struct bans *b, struct bytes text, uint64_t now);

#endif
