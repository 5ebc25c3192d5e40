/*
 * tls_names.c - which certificates a client gets that asks for a name (SNI, RFC 6066 section 3).
 *
 * The signer knows the names; what it said is remembered in a table of fixed size, one row for each value of a hash, so
 * that a stranger who asks for names without end (of a wildcard certificate) only makes us ask again. Names
 * that are no host names are not asked for. When some certificate has changed, all is forgotten; sessions keep what they began with.
 */
#include "base/cleanup.h"
#include "base/tls_internal.h"

#include <stdlib.h>

#define ROWS     1024
#define HOST_MAX 253 /* octets of a host's name */

struct row {
    char *name;
    struct tls_identity *identity;
};

struct tls_names {
    struct tls_signer *signer; /* borrowed */
    struct tls_identity *fallback, *known;
    struct row rows[ROWS];
};

/* ---- identities ---- */

struct tls_identity *tls_identity_ref(struct tls_identity *identity)
{
    identity->refs++;
    return identity;
}

void tls_identity_unref(struct tls_identity *identity)
{
    if (!identity || --identity->refs)
        return;
    gnutls_certificate_free_credentials(identity->credentials);
    free(identity);
}

static struct tls_identity *identity_new(struct tls_signer *signer, const uint64_t *serials, int n,
                                         struct err *e)
{
    struct tls_identity *identity = xcalloc(1, sizeof *identity);
    identity->refs = 1;
    int r = gnutls_certificate_allocate_credentials(&identity->credentials);
    if (r < 0)
        err_set(e, ERR_TEMP, "TLS: %s", gnutls_strerror(r));
    for (int i = 0; !r && i < n; i++) {
        identity->serials[i] = serials[i];
        r = tls_add_key(signer, serials[i], identity->credentials, e);
    }
    if (!r)
        return identity;
    tls_identity_unref(identity);
    return NULL;
}

/* ---- the table ---- */

struct tls_names *tls_names_new(struct tls_signer *signer)
{
    struct tls_names *names = xcalloc(1, sizeof *names);
    names->signer = signer;
    return names;
}

static void forget_known(struct tls_names *names)
{
    for (size_t i = 0; i < ROWS; i++) {
        free(names->rows[i].name);
        names->rows[i] = (struct row){.name = NULL};
    }
    for (struct tls_identity *i = names->known, *next; i; i = next) {
        next = i->next;
        i->next = NULL;
        tls_identity_unref(i);
    }
    names->known = NULL;
}

void tls_names_free(struct tls_names *names)
{
    if (!names)
        return;
    forget_known(names);
    tls_identity_unref(names->fallback);
    free(names);
}

int tls_names_renew(struct tls_names *names, struct err *e)
{
    uint64_t serials[TLS_KINDS];
    int n = tls_ask_name(names->signer, BYTES(""), serials, e);
    struct tls_identity *fresh = n > 0 ? identity_new(names->signer, serials, n, e) : NULL;
    if (!fresh)
        return -1;
    forget_known(names);
    tls_identity_unref(names->fallback);
    names->fallback = fresh;
    return 0;
}

struct tls_identity *tls_names_default(struct tls_names *names)
{
    return names->fallback;
}

/* ---- finding ---- */

/* Into lower case and without the root's dot; false if it is no name of a host. */
static bool canonical(struct bytes name, struct strbuf *out)
{
    static const char ok[] = "abcdefghijklmnopqrstuvwxyz0123456789-_.";
    if (name.n > 0 && name.p[name.n - 1] == '.')
        name.n--;
    for (size_t i = 0; i < name.n && i <= HOST_MAX; i++) {
        char c = name.p[i] >= 'A' && name.p[i] <= 'Z' ? (char)(name.p[i] + 32) : name.p[i];
        if (c == '\0' || !strchr(ok, c))
            return false;
        strbuf_addc(out, c);
    }
    return name.n > 0 && name.n <= HOST_MAX;
}

static struct row *row_of(struct tls_names *names, const char *name)
{
    uint32_t hash = 2166136261u; /* FNV-1a: whoever collides only makes us ask again */
    for (const char *p = name; *p; p++)
        hash = (hash ^ (unsigned char)*p) * 16777619u;
    return &names->rows[hash % ROWS];
}

static struct tls_identity *known_by(struct tls_names *names, const uint64_t *serials)
{
    struct tls_identity *i = names->known;
    if (names->fallback && !memcmp(names->fallback->serials, serials, sizeof names->fallback->serials))
        return names->fallback;
    while (i && memcmp(i->serials, serials, sizeof i->serials))
        i = i->next;
    return i;
}

static struct tls_identity *ask_for(struct tls_names *names, const char *name)
{
    uint64_t serials[TLS_KINDS];
    struct err e;
    int n = tls_ask_name(names->signer, bytes_of(name), serials, &e);
    if (n <= 0)
        return NULL;
    struct tls_identity *identity = known_by(names, serials);
    if (identity)
        return identity;
    identity = identity_new(names->signer, serials, n, &e);
    if (identity) {
        identity->next = names->known;
        names->known = identity;
    }
    return identity;
}

struct tls_identity *tls_names_find(struct tls_names *names, struct bytes name)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(HOST_MAX + 1);
    if (!canonical(name, &text))
        return names->fallback;
    struct row *row = row_of(names, text.data);
    if (row->name && !strcmp(row->name, text.data))
        return row->identity;
    struct tls_identity *identity = ask_for(names, text.data);
    if (!identity)
        return names->fallback;
    free(row->name);
    *row = (struct row){strbuf_detach(&text), identity};
    return identity;
}
