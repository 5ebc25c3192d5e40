/*
 * explain_account.c - see explain.h. The passwd-file is read by the server's own reader; of PAM, which answers to a password only, the
 * usual reasons are looked for.
 */
#include "auth/auth_name.h"
#include "auth/explain.h"
#include "auth/passwd_file.h"
#include "auth/passwd_path.h"
#include "base/cleanup.h"
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <shadow.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

enum { DAY = 86400 };

/* ---- the passwd-file ---- */

struct reading {
    struct explain *x;
    const char *path;
};

/* Complaints about this name's line are what the operator looks for. */
static void complain(void *arg, size_t line, const char *text)
{
    const struct reading *r = arg;
    size_t n = strlen(r->x->name);
    if (strncmp(text, r->x->name, n) == 0 && (text[n] == ':' || text[n] == ' '))
        explain_say(r->x, NOTES, "passwd_file", "%s:%zu: %s", r->path, line, text);
}

static void say_password(struct explain *x, const struct passwd_entry *entry)
{
    static const char *const kinds[] = {[PASSWD_CRYPT] = "a crypt(3) hash",
                                        [PASSWD_ARGON2] = "an Argon2 hash",
                                        [PASSWD_SCRAM] = "a SCRAM verifier",
                                        [PASSWD_PLAIN] = "in clear"};
    bool scram = site_sasl_offers(&x->conf->site, BYTES("SCRAM-SHA-256"), true) ||
                 site_sasl_offers(&x->conf->site, BYTES("SCRAM-SHA-256-PLUS"), true);
    if (entry->kind == PASSWD_NONE)
        explain_say(x, REFUSES, "password", "the line has none that can be used");
    else
        explain_say(x, ALLOWS, "password", "is %s", kinds[entry->kind]);
    if (scram && entry->kind != PASSWD_SCRAM && entry->kind != PASSWD_NONE)
        explain_say(x, NOTES, "sasl_mechanisms",
                    "SCRAM is offered, and programs that choose it will fail: there is no SCRAM verifier");
}

static void say_entry(struct explain *x, const struct passwd_entry *entry, const char *path)
{
    x->found = true;
    account_copy(&x->account, &entry->account);
    explain_say(x, ALLOWS, "source", "passwd-file %s, line %zu%s%s", path, entry->line,
                strcmp(x->name, entry->account.name) ? ", as " : "",
                strcmp(x->name, entry->account.name) ? entry->account.name : "");
    say_password(x, entry);
    if (entry->nologin)
        explain_say(x, REFUSES, "nologin", "the account is disabled; posthouse user enable lets it in");
    if (entry->allow_nets && !nets_match(bytes_of(entry->allow_nets), x->ip))
        explain_say(x, REFUSES, "allow_nets", "%s is not in %s", x->ip, entry->allow_nets);
    else if (entry->allow_nets)
        explain_say(x, ALLOWS, "allow_nets", "%s is in %s", x->ip, entry->allow_nets);
}

static int read_file(const char *path, struct strbuf *text, mode_t *mode)
{
    struct stat st;
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) != 0)
        return -1;
    *mode = st.st_mode;
    char *room = st.st_size && st.st_size <= PASSWD_FILE_MAX ? strbuf_room(text, (size_t)st.st_size) : NULL;
    ssize_t n = room ? fs_pread_all(fd, room, (size_t)st.st_size, 0) : 0;
    if (n > 0)
        strbuf_extend(text, (size_t)n);
    return n < 0 ? -1 : 0;
}

void explain_file(struct explain *x)
{
    AUTO_FREE char *path = passwd_path_of(x->conf->passwd_file, bytes_of(x->name));
    __attribute__((cleanup(strbuf_done_secret))) struct strbuf text = STRBUF_INIT(PASSWD_FILE_MAX);
    struct reading r = {x, path};
    mode_t mode = 0;
    if (!path) {
        explain_say(x, NOTES, "passwd_file", "%s asks for a domain, which the name does not have",
                    x->conf->passwd_file);
        return;
    }
    if (read_file(path, &text, &mode) != 0) {
        explain_say(x, NOTES, "passwd_file", "%s: %s", path, strerror(errno));
        return;
    }
    AUTO_FREE char *domain =
        strcmp(path, x->conf->passwd_file) ? bytes_dup(auth_name_domain(bytes_of(x->name))) : NULL;
    const struct passwd_options options = {.rules = {.first_uid = x->conf->site.first_uid,
                                                     .only_uid = geteuid() ? geteuid() : (uid_t)-1,
                                                     .default_mail = x->conf->mail},
                                           .domain = domain,
                                           .plain_ok = (mode & S_IROTH) == 0};
    struct passwd_file *file = passwd_file_parse(strbuf_bytes(&text), &options, complain, &r);
    const struct passwd_entry *entry = passwd_file_find(file, bytes_of(x->name));
    if (entry)
        say_entry(x, entry, path);
    else
        explain_say(x, NOTES, "source", "passwd-file %s has no usable line for it", path);
    passwd_file_free(file);
}

/* ---- the system's accounts ---- */

static void say_shadow(struct explain *x)
{
    const struct spwd *s = getspnam(x->name);
    long today = (long)(time(NULL) / DAY);
    if (!s)
        return;
    if (s->sp_pwdp[0] == '!' || s->sp_pwdp[0] == '*')
        explain_say(x, REFUSES, "password", "is locked in /etc/shadow");
    if (s->sp_expire > 0 && s->sp_expire <= today)
        explain_say(x, REFUSES, "expiry", "the account has expired");
    if (s->sp_max > 0 && s->sp_max < 99999 && s->sp_lstchg >= 0 && s->sp_lstchg + s->sp_max < today)
        explain_say(x, REFUSES, "expiry", "the password has expired");
}

static void say_pam(struct explain *x)
{
    AUTO_STRBUF struct strbuf path = STRBUF_INIT(4095);
    strbuf_addf(&path, "/etc/pam.d/%s", x->conf->pam_service);
    if (access(path.data, R_OK) == 0)
        explain_say(x, NOTES, "pam_service", "%s has the last word", path.data);
    else
        explain_say(x, NOTES, "pam_service", "%s: %s; /etc/pam.d/other has the last word", path.data,
                    strerror(errno));
    if (access("/etc/nologin", F_OK) == 0)
        explain_say(x, REFUSES, "nologin", "/etc/nologin is there");
}

static void say_shell(struct explain *x, const char *shell)
{
    const char *slash = strrchr(shell, '/'), *name = slash ? slash + 1 : shell;
    bool shut = strcmp(name, "nologin") == 0 || strcmp(name, "false") == 0;
    if (shut)
        explain_say(x, x->conf->pam_needs_shell ? REFUSES : ALLOWS, "pam_needs_shell", "the shell is %s",
                    shell);
}

void explain_system(struct explain *x)
{
    const struct passwd *pw = getpwnam(x->name);
    if (!pw || strcmp(pw->pw_name, x->name) != 0 || strcmp(pw->pw_dir, "/nonexistent") == 0) {
        explain_say(x, NOTES, "source", "the system has no such account, or one without a home");
        return;
    }
    x->found = true;
    x->account = (struct account){.uid = pw->pw_uid, .gid = pw->pw_gid};
    x->account.name = xstrdup(pw->pw_name);
    x->account.home = xstrdup(pw->pw_dir);
    explain_say(x, ALLOWS, "source", "the system's accounts (NSS)");
    say_shell(x, pw->pw_shell);
    say_shadow(x);
    say_pam(x);
}
