/*
 * passwd_extra.c - the extra fields of a passwd-file that Dovecot's users have. See passwd_file.h.
 *
 * Each known field is a row. What would take something away from the account's protection if it were ignored
 * (a proxy, no password wanted, another uid's mail) makes the line unusable; what is merely not known is
 * ignored with a word.
 */
#include "auth/passwd_file.h"

#include "auth/auth_name.h"
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

typedef int extra_fn(struct passwd_entry *entry, struct bytes value, struct err *e);

static int take_mail(struct passwd_entry *entry, struct bytes value, struct err *e)
{
    AUTO_FREE char *location = bytes_dup(value);
    if (bytes_index(value, ':') < value.n && !bytes_starts_nocase(value, BYTES("maildir:")))
        return err_set(e, ERR_INVALID, "mail location \"%.100s\" is no Maildir", location);
    return account_set_mail(&entry->account, location, e);
}

static int want_maildir(struct passwd_entry *entry, struct bytes value, struct err *e)
{
    (void)entry;
    return bytes_eq_nocase(value, BYTES("maildir"))
               ? 0
               : err_set(e, ERR_INVALID, "only mail_driver=maildir is supported");
}

static int ignore_silently(struct passwd_entry *entry, struct bytes value, struct err *e)
{
    (void)entry;
    (void)value;
    (void)e;
    return 0;
}

static int take_home(struct passwd_entry *entry, struct bytes value, struct err *e)
{
    if (value.n == 0 || value.p[0] != '/')
        return err_set(e, ERR_INVALID, "userdb_home must be an absolute path");
    free(entry->account.home);
    entry->account.home = bytes_dup(value);
    return 0;
}

static int take_id(struct bytes value, uint32_t *id, struct err *e)
{
    uint64_t number;
    if (!bytes_to_u64(value, UINT32_MAX - 1, &number))
        return err_set(e, ERR_INVALID, "userdb_uid and userdb_gid must be numbers");
    *id = (uint32_t)number;
    return 0;
}

static int take_uid(struct passwd_entry *entry, struct bytes value, struct err *e)
{
    return take_id(value, &entry->account.uid, e);
}

static int take_gid(struct passwd_entry *entry, struct bytes value, struct err *e)
{
    return take_id(value, &entry->account.gid, e);
}

/* "1G", "500M", "1024" (times `unit`). */
static bool parse_amount(struct bytes value, uint64_t unit, int64_t *amount)
{
    static const char suffixes[] = "bkmgt";
    uint64_t number;
    const char *suffix = value.n ? memchr(suffixes, ascii_lower(value.p[value.n - 1]), 5) : NULL;
    if (suffix) {
        unit = UINT64_C(1) << 10 * (suffix - suffixes);
        value.n--;
    }
    if (!bytes_to_u64(value, (uint64_t)INT64_MAX / unit, &number))
        return false;
    *amount = (int64_t)(number * unit);
    return true;
}

static int take_quota_part(struct passwd_entry *entry, struct bytes part, struct err *e)
{
    struct bytes value = part, key = bytes_split(&value, '=');
    struct account *a = &entry->account;
    bool ok = false;
    if (bytes_eq_nocase(key, BYTES("storage")))
        ok = value.p && parse_amount(value, 1024, &a->quota_bytes);
    else if (bytes_eq_nocase(key, BYTES("bytes")))
        ok = value.p && parse_amount(value, 1, &a->quota_bytes);
    else if (bytes_eq_nocase(key, BYTES("messages")))
        ok = value.p && parse_amount(value, 1, &a->quota_messages);
    if (ok)
        return 0;
    err_set(e, ERR_INVALID, "quota rule \"" BYTES_FMT "\" is ignored", BYTES_ARG(part));
    return 1;
}

/* "*:storage=1G:messages=1000"; rules for single folders are not known here. */
static int take_quota_rule(struct passwd_entry *entry, struct bytes value, struct err *e)
{
    int worst = 0;
    if (!bytes_eq(bytes_split(&value, ':'), BYTES("*"))) {
        err_set(e, ERR_INVALID, "quota rules of single folders are ignored");
        return 1;
    }
    while (value.p)
        worst |= take_quota_part(entry, bytes_split(&value, ':'), e);
    return worst;
}

static int take_quota_size(struct passwd_entry *entry, struct bytes value, struct err *e)
{
    return parse_amount(value, 1, &entry->account.quota_bytes)
               ? 0
               : err_set(e, ERR_INVALID, "malformed quota size");
}

static int take_quota_count(struct passwd_entry *entry, struct bytes value, struct err *e)
{
    return parse_amount(value, 1, &entry->account.quota_messages)
               ? 0
               : err_set(e, ERR_INVALID, "malformed quota count");
}

/* "messages:recipients" of an hour, ":messages:recipients" of a day; "" is as configured, 0 any number. */
static int take_send_limits(struct passwd_entry *entry, struct bytes value, struct err *e)
{
    for (size_t i = 0; value.p; i++) {
        struct bytes part = bytes_split(&value, ':');
        uint64_t number = 0;
        if (i == ACCOUNT_SEND_LIMITS || (part.n && !bytes_to_u64(part, INT32_MAX, &number)))
            return err_set(e, ERR_INVALID,
                           "send_limits must be up to four numbers such as 300:1000:2000:5000");
        entry->account.send_limits[i] = !part.n ? 0 : number ? (int64_t)number : -1;
    }
    return 0;
}

/* "addr,addr": checked by the relay, which knows what addresses are. */
static int take_forward(struct passwd_entry *entry, struct bytes value, struct err *e)
{
    if (!value.n || value.n > AUTH_FORWARD_MAX)
        return err_set(e, ERR_INVALID, "forward must be one address or several, separated by commas");
    free(entry->account.forward);
    entry->account.forward = bytes_dup(value);
    return 0;
}

static int take_nologin(struct passwd_entry *entry, struct bytes value, struct err *e)
{
    (void)e;
    entry->nologin = !bytes_eq_nocase(value, BYTES("n")) && !bytes_eq_nocase(value, BYTES("no"));
    return 0;
}

static int take_allow_nets(struct passwd_entry *entry, struct bytes value, struct err *e)
{
    if (!nets_ok(value))
        return err_set(e, ERR_INVALID, "allow_nets must be a list such as 10.0.0.0/8,2001:db8::/32");
    free(entry->allow_nets);
    entry->allow_nets = bytes_dup(value);
    return 0;
}

static int take_aliases(struct passwd_entry *entry, struct bytes value, struct err *e)
{
    AUTO_STRBUF struct strbuf lower = STRBUF_INIT(PASSWD_LINE_MAX);
    for (struct bytes rest = value; rest.p;) {
        struct bytes name = bytes_split(&rest, ',');
        if (!auth_name_ok(name))
            return err_set(e, ERR_INVALID, "alias \"" BYTES_FMT "\" is no name that an account may have",
                           BYTES_ARG(name));
    }
    for (size_t i = 0; i < value.n; i++)
        strbuf_addc(&lower, ascii_lower(value.p[i]));
    free(entry->aliases);
    entry->aliases = strbuf_detach(&lower);
    return 0;
}

static int refuse(struct passwd_entry *entry, struct bytes value, struct err *e)
{
    (void)entry;
    (void)value;
    return err_set(e, ERR_INVALID,
                   "an extra field asks for a proxy, a master user or a login without password, "
                   "which is not supported");
}

static const struct {
    const char *name;
    extra_fn *fn;
} extras[] = {
    {"userdb_mail", take_mail},
    {"userdb_mail_path", take_mail},
    {"userdb_mail_driver", want_maildir},
    {"userdb_mail_index_path", ignore_silently},
    {"userdb_home", take_home},
    {"userdb_uid", take_uid},
    {"userdb_gid", take_gid},
    {"userdb_quota_rule", take_quota_rule},
    {"quota_rule", take_quota_rule},
    {"userdb_quota_storage_size", take_quota_size},
    {"userdb_quota_message_count", take_quota_count},
    {"nologin", take_nologin},
    {"forward", take_forward},
    {"send_limits", take_send_limits},
    {"allow_nets", take_allow_nets},
    {"disabled", take_nologin},
    {"aliases", take_aliases},
    {"quota", take_quota_size},
    {"proxy", refuse},
    {"proxy_maybe", refuse},
    {"nopassword", refuse},
    {"master", refuse},
    {"user", refuse},
    {"userdb_user", refuse},
};

/* Of Dovecot's settings these say where mail lies: to ignore one would show an empty mailbox, or number its mail anew. */
static bool places_mail(struct bytes name)
{
    static const char *const prefixes[] = {"userdb_mail", "userdb_namespace", "userdb_location",
                                           "userdb_chroot", "userdb_layout"};
    for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
        if (bytes_starts_nocase(name, bytes_of(prefixes[i])))
            return true;
    return false;
}

int passwd_extra_parse(struct bytes field, struct passwd_entry *entry, struct err *e)
{
    struct bytes value = field, name = bytes_split(&value, '=');
    if (!value.p)
        value = BYTES("");
    for (size_t i = 0; i < ARRAY_LEN(extras); i++)
        if (bytes_eq(name, bytes_of(extras[i].name)))
            return extras[i].fn(entry, value, e);
    if (places_mail(name))
        return err_set(e, ERR_INVALID,
                       "extra field \"" BYTES_FMT
                       "\" says where mail or its numbering lies in a way that is not supported; "
                       "the account is not served rather than from elsewhere",
                       BYTES_ARG(name));
    err_set(e, ERR_INVALID, "%s: extra field \"" BYTES_FMT "\" is ignored", entry->account.name,
            BYTES_ARG(name));
    return 1;
}
