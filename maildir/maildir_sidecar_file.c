/*
 * maildir_sidecar_file.c - posthouse-keywords on disk. Dovecot leaves files that it does not know alone, and does without these
 * keywords.
 *
 * Readers take no lock, so the file is never edited in place: lines are appended, or the whole is written to
 * posthouse-keywords.tmp and renamed, both under the uidlist lock. States:
 *
 *   S1  as before                     a crash here: nothing happened
 *   S2  lines appended, not synced    a crash here: some whole lines and perhaps a cut-off one, which readers leave out and the
 *                                     next writer drops by rewriting; nobody was told of them
 *   S3  appended and synced           the change may go on: files get their letters, copies their names
 *   T1  .tmp written and synced       a crash here: an unused .tmp, overwritten next time
 *   T2  renamed over the old one      a crash here: old or new file, each whole
 *   T3  directory synced              as S3
 *
 * So a line is there before the file whose base it names: for COPY and APPEND a crash behind S3 leaves a line without a file,
 * which means nothing and goes at the next rewriting. EXPUNGE writes no line. A rewriting behind a look at all names (keep) is
 * safe, because nobody prepares a file without the lock.
 */
#include "maildir/maildir_sidecar.h"

#include "base/cleanup.h"
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>

#define TMP_NAME    SIDECAR_FILE ".tmp"
#define STALE_LINES 200 /* fewer are never worth a rewriting */

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_dev == b->st_dev;
}

static bool same_state(const struct stat *a, const struct stat *b)
{
    return same_file(a, b) && a->st_size == b->st_size &&
           !memcmp(&a->st_mtim, &b->st_mtim, sizeof a->st_mtim) &&
           !memcmp(&a->st_ctim, &b->st_ctim, sizeof a->st_ctim);
}

static int read_range(int fd, off_t from, off_t to, struct strbuf *out, struct err *e)
{
    if (to - from > SIDECAR_MAX_BYTES)
        return err_set(e, ERR_LIMIT, SIDECAR_FILE " is larger than %d octets", SIDECAR_MAX_BYTES);
    size_t n = to > from ? (size_t)(to - from) : 0;
    char *p = strbuf_room(out, n);
    ssize_t got = p ? fs_pread_all(fd, p, n, from) : -1;
    if (got < 0)
        return err_errno(e, errno, "reading " SIDECAR_FILE);
    strbuf_extend(out, (size_t)got);
    return 0;
}

/* The masks go, the names stay. */
static void forget_masks(struct sidecar *sc)
{
    free(sc->marks);
    free(sc->slots);
    sc->marks = NULL;
    sc->slots = NULL;
    sc->n = sc->size = sc->nslots = 0;
    strbuf_done(&sc->text);
    sc->has_masks = false;
}

static off_t whole_lines(struct bytes text)
{
    const char *lf = text.n ? memrchr(text.p, '\n', text.n) : NULL;
    return lf ? lf + 1 - text.p : 0;
}

/* Where sc stands in the middle of the file, the lines behind; else all. */
static int read_fd(struct sidecar *sc, int fd, const struct stat *st, bool masks, struct err *e)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(SIDECAR_MAX_BYTES);
    if (read_range(fd, sc->end, st->st_size, &text, e))
        return -1;
    off_t lines = whole_lines(strbuf_bytes(&text));
    if (sc->end)
        sidecar_parse_lines(sc, bytes_from(text.data, (size_t)lines));
    else if (sidecar_parse(sc, strbuf_bytes(&text), e))
        return -1;
    sc->rewrite |= (size_t)lines < text.len;
    sc->end += lines;
    sc->exists = sc->has_masks = true;
    sc->st = *st;
    if (!masks)
        forget_masks(sc);
    return 0;
}

static int read_anew(struct sidecar *sc, int fd, const struct stat *st, bool masks, struct err *e)
{
    sidecar_done(sc);
    if (!read_fd(sc, fd, st, masks, e))
        return 0;
    sidecar_done(sc);
    if (e->code != ERR_CORRUPT)
        return -1;
    sc->unreadable = sc->has_masks = true;
    sc->st = *st;
    return 0;
}

static bool is_clean(const struct sidecar *sc)
{
    return !sc->pending.len && !sc->retired;
}

int sidecar_read(struct sidecar *sc, int dir_fd, bool masks, bool *changed, struct err *e)
{
    struct stat st;
    bool enough = sc->fd >= 0 && is_clean(sc) && (sc->has_masks || !masks);
    *changed = false;
    if (enough && !fstatat(dir_fd, SIDECAR_FILE, &st, AT_SYMLINK_NOFOLLOW) && same_state(&st, &sc->st))
        return 0;
    AUTO_CLOSE int fd = openat(dir_fd, SIDECAR_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT) {
        *changed = sc->exists || !is_clean(sc);
        sidecar_done(sc);
        sc->has_masks = true;
        return 0;
    }
    if (fd < 0 || fstat(fd, &st))
        return err_errno(e, errno, "opening " SIDECAR_FILE);
    if (!S_ISREG(st.st_mode))
        return err_set(e, ERR_CORRUPT, SIDECAR_FILE " is not a regular file");
    *changed = true;
    if (enough && same_file(&st, &sc->st) && st.st_size > sc->end && !sc->rewrite && !sc->unreadable)
        return read_fd(sc, fd, &st, masks, e);
    if (read_anew(sc, fd, &st, masks, e))
        return -1;
    sc->fd = TAKE_FD(fd);
    return 0;
}

/* ---- saving ---- */

static void remember(struct sidecar *sc, int dir_fd)
{
    cleanup_close(&sc->fd);
    sc->fd = openat(dir_fd, SIDECAR_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (sc->fd < 0 || fstat(sc->fd, &sc->st))
        memset(&sc->st, 0, sizeof sc->st);
    sc->end = sc->st.st_size;
    sc->exists = true;
    sc->rewrite = false;
    sc->retired = 0;
    strbuf_clear(&sc->pending);
}

/* What is in memory and in the file put together, masks included. */
static int load_all(struct sidecar *all, const struct sidecar *sc, int dir_fd, struct err *e)
{
    bool changed;
    if (sidecar_read(all, dir_fd, true, &changed, e))
        return -1;
    sidecar_retire(all, sc->retired);
    sidecar_parse_lines(all, strbuf_bytes(&sc->pending));
    return 0;
}

static int rewrite(struct sidecar *sc, int dir_fd, bool (*keep)(void *arg, struct bytes base), void *arg,
                   struct err *e)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(SIDECAR_MAX_BYTES);
    struct sidecar all;
    bool masks = sc->has_masks, changed;
    sidecar_init(&all);
    int r = load_all(&all, sc, dir_fd, e);
    sidecar_format(&all, keep, arg, &text);
    sidecar_done(&all);
    if (!r && text.overflow)
        r = err_set(e, ERR_LIMIT, SIDECAR_FILE " would be larger than %d octets", SIDECAR_MAX_BYTES);
    if (!r)
        r = fs_replace(dir_fd, SIDECAR_FILE, TMP_NAME, strbuf_bytes(&text), 0600, true, e);
    sidecar_done(sc);
    return r ? r : sidecar_read(sc, dir_fd, masks, &changed, e);
}

static size_t count_lines(const struct strbuf *sb)
{
    size_t n = 0;
    for (size_t i = 0; i < sb->len; i++)
        n += sb->data[i] == '\n';
    return n;
}

static int append(struct sidecar *sc, int dir_fd, struct err *e)
{
    AUTO_CLOSE int fd =
        openat(dir_fd, SIDECAR_FILE, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 || fs_write_all(fd, sc->pending.data, sc->pending.len) || fdatasync(fd)) {
        int saved = errno;
        if (fd >= 0 && ftruncate(fd, sc->end)) {
            /* then a cut-off line stays, which the next writer drops; whole ones nobody was told of */
        }
        sidecar_done(sc);
        return err_errno(e, saved, "appending to " SIDECAR_FILE);
    }
    sc->lines += count_lines(&sc->pending);
    remember(sc, dir_fd);
    return 0;
}

static size_t count_kept(const struct sidecar *sc, bool (*keep)(void *arg, struct bytes base), void *arg)
{
    size_t n = 0;
    for (size_t i = 0; i < sc->n; i++) {
        const struct sidecar_mark *m = &sc->marks[i];
        n += m->mask && keep(arg, bytes_from(sc->text.data + m->base_at, m->base_len));
    }
    return n;
}

static bool is_stale(const struct sidecar *sc, bool (*keep)(void *arg, struct bytes base), void *arg)
{
    size_t lines = sc->lines + count_lines(&sc->pending);
    if (lines < STALE_LINES)
        return false;
    size_t live = keep && sc->has_masks ? count_kept(sc, keep, arg) : sc->live;
    return live + SIDECAR_END < lines / 2;
}

int sidecar_save(struct sidecar *sc, int dir_fd, bool (*keep)(void *arg, struct bytes base), void *arg,
                 struct err *e)
{
    if (sc->pending.overflow) {
        sidecar_done(sc);
        return err_set(e, ERR_LIMIT, SIDECAR_FILE " would be larger than %d octets", SIDECAR_MAX_BYTES);
    }
    if (sc->unreadable && !is_clean(sc)) {
        sidecar_done(sc);
        return err_set(e, ERR_CORRUPT, SIDECAR_FILE " cannot be read: repair or remove it");
    }
    bool stale = is_stale(sc, keep, arg);
    if (is_clean(sc) && !stale)
        return 0;
    return !sc->exists || sc->rewrite || stale ? rewrite(sc, dir_fd, keep, arg, e) : append(sc, dir_fd, e);
}
