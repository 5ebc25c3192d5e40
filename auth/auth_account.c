/*
 * auth_account.c - the end of a struct account's life.
 */
#include "auth/auth.h"

#include <stdlib.h>
#include <string.h>

void account_done(struct account *a)
{
    if (!a)
        return;
    free(a->name);
    free(a->home);
    free(a->mail);
    memset(a, 0, sizeof(*a));
}
