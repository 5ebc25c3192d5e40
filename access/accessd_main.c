/*
 * accessd_main.c - posthouse-accessd: the root of IMAP and POP3, which speaks neither. It opens the listening
 * sockets, keeps login processes running, and starts sessions (accessd_session.c).
 */
#include "access/access_conf.h"
#include "access/access_msg.h"
#include "access/accessd_session.h"
#include "base/census_master.h"
#include "base/cleanup.h"
#include "base/confine.h"
#include "base/log.h"
#include "base/proxy.h"

#include <stddef.h>
#include <sys/resource.h>

static const char *const login_listeners[] = {"imap",
                                              "imaps",
                                              "pop3",
                                              "pop3s",
                                              "imap" PROXY_WORD,
                                              "imaps" PROXY_WORD,
                                              "pop3" PROXY_WORD,
                                              "pop3s" PROXY_WORD,
                                              NULL};

static void send_census(struct master *m, struct chan *to)
{
    census_send(m, to, CENSUS);
}

static const struct master_child children[] = {
    {.program = "posthouse-login",
     .user = "posthouse-net",
     .chroot_dir = "net",
     .count = 0,
     .message = session_message,
     .started = send_census,
     .listeners = login_listeners},
};

static int open_listeners(struct master *m, const struct access_service *service, struct err *e)
{
    const char *settings = master_settings(m);
    char **address = *(char ***)(const void *)(settings + service->offset);
    for (; address && *address; address++)
        if (master_listener(m, service->name, *address, e) != 0)
            return -1;
    return 0;
}

static void report(const void *settings)
{
    (void)settings;
    if (!confine_landlock())
        log_warn("this kernel has no Landlock (a boot parameter may have switched it off): a session of an "
                 "account that shares its uid with "
                 "others could read their mail if it were taken over; give each account a uid of its own "
                 "(posthouse user add does)");
}

static int configured(struct master *m, struct err *e)
{
    struct access_conf *conf = (struct access_conf *)master_settings(m);
    site_conf_complete(&conf->site);
    site_conf_apply(&conf->site);
    for (size_t i = 0; i < ACCESS_SERVICES; i++)
        if (open_listeners(m, &access_services[i], e) != 0)
            return -1;
    return 0;
}

/* Each session has a socket for its log lines, which ends here. */
static void allow_many_files(void)
{
    struct rlimit r;
    if (getrlimit(RLIMIT_NOFILE, &r) == 0) {
        r.rlim_cur = r.rlim_max;
        setrlimit(RLIMIT_NOFILE, &r);
    }
}

static int check(const void *settings, struct err *e)
{
    return access_conf_check(settings, e);
}

int main(int argc, char **argv)
{
    static const struct master_hooks hooks = {
        .program = "accessd",
        .conf = &access_conf_table,
        .children = children,
        .nchildren = ARRAY_LEN(children),
        .check = check,
        .report = report,
        .configured = configured,
        .drained = session_drained,
        .reaped = session_reaped,
        .log_offset = offsetof(struct access_conf, site.log),
        .run_dir_offset = offsetof(struct access_conf, site.run_dir),
    };
    allow_many_files();
    return master_main(argc, argv, &hooks);
}
