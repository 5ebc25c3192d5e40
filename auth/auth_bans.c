/*
 * auth_bans.c - see auth_bans.h. Sorted by prefix length, then by address: an address is looked for once in each length that is there.
 */
#include "auth/auth_bans.h"

#include <stdlib.h>

struct bans {
    struct ban *list;
    size_t count;
    unsigned of_length[129];
};

struct bans *bans_new(void)
{
    return xcalloc(1, sizeof(struct bans));
}

void bans_clear(struct bans *b)
{
    free(b->list);
    *b = (struct bans){0};
}

void bans_free(struct bans *b)
{
    if (b)
        bans_clear(b);
    free(b);
}

static int compare(const struct net *a, const struct net *b)
{
    if (a->bits != b->bits)
        return a->bits < b->bits ? -1 : 1;
    return memcmp(a->address, b->address, sizeof(a->address));
}

/* Its place, or where it would be. */
static size_t place_of(const struct bans *b, const struct net *net, bool *there)
{
    size_t low = 0, high = b->count;
    *there = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare(net, &b->list[middle].net);
        if (order == 0) {
            *there = true;
            return middle;
        }
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static void take_out(struct bans *b, size_t at)
{
    b->of_length[b->list[at].net.bits]--;
    memmove(&b->list[at], &b->list[at + 1], (--b->count - at) * sizeof(*b->list));
}

static bool make_room(struct bans *b)
{
    size_t first = b->count;
    if (b->count < BANS_MAX)
        return true;
    for (size_t i = 0; i < b->count; i++)
        if (b->list[i].until && (first == b->count || b->list[i].until < b->list[first].until))
            first = i;
    if (first == b->count)
        return false;
    take_out(b, first);
    return true;
}

bool bans_set(struct bans *b, const struct net *net, uint64_t until, struct bytes reason)
{
    bool there;
    size_t at = place_of(b, net, &there);
    if (!there) {
        if (!make_room(b))
            return false;
        at = place_of(b, net, &there);
        b->list = xgrow(b->list, b->count, sizeof(*b->list));
        memmove(&b->list[at + 1], &b->list[at], (b->count++ - at) * sizeof(*b->list));
        b->of_length[net->bits]++;
    }
    b->list[at] = (struct ban){.net = *net, .until = until};
    memcpy(b->list[at].reason, reason.p, reason.n < BAN_REASON_MAX ? reason.n : BAN_REASON_MAX);
    return true;
}

bool bans_remove(struct bans *b, const struct net *net)
{
    bool there;
    size_t at = place_of(b, net, &there);
    if (there)
        take_out(b, at);
    return there;
}

const struct ban *bans_find(const struct bans *b, const char *remote, uint64_t now)
{
    struct net host;
    bool there;
    if (b->count == 0 || !net_parse(bytes_of(remote), &host))
        return NULL;
    for (unsigned bits = 0; bits <= 128; bits++) {
        struct net net = host;
        net_cut(&net, bits);
        size_t at = b->of_length[bits] ? place_of(b, &net, &there) : 0;
        if (b->of_length[bits] && there && (!b->list[at].until || b->list[at].until > now))
            return &b->list[at];
    }
    return NULL;
}

const struct ban *bans_ended(const struct bans *b, uint64_t now)
{
    for (size_t i = 0; i < b->count; i++)
        if (b->list[i].until && b->list[i].until <= now)
            return &b->list[i];
    return NULL;
}

size_t bans_count(const struct bans *b)
{
    return b->count;
}

const struct ban *bans_at(const struct bans *b, size_t i)
{
    return &b->list[i];
}

void bans_write(const struct bans *b, struct strbuf *out)
{
    for (size_t i = 0; i < b->count; i++) {
        net_write(&b->list[i].net, out);
        strbuf_addf(out, " %llu %s\n", (unsigned long long)b->list[i].until, b->list[i].reason);
    }
}

void bans_read(struct bans *b, struct bytes text, uint64_t now)
{
    while (text.p && text.n) {
        struct bytes line = bytes_split(&text, '\n'), where = bytes_split(&line, ' ');
        struct bytes when = line.p ? bytes_split(&line, ' ') : BYTES("");
        struct net net;
        uint64_t until;
        if (net_parse(where, &net) && bytes_to_u64(when, INT64_MAX, &until) && (!until || until > now))
            bans_set(b, &net, until, line.p ? line : BYTES(""));
    }
}
