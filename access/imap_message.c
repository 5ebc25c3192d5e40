/*
 * imap_message.c - see imap_message.h.
 */
#include "access/imap_message.h"

#include "access/imap_binary.h"
#include "base/fs.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEADER_PIECE   8192
#define TREE_PIECE     65536
#define REST_SIZE_MIN  (1 << 20) /* octets of a message that it pays to keep open */
#define REST_PARTS_MAX 100

struct imap_message *imap_message_new(struct mailbox *mb, uint32_t uid)
{
    struct imap_message *m = xcalloc(1, sizeof(*m));
    m->mb = mb;
    m->uid = uid;
    m->fd = -1;
    strbuf_init(&m->header, MESSAGE_HEADER_MAX);
    return m;
}

void imap_message_free(struct imap_message *m)
{
    if (!m)
        return;
    imap_binary_free(m->binary);
    if (m->wire_open)
        wire_close(&m->wire);
    if (m->fd >= 0)
        close(m->fd);
    mime_free(m->tree);
    strbuf_done(&m->header);
    free(m);
}

static bool has_few_parts(const struct mime_part *root)
{
    unsigned n = 0;
    for (const struct mime_part *part = root; part && n <= REST_PARTS_MAX; n++) {
        const struct mime_part *next = part->first_child;
        while (!next && part != root) {
            next = part->next;
            part = part->parent;
        }
        part = next;
    }
    return n <= REST_PARTS_MAX;
}

bool imap_message_rest(struct imap_message *m)
{
    if (!m || m->fd < 0 || m->st.st_size < REST_SIZE_MIN)
        return false;
    imap_binary_free(m->binary);
    m->binary = NULL;
    if (m->wire_open)
        wire_rest(&m->wire);
    strbuf_done(&m->header);
    m->has_header = false;
    if (!has_few_parts(m->tree)) {
        mime_free(m->tree);
        m->tree = NULL;
    }
    return true;
}

const struct mail_info *imap_message_info(struct imap_message *m)
{
    if (!m->has_info && mailbox_message_info(m->mb, m->uid, &m->info, &m->err))
        return NULL;
    m->has_info = true;
    return &m->info;
}

int imap_message_fd(struct imap_message *m)
{
    if (m->fd < 0)
        m->fd = mailbox_message_open_stat(m->mb, m->uid, &m->st, &m->err);
    if (m->fd >= 0 && m->info.size != (uint64_t)m->st.st_size)
        m->has_info = false; /* it was edited in place */
    return m->fd;
}

bool imap_message_is_current(const struct imap_message *m)
{
    struct stat now;
    return m->fd < 0 ||
           (!fstat(m->fd, &now) && now.st_size == m->st.st_size &&
            now.st_mtim.tv_sec == m->st.st_mtim.tv_sec && now.st_mtim.tv_nsec == m->st.st_mtim.tv_nsec);
}

const uint64_t *imap_message_length(struct imap_message *m)
{
    int fd = imap_message_fd(m);
    const struct mail_info *info = fd >= 0 ? imap_message_info(m) : NULL;
    if (!info)
        return NULL;
    if (m->has_length)
        return &m->length;
    const struct wire_reader *all = imap_message_wire(m, 0, info->size, UINT64_MAX);
    m->has_length = all != NULL;
    m->length = all ? all->wire_pos : 0;
    if (m->has_length && m->length != m->info.virtual_size) { /* the name's ,W= is wrong */
        m->info.virtual_size = m->length;
        mailbox_message_correct(m->mb, m->uid, &m->info);
    }
    return m->has_length ? &m->length : NULL;
}

/* Length of the header with its empty line, 0 if its end is not among these bytes. `from`: where to begin to
 * look. */
static size_t header_length(struct bytes b, size_t from)
{
    const char *p = b.p + from;
    if (from == 0 && b.n > 0 && b.p[0] == '\n')
        return 1;
    if (from == 0 && b.n > 1 && b.p[0] == '\r' && b.p[1] == '\n')
        return 2;
    while ((p = memchr(p, '\n', b.n - (size_t)(p - b.p)))) {
        size_t at = (size_t)(++p - b.p);
        if (at < b.n && *p == '\n')
            return at + 1;
        if (at + 1 < b.n && p[0] == '\r' && p[1] == '\n')
            return at + 2;
    }
    return 0;
}

const struct strbuf *imap_message_header(struct imap_message *m)
{
    if (m->has_header)
        return &m->header;
    int fd = imap_message_fd(m);
    if (fd < 0)
        return NULL;
    strbuf_clear(&m->header);
    for (;;) {
        size_t had = m->header.len, size = HEADER_PIECE + had;
        if (size > MESSAGE_HEADER_MAX - had)
            size = MESSAGE_HEADER_MAX - had;
        char *room = strbuf_room(&m->header, size);
        ssize_t n = room ? fs_pread_all(fd, room, size, (off_t)had) : 0;
        if (n < 0) {
            err_errno(&m->err, errno, "message with UID %u", m->uid);
            return NULL;
        }
        strbuf_extend(&m->header, (size_t)n);
        size_t length = header_length(strbuf_bytes(&m->header), had > 2 ? had - 2 : 0);
        if (length)
            strbuf_truncate(&m->header, length);
        if (length || (size_t)n < size || size == 0)
            break;
    }
    m->has_header = true;
    return &m->header;
}

/* The header lies at the start of what is read anyway. */
static void keep_header(struct imap_message *m, struct bytes start)
{
    size_t length = m->has_header ? 0 : header_length(start, 0);
    if (!length)
        return;
    strbuf_clear(&m->header);
    m->has_header = strbuf_add(&m->header, start.p, length);
}

static int read_tree(struct imap_message *m, struct mime_parser *parser, char *piece)
{
    for (off_t at = 0; at < m->st.st_size;) {
        size_t want = m->st.st_size - at < TREE_PIECE ? (size_t)(m->st.st_size - at) : TREE_PIECE;
        ssize_t n = fs_pread_all(m->fd, piece, want, at);
        if (n <= 0)
            return (int)n;
        if (at == 0)
            keep_header(m, bytes_from(piece, (size_t)n));
        mime_parser_feed(parser, piece, (size_t)n);
        at += n;
    }
    return 0;
}

const struct mime_part *imap_message_tree(struct imap_message *m)
{
    int fd = m->tree ? m->fd : imap_message_fd(m);
    if (m->tree || fd < 0)
        return m->tree;
    struct mime_parser *parser = mime_parser_new();
    char *piece = xrealloc(NULL, TREE_PIECE, 1);
    if (read_tree(m, parser, piece)) {
        err_errno(&m->err, errno, "message with UID %u", m->uid);
        mime_parser_abort(parser);
    } else
        m->tree = mime_parser_finish(parser);
    free(piece);
    return m->tree;
}

int imap_message_part_header(struct imap_message *m, const struct mime_part *part, struct strbuf *out)
{
    int fd = imap_message_fd(m);
    uint64_t size = part->header_end - part->header_start;
    if (size > MESSAGE_HEADER_MAX)
        size = MESSAGE_HEADER_MAX;
    if (fd < 0)
        return -1;
    char *room = strbuf_room(out, (size_t)size);
    if (!room)
        return err_set(&m->err, ERR_LIMIT, "header of a part of the message with UID %u is too large",
                       m->uid);
    ssize_t n = fs_pread_all(fd, room, (size_t)size, (off_t)part->header_start);
    if (n < 0)
        return err_errno(&m->err, errno, "message with UID %u", m->uid);
    strbuf_extend(out, (size_t)n);
    return 0;
}

struct wire_reader *imap_message_wire(struct imap_message *m, uint64_t start, uint64_t end, uint64_t at)
{
    int fd = imap_message_fd(m);
    if (fd < 0)
        return NULL;
    if (m->wire_open && (m->wire.start != start || m->wire.end != end)) {
        wire_close(&m->wire);
        m->wire_open = false;
    }
    if (!m->wire_open)
        wire_open(&m->wire, fd, start, end);
    m->wire_open = true;
    if (wire_seek(&m->wire, at)) {
        err_errno(&m->err, errno, "message with UID %u", m->uid);
        return NULL;
    }
    return &m->wire;
}
