/*
 * auth_name.c - see auth_name.h.
 */
#include "auth/auth_name.h"

#include "auth/auth.h"
#include "base/text.h"

static bool side_ok(struct bytes side)
{
    if (side.n == 0 || side.p[0] == '.' || side.p[0] == '-')
        return false;
    for (size_t i = 0; i < side.n; i++)
        if (!ascii_alnum(side.p[i]) && (side.p[i] == '\0' || !strchr("._-+=&'~#!$", side.p[i])))
            return false;
    return true;
}

bool auth_name_ok(struct bytes name)
{
    if (name.n == 0 || name.n > AUTH_NAME_MAX)
        return false;
    bool has_domain = bytes_index(name, '@') < name.n;
    return side_ok(auth_name_local(name)) && (!has_domain || side_ok(auth_name_domain(name)));
}

struct bytes auth_name_local(struct bytes name)
{
    return bytes_from(name.p, bytes_index(name, '@'));
}

struct bytes auth_name_domain(struct bytes name)
{
    return bytes_skip(name, bytes_index(name, '@') + 1);
}
