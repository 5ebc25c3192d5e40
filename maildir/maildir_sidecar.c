/*
 * maildir_sidecar.c - the names and masks of posthouse-keywords (pure); the file is in maildir_sidecar_file.c.
 *
 * Format, LF lines:
 *
 *   posthouse-keywords 1
 *   K <26..63> <name>        this number has this name from now on; without a name: none
 *   M <hex mask> <base>      this message has these keywords from now on (bit n: keyword n; 0: none)
 *
 * Later lines win. A name that another number has already is skipped. Lines that we do not know are carried over. A line without
 * LF at the end is what a crash left of one that nobody was told of.
 */
#include "maildir/maildir_sidecar.h"

#include "base/cleanup.h"
#include "maildir/maildir_index_folder.h"
#include "maildir/maildir_name.h"

#include <inttypes.h>
#include <strings.h>

#define HEADER       "posthouse-keywords 1\n"
#define NAME_MAX_LEN 255
#define UNKNOWN_MAX  65536

void sidecar_init(struct sidecar *sc)
{
    *sc = (struct sidecar){.fd = -1};
    strbuf_init(&sc->text, 2 * (size_t)SIDECAR_MAX_BYTES);
    strbuf_init(&sc->unknown, UNKNOWN_MAX);
    strbuf_init(&sc->pending, SIDECAR_MAX_BYTES);
}

void sidecar_done(struct sidecar *sc)
{
    for (size_t i = 0; i < SIDECAR_END; i++)
        free(sc->names[i]);
    free(sc->marks);
    free(sc->slots);
    strbuf_done(&sc->text);
    strbuf_done(&sc->unknown);
    strbuf_done(&sc->pending);
    cleanup_close(&sc->fd);
    sidecar_init(sc);
}

/* ---- masks ---- */

static struct bytes base_of(const struct sidecar *sc, const struct sidecar_mark *mark)
{
    return bytes_from(sc->text.data + mark->base_at, mark->base_len);
}

static uint32_t *slot_of(const struct sidecar *sc, struct bytes base)
{
    size_t at = index_hash(base) & (sc->nslots - 1);
    while (sc->slots[at] && !bytes_eq(base_of(sc, &sc->marks[sc->slots[at] - 1]), base))
        at = (at + 1) & (sc->nslots - 1);
    return &sc->slots[at];
}

static void grow(struct sidecar *sc)
{
    sc->size = sc->size ? sc->size * 2 : 64;
    sc->marks = xrealloc(sc->marks, sc->size, sizeof *sc->marks);
    free(sc->slots);
    sc->nslots = sc->size * 2;
    sc->slots = xcalloc(sc->nslots, sizeof *sc->slots);
    for (size_t i = 0; i < sc->n; i++)
        *slot_of(sc, base_of(sc, &sc->marks[i])) = (uint32_t)i + 1;
}

static void mark(struct sidecar *sc, struct bytes base, uint64_t mask)
{
    if (sc->n == sc->size)
        grow(sc);
    uint32_t *slot = slot_of(sc, base);
    size_t at = sc->text.len;
    if (!*slot) {
        if (!mask || !strbuf_addb(&sc->text, base))
            return;
        sc->marks[sc->n] = (struct sidecar_mark){.base_at = (uint32_t)at, .base_len = (uint16_t)base.n};
        *slot = (uint32_t)++sc->n;
    }
    struct sidecar_mark *m = &sc->marks[*slot - 1];
    sc->live += !!mask - !!m->mask;
    m->mask = mask;
}

uint64_t sidecar_mask(const struct sidecar *sc, struct bytes base)
{
    uint32_t slot = sc->n ? *slot_of(sc, base) : 0;
    return slot ? sc->marks[slot - 1].mask : 0;
}

void sidecar_set(struct sidecar *sc, struct bytes base, uint64_t mask)
{
    mask &= SIDECAR_MASK;
    if (sc->has_masks && sidecar_mask(sc, base) == mask)
        return;
    if (sc->has_masks)
        mark(sc, base, mask);
    strbuf_addf(&sc->pending, "M %" PRIx64 " " BYTES_FMT "\n", mask, BYTES_ARG(base));
}

/* ---- names ---- */

const char *sidecar_name(const struct sidecar *sc, unsigned n)
{
    return n < SIDECAR_END ? sc->names[n] : NULL;
}

int sidecar_find(const struct sidecar *sc, const char *name)
{
    for (int i = SIDECAR_FIRST; i < SIDECAR_END; i++)
        if (sc->names[i] && !strcasecmp(sc->names[i], name))
            return i;
    return -1;
}

void sidecar_retire(struct sidecar *sc, uint64_t bits)
{
    for (size_t i = 0; i < sc->n && bits; i++) {
        struct sidecar_mark *m = &sc->marks[i];
        sc->live -= m->mask && !(m->mask & ~bits);
        m->mask &= ~bits;
    }
    sc->retired |= bits;
    sc->rewrite |= bits != 0;
}

static int give(struct sidecar *sc, int n, const char *name)
{
    free(sc->names[n]);
    sc->names[n] = xstrdup(name);
    strbuf_addf(&sc->pending, "K %d %s\n", n, name);
    return n;
}

int sidecar_get(struct sidecar *sc, const char *name, uint64_t in_use, struct err *e)
{
    int found = sidecar_find(sc, name);
    if (found >= 0)
        return found;
    if (sc->unreadable)
        return err_set(e, ERR_CORRUPT,
                       SIDECAR_FILE
                       " cannot be read: repair or remove it; without it a folder has %d keywords",
                       SIDECAR_FIRST);
    for (int i = SIDECAR_FIRST; i < SIDECAR_END; i++)
        if (!sc->names[i] && !(in_use >> i & 1))
            return give(sc, i, name);
    for (int i = SIDECAR_FIRST; i < SIDECAR_END; i++) {
        if (in_use >> i & 1)
            continue;
        sidecar_retire(sc, (uint64_t)1 << i);
        return give(sc, i, name);
    }
    return err_set(e, ERR_LIMIT, "this folder has %d keywords already, no more fit", SIDECAR_END);
}

/* ---- the text ---- */

static bool parse_name(struct sidecar *sc, struct bytes line)
{
    uint64_t n;
    struct bytes digits = bytes_split(&line, ' ');
    if (!bytes_to_u64(digits, SIDECAR_END - 1, &n) || n < SIDECAR_FIRST || line.n > NAME_MAX_LEN)
        return false;
    AUTO_FREE char *name = line.n ? bytes_dup(line) : NULL;
    if ((line.n && !name) || (name && sidecar_find(sc, name) >= 0))
        return true;
    free(sc->names[n]);
    sc->names[n] = TAKE_PTR(name);
    return true;
}

static bool parse_hex(struct bytes b, uint64_t *value)
{
    static const char digits[] = "0123456789abcdef";
    *value = 0;
    for (size_t i = 0; i < b.n; i++) {
        const char *at = b.p[i] ? strchr(digits, b.p[i]) : NULL;
        if (!at)
            return false;
        *value = *value << 4 | (uint64_t)(at - digits);
    }
    return b.n && b.n <= 16;
}

static bool parse_mark(struct sidecar *sc, struct bytes line)
{
    uint64_t mask;
    if (!parse_hex(bytes_split(&line, ' '), &mask) || !line.p || !line.n || line.n > MAILDIR_NAME_MAX ||
        memchr(line.p, ':', line.n) || memchr(line.p, '/', line.n) || memchr(line.p, 0, line.n))
        return false;
    mark(sc, line, mask & SIDECAR_MASK);
    return true;
}

void sidecar_parse_lines(struct sidecar *sc, struct bytes text)
{
    while (text.n) {
        struct bytes line = bytes_split(&text, '\n');
        struct bytes rest = bytes_skip(line, 2);
        bool known = line.n < 2 || line.p[1] != ' ' ? false
                     : line.p[0] == 'K'             ? parse_name(sc, rest)
                     : line.p[0] == 'M'             ? parse_mark(sc, rest)
                                                    : false;
        if (!known && line.n && !memchr(line.p, 0, line.n) && sc->unknown.len + line.n < UNKNOWN_MAX)
            strbuf_addf(&sc->unknown, BYTES_FMT "\n", BYTES_ARG(line));
        sc->lines++;
    }
}

int sidecar_parse(struct sidecar *sc, struct bytes text, struct err *e)
{
    size_t header = sizeof HEADER - 1, end = text.n;
    if (text.n < header || memcmp(text.p, HEADER, header) != 0)
        return err_set(e, ERR_CORRUPT, SIDECAR_FILE " does not begin with \"posthouse-keywords 1\"");
    while (text.p[end - 1] != '\n')
        end--;
    sc->rewrite |= end < text.n;
    sidecar_parse_lines(sc, bytes_from(text.p + header, end - header));
    return 0;
}

void sidecar_format(const struct sidecar *sc, bool (*keep)(void *arg, struct bytes base), void *arg,
                    struct strbuf *out)
{
    strbuf_adds(out, HEADER);
    for (int i = SIDECAR_FIRST; i < SIDECAR_END; i++)
        if (sc->names[i])
            strbuf_addf(out, "K %d %s\n", i, sc->names[i]);
    for (size_t i = 0; i < sc->n; i++) {
        const struct sidecar_mark *m = &sc->marks[i];
        struct bytes base = base_of(sc, m);
        if (m->mask && (!keep || keep(arg, base)))
            strbuf_addf(out, "M %" PRIx64 " " BYTES_FMT "\n", m->mask, BYTES_ARG(base));
    }
    strbuf_addb(out, strbuf_bytes(&sc->unknown));
}
