/*
 * auth_rules.c - see auth_rules.h. The last word on an account before a ticket is made or a delivery is
 * allowed.
 */
#include "auth/auth_rules.h"

#include "auth/auth_name.h"
#include "base/strbuf.h"

#include <stdlib.h>
#include <string.h>

const char *account_refused(const struct account *a, const struct account_rules *rules)
{
    if (a->uid == 0 || a->gid == 0)
        return "uid or gid 0 is never served";
    if (rules->only_uid != (uid_t)-1 && a->uid != rules->only_uid)
        return "not the uid that this server was started by";
    if ((int64_t)a->uid < rules->first_uid)
        return "uid below first_uid";
    if (a->uid == (uid_t)-1 || a->gid == (gid_t)-1)
        return "no valid uid and gid";
    if (!a->mail || a->mail[0] != '/')
        return "no Maildir";
    return NULL;
}

static bool add_variable(struct strbuf *out, char which, const struct account *a)
{
    struct bytes name = bytes_of(a->name);
    switch (which) {
    case '%':
        return strbuf_addc(out, '%');
    case 'u':
        return strbuf_addb(out, name);
    case 'n':
        return strbuf_addb(out, auth_name_local(name));
    case 'd':
        return strbuf_addb(out, auth_name_domain(name));
    case 'h':
        return a->home && strbuf_adds(out, a->home);
    default:
        return false;
    }
}

static int expand(struct strbuf *out, struct bytes location, const struct account *a, struct err *e)
{
    if (location.n && location.p[0] == '~' && (location.n == 1 || location.p[1] == '/')) {
        if (!a->home || a->home[0] != '/')
            return err_set(e, ERR_INVALID,
                           "the mail location is below the home, but there is no absolute home");
        strbuf_adds(out, a->home);
        location = bytes_skip(location, 1);
    }
    for (size_t i = 0; i < location.n; i++) {
        char c = location.p[i];
        if (c != '%')
            strbuf_addc(out, c);
        else if (++i == location.n || !add_variable(out, location.p[i], a))
            return err_set(e, ERR_INVALID, "the mail location may hold %%u, %%n, %%d, %%h and %%%% only");
    }
    return 0;
}

/* What stands behind the path: INDEX is ours to choose, and what is our own layout anyway may be said; everything else would put mail,
 * or the files that number it, elsewhere than the user expects. */
static bool option_ok(struct bytes option, struct bytes head)
{
    struct bytes value = option, key = bytes_split(&value, '=');
    if (!value.p)
        return false;
    if (bytes_eq_nocase(key, BYTES("INDEX")))
        return true;
    if (bytes_eq_nocase(key, BYTES("LAYOUT")))
        return bytes_eq_nocase(value, BYTES("maildir++"));
    while (value.n > 1 && value.p[value.n - 1] == '/')
        value.n--;
    return (bytes_eq_nocase(key, BYTES("INBOX")) || bytes_eq_nocase(key, BYTES("CONTROL"))) &&
           bytes_eq(value, head);
}

static int check_options(struct bytes options, struct bytes head, struct err *e)
{
    while (head.n > 1 && head.p[head.n - 1] == '/')
        head.n--;
    while (options.p && options.n) {
        struct bytes option = bytes_split(&options, ':');
        if (!option_ok(option, head))
            return err_set(e, ERR_INVALID, "mail location option \"" BYTES_FMT "\" is not supported",
                           BYTES_ARG(option));
    }
    return 0;
}

int account_set_mail(struct account *a, const char *location, struct err *e)
{
    AUTO_STRBUF struct strbuf path = STRBUF_INIT(4095);
    struct bytes rest = bytes_of(location);
    if (bytes_starts_nocase(rest, BYTES("maildir:")))
        rest = bytes_skip(rest, strlen("maildir:"));
    struct bytes head = bytes_split(&rest, ':');
    if (check_options(rest, head, e) != 0 || expand(&path, head, a, e) != 0)
        return -1;
    while (path.len > 1 && path.data[path.len - 1] == '/')
        strbuf_truncate(&path, path.len - 1);
    if (path.overflow || path.data[0] != '/' || path.len < 2)
        return err_set(e, ERR_INVALID, "mail location \"%.100s\" is no absolute path of a Maildir", location);
    free(a->mail);
    a->mail = strbuf_detach(&path);
    return 0;
}
