/*
 * who_list.c - see who_list.h.
 */
#include "access/who_list.h"

#include "access/access_conf.h"
#include "access/session_status.h"
#include "base/cleanup.h"
#include "base/fs.h"
#include "base/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

#define ARGUMENTS_MAX (64 * 1024)
#define STAT_MAX      4096
#define STATUS_LINK   "/memfd:" SESSION_STATUS_NAME

/* ---- accessd ---- */

/* Its process id, from the file that it keeps locked as long as it lives; or 0. */
static pid_t pid_in(const char *path)
{
    char text[32] = "";
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || !flock(fd, LOCK_SH | LOCK_NB) || read(fd, text, sizeof text - 1) <= 0)
        return 0;
    return (pid_t)strtol(text, NULL, 10);
}

static int find_accessd(const char *conf_path, pid_t *pid, struct err *e)
{
    AUTO_STRBUF struct strbuf path = STRBUF_INIT(4096);
    struct access_conf *conf = conf_load(conf_path, &access_conf_table, e);
    if (!conf)
        return -1;
    strbuf_addf(&path, "%s/accessd.pid", conf->site.run_dir);
    conf_free(conf, &access_conf_table);
    *pid = pid_in(path.data);
    if (*pid > 0)
        return 0;
    return err_set(e, ERR_NOTFOUND, "posthouse-accessd does not run (%s tells of no process)", path.data);
}

/* ---- one process ---- */

static int read_proc(int dir, const char *name, struct strbuf *text)
{
    struct err ignored;
    return fs_read_file(dir, name, text, &ignored);
}

/* When the system started. */
static int64_t boot_time(void)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(1 << 20);
    AUTO_CLOSE int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (proc < 0 || read_proc(proc, "stat", &text))
        return 0;
    const char *line = strstr(text.data, "\nbtime ");
    return line ? strtoll(line + 7, NULL, 10) : 0;
}

/* Parent and age; false: it is no process any more. "pid (name) state ppid ..": the name may hold anything. */
static bool read_stat(int dir, pid_t *parent, int64_t *since)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(STAT_MAX);
    unsigned long long ticks = 0;
    int ppid = 0;
    const char *p = read_proc(dir, "stat", &text) ? NULL : strrchr(text.data, ')');
    if (!p || sscanf(p, ") %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
                     &ppid, &ticks) != 2)
        return false;
    *parent = ppid;
    *since = boot_time() + (int64_t)(ticks / (unsigned long long)sysconf(_SC_CLK_TCK));
    return true;
}

/* The argument behind `option`, or NULL. */
static char *argument(struct bytes arguments, const char *option)
{
    while (arguments.n) {
        struct bytes one = bytes_split(&arguments, '\0');
        if (bytes_eq(one, bytes_of(option)))
            return bytes_dup(bytes_split(&arguments, '\0'));
        if (!arguments.p)
            break;
    }
    return NULL;
}

static bool has_argument(struct bytes arguments, const char *option)
{
    while (arguments.n)
        if (bytes_eq(bytes_split(&arguments, '\0'), bytes_of(option)))
            return true;
    return false;
}

static bool read_arguments(int dir, struct who *who)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(ARGUMENTS_MAX);
    if (read_proc(dir, "cmdline", &text))
        return false;
    struct bytes all = strbuf_bytes(&text), program = all;
    program = bytes_split(&program, '\0');
    if (!bytes_eq(program, BYTES("posthouse-imap")) && !bytes_eq(program, BYTES("posthouse-pop3")))
        return false;
    who->service = bytes_dup(bytes_skip(program, strlen("posthouse-")));
    who->user = argument(all, "--user");
    who->remote = argument(all, "--remote");
    who->tls = has_argument(all, "--secure");
    return who->service && who->user && who->remote;
}

/* "idle 1763910000 INBOX" */
static void parse_status(struct who *who, char *text)
{
    char *end, *seconds = strchr(text, ' ');
    if (!seconds)
        return;
    who->heard = strtoll(seconds + 1, &end, 10);
    end[strcspn(end, "\n")] = '\0';
    who->known = *end == ' ';
    who->idle = !strncmp(text, "idle ", 5);
    if (who->known && strcmp(end, " -") != 0)
        who->folder = xstrdup(end + 1);
}

static bool read_link(int dir, const char *name, struct strbuf *text)
{
    AUTO_CLOSE int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
    char *room = strbuf_room(text, SESSION_STATUS_MAX - 1);
    ssize_t n = fd >= 0 && room ? pread(fd, room, SESSION_STATUS_MAX - 1, 0) : -1;
    if (n > 0)
        strbuf_extend(text, (size_t)n);
    return n > 0;
}

/* Only root is let in there. */
static void read_status(int dir, struct who *who)
{
    AUTO_CLOSE int fds = openat(dir, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    AUTO_CLOSEDIR DIR *d = fds >= 0 ? fdopendir(dup(fds)) : NULL;
    for (struct dirent *entry; d && !who->known && (entry = readdir(d));) {
        char target[64] = "";
        AUTO_STRBUF struct strbuf text = STRBUF_INIT(SESSION_STATUS_MAX);
        if (readlinkat(fds, entry->d_name, target, sizeof target - 1) > 0 &&
            !strncmp(target, STATUS_LINK, strlen(STATUS_LINK)) && read_link(fds, entry->d_name, &text))
            parse_status(who, text.data);
    }
}

static void who_done(struct who *who)
{
    free(who->user);
    free(who->service);
    free(who->remote);
    free(who->folder);
}

/* Is this process a session of accessd's? */
static bool look_at(pid_t pid, pid_t accessd, struct who *who)
{
    char path[32];
    struct stat st;
    pid_t parent;
    *who = (struct who){.pid = pid};
    snprintf(path, sizeof path, "/proc/%d", (int)pid);
    AUTO_CLOSE int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0 || fstat(dir, &st) || !read_stat(dir, &parent, &who->since) || parent != accessd)
        return false;
    who->uid = st.st_uid;
    if (!read_arguments(dir, who)) {
        who_done(who);
        return false;
    }
    read_status(dir, who);
    return true;
}

/* ---- all of them ---- */

static int by_user(const void *a, const void *b)
{
    const struct who *x = a, *y = b;
    int r = strcmp(x->user, y->user);
    return r ? r : (x->since > y->since) - (x->since < y->since);
}

int who_list_read(struct who_list *list, const char *conf_path, struct err *e)
{
    pid_t accessd;
    *list = (struct who_list){NULL, 0};
    if (find_accessd(conf_path, &accessd, e))
        return -1;
    AUTO_CLOSEDIR DIR *proc = opendir("/proc");
    if (!proc)
        return err_errno(e, errno, "/proc");
    for (struct dirent *entry; (entry = readdir(proc));) {
        uint64_t pid;
        struct who who;
        if (!bytes_to_u64(bytes_of(entry->d_name), INT32_MAX, &pid) || !look_at((pid_t)pid, accessd, &who))
            continue;
        list->items = xgrow(list->items, list->n, sizeof *list->items);
        list->items[list->n++] = who;
    }
    if (list->n)
        qsort(list->items, list->n, sizeof *list->items, by_user);
    return 0;
}

void who_list_done(struct who_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        who_done(&list->items[i]);
    free(list->items);
    *list = (struct who_list){NULL, 0};
}

/* The number may have been given to another process meanwhile: once it is held, it is looked at again. */
int who_end(const struct who *who, struct err *e)
{
    char path[32];
    pid_t parent;
    int64_t since = 0;
    AUTO_CLOSE int fd = pidfd_open(who->pid, 0);
    snprintf(path, sizeof path, "/proc/%d", (int)who->pid);
    AUTO_CLOSE int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || dir < 0 || !read_stat(dir, &parent, &since) || since != who->since)
        return 0;
    if (pidfd_send_signal(fd, SIGTERM, NULL, 0) && errno != ESRCH)
        return err_errno(e, errno, "process %d", (int)who->pid);
    return 0;
}
