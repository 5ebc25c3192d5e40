/*
 * auth_file.c - accounts from a passwd-file. authd opens it and hands it over, here it is read and believed.
 * The way of a login comes through verify: the hash of the account, or of some other account if there is
 * none, so that an unknown name costs the same work.
 */
#include "auth/auth_file.h"

#include "auth/auth_backend.h"
#include "auth/auth_cache.h"
#include "auth/auth_hash.h"
#include "auth/auth_name.h"
#include "auth/passwd_file.h"
#include "base/cleanup.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { COMPLAINTS_MAX = 20, BCRYPT_PASSWORD_MAX = 72 };

/* Sorted by domain; one without a domain if passwd_file has no %d. */
static struct source {
    char *domain;             /* lower case, or "" */
    struct passwd_file *file; /* NULL: there, but never read yet */
} * sources;
static size_t nsources;
static bool by_domain;
static int64_t cache_seconds;
static char *decoy; /* a hash that is worked on for unknown names; NULL: no account has one */
static enum passwd_kind decoy_kind;

struct complaints {
    const char *file;
    size_t count;
};

static void complain(void *arg, size_t line, const char *text)
{
    struct complaints *c = arg;
    if (++c->count <= COMPLAINTS_MAX)
        log_warn("%s:%zu: %s", c->file, line, text);
}

static int read_all(int fd, struct strbuf *text, mode_t *mode)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return -1;
    *mode = st.st_mode;
    if (st.st_size > PASSWD_FILE_MAX || !S_ISREG(st.st_mode)) {
        errno = EFBIG;
        return -1;
    }
    if (st.st_size == 0)
        return 0;
    char *room = strbuf_room(text, (size_t)st.st_size);
    ssize_t n = room ? fs_pread_all(fd, room, (size_t)st.st_size, 0) : -1;
    if (n < 0)
        return -1;
    strbuf_extend(text, (size_t)n);
    return 0;
}

static bool is_hash(const struct passwd_entry *entry)
{
    return entry->kind != PASSWD_NONE && entry->kind != PASSWD_PLAIN;
}

static void choose_decoy(const struct passwd_file *file)
{
    free(TAKE_PTR(decoy));
    for (size_t i = 0; i < file->count && !decoy; i++)
        if (is_hash(&file->entries[i])) {
            decoy = xstrdup(file->entries[i].secret);
            decoy_kind = file->entries[i].kind;
        }
}

/* ---- one file, or one for each domain ---- */

void auth_file_configure(const char *pattern, int64_t seconds)
{
    cache_seconds = seconds;
    if (!seconds)
        cache_clear();
    by_domain = pattern && strstr(pattern, "%d");
}

static int compare_sources(const void *a, const void *b)
{
    return strcmp(((const struct source *)a)->domain, ((const struct source *)b)->domain);
}

static struct source *source_of(struct bytes domain)
{
    char text[AUTH_NAME_MAX + 1];
    if (domain.n >= sizeof(text) || !nsources)
        return NULL;
    ascii_fold(text, domain);
    text[domain.n] = '\0';
    struct source key = {.domain = text};
    return bsearch(&key, sources, nsources, sizeof(key), compare_sources);
}

static struct source *source_make(const char *domain)
{
    struct bytes name = bytes_of(domain ? domain : "");
    struct source *source = source_of(name);
    if (source)
        return source;
    char *folded = xstrdup(name.p);
    ascii_fold(folded, name);
    sources = xgrow(sources, nsources, sizeof(*sources));
    sources[nsources++] = (struct source){.domain = folded};
    qsort(sources, nsources, sizeof(*sources), compare_sources);
    return source_of(name);
}

void auth_file_forget(const char *domain)
{
    struct source *source = source_of(bytes_of(domain ? domain : ""));
    if (!source)
        return;
    passwd_file_free(source->file);
    free(source->domain);
    *source = sources[--nsources];
    qsort(sources, nsources, sizeof(*sources), compare_sources);
}

void auth_file_load(int fd, const char *name, const char *domain, const struct account_rules *rules)
{
    __attribute__((cleanup(strbuf_done_secret))) struct strbuf text = STRBUF_INIT(PASSWD_FILE_MAX);
    struct complaints c = {.file = name};
    mode_t mode;
    struct source *source = domain || !by_domain ? source_make(domain) : NULL;
    if (fd < 0 || !source)
        return;
    if (read_all(fd, &text, &mode) != 0) {
        log_error("%s cannot be read: %m; the accounts stay as they were", name);
        return;
    }
    struct passwd_options options = {.rules = *rules, .domain = domain, .plain_ok = (mode & S_IROTH) == 0};
    struct passwd_file *fresh = passwd_file_parse(strbuf_bytes(&text), &options, complain, &c);
    if (c.count > COMPLAINTS_MAX)
        log_warn("%s: %zu more complaints like these", name, c.count - COMPLAINTS_MAX);
    passwd_file_free(source->file);
    source->file = fresh;
    choose_decoy(fresh);
    log_info("%s: %zu accounts", name, fresh->count);
}

/* ---- looking up ---- */

/* NULL with *known: there is no such account. Without: it cannot be said now. */
static const struct passwd_entry *find(struct bytes name, bool *known)
{
    const struct source *source = source_of(by_domain ? auth_name_domain(name) : BYTES(""));
    *known = source ? source->file != NULL : by_domain;
    return source && source->file ? passwd_file_find(source->file, name) : NULL;
}

static void answer(const struct passwd_entry *entry, bool known, backend_found_fn *fn, void *arg)
{
    if (!known)
        fn(AUTH_LOOKUP_TEMPFAIL, NULL, arg);
    else
        fn(entry ? AUTH_LOOKUP_FOUND : AUTH_LOOKUP_NONE, entry ? &entry->account : NULL, arg);
}

static void lookup_name(struct bytes name, backend_found_fn *fn, void *arg)
{
    bool known;
    const struct passwd_entry *entry = find(name, &known);
    answer(entry, known, fn, arg);
}

static void lookup_uid(uid_t uid, backend_found_fn *fn, void *arg)
{
    const struct passwd_entry *entry = NULL;
    bool known = nsources > 0 || by_domain;
    for (size_t i = 0; i < nsources && !entry; i++) {
        known = known && sources[i].file;
        entry = sources[i].file ? passwd_file_find_uid(sources[i].file, uid) : NULL;
    }
    answer(entry, entry || known, fn, arg);
}

static uint64_t clock_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec;
}

struct attempt {
    struct cache_mark mark; /* of an own hash */
    bool marked;
    const char *refused; /* a reason why the answer is no whatever the hash says; NULL: ask the hash */
    backend_verdict_fn *fn;
    void *arg;
};

static void on_hash(bool same, void *arg)
{
    struct attempt *a = arg;
    const char *reason = a->refused ? a->refused : "wrong-password";
    if (same && a->marked)
        cache_add(&a->mark, clock_now() + (uint64_t)cache_seconds);
    a->fn(same && !a->refused ? VERDICT_OK : VERDICT_REFUSED, reason, NULL, a->arg);
    free(a);
}

static const char *refusal(const struct passwd_entry *entry, const struct backend_try *attempt)
{
    if (!entry)
        return "unknown-user";
    if (entry->kind == PASSWD_NONE && !attempt->proven)
        return "no-usable-password";
    if (entry->nologin)
        return "nologin";
    if (entry->allow_nets && !nets_match(bytes_of(entry->allow_nets), attempt->remote))
        return "allow-nets";
    if (entry->kind == PASSWD_CRYPT && !attempt->proven && entry->secret[1] == '2' &&
        strlen(attempt->password) > BCRYPT_PASSWORD_MAX)
        return "too-long-for-bcrypt";
    return NULL;
}

static void verify(const struct backend_try *attempt, backend_verdict_fn *fn, void *arg)
{
    bool known;
    const struct passwd_entry *entry =
        attempt->account ? find(bytes_of(attempt->account->name), &known) : NULL;
    struct attempt *a = xcalloc(1, sizeof(*a));
    *a = (struct attempt){.refused = refusal(entry, attempt), .fn = fn, .arg = arg};
    if (attempt->proven) {
        on_hash(true, a);
        return;
    }
    bool own = entry && is_hash(entry);
    const char *hash = own ? entry->secret : decoy;
    if (own && cache_seconds) {
        a->mark = cache_mark(bytes_of(hash), bytes_of(attempt->password));
        a->marked = !cache_has(&a->mark, clock_now());
    }
    if (own && cache_seconds && !a->marked) {
        on_hash(true, a);
    } else if (entry && entry->kind == PASSWD_PLAIN) {
        on_hash(bytes_eq_secret(bytes_of(attempt->password), bytes_of(entry->secret)), a);
    } else if (!hash) {
        on_hash(false, a);
    } else if (!hash_check(own ? entry->kind : decoy_kind, hash, attempt->password, on_hash, a)) {
        free(a);
        fn(VERDICT_TEMPFAIL, "too-many-hashes", NULL, arg);
    }
}

static bool scram(const struct account *account, struct scram_verifier *v)
{
    bool known;
    const struct passwd_entry *entry = find(bytes_of(account->name), &known);
    return entry && entry->kind == PASSWD_SCRAM &&
           scram_verifier_parse(bytes_of(entry->secret), v, NULL) == 0;
}

const struct backend backend_file = {"passwd-file", lookup_name, lookup_uid, verify, scram};
