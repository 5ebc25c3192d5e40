/*
 * maildir_keywords.c - dovecot-keywords.
 *
 * Written as dovecot-keywords.lock and renamed, only while the uidlist lock is held, and synced. Readers
 * compare whole-second mtimes, so a writer pushes the mtime forward by at least a second.
 */
#include "maildir/maildir_keywords.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <strings.h>

#define FILE_NAME "dovecot-keywords"
#define TMP_NAME  "dovecot-keywords.lock"
#define MAX_BYTES 65536

void keywords_done(struct keywords *kw)
{
    for (size_t i = 0; i < MAIL_LETTERS_MAX; i++)
        free(kw->names[i]);
    *kw = (struct keywords){.dirty = false};
}

int keywords_find(const struct keywords *kw, const char *name)
{
    for (int i = 0; i < MAIL_LETTERS_MAX; i++)
        if (kw->names[i] && !strcasecmp(kw->names[i], name))
            return i;
    return -1;
}

static void parse_line(struct keywords *kw, struct bytes line)
{
    uint64_t index;
    struct bytes number = bytes_split(&line, ' ');
    if (!line.p || !line.n || !bytes_to_u64(number, MAIL_LETTERS_MAX - 1, &index) || kw->names[index])
        return;
    AUTO_FREE char *name = bytes_dup(line);
    if (name && keywords_find(kw, name) < 0)
        kw->names[index] = TAKE_PTR(name);
}

void keywords_parse(struct keywords *kw, struct bytes text)
{
    while (text.p)
        parse_line(kw, bytes_split(&text, '\n'));
}

int keywords_read(struct keywords *kw, int dir_fd, bool *changed, struct err *e)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(MAX_BYTES);
    struct stat st;
    struct err why;
    *changed = false;
    if (fstatat(dir_fd, FILE_NAME, &st, AT_SYMLINK_NOFOLLOW))
        return errno == ENOENT ? 0 : err_errno(e, errno, "looking at " FILE_NAME);
    if (st.st_ino == kw->st.st_ino && st.st_size == kw->st.st_size &&
        !memcmp(&st.st_mtim, &kw->st.st_mtim, sizeof st.st_mtim))
        return 0;
    if (fs_read_file(dir_fd, FILE_NAME, &text, &why))
        return why.code == ERR_NOTFOUND ? 0 : err_set(e, why.code, "%s", why.text);
    keywords_done(kw);
    keywords_parse(kw, strbuf_bytes(&text));
    kw->st = st;
    *changed = true;
    return 0;
}

static bool is_keyword(const char *name)
{
    size_t n = strlen(name);
    return n && n <= MAIL_KEYWORD_LEN_MAX && text_is_printable(bytes_of(name)) &&
           !strpbrk(name, " (){%*\"\\]");
}

int keywords_get(struct keywords *kw, const char *name, uint32_t in_use, struct err *e)
{
    int found = keywords_find(kw, name);
    if (found >= 0)
        return found;
    if (!is_keyword(name))
        return err_set(e, ERR_INVALID, "\"%.60s\" is no keyword (an atom of at most %d octets)", name,
                       MAIL_KEYWORD_LEN_MAX);
    for (int i = 0; i < MAIL_LETTERS_MAX; i++) {
        if (kw->names[i] || (in_use & (1u << i)))
            continue;
        kw->names[i] = xstrdup(name);
        kw->dirty = true;
        return i;
    }
    return err_set(e, ERR_LIMIT, "this folder has %d keywords already, no more fit", MAIL_LETTERS_MAX);
}

int keywords_save(struct keywords *kw, int dir_fd, struct err *e)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(MAX_BYTES);
    if (!kw->dirty)
        return 0;
    for (int i = 0; i < MAIL_LETTERS_MAX; i++)
        if (kw->names[i])
            strbuf_addf(&text, "%d %s\n", i, kw->names[i]);
    if (fs_replace(dir_fd, FILE_NAME, TMP_NAME, strbuf_bytes(&text), 0600, false, e))
        return -1;
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = time(NULL)}};
    if (times[1].tv_sec <= kw->st.st_mtime) {
        times[1].tv_sec = kw->st.st_mtime + 1;
        AUTO_CLOSE int fd = openat(dir_fd, FILE_NAME, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        if (fd >= 0)
            futimens(fd, times);
    }
    if (fs_sync_dir(dir_fd))
        return err_errno(e, errno, "syncing the folder");
    kw->dirty = false;
    return fstatat(dir_fd, FILE_NAME, &kw->st, AT_SYMLINK_NOFOLLOW)
               ? err_errno(e, errno, "looking at " FILE_NAME)
               : 0;
}
