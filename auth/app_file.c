/*
 * app_file.c - see app_file.h. What is typed may have blanks or hyphens anywhere and capitals; there are no letters that look alike.
 */
#include "auth/app_file.h"

#include "auth/auth_name.h"
#include "base/cleanup.h"
#include "base/text.h"

#include <gnutls/crypto.h>
#include <stdlib.h>
#include <sys/random.h>

static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789";

static bool hash_of(const unsigned char salt[APP_SALT], const char plain[APP_LETTERS],
                    unsigned char hash[APP_HASH])
{
    unsigned char both[APP_SALT + APP_LETTERS];
    memcpy(both, salt, APP_SALT);
    memcpy(both + APP_SALT, plain, APP_LETTERS);
    bool made = gnutls_hash_fast(GNUTLS_DIG_SHA256, both, sizeof(both), hash) == 0;
    explicit_bzero(both, sizeof(both));
    return made;
}

/* As it was made; false if it cannot have been made here. */
static bool normalise(const char *typed, char plain[APP_LETTERS])
{
    size_t n = 0;
    for (; *typed; typed++) {
        char c = ascii_lower(*typed);
        if (c == ' ' || c == '-')
            continue;
        if (n == APP_LETTERS || !memchr(letters, c, sizeof(letters) - 1))
            return false;
        plain[n++] = c;
    }
    return n == APP_LETTERS;
}

int app_make(struct app_entry *entry, struct strbuf *password, struct err *e)
{
    unsigned char random[APP_LETTERS], id[APP_ID_LEN / 2];
    char plain[APP_LETTERS];
    AUTO_STRBUF struct strbuf hex = STRBUF_INIT(APP_ID_LEN);
    if (getrandom(random, sizeof(random), 0) != sizeof(random) ||
        getrandom(id, sizeof(id), 0) != sizeof(id) ||
        getrandom(entry->salt, sizeof(entry->salt), 0) != sizeof(entry->salt))
        return err_set(e, ERR_TEMP, "no random numbers");
    for (size_t i = 0; i < APP_LETTERS; i++) {
        plain[i] = letters[random[i] % 32];
        if (i && i % 4 == 0)
            strbuf_addc(password, '-');
        strbuf_addc(password, plain[i]);
    }
    bool made = hash_of(entry->salt, plain, entry->hash);
    hex_encode(&hex, id, sizeof(id));
    memcpy(entry->id, hex.data, APP_ID_LEN + 1);
    explicit_bzero(random, sizeof(random));
    explicit_bzero(plain, sizeof(plain));
    return made ? 0 : err_set(e, ERR_INTERNAL, "no SHA-256");
}

bool app_label_ok(struct bytes label)
{
    for (size_t i = 0; i < label.n; i++)
        if (!ascii_alnum(label.p[i]) && !memchr("._+-", label.p[i], 4))
            return false;
    return label.n > 0 && label.n <= APP_LABEL_MAX;
}

bool app_services_ok(struct bytes list)
{
    static const struct bytes known[] = {BYTES_OF("imap"), BYTES_OF("pop3"), BYTES_OF("smtp")};
    if (bytes_eq(list, BYTES("*")))
        return true;
    do {
        struct bytes one = bytes_split(&list, ',');
        size_t i = 0;
        while (i < ARRAY_LEN(known) && !bytes_eq(one, known[i]))
            i++;
        if (i == ARRAY_LEN(known))
            return false;
    } while (list.p);
    return true;
}

static bool take_hex(struct bytes text, unsigned char *to, size_t n)
{
    AUTO_STRBUF struct strbuf raw = STRBUF_INIT(APP_HASH);
    if (text.n != 2 * n || !hex_decode(&raw, text))
        return false;
    memcpy(to, raw.data, n);
    return true;
}

void app_entry_done(struct app_entry *entry)
{
    free(entry->user);
    free(entry->label);
    free(entry->services);
    *entry = (struct app_entry){0};
}

int app_line_parse(struct bytes line, struct app_entry *entry, struct err *e)
{
    enum { USER, LABEL, SERVICES, SECRET, CREATED, ID, FIELDS };
    struct bytes f[FIELDS];
    unsigned char id[APP_ID_LEN / 2];
    *entry = (struct app_entry){0};
    for (int i = 0; i < FIELDS; i++)
        f[i] = line.p ? bytes_split(&line, ':') : BYTES("");
    struct bytes hash = f[SECRET], salt = bytes_split(&hash, '$');
    if (line.p || !auth_name_ok(f[USER]) || !app_label_ok(f[LABEL]) || !app_services_ok(f[SERVICES]) ||
        !hash.p || !take_hex(salt, entry->salt, APP_SALT) || !take_hex(hash, entry->hash, APP_HASH) ||
        !bytes_to_u64(f[CREATED], INT64_MAX, &entry->created) || !take_hex(f[ID], id, sizeof(id)))
        return err_set(e, ERR_INVALID,
                       "this is not an application password as posthouse user apppass writes it");
    entry->user = bytes_dup(f[USER]);
    entry->label = bytes_dup(f[LABEL]);
    entry->services = bytes_dup(f[SERVICES]);
    memcpy(entry->id, f[ID].p, APP_ID_LEN);
    return 0;
}

void app_line_write(const struct app_entry *entry, struct strbuf *out)
{
    strbuf_addf(out, "%s:%s:%s:", entry->user, entry->label, entry->services);
    hex_encode(out, entry->salt, APP_SALT);
    strbuf_addc(out, '$');
    hex_encode(out, entry->hash, APP_HASH);
    strbuf_addf(out, ":%llu:%s", (unsigned long long)entry->created, entry->id);
}

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct app_entry *)a)->user, ((const struct app_entry *)b)->user);
}

struct app_file *app_file_parse(struct bytes text, app_complain_fn *complain, void *arg)
{
    struct app_file *f = xcalloc(1, sizeof(*f));
    for (size_t number = 1; text.p && text.n; number++) {
        struct bytes line = bytes_split(&text, '\n');
        struct app_entry entry;
        struct err e;
        if (line.n == 0 || line.p[0] == '#')
            continue;
        if (app_line_parse(line, &entry, &e) != 0) {
            complain(arg, number, e.text);
            continue;
        }
        f->entries = xgrow(f->entries, f->count, sizeof(*f->entries));
        f->entries[f->count++] = entry;
    }
    if (f->count)
        qsort(f->entries, f->count, sizeof(*f->entries), compare);
    return f;
}

void app_file_free(struct app_file *f)
{
    if (!f)
        return;
    for (size_t i = 0; i < f->count; i++)
        app_entry_done(&f->entries[i]);
    free(f->entries);
    free(f);
}

/* The first of this account, or the end. */
static size_t first_of(const struct app_file *f, const char *user)
{
    size_t low = 0, high = f->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(f->entries[middle].user, user) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < f->count && strcmp(f->entries[low].user, user) == 0 ? low : f->count;
}

bool app_file_has(const struct app_file *f, const char *user)
{
    return f && first_of(f, user) < f->count;
}

static bool for_service(const char *services, const char *service)
{
    for (struct bytes list = bytes_of(services); list.p;)
        if (bytes_eq(bytes_split(&list, ','), bytes_of(service)))
            return true;
    return strcmp(services, "*") == 0;
}

const struct app_entry *app_file_find(const struct app_file *f, const char *user, const char *service,
                                      const char *password)
{
    char plain[APP_LETTERS];
    unsigned char hash[APP_HASH];
    const struct app_entry *found = NULL;
    if (!f || !normalise(password, plain))
        return NULL;
    for (size_t i = first_of(f, user), n = 0;
         i < f->count && n < APP_OF_USER_MAX && strcmp(f->entries[i].user, user) == 0; i++, n++)
        if (hash_of(f->entries[i].salt, plain, hash) &&
            bytes_eq_secret(bytes_from(hash, APP_HASH), bytes_from(f->entries[i].hash, APP_HASH)) &&
            for_service(f->entries[i].services, service))
            found = &f->entries[i];
    explicit_bzero(plain, sizeof(plain));
    return found;
}
