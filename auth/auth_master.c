/*
 * auth_master.c - see auth_master.h. The file has the form of a passwd-file of which name, password, nologin and allow_nets count.
 */
#include "auth/auth_master.h"

#include "auth/auth_hash.h"
#include "auth/passwd_file.h"
#include "base/fs.h"
#include "base/log.h"

#include <stdlib.h>
#include <sys/stat.h>

static struct passwd_file *masters;
static bool configured;

static void complain(void *arg, size_t line, const char *text)
{
    log_warn("%s:%zu: %s", (const char *)arg, line, text);
}

void master_load(int fd, const char *name)
{
    __attribute__((cleanup(strbuf_done_secret))) struct strbuf text = STRBUF_INIT(PASSWD_FILE_MAX);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0 || st.st_size > PASSWD_FILE_MAX)
        return;
    char *room = st.st_size ? strbuf_room(&text, (size_t)st.st_size) : NULL;
    ssize_t n = room ? fs_pread_all(fd, room, (size_t)st.st_size, 0) : 0;
    if (n > 0)
        strbuf_extend(&text, (size_t)n);
    const struct passwd_options options = {.passwords_only = true, .plain_ok = (st.st_mode & S_IROTH) == 0};
    passwd_file_free(masters);
    masters = passwd_file_parse(strbuf_bytes(&text), &options, complain, (void *)name);
    log_info("%s: %zu master users", name, masters->count);
}

void master_configure(bool on)
{
    configured = on;
}

bool master_split(struct bytes name, struct bytes *user, struct bytes *master)
{
    struct bytes rest = name;
    if (!configured)
        return false;
    *user = bytes_split(&rest, '*');
    *master = rest;
    return rest.p != NULL;
}

struct attempt {
    const char *refused;
    backend_verdict_fn *fn;
    void *arg;
};

static void on_hash(bool same, void *arg)
{
    struct attempt *a = arg;
    a->fn(same && !a->refused ? VERDICT_OK : VERDICT_REFUSED,
          a->refused ? a->refused : "wrong-master-password", NULL, a->arg);
    free(a);
}

/* A hash to work on for names that no master has. */
static const struct passwd_entry *decoy(void)
{
    for (size_t i = 0; masters && i < masters->count; i++)
        if (masters->entries[i].kind != PASSWD_NONE)
            return &masters->entries[i];
    return NULL;
}

static const char *refusal(const struct passwd_entry *entry, const char *remote)
{
    if (!entry || entry->kind == PASSWD_NONE)
        return "unknown-master";
    if (entry->nologin)
        return "master-nologin";
    return entry->allow_nets && !nets_match(bytes_of(entry->allow_nets), remote) ? "master-allow-nets" : NULL;
}

void master_verify(const char *master, const char *password, const char *remote, backend_verdict_fn *fn,
                   void *arg)
{
    const struct passwd_entry *entry = masters ? passwd_file_find(masters, bytes_of(master)) : NULL;
    const struct passwd_entry *work = entry && entry->kind != PASSWD_NONE ? entry : decoy();
    struct attempt *a = xcalloc(1, sizeof(*a));
    *a = (struct attempt){refusal(entry, remote), fn, arg};
    if (!work) {
        on_hash(false, a);
    } else if (!hash_check(work->kind, work->secret, password, on_hash, a)) {
        free(a);
        fn(VERDICT_TEMPFAIL, "too-many-hashes", NULL, arg);
    }
}
