/*
 * signer_store.c - see signer_store.h. The table from names to pairs is made anew when it is asked after a change:
 * sorted, so that thousands of names cost a few comparisons.
 */
#include "auth/signer_store.h"

#include "base/cleanup.h"

#include <stdlib.h>

struct place { /* a pair in use, or one that was */
    char *name;
    struct signer_pair pair;
    uint64_t retired_at;
    bool retired;
};

struct entry {        /* a name of a certificate */
    const char *host; /* borrowed */
    const struct place *place;
};

struct signer_store {
    struct place **places;
    size_t nplaces;
    struct entry *entries;
    size_t nentries;
    bool stale; /* entries have to be made anew */
    uint64_t generation;
    char *hostname;
};

struct signer_store *signer_store_new(void)
{
    struct signer_store *store = xcalloc(1, sizeof(*store));
    store->hostname = xstrdup("");
    return store;
}

static void place_free(struct place *place)
{
    signer_pair_done(&place->pair);
    free(place->name);
    free(place);
}

void signer_store_free(struct signer_store *store)
{
    if (!store)
        return;
    for (size_t i = 0; i < store->nplaces; i++)
        place_free(store->places[i]);
    free(store->places);
    free(store->entries);
    free(store->hostname);
    free(store);
}

/* ---- what there is ---- */

static void changed(struct signer_store *store)
{
    store->stale = true;
    store->generation++;
}

static bool retire(struct signer_store *store, const char *name, uint64_t now)
{
    for (size_t i = 0; i < store->nplaces; i++) {
        struct place *place = store->places[i];
        if (place->retired || strcmp(place->name, name) != 0)
            continue;
        place->retired = true;
        place->retired_at = now;
        return true;
    }
    return false;
}

void signer_store_put(struct signer_store *store, const char *name, struct signer_pair *pair, uint64_t now)
{
    struct place *place = xcalloc(1, sizeof(*place));
    retire(store, name, now);
    place->name = xstrdup(name);
    place->pair = *pair;
    *pair = (struct signer_pair){.serial = 0};
    store->places = xgrow(store->places, store->nplaces, sizeof(*store->places));
    store->places[store->nplaces++] = place;
    changed(store);
}

void signer_store_drop(struct signer_store *store, const char *name, uint64_t now)
{
    if (retire(store, name, now))
        changed(store);
}

void signer_store_tidy(struct signer_store *store, uint64_t now)
{
    size_t left = 0;
    for (size_t i = 0; i < store->nplaces; i++) {
        struct place *place = store->places[i];
        if (place->retired && now - place->retired_at >= SIGNER_RETIRED_SECONDS)
            place_free(place);
        else
            store->places[left++] = place;
    }
    store->nplaces = left;
}

void signer_store_hostname(struct signer_store *store, const char *hostname)
{
    if (strcmp(store->hostname, hostname) == 0)
        return;
    free(store->hostname);
    store->hostname = xstrdup(hostname);
    store->generation++;
}

/* ---- names ---- */

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct entry *)a)->host, ((const struct entry *)b)->host);
}

static void add(struct signer_store *store, const char *host, const struct place *place)
{
    store->entries = xgrow(store->entries, store->nentries, sizeof(*store->entries));
    store->entries[store->nentries++] = (struct entry){host, place};
}

static void make_entries(struct signer_store *store)
{
    store->nentries = 0;
    for (size_t i = 0; i < store->nplaces; i++) {
        const struct place *place = store->places[i];
        if (place->retired || !*place->name)
            continue;
        add(store, place->name, place);
        for (char **host = place->pair.names; host && *host; host++)
            if (strcmp(*host, place->name) != 0)
                add(store, *host, place);
    }
    if (store->nentries > 0)
        qsort(store->entries, store->nentries, sizeof(*store->entries), compare);
    store->stale = false;
}

struct choice {
    const struct signer_pair *pairs[TLS_KINDS];
};

static void consider(struct choice *choice, const struct signer_pair *pair)
{
    size_t kind = pair->rsa ? 1 : 0;
    if (!choice->pairs[kind] || pair->expires > choice->pairs[kind]->expires)
        choice->pairs[kind] = pair;
}

/* The first entry that is not before host. */
static size_t lower_bound(const struct signer_store *store, const char *host)
{
    size_t low = 0, high = store->nentries;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(store->entries[middle].host, host) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void find_host(const struct signer_store *store, const char *host, struct choice *choice)
{
    for (size_t i = lower_bound(store, host); i < store->nentries; i++) {
        if (strcmp(store->entries[i].host, host) != 0)
            return;
        consider(choice, &store->entries[i].place->pair);
    }
}

static bool found(const struct choice *choice)
{
    for (size_t i = 0; i < TLS_KINDS; i++)
        if (choice->pairs[i])
            return true;
    return false;
}

static void find(struct signer_store *store, const char *host, struct choice *choice)
{
    if (store->stale)
        make_entries(store);
    find_host(store, host, choice);
    const char *dot = strchr(host, '.');
    if (found(choice) || !dot)
        return;
    AUTO_STRBUF struct strbuf wildcard = STRBUF_INIT(256);
    strbuf_addf(&wildcard, "*%s", dot);
    find_host(store, wildcard.data, choice);
}

/* tls_certificate first; the host's own name fills what it does not have. */
static void find_default(struct signer_store *store, struct choice *choice)
{
    struct choice own = {{NULL}};
    for (size_t i = 0; i < store->nplaces; i++)
        if (!store->places[i]->retired && !*store->places[i]->name)
            consider(choice, &store->places[i]->pair);
    find(store, store->hostname, &own);
    for (size_t i = 0; i < TLS_KINDS; i++)
        if (own.pairs[i] && (!choice->pairs[i] || choice->pairs[i]->selfsigned))
            choice->pairs[i] = own.pairs[i];
    if (found(choice) || store->nplaces == 0)
        return;
    for (size_t i = 0; i < store->nplaces; i++) /* any is better than none */
        if (!store->places[i]->retired)
            consider(choice, &store->places[i]->pair);
}

unsigned signer_store_find(struct signer_store *store, struct bytes name, uint64_t serials[TLS_KINDS])
{
    struct choice choice = {{NULL}};
    AUTO_FREE char *host = bytes_dup(name);
    unsigned n = 0;
    if (host && *host)
        find(store, host, &choice);
    if (!found(&choice))
        find_default(store, &choice);
    for (size_t i = 0; i < TLS_KINDS; i++)
        if (choice.pairs[i])
            serials[n++] = choice.pairs[i]->serial;
    return n;
}

const struct signer_pair *signer_store_pair(const struct signer_store *store, uint64_t serial)
{
    for (size_t i = 0; serial && i < store->nplaces; i++)
        if (store->places[i]->pair.serial == serial)
            return &store->places[i]->pair;
    return NULL;
}

uint64_t signer_store_generation(const struct signer_store *store)
{
    return store->generation;
}

void signer_store_each(const struct signer_store *store,
                       void (*fn)(void *arg, const char *name, const struct signer_pair *pair), void *arg)
{
    for (size_t i = 0; i < store->nplaces; i++)
        if (!store->places[i]->retired)
            fn(arg, store->places[i]->name, &store->places[i]->pair);
}
