/*
 * passwd_path.c - see passwd_path.h. A domain that comes from a directory must be one that a user name may have: it is
 * appended to names, and asked for by them.
 */
#include "auth/passwd_path.h"

#include "auth/auth_name.h"
#include "base/strbuf.h"

#include <glob.h>
#include <stdlib.h>

enum { PATH_BYTES_MAX = 4095 };

static const char *variable(const char *pattern)
{
    return strstr(pattern, "%d");
}

int passwd_path_check(const char *pattern, struct err *e)
{
    const char *at = strchr(pattern, '%');
    if (*pattern && *pattern != '/')
        return err_set(e, ERR_INVALID, "an absolute path");
    if (at && (at[1] != 'd' || strchr(at + 2, '%') || strpbrk(pattern, "*?[\\")))
        return err_set(e, ERR_INVALID, "an absolute path, in which %%d may stand once for the domain");
    return 0;
}

static char *join(const char *pattern, const char *at, struct bytes middle)
{
    AUTO_STRBUF struct strbuf path = STRBUF_INIT(PATH_BYTES_MAX);
    strbuf_add(&path, pattern, (size_t)(at - pattern));
    strbuf_addb(&path, middle);
    strbuf_adds(&path, at + 2);
    return path.overflow ? NULL : strbuf_detach(&path);
}

char *passwd_path_of(const char *pattern, struct bytes name)
{
    const char *at = variable(pattern);
    struct bytes domain = auth_name_domain(name);
    if (!at)
        return xstrdup(pattern);
    return auth_name_ok(name) && domain.n ? join(pattern, at, domain) : NULL;
}

/* What stands in path where the pattern has %d, if a name may have it as its domain. */
static char *domain_of(const char *pattern, const char *at, const char *path)
{
    size_t before = (size_t)(at - pattern), after = strlen(at + 2), n = strlen(path);
    struct bytes domain = bytes_from(path + before, n - before - after);
    AUTO_STRBUF struct strbuf name = STRBUF_INIT(PATH_BYTES_MAX);
    strbuf_adds(&name, "x@");
    strbuf_addb(&name, domain);
    return auth_name_ok(strbuf_bytes(&name)) ? bytes_dup(domain) : NULL;
}

struct passwd_path *passwd_path_list(const char *pattern, size_t *count)
{
    struct passwd_path *list = xcalloc(1, sizeof(*list));
    const char *at = variable(pattern);
    glob_t found = {0};
    *count = 0;
    if (!at) {
        *list = (struct passwd_path){.path = xstrdup(pattern)};
        *count = 1;
        return list;
    }
    char *wild = join(pattern, at, BYTES("*"));
    if (wild && glob(wild, 0, NULL, &found) == 0) {
        list = xrealloc(list, found.gl_pathc, sizeof(*list));
        for (size_t i = 0; i < found.gl_pathc && *count < PASSWD_DOMAINS_MAX; i++) {
            char *domain = domain_of(pattern, at, found.gl_pathv[i]);
            if (domain)
                list[(*count)++] = (struct passwd_path){xstrdup(found.gl_pathv[i]), domain};
        }
    }
    globfree(&found);
    free(wild);
    return list;
}

void passwd_path_list_free(struct passwd_path *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(list[i].path);
        free(list[i].domain);
    }
    free(list);
}
