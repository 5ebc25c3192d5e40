/*
 * maildir_folder_name.c - which directory a folder of some name is.
 *
 * Dovecot spells names in modified UTF-7, Courier of today in UTF-8, Courier of old in modified UTF-7; a tree may hold both. Each
 * directory's name is read for itself: it is modified UTF-7 if it is valid as that (8-bit never is), else UTF-8 as it stands, so
 * that "R&D" is a name, too.
 *
 *   a name is looked up as modified UTF-7, then as UTF-8
 *   a new folder is spelled in modified UTF-7, but in UTF-8 where the tree has names beyond ASCII and all of them are in UTF-8
 *   of two folders of the same name, in both spellings, the one in UTF-8 is listed and looked up as "<name> (UTF-8)"
 */
#include "maildir/maildir_internal.h"
#include "maildir/mutf7.h"

#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <strings.h>

#define TWIN " (UTF-8)"

/* ---- names ---- */

static bool has_bad_level(const char *name)
{
    return *name == '.' || !*name || strstr(name, "..") || name[strlen(name) - 1] == '.';
}

static bool has_bad_byte(const char *name)
{
    for (const char *p = name; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f || *p == '/')
            return true;
    return false;
}

static size_t depth_of(const char *name)
{
    size_t levels = 1;
    for (; *name; name++)
        levels += *name == '.';
    return levels;
}

static int check_name(const char *name, struct err *e)
{
    if (has_bad_level(name))
        return err_set(e, ERR_INVALID, "a folder name has no empty levels (\".\" stands between levels)");
    if (has_bad_byte(name))
        return err_set(e, ERR_INVALID, "a folder name has no \"/\" and no control characters");
    if (!utf8_valid(bytes_of(name)))
        return err_set(e, ERR_INVALID, "the folder name is not UTF-8");
    if (depth_of(name) > MAIL_FOLDER_DEPTH_MAX)
        return err_set(e, ERR_LIMIT, "folders are at most %d levels deep", MAIL_FOLDER_DEPTH_MAX);
    return 0;
}

/* ---- directories ---- */

static bool is_folder(struct mail_store *store, const struct strbuf *dir)
{
    char path[MAIL_FOLDER_LEN_MAX + 8];
    if (dir->overflow || dir->len > MAIL_FOLDER_LEN_MAX)
        return false;
    snprintf(path, sizeof path, "%s/cur", dir->data);
    return !faccessat(store->fd, path, F_OK, 0);
}

/* The two spellings of a name as directories. plain is empty if it would be read as something else, or is the same. */
struct spellings {
    struct strbuf coded, plain;
};
#define SPELLINGS_INIT                                                                                       \
    {                                                                                                        \
        STRBUF_INIT(8192), STRBUF_INIT(8192)                                                                 \
    }
#define AUTO_SPELLINGS __attribute__((cleanup(spellings_done)))

static void spellings_done(struct spellings *s)
{
    strbuf_done(&s->coded);
    strbuf_done(&s->plain);
}

static void spell(struct spellings *s, struct bytes name)
{
    AUTO_STRBUF struct strbuf read = STRBUF_INIT(8192);
    strbuf_addc(&s->coded, '.');
    mutf7_encode(&s->coded, name);
    if (!bytes_eq(bytes_skip(strbuf_bytes(&s->coded), 1), name) && folder_name_decode(&read, name) &&
        bytes_eq(strbuf_bytes(&read), name)) {
        strbuf_addc(&s->plain, '.');
        strbuf_addb(&s->plain, name);
    }
}

/* Are there names beyond ASCII, all of them in UTF-8? */
static bool prefers_utf8(struct mail_store *store)
{
    bool plain = false, coded = false;
    AUTO_CLOSE int fd = openat(store->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    AUTO_CLOSEDIR DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir)
        return false;
    fd = -1;
    for (struct dirent *d; !coded && (d = readdir(dir));) {
        AUTO_STRBUF struct strbuf name = STRBUF_INIT(4096);
        if (d->d_name[0] != '.' || d->d_name[1] == '.')
            continue;
        struct bytes disk = bytes_of(d->d_name + 1);
        bool readable = folder_name_decode(&name, disk) && !text_is_ascii(strbuf_bytes(&name));
        coded |= readable && text_is_ascii(disk);
        plain |= readable && !text_is_ascii(disk);
    }
    return plain && !coded;
}

static bool is_twin(const char *name)
{
    size_t n = strlen(name), suffix = sizeof TWIN - 1;
    return n > suffix && !strcmp(name + n - suffix, TWIN);
}

/* "<name> (UTF-8)", if there are two of that name. */
static bool find_twin(struct strbuf *out, struct mail_store *store, const char *name)
{
    AUTO_SPELLINGS struct spellings s = SPELLINGS_INIT;
    spell(&s, bytes_from(name, strlen(name) - (sizeof TWIN - 1)));
    return s.plain.len && is_folder(store, &s.plain) && is_folder(store, &s.coded) &&
           strbuf_addb(out, strbuf_bytes(&s.plain));
}

/* What there is under that name, else how a new one is spelled. */
static bool is_plain(struct mail_store *store, const struct spellings *s)
{
    return s->plain.len && !is_folder(store, &s->coded) &&
           (is_folder(store, &s->plain) || prefers_utf8(store));
}

int folder_dir_find(struct strbuf *out, struct mail_store *store, const char *name, struct err *e)
{
    AUTO_SPELLINGS struct spellings s = SPELLINGS_INIT;
    if (!strcasecmp(name, "INBOX")) {
        strbuf_addc(out, '.');
        return 0;
    }
    if (check_name(name, e))
        return -1;
    spell(&s, bytes_of(name));
    if (is_twin(name) && !is_folder(store, &s.coded) && find_twin(out, store, name))
        return 0;
    const struct strbuf *dir = is_plain(store, &s) ? &s.plain : &s.coded;
    if (dir->overflow || dir->len > MAIL_FOLDER_LEN_MAX)
        return err_set(e, ERR_LIMIT, "the folder name is longer than %d octets on disk", MAIL_FOLDER_LEN_MAX);
    strbuf_addb(out, strbuf_bytes(dir));
    return 0;
}

bool folder_name_of_dir(struct strbuf *out, struct mail_store *store, const char *dir)
{
    AUTO_SPELLINGS struct spellings s = SPELLINGS_INIT;
    struct bytes disk = bytes_of(dir + 1);
    if (*dir != '.' || !disk.n || disk.p[0] == '.' || !folder_name_decode(out, disk) ||
        !strcasecmp(out->data, "INBOX"))
        return false;
    if (bytes_eq(strbuf_bytes(out), disk)) {
        spell(&s, disk);
        if (s.plain.len && is_folder(store, &s.coded))
            strbuf_adds(out, TWIN);
    }
    return true;
}
