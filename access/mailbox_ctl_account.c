/*
 * mailbox_ctl_account.c - whose Maildir it is, and becoming that user before it is touched.
 *
 * Root asks auth, as accessd does. An ordinary user names the Maildir.
 */
#include "access/mailbox_ctl.h"

#include "access/access_conf.h"
#include "auth/auth.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/priv.h"
#include "base/strbuf.h"

#include <errno.h>
#include <stdlib.h>

struct asking {
    struct loop *loop;
    struct account account;
    int status;
};

static void on_answer(int status, const struct account *account, void *arg)
{
    struct asking *a = arg;
    a->status = status;
    if (status > 0)
        account_copy(&a->account, account);
    loop_stop(a->loop);
}

static int look_up(const struct ctl *ctl, const struct access_conf *conf, struct account *account,
                   struct err *e)
{
    AUTO_STRBUF struct strbuf path = STRBUF_INIT(4096);
    struct asking a = {.loop = loop_new(), .status = -1};
    strbuf_addf(&path, "%s/auth-master", conf->site.run_dir);
    struct auth_lookup *lookup = auth_lookup_new(a.loop, path.data);
    auth_lookup_name(lookup, bytes_of(ctl->user), on_answer, &a);
    loop_run(a.loop);
    auth_lookup_free(lookup);
    loop_free(a.loop);
    *account = a.account;
    if (a.status < 0)
        return err_set(e, ERR_TEMP, "accounts cannot be looked up: does posthouse-authd run? (%s)",
                       path.data);
    return a.status ? 0 : err_set(e, ERR_NOTFOUND, "there is no such account");
}

static int become_user(struct ctl *ctl, const struct access_conf *conf, const struct account *a,
                       struct err *e)
{
    ctl->mail = xstrdup(a->mail); /* kept to the end of the process */
    ctl->quota_bytes = a->quota_bytes;
    ctl->quota_messages = a->quota_messages;
    ctl->quota_ignore = site_quota_ignore(&conf->site);
    if (!ctl->autoexpunge)
        ctl->autoexpunge = site_autoexpunge(&conf->site);
    if (a->uid == 0 || a->gid == 0 || (int64_t)a->uid < conf->site.first_uid)
        return err_set(e, ERR_ACCESS, "mail is not served for this account's uid (first_uid)");
    const struct priv who = {.uid = a->uid, .gid = a->gid};
    return priv_step_down(&who, e);
}

static int take_account(struct ctl *ctl, const struct access_conf *conf, struct err *e)
{
    static struct account a;
    if (look_up(ctl, conf, &a, e))
        return -1;
    int r = become_user(ctl, conf, &a, e);
    account_done(&a);
    return r;
}

int ctl_become(struct ctl *ctl, struct err *e)
{
    if (ctl->mail && geteuid() == 0)
        return err_set(e, ERR_ACCESS, "root touches no Maildir: name the account instead of --mail");
    if (ctl->mail)
        return 0;
    if (geteuid() != 0)
        return err_set(e, ERR_ACCESS, "only root can look up accounts: name your Maildir with --mail");
    struct access_conf *conf = conf_load(ctl->conf_path, &access_conf_table, e);
    if (!conf)
        return -1;
    int r = take_account(ctl, conf, e);
    conf_free(conf, &access_conf_table);
    return r;
}
