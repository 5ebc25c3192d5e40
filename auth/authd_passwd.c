/*
 * authd_passwd.c - the passwd-files, handed open to the auth process when they come, change and go. See authd_files.h.
 */
#include "auth/auth_proto.h"
#include "auth/authd_files.h"
#include "auth/passwd_path.h"
#include "base/cleanup.h"
#include "base/log.h"

#include <stdlib.h>

/* The passwd-files, sorted by path: one, or one for each domain. */
static struct passwd {
    struct file file;
    char *domain;    /* NULL: the one */
    unsigned missed; /* looks at the pattern since the file was last among them */
} * passwds;
static size_t npasswds;
static char *pattern; /* NULL: none */
static unsigned ticks;

enum { GONE_AFTER = 5, MANY = 200, LOOK_SELDOM = 10 };

static void forget_passwds(void)
{
    for (size_t i = 0; i < npasswds; i++) {
        free(passwds[i].file.path);
        free(passwds[i].domain);
    }
    free(TAKE_PTR(passwds));
    npasswds = 0;
}

static int compare_passwds(const void *a, const void *b)
{
    return strcmp(((const struct passwd *)a)->file.path, ((const struct passwd *)b)->file.path);
}

static struct passwd *passwd_of(char *path)
{
    struct passwd wanted = {.file.path = path};
    return npasswds ? bsearch(&wanted, passwds, npasswds, sizeof(wanted), compare_passwds) : NULL;
}

/* Which files are there now? New ones are taken in; those that are not found come to miss one look more. */
static void look_for_passwds(void)
{
    size_t found, fresh = 0, known = npasswds;
    struct passwd_path *list = passwd_path_list(pattern, &found);
    for (size_t i = 0; i < known; i++)
        passwds[i].missed += passwds[i].domain != NULL;
    for (size_t i = 0; i < found; i++) {
        struct passwd *there = passwd_of(list[i].path);
        if (there)
            there->missed = 0;
        else
            list[fresh++] = (struct passwd_path){TAKE_PTR(list[i].path), TAKE_PTR(list[i].domain)};
        if (there) {
            free(TAKE_PTR(list[i].path));
            free(TAKE_PTR(list[i].domain));
        }
    }
    passwds = xrealloc(passwds, npasswds + fresh + 1, sizeof(*passwds));
    for (size_t i = 0; i < fresh; i++)
        passwds[npasswds++] = (struct passwd){.file.path = list[i].path, .domain = list[i].domain};
    qsort(passwds, npasswds, sizeof(*passwds), compare_passwds);
    free(list);
}

void passwds_configure(const char *fresh)
{
    free(pattern);
    pattern = fresh ? xstrdup(fresh) : NULL;
    forget_passwds();
    if (pattern)
        look_for_passwds();
}

static void send_passwd(struct master *m, struct chan *to, struct passwd *p)
{
    bool gone = p->missed >= GONE_AFTER;
    AUTO_CLOSE int fd = gone ? -1 : file_open(&p->file);
    AUTO_MSG struct msg msg;
    struct auth_record r = {.type = AUTH_CTL_PASSWD_FILE, .mail = bytes_of(p->file.path), .status = gone};
    if (p->domain)
        r.name = bytes_of(p->domain);
    auth_record_write(&r, &msg);
    if (fd >= 0)
        msg_put_fd(&msg, fd);
    files_send_to(m, "posthouse-auth", to, &msg);
}

void files_send_passwd(struct master *m, struct chan *to)
{
    for (size_t i = 0; i < npasswds; i++)
        send_passwd(m, to, &passwds[i]);
}

void passwds_check(struct master *m)
{
    size_t kept = 0;
    if (pattern && (npasswds < MANY || ++ticks % LOOK_SELDOM == 0))
        look_for_passwds();
    for (size_t i = 0; i < npasswds; i++) {
        struct passwd *p = &passwds[i];
        bool gone = p->missed >= GONE_AFTER;
        if (gone || (!p->missed && file_changed(&p->file)))
            send_passwd(m, NULL, p);
        if (gone) {
            log_info("%s has gone, and the accounts of %s with it", p->file.path, p->domain);
            free(p->file.path);
            free(p->domain);
        } else {
            passwds[kept++] = *p;
        }
    }
    npasswds = kept;
}
