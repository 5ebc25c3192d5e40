/*
 * auth_ban.c - see auth_ban.h.
 */
#include "auth/auth_ban.h"

#include "auth/auth_request.h"
#include "base/cleanup.h"
#include "base/fs.h"
#include "base/log.h"

#include <sys/stat.h>
#include <time.h>

enum { FILE_MAX = BANS_MAX * 200, SAVE_AFTER_MS = 500, LOOK_MS = 5000 };

static struct loop *loop;
static struct bans *bans;
static void (*tell)(const struct auth_record *r);
static struct timer save_timer, end_timer;
static int file_fd = -1;
static int64_t ban_after, ban_seconds;
static const struct site_conf *site;

static uint64_t clock_now(void)
{
    return (uint64_t)time(NULL);
}

/* ---- the file ---- */

/* Over the old text, then cut: after a crash in between, bans_read skips what is no line. */
static void save(void *arg)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(FILE_MAX);
    (void)arg;
    if (file_fd < 0)
        return;
    bans_write(bans, &text);
    if (pwrite(file_fd, text.data, text.len, 0) != (ssize_t)text.len ||
        ftruncate(file_fd, (off_t)text.len) != 0)
        log_error("the file of bans cannot be written: %m");
}

static void changed(void)
{
    if (file_fd >= 0)
        timer_set(loop, &save_timer, SAVE_AFTER_MS);
}

static struct auth_record record_of(const struct ban *ban, enum auth_ban_status status, struct strbuf *net)
{
    strbuf_clear(net);
    net_write(&ban->net, net);
    return (struct auth_record){.type = AUTH_REC_BAN,
                                .status = status,
                                .remote = strbuf_bytes(net),
                                .until = ban->until,
                                .text = bytes_of(ban->reason)};
}

static void tell_of(const struct ban *ban, enum auth_ban_status status)
{
    AUTO_STRBUF struct strbuf net = STRBUF_INIT(AUTH_REMOTE_MAX);
    struct auth_record r = record_of(ban, status, &net);
    tell(&r);
}

void ban_take_file(int fd)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(FILE_MAX);
    struct stat st;
    cleanup_close(&file_fd);
    file_fd = fd;
    char *room = fstat(fd, &st) == 0 && st.st_size > 0 ? strbuf_room(&text, (size_t)st.st_size) : NULL;
    ssize_t n = room ? fs_pread_all(fd, room, (size_t)st.st_size, 0) : 0;
    if (n > 0)
        strbuf_extend(&text, (size_t)n);
    bans_read(bans, strbuf_bytes(&text), clock_now());
    for (size_t i = 0; i < bans_count(bans); i++)
        tell_of(bans_at(bans, i), BAN_SET);
}

/* ---- bans begin and end ---- */

static void lift(const struct net *net)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(AUTH_REMOTE_MAX);
    struct ban gone = {.net = *net};
    net_write(net, &text);
    tell_of(&gone, BAN_LIFTED);
    bans_remove(bans, net);
    changed();
    log_info("unbanned net=%s", text.data);
}

static void look_for_ended(void *arg)
{
    const struct ban *ended;
    (void)arg;
    while ((ended = bans_ended(bans, clock_now()))) {
        struct net net = ended->net;
        lift(&net);
    }
    timer_set(loop, &end_timer, LOOK_MS);
}

static bool add(const struct net *net, int64_t seconds, struct bytes reason)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(AUTH_REMOTE_MAX);
    struct ban ban = {.net = *net, .until = seconds ? clock_now() + (uint64_t)seconds : 0};
    memcpy(ban.reason, reason.p, reason.n < BAN_REASON_MAX ? reason.n : BAN_REASON_MAX);
    if (!bans_set(bans, net, ban.until, reason))
        return false;
    net_write(net, &text);
    log_info("banned net=%s for=%lld reason=%s", text.data, (long long)seconds, ban.reason);
    tell_of(&ban, BAN_SET);
    changed();
    return true;
}

void ban_consider(const char *remote, uint32_t failures)
{
    AUTO_STRBUF struct strbuf reason = STRBUF_INIT(BAN_REASON_MAX);
    struct net net;
    if (!ban_after || failures < ban_after || site_trusted(site, remote) || !net_of_client(remote, &net))
        return;
    strbuf_addf(&reason, "%u-failed-logins", failures);
    add(&net, ban_seconds, strbuf_bytes(&reason));
}

bool ban_holds(const char *remote)
{
    return bans_find(bans, remote, clock_now()) && !site_trusted(site, remote);
}

/* ---- telling ---- */

void ban_each(void (*fn)(void *arg, const struct auth_record *r), void *arg)
{
    AUTO_STRBUF struct strbuf net = STRBUF_INIT(AUTH_REMOTE_MAX);
    for (size_t i = 0; i < bans_count(bans); i++) {
        struct auth_record r = record_of(bans_at(bans, i), BAN_SET, &net);
        fn(arg, &r);
    }
}

/* The end of an answer: well, or why not. */
static struct auth_record verdict(const char *why_not)
{
    return (struct auth_record){.type = AUTH_REC_BAN,
                                .status = why_not ? BAN_REFUSED : BAN_DONE,
                                .text = bytes_of(why_not ? why_not : "")};
}

static const char *do_add(const struct auth_record *question, const struct net *net)
{
    static const struct net v4 = {{[10] = 0xff, [11] = 0xff}, 96};
    if (net->bits < (net_holds(&v4, net) && net->bits >= 96 ? 96 + 8 : 16))
        return "a prefix this short is most of the Internet";
    return add(net, (int64_t)question->until, question->text)
               ? NULL
               : "the table of bans is full of those that never end";
}

static const char *do_remove(const struct auth_record *question, const struct net *net)
{
    AUTO_FREE char *remote = bytes_dup(question->remote);
    if (remote)
        request_forgive(remote);
    if (!bans_remove(bans, net))
        return "this network is not banned";
    lift(net);
    return NULL;
}

void ban_ask(const struct auth_record *question, void (*fn)(void *arg, const struct auth_record *r),
             void *arg)
{
    struct auth_record end = verdict(NULL);
    struct net net = {0};
    if (question->by == BAN_BY_LIST)
        ban_each(fn, arg);
    else if (!net_parse(question->remote, &net))
        end = verdict("this is no address or network");
    else
        end = verdict(question->by == BAN_BY_ADD ? do_add(question, &net) : do_remove(question, &net));
    fn(arg, &end);
}

void ban_init(struct loop *the_loop, void (*the_tell)(const struct auth_record *r))
{
    loop = the_loop;
    tell = the_tell;
    bans = bans_new();
    timer_init(&save_timer, save, NULL);
    timer_init(&end_timer, look_for_ended, NULL);
    timer_set(loop, &end_timer, LOOK_MS);
}

void ban_configure(int64_t after, int64_t seconds, const struct site_conf *the_site)
{
    ban_after = after;
    ban_seconds = seconds;
    site = the_site;
}
