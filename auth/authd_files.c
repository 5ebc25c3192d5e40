/*
 * authd_files.c - see authd_files.h. A change is a change of the file's identity, size or times; so a renewed
 * certificate is picked up within a second, and nobody has to be told.
 */
#include "auth/authd_files.h"

#include "auth/auth_proto.h"
#include "auth/authd_selfsigned.h"
#include "base/cleanup.h"
#include "base/fs.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>

static struct file certificate, key, app, master;
static char *bans_path, *known_path, *pam_path, *app_used_path, *secret_path;
static bool app_sent;  /* there is one, and auth has it */
static char *own_name; /* of this machine */

static void file_set(struct file *f, char *path)
{
    free(f->path);
    *f = (struct file){.path = path};
}

static char *in_state(const struct auth_conf *conf, const char *name)
{
    AUTO_STRBUF struct strbuf path = STRBUF_INIT(4095);
    strbuf_addf(&path, "%s/%s", conf->site.state_dir, name);
    return strbuf_detach(&path);
}

static char *generated(const struct auth_conf *conf, const char *name)
{
    AUTO_STRBUF struct strbuf path = STRBUF_INIT(4095);
    strbuf_addf(&path, "%s/tls/%s", conf->site.state_dir, name);
    return strbuf_detach(&path);
}

void files_configure(const struct auth_conf *conf)
{
    bool own = conf->tls_certificate != NULL;
    free(own_name);
    own_name = xstrdup(conf->site.hostname);
    passwds_configure(auth_conf_uses(conf, "passwd-file") ? conf->passwd_file : NULL);
    file_set(&certificate, own ? xstrdup(conf->tls_certificate) : generated(conf, "cert.pem"));
    free(bans_path);
    bans_path = in_state(conf, "bans");
    AUTO_STRBUF struct strbuf service = STRBUF_INIT(4095);
    strbuf_addf(&service, "/etc/pam.d/%s", conf->pam_service);
    free(pam_path);
    pam_path = strbuf_detach(&service);
    free(known_path);
    known_path = in_state(conf, "known");
    free(secret_path);
    secret_path = in_state(conf, "secret");
    free(app_used_path);
    app_used_path = in_state(conf, "app-passwords.used");
    file_set(&master, conf->master_file ? xstrdup(conf->master_file) : NULL);
    file_set(&app, in_state(conf, "app-passwords"));
    file_set(&key, own ? xstrdup(conf->tls_key) : generated(conf, "key.pem"));
}

bool files_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mode == b->st_mode && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec && a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
           a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

bool file_changed(struct file *f)
{
    struct stat st;
    if (!f->path)
        return false;
    if (stat(f->path, &st) != 0) {
        if (!f->missing)
            log_error("%s: %m; what was read from it before stays in use", f->path);
        f->missing = true;
        return false;
    }
    f->missing = false;
    return !files_same(&st, &f->seen);
}

int files_open(const char *path, struct stat *st)
{
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 || fstat(fd, st) != 0) {
        log_error("%s: %m", path);
        return -1;
    }
    if (!S_ISREG(st->st_mode) || st->st_mode & S_IWOTH) {
        log_error("%s must be a regular file that not everybody can write", path);
        return -1;
    }
    return TAKE_FD(fd);
}

int file_open(struct file *f)
{
    AUTO_CLOSE int fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 || fstat(fd, &f->seen) != 0) {
        if (!f->missing)
            log_error("%s: %m", f->path);
        f->missing = stat(f->path, &f->seen) != 0; /* there but shut: not tried again until it changes */
        return -1;
    }
    if (!S_ISREG(f->seen.st_mode) || f->seen.st_mode & S_IWOTH) {
        log_error("%s must be a regular file that not everybody can write", f->path);
        return -1;
    }
    return TAKE_FD(fd);
}

void files_send_to(struct master *m, const char *program, struct chan *to, struct msg *msg)
{
    if (to)
        chan_send(to, msg);
    else
        master_broadcast(m, program, msg);
}

/* A file that the auth process writes, on its own word only; -1 after a word in the log. */
static int open_writable(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (fd < 0)
        log_error("%s: %m; what stands there will be forgotten at the next start", path);
    return fd;
}

/* 32 random bytes, made at the first start. */
static struct bytes own_secret(void)
{
    static unsigned char secret[32];
    AUTO_CLOSE int fd = open_writable(secret_path);
    if (fd < 0 || (pread(fd, secret, sizeof(secret), 0) != sizeof(secret) &&
                   (getrandom(secret, sizeof(secret), 0) != sizeof(secret) ||
                    pwrite(fd, secret, sizeof(secret), 0) != sizeof(secret))))
        return BYTES("");
    return bytes_from(secret, sizeof(secret));
}

void files_send_state(struct master *m, struct chan *to)
{
    AUTO_CLOSE int bans = open_writable(bans_path);
    AUTO_CLOSE int known = open_writable(known_path);
    if (bans < 0 || known < 0)
        return;
    AUTO_MSG struct msg msg;
    struct auth_record r = {.type = AUTH_CTL_STATE, .binding = own_secret()};
    auth_record_write(&r, &msg);
    msg_put_fd(&msg, bans);
    msg_put_fd(&msg, known);
    files_send_to(m, "posthouse-auth", to, &msg);
}

void files_send_master(struct master *m, struct chan *to)
{
    AUTO_CLOSE int fd = master.path ? file_open(&master) : -1;
    if (fd < 0)
        return;
    AUTO_MSG struct msg msg;
    struct auth_record r = {.type = AUTH_CTL_PASSWD_FILE, .status = 2, .mail = bytes_of(master.path)};
    auth_record_write(&r, &msg);
    msg_put_fd(&msg, fd);
    files_send_to(m, "posthouse-auth", to, &msg);
}

/* There is none until somebody has an application password. */
void files_send_app(struct master *m, struct chan *to, bool fresh)
{
    AUTO_CLOSE int fd = access(app.path, F_OK) == 0 ? file_open(&app) : -1;
    AUTO_CLOSE int used = fresh && fd >= 0 ? open_writable(app_used_path) : -1;
    AUTO_MSG struct msg msg;
    struct auth_record r = {.type = AUTH_CTL_APP_FILE, .mail = bytes_of(app.path)};
    app_sent = fd >= 0;
    auth_record_write(&r, &msg);
    if (fd >= 0)
        msg_put_fd(&msg, fd);
    if (used >= 0)
        msg_put_fd(&msg, used);
    files_send_to(m, "posthouse-auth", to, &msg);
}

/* What PAM and NSS usually look at. A file that comes or goes is a change, too. */
static void check_system(struct master *m)
{
    static const char *const paths[] = {"/etc/passwd", "/etc/shadow", "/etc/group", "/etc/nologin", NULL};
    static struct stat seen[ARRAY_LEN(paths)];
    bool changed = false;
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        struct stat st = {0};
        const char *path = paths[i] ? paths[i] : pam_path;
        if (stat(path, &st) != 0)
            st = (struct stat){0};
        changed |= !files_same(&st, &seen[i]);
        seen[i] = st;
    }
    if (!changed)
        return;
    AUTO_MSG struct msg msg;
    struct auth_record r = {.type = AUTH_CTL_PAM_CHANGED};
    auth_record_write(&r, &msg);
    files_send_to(m, "posthouse-auth", NULL, &msg);
}

static void check_app(struct master *m)
{
    if (access(app.path, F_OK) == 0 ? !app_sent || file_changed(&app) : app_sent)
        files_send_app(m, NULL, !app_sent);
}

void files_send_certificate(struct master *m, struct chan *to)
{
    AUTO_CLOSE int chain_fd = file_open(&certificate);
    AUTO_CLOSE int key_fd = file_open(&key);
    AUTO_MSG struct msg msg;
    struct auth_record r = {
        .type = AUTH_CTL_CERTIFICATE, .mail = bytes_of(certificate.path), .text = bytes_of(own_name)};
    auth_record_write(&r, &msg);
    if (chain_fd >= 0 && key_fd >= 0) {
        msg_put_fd(&msg, chain_fd);
        msg_put_fd(&msg, key_fd);
    }
    files_send_to(m, "posthouse-signer", to, &msg);
}

void files_check(struct master *m)
{
    passwds_check(m);
    if (file_changed(&master))
        files_send_master(m, NULL);
    check_app(m);
    if (((const struct auth_conf *)master_settings(m))->pam_cache)
        check_system(m);
    if (file_changed(&certificate) | file_changed(&key))
        files_send_certificate(m, NULL);
}

/* GnuTLS is kept out of the process that stays root. */
static int make_in_child(const char *dir, const char *hostname, struct err *e)
{
    int status;
    pid_t pid = fork();
    if (pid < 0)
        return err_errno(e, errno, "cannot fork to make a certificate");
    if (pid == 0) {
        struct err why;
        if (selfsigned_make(dir, hostname, &why) == 0)
            _exit(0);
        log_error("%s", why.text);
        _exit(1);
    }
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return err_errno(e, errno, "waiting for the certificate");
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return err_set(e, ERR_TEMP, "no self-signed certificate could be made in %s", dir);
    return 0;
}

int files_make_certificate(const struct auth_conf *conf, struct err *e)
{
    AUTO_STRBUF struct strbuf dir = STRBUF_INIT(4000);
    if (conf->tls_certificate)
        return 0;
    AUTO_FREE char *chain = generated(conf, "cert.pem");
    AUTO_FREE char *private = generated(conf, "key.pem");
    if (access(chain, F_OK) == 0 && access(private, F_OK) == 0)
        return 0;
    strbuf_addf(&dir, "%s/tls", conf->site.state_dir);
    if (fs_mkdirs(AT_FDCWD, conf->site.state_dir, 0755) != 0 ||
        (mkdir(dir.data, 0755) != 0 && errno != EEXIST))
        return err_errno(e, errno, "cannot make %s for the self-signed certificate", dir.data);
    return make_in_child(dir.data, conf->site.hostname, e);
}
