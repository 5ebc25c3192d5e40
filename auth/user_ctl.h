/*
 * user_ctl.h - posthouse-user: the accounts of a passwd-file, for the operator. What the files of user_ctl_*.c share.
 */
#ifndef AUTH_USER_CTL_H
#define AUTH_USER_CTL_H

#include "auth/auth_conf.h"
#include "auth/passwd_file.h"
#include "base/strbuf.h"

enum { EXIT_FAILED = 1, EXIT_MISUSED = 100 };

struct user_ctl {
    const char *conf_path, *file, *name; /* file: -f, instead of the configuration's */
    const char *uid, *gid, *home, *mail, *quota, *allow_nets, *aliases, *scheme, *service;
    bool no_password, no_home, json;
    const char *path; /* option passwd_file, or -f */
    struct auth_conf *conf;
    struct passwd_options options;
    char **words; /* behind the verb */
    int nwords;
};

/* ---- user_ctl_file.c ---- */

/* A passwd-file held by a lock from reading to replacing. */
struct user_file {
    char *path;
    int fd, dirfd;
    uid_t uid;
    gid_t gid;
    mode_t mode;
    struct strbuf text;
};
/* path NULL: the passwd-file of ctl->name. make: if there is none yet, an empty one. */
int user_file_open(struct user_ctl *ctl, const char *path, bool make, struct user_file *f, struct err *e);
int user_file_replace(struct user_file *f, struct bytes text, struct err *e);
void user_file_done(struct user_file *f);
/* Open, let fn write the whole new text, replace. */
typedef int user_edit_fn(struct user_ctl *ctl, struct bytes text, struct strbuf *out, struct err *e);
int user_file_edit(struct user_ctl *ctl, const char *path, bool make, user_edit_fn *fn, struct err *e);

/* ---- user_ctl_uid.c ---- */

/* A uid that nobody has or ever had from us, remembered as given. */
int user_uid_new(struct user_ctl *ctl, uid_t *uid, struct err *e);

/* ---- user_ctl_password.c ---- */

/* From the terminal, twice and without echo, or else a line of standard input; then hashed as the options say, appended. */
int user_password_field(struct user_ctl *ctl, struct strbuf *out, struct err *e);

/* ---- user_ctl_app.c ---- */

/* The file of application passwords, and what stands beside it; malloc'ed. */
char *user_app_path(const struct user_ctl *ctl, const char *suffix);
/* All of ctl->name are gone. */
int user_app_forget(struct user_ctl *ctl, struct err *e);

/* ---- the verbs: an exit status ---- */

int user_add(struct user_ctl *ctl, struct err *e);
int user_passwd(struct user_ctl *ctl, struct err *e);
int user_disable(struct user_ctl *ctl, struct err *e);
int user_enable(struct user_ctl *ctl, struct err *e);
int user_delete(struct user_ctl *ctl, struct err *e);
int user_list(struct user_ctl *ctl, struct err *e);
int user_apppass(struct user_ctl *ctl, struct err *e);
int user_show(struct user_ctl *ctl, struct err *e);

#endif
