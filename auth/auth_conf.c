/*
 * auth_conf.c - the rows of section `auth`. See auth_conf.h.
 */
#include "auth/auth_conf.h"

#include "auth/auth_app.h"
#include "auth/passwd_make.h"
#include "auth/passwd_path.h"
#include "base/cleanup.h"

#include <string.h>

static int check_source(const char *value, struct err *e)
{
    if (strcmp(value, "pam") == 0 || strcmp(value, "passwd-file") == 0)
        return 0;
    return err_set(e, ERR_INVALID, "a list out of \"pam\" and \"passwd-file\"");
}

static int check_path(const char *value, struct err *e)
{
    return !*value || *value == '/' ? 0 : err_set(e, ERR_INVALID, "an absolute path");
}

static int check_passwd_path(const char *value, struct err *e)
{
    return passwd_path_check(value, e);
}

static int check_service(const char *value, struct err *e)
{
    size_t n = strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789-_");
    if (n == strlen(value) && n > 0 && n <= 32)
        return 0;
    return err_set(e, ERR_INVALID, "the name of a file in /etc/pam.d");
}

static int check_mail(const char *value, struct err *e)
{
    if (*value == '/' || *value == '~' || strncmp(value, "%h/", 3) == 0)
        return 0;
    return err_set(e, ERR_INVALID, "a path such as \"~/Maildir\" or \"/var/mail/%%d/%%n\"");
}

static int check_home(const char *value, struct err *e)
{
    return *value == '/' ? 0 : err_set(e, ERR_INVALID, "an absolute path such as \"/var/vmail/%%d/%%n\"");
}

#define FIELD(f) offsetof(struct auth_conf, f)

static const struct conf_row rows[] = {
    {"auth", "accounts", CONF_LIST, FIELD(accounts), "pam", 0, 0, NULL, check_source,
     "where accounts come from, in this order: pam (the system's), passwd-file; the first that knows a name "
     "counts"},
    {"auth", "passwd_file", CONF_STRING, FIELD(passwd_file), "", 0, 0, NULL, check_passwd_path,
     "the passwd-file, see posthouse-passwd(5); with %d in it, one for each domain"},
    {"auth", "main_password", CONF_CHOICE, FIELD(main_password), "yes", 0, 0, MAIN_PASSWORD_CHOICES, NULL,
     "whether an account's own password may be used for mail: always, unless it has application passwords, "
     "or never"},
    {"auth", "ban_after", CONF_INT, FIELD(ban_after), "20", 0, 100000, NULL, NULL,
     "an address with so many wrong passwords, each counted once, is banned from all services; 0: never"},
    {"auth", "ban_time", CONF_TIME, FIELD(ban_time), "1h", 1, 31536000, NULL, NULL, "for how long"},
    {"auth", "first_virtual_uid", CONF_INT, FIELD(first_virtual_uid), "70000", 1, UINT32_MAX - 1, NULL, NULL,
     "`posthouse user add` gives each new account a uid of its own, from this one on"},
    {"auth", "last_virtual_uid", CONF_INT, FIELD(last_virtual_uid), "99999", 1, UINT32_MAX - 1, NULL, NULL,
     "and up to this one"},
    {"auth", "virtual_home", CONF_STRING, FIELD(virtual_home), "/var/vmail/%u", 0, 0, NULL, check_home,
     "the home that `posthouse user add` makes; %u the name, %n and %d its parts"},
    {"auth", "password_scheme", CONF_CHOICE, FIELD(password_scheme), "yescrypt", 0, 0, PASSWD_MAKE_SCHEMES,
     NULL, "what `posthouse user` makes of a password; SCRAM needs scram-sha-256"},
    {"auth", "master_file", CONF_STRING, FIELD(master_file), "", 0, 0, NULL, check_path,
     "a passwd-file of master users, who log in to any account as account*master with their own password"},
    {"auth", "verdict_cache", CONF_TIME, FIELD(verdict_cache), "2m", 0, 3600, NULL, NULL,
     "how long a right password of a passwd-file's account is remembered (as a keyed hash), to save the work "
     "of its hash; 0: not at all"},
    {"auth", "pam_service", CONF_STRING, FIELD(pam_service), "posthouse", 0, 0, NULL, check_service,
     "the file in /etc/pam.d that judges passwords of system accounts"},
    {"auth", "pam_session", CONF_BOOL, FIELD(pam_session), "no", 0, 0, NULL, NULL,
     "open and close a PAM session at each login, for modules such as pam_mkhomedir"},
    {"auth", "pam_cache", CONF_TIME, FIELD(pam_cache), "0", 0, 3600, NULL, NULL,
     "how long a good verdict of PAM is remembered, unless pam_session is on or the system's accounts "
     "change: an expired account, or a "
     "password that was changed elsewhere (LDAP), is good for as long"},
    {"auth", "pam_needs_shell", CONF_BOOL, FIELD(pam_needs_shell), "yes", 0, 0, NULL, NULL,
     "refuse the login of system accounts whose shell is nologin or false; they get their mail"},
    {"auth", "mail", CONF_STRING, FIELD(mail), "~/Maildir", 0, 0, NULL, check_mail,
     "Maildir of an account that has none of its own; ~ the home, %u the name, %n and %d its parts"},
    {"auth", "tls_certificate", CONF_STRING, FIELD(tls_certificate), "", 0, 0, NULL, check_path,
     "certificate chain in PEM; empty: a self-signed one, made on first start in state_dir"},
    {"auth", "tls_key", CONF_STRING, FIELD(tls_key), "", 0, 0, NULL, check_path, "its private key in PEM"},
    {"auth", "tls_directory", CONF_STRING, FIELD(tls_directory), "", 0, 0, NULL, check_path,
     "directory of certificates by name, NAME/fullchain.pem and NAME/privkey.pem, as ACME clients leave "
     "them; a "
     "client gets the "
     "one for the name that it asks for, and tls_certificate if there is none"},
};

static const char *const foreign[] = {"relay", "access", NULL};

const struct conf_table auth_conf_table = {
    .common = site_conf_rows,
    .ncommon = SITE_CONF_NROWS,
    .rows = rows,
    .count = ARRAY_LEN(rows),
    .size = sizeof(struct auth_conf),
    .foreign = foreign,
};

bool auth_conf_uses(const struct auth_conf *conf, const char *source)
{
    for (char **name = conf->accounts; name && *name; name++)
        if (strcmp(*name, source) == 0)
            return true;
    return false;
}

int auth_conf_check(const struct auth_conf *conf, struct err *e)
{
    if (!conf->accounts || !*conf->accounts)
        return err_set(e, ERR_INVALID, "auth: accounts must name at least one of \"pam\", \"passwd-file\"");
    if (auth_conf_uses(conf, "passwd-file") && !conf->passwd_file)
        return err_set(e, ERR_INVALID,
                       "auth: accounts names passwd-file, so passwd_file must say where it is");
    if (!conf->tls_certificate != !conf->tls_key)
        return err_set(e, ERR_INVALID,
                       "auth: tls_certificate and tls_key go together, only one of them is set");
    return 0;
}
