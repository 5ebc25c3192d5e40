/*
 * maildir_scan_masks.c - behind a look at all names: lines of posthouse-keywords whose message is gone may go.
 *
 * Only where the index knew the folder, so that what was missing has been looked for again and is gone for sure.
 */
#include "maildir/maildir_scan.h"

struct here {
    const struct scan *s;
    const struct found **by_base; /* made when it is needed */
};

static int compare(const void *a, const void *b)
{
    const struct found *x = *(const struct found *const *)a, *y = *(const struct found *const *)b;
    size_t n = x->base_len < y->base_len ? x->base_len : y->base_len;
    int r = memcmp(x->name, y->name, n);
    return r ? r : x->base_len - y->base_len;
}

static bool is_here(void *arg, struct bytes base)
{
    struct here *h = arg;
    const struct names *names = &h->s->names;
    if (!h->by_base) {
        h->by_base = xcalloc(names->n + 1, sizeof *h->by_base);
        for (size_t i = 0; i < names->n; i++)
            h->by_base[i] = &names->items[i];
        if (names->n)
            qsort(h->by_base, names->n, sizeof *h->by_base, compare);
    }
    const struct found key = {.name = base.p, .base_len = (uint16_t)base.n}, *wanted = &key;
    return names->n && bsearch(&wanted, h->by_base, names->n, sizeof *h->by_base, compare);
}

int scan_tidy_masks(struct scan *s, struct err *e)
{
    struct sidecar *sc = &s->mb->sidecar;
    struct here h = {.s = s};
    struct err ignored; /* then they go another time */
    bool changed;
    if (!s->full || !s->lock || !sc->exists || !sc->has_masks || s->mb->head.validity != s->uidlist.validity)
        return 0;
    int r = sidecar_save(sc, s->mb->folder.fd, is_here, &h, &ignored);
    free(h.by_base);
    if (r && sidecar_read(sc, s->mb->folder.fd, true, &changed, e))
        return -1;
    s->head.sidecar = index_stamp_at(s->mb->folder.fd, SIDECAR_FILE);
    return 0;
}
