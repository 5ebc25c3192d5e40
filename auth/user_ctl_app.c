/*
 * user_ctl_app.c - `posthouse user apppass add|list|remove`: application passwords, in a file of their own below state_dir, so that
 * system accounts can have them too.
 */
#include "auth/app_file.h"
#include "auth/auth_name.h"
#include "auth/passwd_edit.h"
#include "auth/user_ctl.h"
#include "base/cleanup.h"
#include "base/fs.h"

#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <time.h>

char *user_app_path(const struct user_ctl *ctl, const char *suffix)
{
    AUTO_STRBUF struct strbuf path = STRBUF_INIT(4095);
    strbuf_addf(&path, "%s/app-passwords%s", ctl->conf->site.state_dir, suffix);
    return strbuf_detach(&path);
}

/* ---- lines of one account ---- */

/* The first line of this account and label, as a part of text; p is NULL if there is none. */
static struct bytes find(struct bytes text, const char *user, const char *label, size_t *of_user)
{
    struct bytes found = {0};
    *of_user = 0;
    while (text.p && text.n) {
        struct bytes line = bytes_split(&text, '\n'), rest = line;
        if (!bytes_eq(bytes_split(&rest, ':'), bytes_of(user)) || !rest.p)
            continue;
        ++*of_user;
        if (!found.p && label && bytes_eq(bytes_split(&rest, ':'), bytes_of(label)))
            found = line;
    }
    return found;
}

static int edit_add(struct user_ctl *ctl, struct bytes text, struct strbuf *out, struct err *e)
{
    struct app_entry entry = {
        .user = (char *)ctl->name, .label = ctl->words[2], .created = (uint64_t)time(NULL)};
    __attribute__((cleanup(strbuf_done_secret))) struct strbuf password = STRBUF_INIT(100);
    AUTO_STRBUF struct strbuf line = STRBUF_INIT(1000);
    size_t of_user;
    entry.services = (char *)(ctl->service ? ctl->service : "*");
    if (find(text, ctl->name, entry.label, &of_user).p)
        return err_set(e, ERR_EXISTS, "%s has an application password %s already", ctl->name, entry.label);
    if (of_user >= APP_OF_USER_MAX)
        return err_set(e, ERR_LIMIT, "%s has %d application passwords already", ctl->name, APP_OF_USER_MAX);
    if (app_make(&entry, &password, e) != 0)
        return -1;
    app_line_write(&entry, &line);
    passwd_edit_append(out, text, strbuf_bytes(&line));
    printf("%s\n", password.data);
    return 0;
}

static int edit_remove(struct user_ctl *ctl, struct bytes text, struct strbuf *out, struct err *e)
{
    size_t of_user;
    struct bytes line = find(text, ctl->name, ctl->words[2], &of_user);
    if (!line.p)
        return err_set(e, ERR_NOTFOUND, "%s has no application password %s", ctl->name, ctl->words[2]);
    passwd_edit_replace(out, text, line, (struct bytes){0});
    return 0;
}

static int edit_remove_all(struct user_ctl *ctl, struct bytes text, struct strbuf *out, struct err *e)
{
    (void)e;
    while (text.p && text.n) {
        struct bytes line = bytes_split(&text, '\n'), rest = line;
        if (bytes_eq(bytes_split(&rest, ':'), bytes_of(ctl->name)))
            continue;
        strbuf_addb(out, line);
        strbuf_addc(out, '\n');
    }
    return 0;
}

int user_app_forget(struct user_ctl *ctl, struct err *e)
{
    AUTO_FREE char *path = user_app_path(ctl, "");
    return access(path, F_OK) == 0 ? user_file_edit(ctl, path, false, edit_remove_all, e) : 0;
}

/* ---- listing ---- */

static uint64_t last_use(const struct strbuf *used, const char *id)
{
    uint64_t last = 0;
    for (size_t at = 0; at + APP_USED_LINE <= used->len; at += APP_USED_LINE)
        if (memcmp(used->data + at, id, APP_ID_LEN) == 0)
            bytes_to_u64(bytes_from(used->data + at + APP_ID_LEN + 1, 12), INT64_MAX, &last);
    return last;
}

static const char *day_of(uint64_t when, char text[32])
{
    time_t t = (time_t)when;
    struct tm tm;
    if (!when || !gmtime_r(&t, &tm) || !strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &tm))
        return "never";
    return text;
}

static void ignore_line(void *arg, size_t line, const char *text)
{
    fprintf(stderr, "%s:%zu: %s\n", (const char *)arg, line, text);
}

static int list(struct user_ctl *ctl, struct err *e)
{
    AUTO_FREE char *path = user_app_path(ctl, "");
    AUTO_FREE char *used_path = user_app_path(ctl, ".used");
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(APP_FILE_MAX), used = STRBUF_INIT(APP_FILE_MAX);
    char created[32], last[32];
    if (access(path, F_OK) != 0)
        return 0;
    if (fs_read_file(AT_FDCWD, path, &text, e) != 0)
        return -1;
    fs_read_file(AT_FDCWD, used_path, &used, NULL); /* nothing was used yet */
    struct app_file *f = app_file_parse(strbuf_bytes(&text), ignore_line, path);
    for (size_t i = 0; i < f->count; i++)
        if (strcmp(f->entries[i].user, ctl->name) == 0)
            printf("%s\t%s\t%s\t%s\n", f->entries[i].label, f->entries[i].services,
                   day_of(f->entries[i].created, created), day_of(last_use(&used, f->entries[i].id), last));
    app_file_free(f);
    return 0;
}

/* ---- the verb ---- */

static bool exists(struct user_ctl *ctl)
{
    struct user_file f;
    bool there = getpwnam(ctl->name) != NULL;
    if (!there && ctl->path && user_file_open(ctl, NULL, false, &f, NULL) == 0)
        there = passwd_edit_find(strbuf_bytes(&f.text), bytes_of(ctl->name)).p != NULL;
    else if (there || !ctl->path)
        return there;
    user_file_done(&f);
    return there;
}

int user_apppass(struct user_ctl *ctl, struct err *e)
{
    AUTO_FREE char *path = user_app_path(ctl, "");
    ctl->name = ctl->words[1];
    if (!auth_name_ok(bytes_of(ctl->name)))
        return err_set(e, ERR_INVALID, "%.100s is no name of an account", ctl->name);
    if (strcmp(ctl->words[0], "list") == 0 && ctl->nwords == 2)
        return list(ctl, e);
    if (ctl->nwords != 3)
        return err_set(e, ERR_INVALID, "posthouse user apppass add|remove NAME LABEL, or list NAME");
    if (strcmp(ctl->words[0], "remove") == 0)
        return user_file_edit(ctl, path, false, edit_remove, e);
    if (strcmp(ctl->words[0], "add") != 0)
        return err_set(e, ERR_INVALID, "posthouse user apppass add|remove NAME LABEL, or list NAME");
    if (!app_label_ok(bytes_of(ctl->words[2])))
        return err_set(e, ERR_INVALID, "a label is up to %d letters, digits, dots, hyphens and underscores",
                       APP_LABEL_MAX);
    if (ctl->service && !app_services_ok(bytes_of(ctl->service)))
        return err_set(e, ERR_INVALID, "--service is a list out of imap, pop3 and smtp");
    if (!exists(ctl))
        return err_set(e, ERR_NOTFOUND, "there is no account %s", ctl->name);
    return user_file_edit(ctl, path, true, edit_add, e);
}
