/*
 * message_mime.c - the tree of parts of a message (RFC 2046), built while the message goes past.
 *
 * Line by line; a line may come in any number of pieces. Kept in memory: the tree, the field that is being
 * read if it is a Content- field, and the beginning of a line that may be a boundary. All parts that are open
 * stand on a stack as high as the tree is deep:
 *
 *     line                            what happens
 *     ------------------------------  -------------------------------------------------------------------
 *     --B of an open multipart        all parts above that multipart end, its next part begins
 *     --B-- of an open multipart      all parts above it end; until it ends itself, it has no more boundary
 *     empty, in a header              the body begins; that of message/rfc822 is a header again
 *     end of the message              all parts end
 *
 * Innermost boundaries are tried first. The line end before a boundary belongs to the boundary; a part that
 * ends in its header has no body. Blanks behind a boundary are padding; any other text there means that this
 * is no boundary.
 *
 * A multipart without a boundary, without parts or too deep is shown as text/plain, a message too deep as
 * application/octet-stream. When there are MESSAGE_PARTS_MAX parts, no line begins another.
 */
#include "maildir/message_part.h"

#include "base/cleanup.h"

#include <stdlib.h>

enum {
    BOUNDARY_MAX = 1000,          /* octets; RFC 2046 has 70 */
    LINE_KEPT = BOUNDARY_MAX + 8, /* octets of a line that are kept: a boundary with its hyphens */
    LINE_ROOM = 128,              /* octets of a line and of a field for which no memory is asked */
    FIELD_ROOM = 512,
    FIELD_MAX = 64 * 1024,     /* octets of a field that are kept */
    TREE_PARAMS_MAX = 50000,   /* parameters of all parts */
    TREE_OCTETS_MAX = 8 << 20, /* octets of all strings of the tree */
};

/* A place in the message. */
struct mark {
    uint64_t at;    /* offset */
    uint64_t bare;  /* LF without CR before it */
    uint64_t lines; /* LF */
};

struct open_part {
    struct mime_part *part;
    struct bytes boundary; /* points into the part's parameters; empty: none */
    struct mark header, body;
};

struct mime_parser {
    struct mime_part *root;
    unsigned nparts;
    struct open_part *open; /* all that are open, the root first */
    unsigned open_size;
    unsigned depth;       /* index of the innermost open part */
    unsigned nboundaries; /* open parts that have one */
    bool in_header;
    struct message_budget budget;
    /* the line that is being read */
    struct mark line_start, before; /* before: where the line before it ended, without its line end */
    uint64_t line_len;
    char last;          /* its last octet */
    struct strbuf line; /* at most LINE_KEPT octets of it */
    bool rest_blank;    /* what did not fit into `line` is blanks only */
    /* the header that is being read */
    struct strbuf field;
    bool field_wanted;
    uint64_t header_len;
    char line_room[LINE_ROOM], field_room[FIELD_ROOM];
};

static struct open_part *innermost(struct mime_parser *p)
{
    return &p->open[p->depth];
}

/* ---- parts begin and end ---- */

static struct mime_part *part_new(struct mime_parser *p, struct mime_part *parent)
{
    struct mime_part *part = xcalloc(1, sizeof(*part));
    part->parent = parent;
    p->nparts++;
    if (!parent)
        return part;
    if (parent->last_child)
        parent->last_child->next = part;
    else
        parent->first_child = part;
    parent->last_child = part;
    parent->nchildren++;
    return part;
}

/* A part whose header begins here becomes the innermost. */
static void part_open(struct mime_parser *p, struct mark at)
{
    struct mime_part *parent = p->root ? innermost(p)->part : NULL;
    struct mime_part *part = part_new(p, parent);
    if (parent)
        p->depth++;
    else
        p->root = part;
    if (p->depth == p->open_size) {
        p->open_size = p->open_size ? 2 * p->open_size : 4;
        p->open = xrealloc(p->open, p->open_size, sizeof(*p->open));
    }
    *innermost(p) = (struct open_part){.part = part, .header = at};
    part->header_start = at.at;
    p->in_header = true;
    p->header_len = 0;
    p->field_wanted = false;
    strbuf_clear(&p->field);
}

static void field_end(struct mime_parser *p)
{
    if (p->field_wanted)
        part_field(innermost(p)->part, strbuf_bytes(&p->field), &p->budget);
    p->field_wanted = false;
    strbuf_clear(&p->field);
}

static bool is_encoded(const struct mime_part *part)
{
    return part->encoding && (bytes_eq_nocase(bytes_of(part->encoding), BYTES("base64")) ||
                              bytes_eq_nocase(bytes_of(part->encoding), BYTES("quoted-printable")));
}

/* Is its content a message? message/global may be encoded, then it is not looked into. */
static bool holds_message(const struct mime_part *part)
{
    return part_is(part, "message", "rfc822") || (part_is(part, "message", "global") && !is_encoded(part));
}

static struct bytes boundary_of(const struct mime_part *part)
{
    const char *value = mime_param(part->params, part->nparams, "boundary");
    struct bytes boundary = bytes_of(value ? value : "");
    while (boundary.n && (boundary.p[boundary.n - 1] == ' ' || boundary.p[boundary.n - 1] == '\t'))
        boundary.n--;
    return boundary.n <= BOUNDARY_MAX ? boundary : BYTES("");
}

/* The innermost part's header has ended. */
static void header_ended(struct mime_parser *p, struct mark at)
{
    struct open_part *open = innermost(p);
    struct mime_part *part = open->part;
    bool may_nest = p->depth < MESSAGE_DEPTH_MAX && p->nparts < MESSAGE_PARTS_MAX;
    field_end(p);
    part_defaults(part);
    open->body = at;
    part->header_end = part->body_start = at.at;
    part->crlf_header = at.at - open->header.at + at.bare - open->header.bare;
    p->in_header = false;
    if (part_is(part, "multipart", NULL)) {
        struct bytes boundary = boundary_of(part);
        if (!may_nest || boundary.n == 0) {
            part_retype(part, "text", "plain");
            return;
        }
        part->multipart = true;
        open->boundary = boundary;
        p->nboundaries++;
    } else if (holds_message(part)) {
        if (!may_nest) {
            part_retype(part, "application", "octet-stream");
            return;
        }
        part->rfc822 = true;
        part_open(p, at);
    }
}

static void boundary_drop(struct mime_parser *p, struct open_part *open)
{
    if (open->boundary.n)
        p->nboundaries--;
    open->boundary = BYTES("");
}

static struct mark mark_max(struct mark a, struct mark b)
{
    return a.at > b.at ? a : b;
}

/* The innermost part ends at this place, or where its body begins if that is behind it: an empty line may be
 * both the end of a header and the line end before a boundary. Returns the place, for the parts around it. */
static struct mark part_close(struct mime_parser *p, struct mark at)
{
    struct open_part *open = innermost(p);
    struct mime_part *part = open->part;
    at = mark_max(at, open->body);
    part->body_end = at.at;
    part->crlf_body = at.at - open->body.at + at.bare - open->body.bare;
    part->body_lines = at.lines - open->body.lines;
    boundary_drop(p, open);
    if (part->multipart && !part->first_child)
        part_retype(part, "text", "plain");
    return at;
}

/* All parts above this depth end. Headers first: a header that ends here may open one more part. */
static void close_above(struct mime_parser *p, unsigned depth, struct mark at)
{
    while (p->in_header)
        header_ended(p, mark_max(at, innermost(p)->header));
    for (; p->depth > depth; p->depth--)
        at = part_close(p, at);
}

/* ---- lines ---- */

/* The index of the open part whose boundary this line is, or -1. */
static int find_boundary(const struct mime_parser *p, struct bytes line, bool *last)
{
    for (int i = (int)p->depth; i >= 0; i--) {
        struct bytes boundary = p->open[i].boundary;
        *last = line.n == boundary.n + 2;
        if (boundary.n == 0 || (!*last && line.n != boundary.n) ||
            memcmp(line.p, boundary.p, boundary.n) != 0)
            continue;
        if (!*last || bytes_eq(bytes_skip(line, boundary.n), BYTES("--")))
            return i;
    }
    return -1;
}

/* What is kept of the line without hyphens, padding and line end; empty if it cannot be a boundary. */
static struct bytes boundary_line(const struct mime_parser *p)
{
    struct bytes line = strbuf_bytes(&p->line);
    if (p->nboundaries == 0 || line.n < 3 || line.p[0] != '-' || line.p[1] != '-')
        return BYTES("");
    if (p->line_len > p->line.len && !p->rest_blank)
        return BYTES("");
    line = bytes_skip(line, 2);
    while (line.n && strchr(" \t\r", line.p[line.n - 1]) && line.p[line.n - 1])
        line.n--;
    return line;
}

/* Returns whether the line is a boundary, after doing what it says. next: where the line behind it begins. */
static bool boundary_step(struct mime_parser *p, struct mark next)
{
    struct bytes line = boundary_line(p);
    bool last;
    int i = line.n ? find_boundary(p, line, &last) : -1;
    if (i < 0 || (!last && p->nparts >= MESSAGE_PARTS_MAX))
        return false;
    close_above(p, (unsigned)i, p->before);
    if (last)
        boundary_drop(p, &p->open[i]);
    else
        part_open(p, next);
    return true;
}

/* A line of a header has ended. Its octets are at the end of `field`, if it may be of use. */
static void header_line(struct mime_parser *p, struct mark next)
{
    if (p->line_len == 0 || (p->line_len == 1 && p->last == '\r'))
        header_ended(p, next);
}

/* In a header, before the first octets of a line: does it go on with the field? */
static void header_line_starts(struct mime_parser *p, char first)
{
    if (first == ' ' || first == '\t')
        return;
    field_end(p);
    p->field_wanted = p->header_len < MESSAGE_HEADER_MAX && (first == 'C' || first == 'c');
}

static void add_capped(struct strbuf *sb, struct bytes b, size_t max)
{
    size_t room = sb->len < max ? max - sb->len : 0;
    strbuf_add(sb, b.p, b.n < room ? b.n : room);
}

/* Keep of the line what may be a boundary. */
static void keep_line(struct mime_parser *p, struct bytes piece)
{
    size_t room = LINE_KEPT - p->line.len;
    size_t n = piece.n < room ? piece.n : room;
    strbuf_add(&p->line, piece.p, n);
    for (size_t i = n; i < piece.n && p->rest_blank; i++)
        p->rest_blank = piece.p[i] == ' ' || piece.p[i] == '\t' || piece.p[i] == '\r';
}

/* Some octets of a line, without the LF. */
static void line_piece(struct mime_parser *p, struct bytes piece)
{
    if (piece.n == 0)
        return;
    if (p->in_header) {
        if (p->line_len == 0)
            header_line_starts(p, piece.p[0]);
        if (p->field_wanted)
            add_capped(&p->field, piece, FIELD_MAX);
        p->header_len += piece.n;
    }
    if (p->nboundaries && (p->line.len == 0 ? p->line_len == 0 && piece.p[0] == '-' : p->rest_blank))
        keep_line(p, piece);
    p->line_len += piece.n;
    p->last = piece.p[piece.n - 1];
}

/* The line ends at `end`, its line end not counted; the next one begins at `next`. */
static void line_end(struct mime_parser *p, struct mark end, struct mark next)
{
    if (p->field_wanted)
        add_capped(&p->field, BYTES("\n"), FIELD_MAX + 1);
    if (!boundary_step(p, next) && p->in_header)
        header_line(p, next);
    p->before = end;
    p->line_start = next;
    p->line_len = 0;
    p->last = '\0';
    strbuf_clear(&p->line);
    p->rest_blank = true;
}

static void line_feed(struct mime_parser *p)
{
    bool cr = p->line_len && p->last == '\r';
    struct mark end = p->line_start, next;
    end.at += p->line_len;
    next = (struct mark){.at = end.at + 1, .bare = end.bare + !cr, .lines = end.lines + 1};
    end.at -= cr;
    line_end(p, end, next);
}

/* ---- outside ---- */

struct mime_parser *mime_parser_new(void)
{
    struct mime_parser *p = xcalloc(1, sizeof(*p));
    p->budget = (struct message_budget){.params = TREE_PARAMS_MAX, .octets = TREE_OCTETS_MAX};
    p->rest_blank = true;
    p->line = (struct strbuf)STRBUF_LENT(p->line_room, LINE_KEPT);
    p->field = (struct strbuf)STRBUF_LENT(p->field_room, FIELD_MAX + 1);
    part_open(p, (struct mark){0});
    return p;
}

/* Whole lines of a body that can be no boundary, which is most of all lines: only counted. */
static struct bytes skip_lines(struct mime_parser *p, struct bytes in)
{
    const char *at = in.p, *end = in.p + in.n, *lf;
    struct mark mark = p->line_start, before = p->before;
    bool hyphen = p->nboundaries > 0;
    while (at < end && !(hyphen && *at == '-') && (lf = memchr(at, '\n', (size_t)(end - at)))) {
        bool cr = lf > at && lf[-1] == '\r';
        before = mark;
        before.at += (uint64_t)(lf - at) - cr;
        mark.at += (uint64_t)(lf + 1 - at);
        mark.bare += !cr;
        mark.lines++;
        at = lf + 1;
    }
    p->line_start = mark;
    p->before = before;
    return bytes_from(at, (size_t)(end - at));
}

void mime_parser_feed(struct mime_parser *parser, const void *data, size_t n)
{
    for (struct bytes in = {data, n}; in.n;) {
        if (!parser->in_header && parser->line_len == 0)
            in = skip_lines(parser, in);
        if (!in.n)
            return;
        struct bytes piece = {in.p, bytes_index(in, '\n')};
        line_piece(parser, piece);
        if (piece.n < in.n)
            line_feed(parser);
        in = bytes_skip(in, piece.n + 1);
    }
}

struct mime_part *mime_parser_finish(struct mime_parser *parser)
{
    struct mark end = parser->line_start;
    end.at += parser->line_len;
    if (parser->line_len)
        line_end(parser, end, end);
    close_above(parser, 0, end);
    part_close(parser, end);
    struct mime_part *root = TAKE_PTR(parser->root);
    mime_parser_abort(parser);
    return root;
}

void mime_parser_abort(struct mime_parser *parser)
{
    if (!parser)
        return;
    mime_free(parser->root);
    strbuf_done(&parser->line);
    strbuf_done(&parser->field);
    free(parser->open);
    free(parser);
}
