/*
 * authd_files.h - the files that only root can open, handed open to those who need their content, again when
 * they change.
 */
#ifndef AUTH_AUTHD_FILES_H
#define AUTH_AUTHD_FILES_H

#include "auth/auth_conf.h"
#include "base/master.h"

#include <sys/stat.h>

/* New settings: everything is handed over anew with the next files_check. */
void files_configure(const struct auth_conf *conf);
/* Hand over what has changed since the last time. */
void files_check(struct master *m);
/* A process has (re)started: hand over what it needs. */
void files_send_passwd(struct master *m, struct chan *to);
/* fresh: with the file of last uses. */
void files_send_app(struct master *m, struct chan *to, bool fresh);
void files_send_master(struct master *m, struct chan *to);
void files_send_state(struct master *m, struct chan *to);
void files_send_certificate(struct master *m, struct chan *to);
/* For reading, with its state; -1 after a word in the log. */
int files_open(const char *path, struct stat *st);
/* Not changed in between? */
bool files_same(const struct stat *a, const struct stat *b);

/* A file that is looked at again and again. */
struct file {
    char *path; /* NULL: not used */
    struct stat seen;
    bool missing; /* said so already */
};
/* Has it changed? A file that is gone for a moment is not a change: what was read from it stays. */
bool file_changed(struct file *f);
/* For reading; -1 after a word in the log. */
int file_open(struct file *f);
/* To one process, or (NULL) to all of this program. */
void files_send_to(struct master *m, const char *program, struct chan *to, struct msg *msg);

/* ---- authd_passwd.c: option passwd_file, NULL if it is not used ---- */
void passwds_configure(const char *pattern);
void passwds_check(struct master *m);

/* If no certificate is configured and none was made yet, make a self-signed pair in state_dir/tls. */
int files_make_certificate(const struct auth_conf *conf, struct err *e);

#endif
