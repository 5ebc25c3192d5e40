/*
 * user_ctl_show.c - `posthouse user list|show`: what the server reads out of the passwd-file; no hash is shown.
 */
#include "auth/passwd_path.h"
#include "auth/user_ctl.h"
#include "base/cleanup.h"
#include "base/log.h"

#include <stdlib.h>
#include <sys/stat.h>

struct complaints {
    const char *path;
};

static void complain(void *arg, size_t line, const char *text)
{
    const struct complaints *c = arg;
    log_warn("%s:%zu: %s", c->path, line, text);
}

static const char *state_of(const struct passwd_entry *entry)
{
    if (entry->nologin)
        return "disabled";
    return entry->kind == PASSWD_NONE ? "no-password" : "enabled";
}

/* Names, paths and lists of the file hold printable ASCII or UTF-8; a quotation mark or backslash is escaped. */
static void print_json(const char *key, const char *value)
{
    printf("\"%s\":\"", key);
    for (; *value; value++) {
        if (*value == '"' || *value == '\\')
            putchar('\\');
        if ((unsigned char)*value >= ' ')
            putchar(*value);
    }
    putchar('"');
}

static void print_row(const struct user_ctl *ctl, const struct passwd_entry *entry)
{
    const struct account *a = &entry->account;
    if (!ctl->json) {
        printf("%s\t%u\t%s\t%s\n", a->name, a->uid, state_of(entry), a->mail);
        return;
    }
    putchar('{');
    print_json("name", a->name);
    printf(",\"uid\":%u,\"gid\":%u,", a->uid, a->gid);
    print_json("state", state_of(entry));
    putchar(',');
    print_json("home", a->home);
    putchar(',');
    print_json("mail", a->mail);
    printf(",\"quota_bytes\":%lld,\"quota_messages\":%lld}\n", (long long)a->quota_bytes,
           (long long)a->quota_messages);
}

static void print_whole(const struct passwd_entry *entry)
{
    static const char *const kinds[] = {[PASSWD_NONE] = "none",
                                        [PASSWD_CRYPT] = "crypt(3) hash",
                                        [PASSWD_ARGON2] = "Argon2 hash",
                                        [PASSWD_SCRAM] = "SCRAM verifier",
                                        [PASSWD_PLAIN] = "in clear"};
    const struct account *a = &entry->account;
    printf("name        %s\nstate       %s\npassword    %s\nuid         %u\ngid         %u\nhome        "
           "%s\nmail        %s\n",
           a->name, state_of(entry), kinds[entry->kind], a->uid, a->gid, a->home, a->mail);
    if (a->quota_bytes)
        printf("quota       %lld bytes\n", (long long)a->quota_bytes);
    if (a->quota_messages)
        printf("quota       %lld messages\n", (long long)a->quota_messages);
    if (entry->allow_nets)
        printf("allow_nets  %s\n", entry->allow_nets);
    if (entry->aliases)
        printf("aliases     %s\n", entry->aliases);
}

/* Does fn to each account of one file; ctl->name NULL: all. */
static int walk(struct user_ctl *ctl, const struct passwd_path *at, bool whole, size_t *shown, struct err *e)
{
    __attribute__((cleanup(strbuf_done_secret))) struct strbuf text = STRBUF_INIT(PASSWD_FILE_MAX);
    struct complaints c = {at->path};
    AUTO_FCLOSE FILE *f = fopen(at->path, "re");
    if (!f)
        return err_set(e, ERR_NOTFOUND, "%s: %m", at->path);
    char block[65536];
    for (size_t n; (n = fread(block, 1, sizeof(block), f)) > 0;)
        strbuf_add(&text, block, n);
    explicit_bzero(block, sizeof(block));
    struct passwd_file *file = passwd_file_parse(strbuf_bytes(&text), &ctl->options, complain, &c);
    for (size_t i = 0; i < file->count; i++) {
        const struct passwd_entry *entry = &file->entries[i];
        if (whole && strcmp(entry->account.name, ctl->name) != 0)
            continue;
        ++*shown;
        if (whole)
            print_whole(entry);
        else
            print_row(ctl, entry);
    }
    passwd_file_free(file);
    return 0;
}

int user_list(struct user_ctl *ctl, struct err *e)
{
    size_t count, shown = 0;
    int status = 0;
    struct passwd_path *list = passwd_path_list(ctl->path, &count);
    for (size_t i = 0; i < count && status == 0; i++)
        status = walk(ctl, &list[i], false, &shown, e);
    passwd_path_list_free(list, count);
    return status;
}

int user_show(struct user_ctl *ctl, struct err *e)
{
    size_t shown = 0;
    struct passwd_path at = {.path = passwd_path_of(ctl->path, bytes_of(ctl->name))};
    int status = at.path ? walk(ctl, &at, true, &shown, e) : 0;
    free(at.path);
    if (status == 0 && !shown)
        return err_set(e, ERR_NOTFOUND, "there is no account %s in the passwd-file", ctl->name);
    return status;
}
