/*
 * auth_file.c - accounts from a passwd-file. authd opens it and hands it over, here it is read and believed.
 * The way of a login comes through verify: the hash of the account, or of some other account if there is
 * none, so that an unknown name costs the same work.
 */
#include "auth/auth_file.h"

#include "auth/auth_backend.h"
#include "auth/auth_hash.h"
#include "auth/passwd_file.h"
#include "base/cleanup.h"
#include "base/fs.h"
#include "base/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { COMPLAINTS_MAX = 20, BCRYPT_PASSWORD_MAX = 72 };

static struct passwd_file *current; /* NULL: never read yet */
static char *decoy;                 /* a hash that is worked on for unknown names; NULL: no account has one */

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

static void choose_decoy(void)
{
    free(TAKE_PTR(decoy));
    for (size_t i = 0; i < current->count && !decoy; i++)
        if (current->entries[i].kind == PASSWD_CRYPT)
            decoy = xstrdup(current->entries[i].secret);
}

void auth_file_load(int fd, const char *name, const struct account_rules *rules)
{
    __attribute__((cleanup(strbuf_done_secret))) struct strbuf text = STRBUF_INIT(PASSWD_FILE_MAX);
    struct complaints c = {.file = name};
    mode_t mode;
    if (read_all(fd, &text, &mode) != 0) {
        log_error("%s cannot be read: %m; the accounts stay as they were", name);
        return;
    }
    struct passwd_options options = {.rules = *rules, .plain_ok = (mode & S_IROTH) == 0};
    struct passwd_file *fresh = passwd_file_parse(strbuf_bytes(&text), &options, complain, &c);
    if (c.count > COMPLAINTS_MAX)
        log_warn("%s: %zu more complaints like these", name, c.count - COMPLAINTS_MAX);
    passwd_file_free(current);
    current = fresh;
    choose_decoy();
    log_info("%s: %zu accounts", name, fresh->count);
}

static void answer(const struct passwd_entry *entry, backend_found_fn *fn, void *arg)
{
    if (!current)
        fn(AUTH_LOOKUP_TEMPFAIL, NULL, arg);
    else
        fn(entry ? AUTH_LOOKUP_FOUND : AUTH_LOOKUP_NONE, entry ? &entry->account : NULL, arg);
}

static void lookup_name(struct bytes name, backend_found_fn *fn, void *arg)
{
    answer(current ? passwd_file_find(current, name) : NULL, fn, arg);
}

static void lookup_uid(uid_t uid, backend_found_fn *fn, void *arg)
{
    answer(current ? passwd_file_find_uid(current, uid) : NULL, fn, arg);
}

struct attempt {
    const char *refused; /* a reason why the answer is no whatever the hash says; NULL: ask the hash */
    backend_verdict_fn *fn;
    void *arg;
};

static void on_hash(bool same, void *arg)
{
    struct attempt *a = arg;
    const char *reason = a->refused ? a->refused : "wrong-password";
    a->fn(same && !a->refused ? VERDICT_OK : VERDICT_REFUSED, reason, NULL, a->arg);
    free(a);
}

static const char *refusal(const struct passwd_entry *entry, const struct backend_try *attempt)
{
    if (!entry)
        return "unknown-user";
    if (entry->kind == PASSWD_NONE)
        return "no-usable-password";
    if (entry->nologin)
        return "nologin";
    if (entry->allow_nets && !nets_match(bytes_of(entry->allow_nets), attempt->remote))
        return "allow-nets";
    if (entry->kind == PASSWD_CRYPT && entry->secret[1] == '2' &&
        strlen(attempt->password) > BCRYPT_PASSWORD_MAX)
        return "too-long-for-bcrypt";
    return NULL;
}

static void verify(const struct backend_try *attempt, backend_verdict_fn *fn, void *arg)
{
    const struct passwd_entry *entry = NULL;
    if (attempt->account && current)
        entry = passwd_file_find(current, bytes_of(attempt->account->name));
    struct attempt *a = xcalloc(1, sizeof(*a));
    *a = (struct attempt){.refused = refusal(entry, attempt), .fn = fn, .arg = arg};
    const char *hash = entry && entry->kind == PASSWD_CRYPT ? entry->secret : decoy;
    if (entry && entry->kind == PASSWD_PLAIN) {
        on_hash(bytes_eq_secret(bytes_of(attempt->password), bytes_of(entry->secret)), a);
    } else if (!hash) {
        on_hash(false, a);
    } else if (!hash_check(hash, attempt->password, on_hash, a)) {
        free(a);
        fn(VERDICT_TEMPFAIL, "too-many-hashes", NULL, arg);
    }
}

const struct backend backend_file = {"passwd-file", lookup_name, lookup_uid, verify};
