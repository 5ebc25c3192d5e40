/*
 * explain.h - what the files of posthouse-explain share: one login, and what has been said about it.
 */
#ifndef AUTH_EXPLAIN_H
#define AUTH_EXPLAIN_H

#include "auth/auth_conf.h"
#include "auth/auth_rules.h"

struct explain {
    const char *conf_path, *ip, *service, *name;
    struct auth_conf *conf;
    bool found;
    struct account account; /* if found */
    unsigned refused;       /* rules that would */
};

enum explain_word { ALLOWS, REFUSES, NOTES };
void explain_say(struct explain *x, enum explain_word word, const char *rule, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* ---- explain_account.c: does this source know the name, and what does it say? ---- */

void explain_file(struct explain *x);
void explain_system(struct explain *x);

#endif
