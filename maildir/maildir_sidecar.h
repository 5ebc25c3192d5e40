/*
 * maildir_sidecar.h - posthouse-keywords: names and messages of the keywords that have no letter.
 *
 * Keywords 0 to 25 are letters of file names, named in dovecot-keywords; 26 to 63 are here. Bit n of a mask is keyword n, as in
 * struct mail; the bits of letters are neither taken nor given. A name that dovecot-keywords has too (another server gave it a
 * letter later) is the same keyword: look for the letter first, and take either bit for it.
 *
 * Usual sequences, both under the uidlist lock:
 *   learn:   sidecar_read with masks when the file's stamp is another, sidecar_mask for each message, sidecar_save with `keep`
 *   change:  sidecar_read, { sidecar_get }, { sidecar_set ... }, sidecar_save, then the renames
 */
#ifndef MAILDIR_SIDECAR_H
#define MAILDIR_SIDECAR_H

#include "base/err.h"
#include "base/strbuf.h"

#include <sys/stat.h>

#define SIDECAR_FILE      "posthouse-keywords"
#define SIDECAR_FIRST     26 /* the first keyword that is here */
#define SIDECAR_END       64 /* the first that is nowhere */
#define SIDECAR_MASK      (~(((uint64_t)1 << SIDECAR_FIRST) - 1))
#define SIDECAR_MAX_BYTES (64 << 20)

struct sidecar_mark {
    uint64_t mask;
    uint32_t base_at; /* in `text` */
    uint16_t base_len;
};

struct sidecar {
    bool exists, has_masks;
    bool unreadable; /* the file is not ours, or of a later version: it is left alone */
    bool
        rewrite; /* must not be appended to: a cut-off last line, or a keyword's number was given away again */
    char *names[SIDECAR_END]; /* NULL: not in use */
    struct sidecar_mark *marks;
    size_t n, size;
    uint32_t *slots; /* hash table: index into marks, plus 1 */
    size_t nslots;   /* a power of two */
    struct strbuf text, unknown,
        pending;      /* bases; lines that we do not know; lines that are not in the file yet */
    uint64_t retired; /* bits of the file's lines that are not valid any more (sidecar_retire) */
    size_t lines, live;
    struct stat st; /* of the file as read */
    int fd;         /* kept open, so that its inode number cannot come round again */
    off_t end;      /* of what was read */
};

void sidecar_init(struct sidecar *sc);
void sidecar_done(struct sidecar *sc); /* it may be used again */

/* ---- names and masks (pure) ---- */

/* Take in the text of a whole file; an unterminated last line is left out. ERR_CORRUPT: it is not ours, or of a later version. */
int sidecar_parse(struct sidecar *sc, struct bytes text, struct err *e);
/* More whole lines of the file. */
void sidecar_parse_lines(struct sidecar *sc, struct bytes lines);
/* These keywords give way to others: no message has them any more. */
void sidecar_retire(struct sidecar *sc, uint64_t bits);
/* The whole as a file would hold it; keep(arg, base) says which messages stay (NULL: all). */
void sidecar_format(const struct sidecar *sc, bool (*keep)(void *arg, struct bytes base), void *arg,
                    struct strbuf *out);
/* Name of keyword n, NULL if it has none (or n is a letter). */
const char *sidecar_name(const struct sidecar *sc, unsigned n);
/* Number (26 to 63) of a keyword (case-insensitive), or -1. */
int sidecar_find(const struct sidecar *sc, const char *name);
/* The same; a new name gets the lowest free number that is not among in_use, else that of a name that is not among in_use (the
 * keywords that some message carries). Saved by sidecar_save. ERR_LIMIT. Whether the name is a
 * keyword at all is the caller's business. */
int sidecar_get(struct sidecar *sc, const char *name, uint64_t in_use, struct err *e);
/* Keywords of a message by its base; to be asked only if masks were read. */
uint64_t sidecar_mask(const struct sidecar *sc, struct bytes base);
/* They are these from now on. Saved by sidecar_save. */
void sidecar_set(struct sidecar *sc, struct bytes base, uint64_t mask);

/* ---- the file (maildir_sidecar_file.c) ---- */

/* Bring sc up to date: one stat if the file is unchanged, on from the old end if it was appended to, else anew. What was set and
 * not saved is forgotten. masks: the messages' too (else only the names stay in memory). No file: nothing has such keywords.
 * A file that cannot be parsed counts as none, but sidecar_get and sidecar_save say ERR_CORRUPT then. */
int sidecar_read(struct sidecar *sc, int dir_fd, bool masks, bool *changed, struct err *e);
/* Under the uidlist lock, behind sidecar_read under the same: write what was set, durably. Appended, or the whole file anew where
 * most of it is out of date. keep: as above, NULL if it is not known whose file is there. On failure nothing of it is in the
 * file, and sc is to be read again. */
int sidecar_save(struct sidecar *sc, int dir_fd, bool (*keep)(void *arg, struct bytes base), void *arg,
                 struct err *e);

#endif
