/*
 * passwd_line.c - one line of a passwd-file. See passwd_file.h and posthouse-passwd(5).
 */
#include "auth/passwd_file.h"

#include "auth/auth_name.h"
#include "base/strbuf.h"

#include <stdlib.h>
#include <string.h>

enum { F_USER, F_PASSWORD, F_UID, F_GID, F_GECOS, F_HOME, F_SHELL, F_EXTRA, FIELDS };
enum { ID_MAX = UINT32_MAX - 1 };

/* The last field takes the rest of the line: extra fields may hold colons. */
static void split_fields(struct bytes line, struct bytes f[FIELDS])
{
    for (int i = 0; i < FIELDS - 1; i++)
        f[i] = line.p ? bytes_split(&line, ':') : BYTES("");
    f[F_EXTRA] = line.p ? line : BYTES("");
}

static int set_ids(struct account *a, struct bytes uid, struct bytes gid, struct err *e)
{
    uint64_t u, g;
    if (!bytes_to_u64(uid, ID_MAX, &u) || !bytes_to_u64(gid, ID_MAX, &g))
        return err_set(e, ERR_INVALID, "%s: the third and fourth field must be a numeric uid and gid",
                       a->name);
    a->uid = (uid_t)u;
    a->gid = (gid_t)g;
    return 0;
}

static int set_home(struct account *a, struct bytes home, struct err *e)
{
    if (home.n && home.p[0] != '/')
        return err_set(e, ERR_INVALID, "%s: the home must be an absolute path", a->name);
    a->home = home.n ? bytes_dup(home) : NULL;
    return 0;
}

static int read_extras(struct bytes extras, struct passwd_entry *entry, struct err *e)
{
    int worst = 0;
    while (extras.p && extras.n) {
        struct bytes field = bytes_split(&extras, ' ');
        int status = field.n ? passwd_extra_parse(field, entry, e) : 0;
        if (status < 0)
            return err_prefix(e, "%s", entry->account.name);
        worst = status > worst ? status : worst;
    }
    return worst;
}

static int fill_entry(struct bytes f[FIELDS], const struct passwd_options *options,
                      struct passwd_entry *entry, struct err *e)
{
    struct account *a = &entry->account;
    if (!options->passwords_only &&
        (set_ids(a, f[F_UID], f[F_GID], e) != 0 || set_home(a, f[F_HOME], e) != 0))
        return -1;
    int password = passwd_secret_parse(f[F_PASSWORD], options->plain_ok, entry, e);
    struct err extra_error = {0};
    int extras = read_extras(f[F_EXTRA], entry, &extra_error);
    if (extras != 0)
        *e = extra_error;
    if (extras < 0)
        return -1;
    if (options->passwords_only)
        return password != 0 || extras != 0;
    if (!a->mail && account_set_mail(a, options->rules.default_mail, e) != 0)
        return err_prefix(e, "%s", a->name);
    if (!a->home)
        a->home = xstrdup("/");
    const char *refused = account_refused(a, &options->rules);
    if (refused)
        return err_set(e, ERR_ACCESS, "%s: %s", a->name, refused);
    return password != 0 || extras != 0;
}

/* With the domain of the file, if it has one. NULL: the name has another, or is too long with it. */
static char *name_of(struct bytes name, const char *domain)
{
    AUTO_STRBUF struct strbuf whole = STRBUF_INIT(AUTH_NAME_MAX);
    bool has_one = bytes_index(name, '@') < name.n;
    if (has_one && domain && !bytes_eq_nocase(auth_name_domain(name), bytes_of(domain)))
        return NULL;
    strbuf_addb(&whole, name);
    if (!has_one && domain)
        strbuf_addf(&whole, "@%s", domain);
    return whole.overflow ? NULL : strbuf_detach(&whole);
}

int passwd_line_parse(struct bytes line, const struct passwd_options *options, struct passwd_entry *entry,
                      struct err *e)
{
    struct bytes f[FIELDS];
    *entry = (struct passwd_entry){0};
    if (line.n > PASSWD_LINE_MAX || memchr(line.p, '\0', line.n))
        return err_set(e, ERR_INVALID, "the line is longer than %d octets or holds a NUL", PASSWD_LINE_MAX);
    split_fields(line, f);
    if (!auth_name_ok(f[F_USER]))
        return err_set(e, ERR_INVALID, "user name \"%.*s\" holds a character that is not allowed",
                       (int)(f[F_USER].n < 64 ? f[F_USER].n : 64), f[F_USER].p);
    entry->account.name = name_of(f[F_USER], options->domain);
    if (!entry->account.name)
        return err_set(e, ERR_INVALID, "%.*s is not a name of the domain %s, whose file this is",
                       (int)(f[F_USER].n < 64 ? f[F_USER].n : 64), f[F_USER].p, options->domain);
    int status = fill_entry(f, options, entry, e);
    if (status < 0)
        passwd_entry_done(entry);
    return status;
}
