/*
 * user_ctl_uid.c - a uid of its own for each new account, so that the kernel keeps accounts apart.
 *
 * What was given once is not given again, even if the account has been deleted: its mail may still be there. The last one stands in
 * state_dir/last-virtual-uid, which is also the lock.
 */
#include "auth/passwd_path.h"
#include "auth/user_ctl.h"
#include "base/cleanup.h"
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/file.h>

/* The largest uid of our range in the passwd-files; 0 if there is none. */
static uid_t largest_in(const char *path, const struct auth_conf *conf)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(PASSWD_FILE_MAX);
    uid_t largest = 0;
    if (fs_read_file(AT_FDCWD, path, &text, NULL) != 0)
        return 0;
    for (struct bytes rest = strbuf_bytes(&text); rest.p && rest.n;) {
        struct bytes line = bytes_split(&rest, '\n'), field = BYTES("");
        uint64_t uid = 0;
        for (int i = 0; i < 3 && line.p; i++)
            field = bytes_split(&line, ':');
        if (bytes_to_u64(field, conf->last_virtual_uid, &uid) && (uid_t)uid > largest)
            largest = (uid_t)uid;
    }
    return largest;
}

static uid_t largest_in_files(struct user_ctl *ctl)
{
    size_t count;
    uid_t largest = 0;
    struct passwd_path *list = passwd_path_list(ctl->path, &count);
    for (size_t i = 0; i < count; i++) {
        AUTO_FREE char *real = realpath(list[i].path, NULL);
        uid_t uid = real ? largest_in(real, ctl->conf) : 0;
        largest = uid > largest ? uid : largest;
    }
    passwd_path_list_free(list, count);
    return largest;
}

static uid_t read_last(int fd)
{
    char digits[16] = "";
    uint64_t last = 0;
    ssize_t n = pread(fd, digits, sizeof(digits) - 1, 0);
    struct bytes text = bytes_from(digits, n > 0 ? (size_t)n : 0);
    text.n = bytes_index(text, '\n');
    return bytes_to_u64(text, UINT32_MAX - 1, &last) ? (uid_t)last : 0;
}

static int write_last(int fd, uid_t uid)
{
    char digits[16];
    int n = snprintf(digits, sizeof(digits), "%010u\n", uid);
    return pwrite(fd, digits, (size_t)n, 0) == n ? fsync(fd) : -1;
}

int user_uid_new(struct user_ctl *ctl, uid_t *uid, struct err *e)
{
    AUTO_STRBUF struct strbuf path = STRBUF_INIT(4095);
    const struct auth_conf *conf = ctl->conf;
    strbuf_addf(&path, "%s/last-virtual-uid", conf->site.state_dir);
    if (fs_mkdirs(AT_FDCWD, conf->site.state_dir, 0755) != 0)
        return err_errno(e, errno, "cannot make %s", conf->site.state_dir);
    AUTO_CLOSE int fd = open(path.data, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0 || flock(fd, LOCK_EX) != 0)
        return err_errno(e, errno, "cannot open and lock %s", path.data);
    int64_t next = conf->first_virtual_uid;
    uid_t last = read_last(fd), there = largest_in_files(ctl);
    if (last >= next)
        next = (int64_t)last + 1;
    if (there >= next)
        next = (int64_t)there + 1;
    while (next <= conf->last_virtual_uid && (getpwuid((uid_t)next) || getgrgid((gid_t)next)))
        next++;
    if (next > conf->last_virtual_uid)
        return err_set(e, ERR_LIMIT,
                       "all uids up to last_virtual_uid (%lld) have been given; raise it or use --uid",
                       (long long)conf->last_virtual_uid);
    *uid = (uid_t)next;
    return write_last(fd, *uid) == 0 ? 0 : err_errno(e, errno, "cannot write %s", path.data);
}
