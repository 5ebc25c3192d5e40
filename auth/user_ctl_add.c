/*
 * user_ctl_add.c - `posthouse user add`: a line that our own reader takes, and a home that belongs to the account.
 */
#include "auth/auth_name.h"
#include "auth/passwd_edit.h"
#include "auth/user_ctl.h"
#include "base/cleanup.h"
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <sys/stat.h>

static int parse_id(const char *what, const char *text, uid_t *id, struct err *e)
{
    uint64_t number;
    if (!bytes_to_u64(bytes_of(text), UINT32_MAX - 1, &number) || number == 0)
        return err_set(e, ERR_INVALID, "%s must be a number, and not 0", what);
    *id = (uid_t)number;
    return 0;
}

static int choose_ids(struct user_ctl *ctl, struct account *a, struct err *e)
{
    int status = 0;
    a->uid = geteuid();
    if (ctl->uid)
        status = parse_id("--uid", ctl->uid, &a->uid, e);
    else if (a->uid == 0)
        status = user_uid_new(ctl, &a->uid, e);
    a->gid = geteuid() ? getegid() : a->uid;
    if (status == 0 && ctl->gid)
        status = parse_id("--gid", ctl->gid, &a->gid, e);
    return status;
}

/* The home as option virtual_home says: the same variables as for mail locations. */
static int choose_home(struct user_ctl *ctl, struct account *a, struct err *e)
{
    struct account home = {.name = a->name};
    if (account_set_mail(&home, ctl->home ? ctl->home : ctl->conf->virtual_home, e) != 0)
        return err_prefix(e, ctl->home ? "--home" : "virtual_home");
    a->home = home.mail;
    return 0;
}

static void add_extra(struct strbuf *line, const char *key, const char *value)
{
    AUTO_STRBUF struct strbuf before = STRBUF_INIT(PASSWD_LINE_MAX);
    strbuf_addb(&before, strbuf_bytes(line));
    strbuf_clear(line);
    passwd_edit_extra(line, strbuf_bytes(&before), key, value);
}

static int write_line(struct user_ctl *ctl, const struct account *a, struct strbuf *line, struct err *e)
{
    AUTO_STRBUF struct strbuf rule = STRBUF_INIT(100);
    strbuf_addf(line, "%s:", a->name);
    if (user_password_field(ctl, line, e) != 0)
        return -1;
    strbuf_addf(line, ":%u:%u::%s::", a->uid, a->gid, a->home);
    if (ctl->quota)
        add_extra(line, "userdb_quota_storage_size", ctl->quota);
    if (ctl->mail)
        add_extra(line, "userdb_mail", ctl->mail);
    if (ctl->allow_nets)
        add_extra(line, "allow_nets", ctl->allow_nets);
    if (ctl->aliases)
        add_extra(line, "aliases", ctl->aliases);
    return line->overflow ? err_set(e, ERR_LIMIT, "the line would be too long") : 0;
}

/* What the server would make of it. */
static int check_line(struct user_ctl *ctl, struct bytes line, struct err *e)
{
    struct passwd_entry entry;
    int status = memchr(line.p, '\n', line.n) ? err_set(e, ERR_INVALID, "a value holds a line end")
                                              : passwd_line_parse(line, &ctl->options, &entry, e);
    if (status >= 0)
        passwd_entry_done(&entry);
    return status == 0 ? 0 : -1;
}

/* mkdir fails on what is there, so nothing of somebody else's is given away. */
static int make_home(const struct user_ctl *ctl, const struct account *a, struct err *e)
{
    AUTO_FREE char *copy = xstrdup(a->home);
    struct stat st;
    if (ctl->no_home)
        return 0;
    if (fs_mkdirs(AT_FDCWD, dirname(copy), 0755) != 0)
        return err_errno(e, errno, "cannot make the directory of %s", a->home);
    if (mkdir(a->home, 0700) == 0)
        return geteuid() == 0 && lchown(a->home, a->uid, a->gid) != 0
                   ? err_errno(e, errno, "cannot give %s away", a->home)
                   : 0;
    if (errno != EEXIST || lstat(a->home, &st) != 0)
        return err_errno(e, errno, "cannot make %s", a->home);
    if (!S_ISDIR(st.st_mode) || st.st_uid != a->uid)
        return err_set(e, ERR_EXISTS,
                       "%s is there and does not belong to uid %u; give it to it, or use --home or --no-home",
                       a->home, a->uid);
    return 0;
}

static int edit(struct user_ctl *ctl, struct bytes text, struct strbuf *out, struct err *e)
{
    __attribute__((cleanup(strbuf_done_secret))) struct strbuf line = STRBUF_INIT(PASSWD_LINE_MAX);
    struct account a = {.name = (char *)ctl->name};
    if (passwd_edit_find(text, bytes_of(ctl->name)).p)
        return err_set(e, ERR_EXISTS, "there is an account %s already", ctl->name);
    int status = choose_home(ctl, &a, e);
    if (status == 0)
        status = choose_ids(ctl, &a, e);
    if (status == 0)
        status = write_line(ctl, &a, &line, e);
    if (status == 0)
        status = check_line(ctl, strbuf_bytes(&line), e);
    if (status == 0)
        status = make_home(ctl, &a, e);
    if (status == 0) {
        passwd_edit_append(out, text, strbuf_bytes(&line));
        printf("%s: uid %u, home %s\n", a.name, a.uid, a.home);
    }
    free(a.home);
    return status;
}

int user_add(struct user_ctl *ctl, struct err *e)
{
    if (!auth_name_ok(bytes_of(ctl->name)))
        return err_set(e, ERR_INVALID, "%.100s is no name for an account, see posthouse-passwd(5)",
                       ctl->name);
    return user_file_edit(ctl, NULL, true, edit, e);
}
