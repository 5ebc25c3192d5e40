/*
 * authd_expiry.c - see authd_expiry.h. Runs in `posthouse-authd -t` only, never in the process that stays root: it is
 * the signer's code that reads the files.
 */
#include "auth/authd_expiry.h"

#include "auth/authd_files.h"
#include "auth/authd_tls.h"
#include "auth/signer_pair.h"
#include "base/cleanup.h"
#include "base/log.h"

#include <errno.h>
#include <stdlib.h>

static void date(time_t at, char *text, size_t size)
{
    struct tm tm;
    strftime(text, size, "%Y-%m-%d", gmtime_r(&at, &tm));
}

static void look_at_expiry(const char *path, const struct signer_pair *pair)
{
    char day[32];
    int64_t left = (int64_t)pair->expires - (int64_t)time(NULL);
    date(pair->expires, day, sizeof(day));
    if (left < 0)
        log_warn("%s: the certificate expired on %s", path, day);
    else if (left < EXPIRY_WARN_DAYS * 86400)
        log_warn("%s: the certificate expires on %s, in %d days", path, day, (int)(left / 86400));
}

static void look_at_pair(const char *chain, const char *key)
{
    struct stat st;
    struct err e;
    AUTO_CLOSE int chain_fd = files_open(chain, &st);
    AUTO_CLOSE int key_fd = chain_fd >= 0 ? files_open(key, &st) : -1;
    struct signer_pair pair = {.serial = 1};
    if (key_fd < 0)
        return;
    if (signer_pair_read(&pair, chain_fd, key_fd, &e) != 0) {
        log_warn("%s: %s", chain, e.text);
        return;
    }
    look_at_expiry(chain, &pair);
    signer_pair_done(&pair);
}

static void look_at_name(const char *directory, const char *name)
{
    AUTO_STRBUF struct strbuf chain = STRBUF_INIT(4096), key = STRBUF_INIT(4096);
    strbuf_addf(&chain, "%s/%s/fullchain.pem", directory, name);
    strbuf_addf(&key, "%s/%s/privkey.pem", directory, name);
    if (access(chain.data, F_OK) == 0 && access(key.data, F_OK) == 0)
        look_at_pair(chain.data, key.data);
}

static void look_at_directory(const char *path)
{
    AUTO_CLOSEDIR DIR *d = opendir(path);
    if (!d)
        log_warn("tls_directory %s: %s", path, strerror(errno));
    for (struct dirent *de; d && (de = readdir(d));)
        if (tls_directory_name_ok(de->d_name))
            look_at_name(path, de->d_name);
}

void expiry_report(const void *settings)
{
    const struct auth_conf *conf = settings;
    if (conf->tls_certificate)
        look_at_pair(conf->tls_certificate, conf->tls_key);
    if (conf->tls_directory)
        look_at_directory(conf->tls_directory);
}
