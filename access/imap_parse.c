/*
 * imap_parse.c - one state machine over bytes; see imap_parse.h.
 *
 * states, in the order of a command's life:
 *   BETWEEN   a token, a blank or the end of the line may come (start of line and after a blank or "(")
 *   AFTER     a token has ended: blank, ")" or the end of the line
 *   AFTER_LIST  the same behind a list, where "]" may follow too
 *   ATOM      in an atom                 QUOTED, ESCAPE  in a quoted string
 *   LIT_SIZE  in "{123+}", "~{123+}"     LIT_CR, LIT_LF  behind it, before its line end
 *   LIT_DATA  `remaining` octets of it   STREAM          the caller reads a literal himself
 *   CR        CR seen: LF must follow    FINISHED        DONE or BAD was reported: reset first
 *   SKIP_LINE refused: throw the line away     SKIP_LIT  refused: throw `remaining` octets away, then
 * SKIP_LINE
 *
 * A refused line is watched for "{n+}" at its end only: the n octets belong to it whatever was wrong.
 */
#include "access/imap_parse.h"

#include "base/cleanup.h"
#include "base/text.h"

enum state {
    BETWEEN,
    AFTER,
    AFTER_LIST,
    ATOM,
    QUOTED,
    ESCAPE,
    LIT_SIZE,
    LIT_CR,
    LIT_LF,
    LIT_DATA,
    STREAM,
    CR,
    FINISHED,
    SKIP_LINE,
    SKIP_LIT,
};

#define TEXT_KEEP        (64 * 1024) /* memory that stays for the next command */
#define TOKENS_KEEP      1024
#define LITERAL_SIZE_MAX UINT32_MAX

const struct imap_parse_limits imap_parse_before_login = {
    .line_max = 8 * 1024,
    .tokens_max = 64,
    .literal_max = 8 * 1024,
    .literal_nonsync_max = 4096,
    .literals_max = 16 * 1024,
};

const struct imap_parse_limits imap_parse_after_login = {
    .line_max = 8 * 1024 * 1024, /* sets of 100,000 UIDs and more without a range */
    .tokens_max = 20000,
    .literal_max = 256 * 1024,
    .literal_nonsync_max = 256 * 1024,
    .literals_max = 1024 * 1024,
    .streams = true,
    .utf8 = true,
};

void imap_parse_init(struct imap_parse *p, const struct imap_parse_limits *limits)
{
    *p = (struct imap_parse){.limits = *limits};
    strbuf_init(&p->text, limits->line_max + limits->literals_max);
}

void imap_parse_done(struct imap_parse *p)
{
    strbuf_done(&p->text);
    free(p->tokens);
    p->tokens = NULL;
    p->ntokens = p->tokens_size = 0;
}

void imap_parse_reset(struct imap_parse *p)
{
    if (p->text.size > TEXT_KEEP)
        strbuf_done(&p->text);
    strbuf_clear(&p->text);
    if (p->tokens_size > TOKENS_KEEP) {
        free(p->tokens);
        p->tokens = NULL;
        p->tokens_size = 0;
    }
    p->ntokens = p->depth = p->tail_len = 0;
    p->error = p->error_code = NULL;
    p->line_len = 0;
    p->literals_len = p->remaining = 0;
    p->state = BETWEEN;
}

bool imap_parse_idle(const struct imap_parse *p)
{
    return p->state == BETWEEN && p->ntokens == 0 && p->line_len == 0;
}

/* From here to the end of the line nothing counts. */
static void refuse(struct imap_parse *p, const char *why)
{
    if (!p->error)
        p->error = why;
    p->state = SKIP_LINE;
}

static struct imap_token *add_token(struct imap_parse *p, enum imap_token_type type, bool glued)
{
    if (p->ntokens >= p->limits.tokens_max) {
        refuse(p, "Too many arguments");
        return NULL;
    }
    if (p->ntokens == p->tokens_size) {
        p->tokens_size = p->tokens_size ? p->tokens_size * 2 : 16;
        p->tokens = xrealloc(p->tokens, p->tokens_size, sizeof(*p->tokens));
    }
    struct imap_token *t = &p->tokens[p->ntokens++];
    *t = (struct imap_token){.type = (uint8_t)type, .glued = glued, .end = p->ntokens, .at = p->text.len};
    return t;
}

static void close_list(struct imap_parse *p)
{
    if (p->depth == 0) {
        refuse(p, "Closing parenthesis without an opening one");
        return;
    }
    p->tokens[p->open[--p->depth]].end = p->ntokens;
    p->state = AFTER_LIST;
}

static void open_list(struct imap_parse *p)
{
    if (p->depth == IMAP_PARSE_DEPTH_MAX) {
        refuse(p, "Parentheses are nested too deep");
        return;
    }
    if (add_token(p, IMAP_LIST, false)) {
        p->open[p->depth++] = p->ntokens - 1;
        p->state = BETWEEN;
    }
}

static bool atom_char(unsigned char c)
{
    return c > ' ' && c < 0x7f && c != '(' && c != ')' && c != '{' && c != '"';
}

static struct imap_token *last_token(struct imap_parse *p)
{
    return &p->tokens[p->ntokens - 1];
}

static void start_literal(struct imap_parse *p, bool binary)
{
    p->state = LIT_SIZE;
    p->number = 0;
    p->digits = p->plus = false;
    p->binary = binary;
}

static void start_atom(struct imap_parse *p, char c, bool glued)
{
    if (add_token(p, IMAP_ATOM, glued)) {
        p->state = ATOM;
        strbuf_addc(&p->text, c);
        last_token(p)->len = 1;
    }
}

static void step_between(struct imap_parse *p, unsigned char c)
{
    if (c == ' ')
        return;
    if (c == '(')
        open_list(p);
    else if (c == ')')
        close_list(p);
    else if (c == '"')
        p->state = add_token(p, IMAP_QUOTED, false) ? QUOTED : p->state;
    else if (c == '{')
        start_literal(p, false);
    else if (c == '\r')
        p->state = CR;
    else if (atom_char(c))
        start_atom(p, (char)c, false);
    else
        refuse(p, c >= 0x7f ? "8-bit characters are allowed in quoted strings and literals only"
                            : "Control character in a command");
}

static void step_after(struct imap_parse *p, unsigned char c)
{
    if (c == ' ')
        p->state = BETWEEN;
    else if (c == ')')
        close_list(p);
    else if (c == '\r')
        p->state = CR;
    else if (c == ']' && p->state == AFTER_LIST)
        start_atom(p, ']', true);
    else
        refuse(p, "A space is missing between two arguments");
}

/* An atom has ended. If it is "~", a literal8 begins. */
static void step_atom_end(struct imap_parse *p, unsigned char c)
{
    const struct imap_token *atom = last_token(p);
    if (c == '{' && atom->len == 1 && !atom->glued && p->text.data[atom->at] == '~') {
        strbuf_truncate(&p->text, atom->at);
        p->ntokens--;
        start_literal(p, true);
    } else {
        p->state = AFTER;
        step_after(p, c);
    }
}

static void end_quoted(struct imap_parse *p)
{
    p->state = AFTER;
    if (p->limits.utf8 && !utf8_valid(imap_token_text(p, p->ntokens - 1)))
        refuse(p, "A quoted string is not UTF-8");
}

static void step_quoted(struct imap_parse *p, unsigned char c)
{
    if (c == '"')
        end_quoted(p);
    else if (c == '\\')
        p->state = ESCAPE;
    else if (c == '\0' || c == '\r')
        refuse(p, c ? "A quoted string is not closed" : "NUL in a quoted string");
    else {
        strbuf_addc(&p->text, (char)c);
        last_token(p)->len++;
    }
}

static void step_escape(struct imap_parse *p, unsigned char c)
{
    if (c != '"' && c != '\\') {
        refuse(p, "Only \\\" and \\\\ are allowed after a backslash in a quoted string");
        return;
    }
    strbuf_addc(&p->text, (char)c);
    last_token(p)->len++;
    p->state = QUOTED;
}

static void step_literal_size(struct imap_parse *p, unsigned char c)
{
    if (ascii_digit((char)c) && !p->plus && p->number <= LITERAL_SIZE_MAX) {
        p->number = p->number * 10 + (unsigned)(c - '0');
        p->digits = true;
    } else if (c == '+' && p->digits && !p->plus)
        p->plus = true;
    else if (c == '}' && p->digits)
        p->state = LIT_CR;
    else
        refuse(p, "A literal is announced as {octets} or {octets+}");
}

static bool literal_too_big(const struct imap_parse *p)
{
    uint64_t max = p->plus ? p->limits.literal_nonsync_max : p->limits.literal_max;
    return p->number > max || p->literals_len + p->number > p->limits.literals_max;
}

/* The line that announces a literal has ended. */
static enum imap_parse_event literal_begins(struct imap_parse *p)
{
    if (imap_parse_streams(p)) {
        p->stream_size = p->number;
        p->stream_sync = !p->plus;
        p->stream_binary = p->binary;
        p->state = STREAM;
        return IMAP_PARSE_STREAM;
    }
    p->remaining = p->number;
    if (literal_too_big(p)) {
        p->error = "The literal is too large";
        p->error_code = "TOOBIG";
        p->state = p->plus ? SKIP_LIT : FINISHED;
        if (p->plus && p->number > IMAP_LITERAL_SKIP_MAX)
            return IMAP_PARSE_FATAL;
        return p->plus ? IMAP_PARSE_MORE : IMAP_PARSE_BAD;
    }
    p->literals_len += p->number;
    if (!add_token(p, p->binary ? IMAP_LITERAL8 : IMAP_LITERAL, false)) {
        p->state = p->plus ? SKIP_LIT : FINISHED;
        return p->plus ? IMAP_PARSE_MORE : IMAP_PARSE_BAD;
    }
    p->state = p->number ? LIT_DATA : AFTER;
    return p->plus ? IMAP_PARSE_MORE : IMAP_PARSE_CONTINUE;
}

/* A refused line has ended. If it ends in {n+}, n octets follow that belong to it. */
static enum imap_parse_event skipped_line(struct imap_parse *p)
{
    unsigned n = p->tail_len;
    p->tail_len = 0;
    p->state = FINISHED;
    if (n < 4 || p->tail[n - 1] != '}' || p->tail[n - 2] != '+')
        return IMAP_PARSE_BAD;
    unsigned start = n - 2;
    while (start > 0 && ascii_digit(p->tail[start - 1]))
        start--;
    uint64_t size;
    if (start == 0 || p->tail[start - 1] != '{') /* more digits than any literal has: only "{" is not seen */
        return start == 0 ? IMAP_PARSE_FATAL : IMAP_PARSE_BAD;
    if (start == n - 2)
        return IMAP_PARSE_BAD;
    if (!bytes_to_u64(bytes_from(p->tail + start, n - 2 - start), IMAP_LITERAL_SKIP_MAX, &size))
        return IMAP_PARSE_FATAL;
    p->remaining = size;
    p->state = SKIP_LIT;
    return IMAP_PARSE_MORE;
}

static void keep_tail(struct imap_parse *p, char c)
{
    if (p->tail_len == sizeof(p->tail))
        memmove(p->tail, p->tail + 1, --p->tail_len);
    p->tail[p->tail_len++] = c;
}

static enum imap_parse_event end_of_command(struct imap_parse *p)
{
    p->state = FINISHED;
    if (!p->error && p->depth > 0)
        p->error = "A parenthesis is not closed";
    if (!p->error && p->ntokens == 0)
        p->error = "Empty line where a command was expected";
    if (!p->error && imap_parse_tag(p).p[0] == '*')
        p->error = "A command begins with a tag of at most 128 letters and digits";
    if (!p->error && (p->ntokens < 2 || p->tokens[1].type != IMAP_ATOM))
        p->error = "The tag must be followed by a command";
    return p->error ? IMAP_PARSE_BAD : IMAP_PARSE_DONE;
}

/* A line feed ends the line in every state but within literals. A bare one is taken for CRLF, as all servers
 * do. */
static enum imap_parse_event line_feed(struct imap_parse *p)
{
    switch (p->state) {
    case LIT_CR:
    case LIT_LF:
        p->tail_len = 0;
        return literal_begins(p);
    case BETWEEN:
    case AFTER:
    case AFTER_LIST:
    case ATOM:
    case CR:
        return end_of_command(p);
    case QUOTED:
    case ESCAPE:
        p->error = "A quoted string is not closed";
        break;
    case LIT_SIZE:
        p->error = "A literal is announced as {octets} or {octets+}";
        break;
    default:
        break;
    }
    return skipped_line(p);
}

static void step(struct imap_parse *p, unsigned char c)
{
    switch (p->state) {
    case BETWEEN:
        step_between(p, c);
        break;
    case ATOM:
        if (!atom_char(c)) {
            step_atom_end(p, c);
            break;
        }
        strbuf_addc(&p->text, (char)c);
        last_token(p)->len++;
        break;
    case AFTER:
    case AFTER_LIST:
        step_after(p, c);
        break;
    case QUOTED:
        step_quoted(p, c);
        break;
    case ESCAPE:
        step_escape(p, c);
        break;
    case LIT_SIZE:
        step_literal_size(p, c);
        break;
    case LIT_CR:
        p->state = LIT_LF;
        if (c != '\r')
            refuse(p, "The announcement of a literal must end its line");
        break;
    default: /* CR, LIT_LF: only a line feed may follow */
        refuse(p, "CR without LF");
        break;
    }
}

/* Octets of a literal, kept or thrown away. */
static size_t take_octets(struct imap_parse *p, struct bytes in)
{
    size_t n = in.n < p->remaining ? in.n : (size_t)p->remaining;
    if (p->state == LIT_DATA) {
        strbuf_add(&p->text, in.p, n);
        last_token(p)->len += n;
        if (!p->binary && memchr(in.p, '\0', n) && !p->error)
            p->error = "NUL in a literal";
    }
    p->remaining -= n;
    if (p->remaining == 0)
        p->state = p->error ? SKIP_LINE : AFTER;
    return n;
}

/* The rest of an atom at once: sets of UIDs are long. */
static size_t take_run(struct imap_parse *p, struct bytes in)
{
    size_t n = 0, room = p->limits.line_max - p->line_len;
    if (p->tail_len) /* what is looked for at the end of a refused line may have begun */
        return 0;
    while (n < in.n && n < room && atom_char((unsigned char)in.p[n]))
        n++;
    strbuf_add(&p->text, in.p, n);
    last_token(p)->len += n;
    p->line_len += n;
    return n;
}

static enum imap_parse_event take_char(struct imap_parse *p, char c)
{
    if (c == '\n')
        return line_feed(p);
    if (p->state != SKIP_LINE) {
        if (++p->line_len > p->limits.line_max)
            refuse(p, "The command line is too long");
        else
            step(p, (unsigned char)c);
    }
    if (c != '\r') {
        if (c == '{' || p->tail_len)
            keep_tail(p, c);
    }
    return IMAP_PARSE_MORE;
}

size_t imap_parse_feed(struct imap_parse *p, struct bytes in, enum imap_parse_event *event)
{
    size_t used = 0;
    *event = IMAP_PARSE_MORE;
    while (used < in.n && *event == IMAP_PARSE_MORE && p->state != STREAM && p->state != FINISHED) {
        if (p->state == LIT_DATA || p->state == SKIP_LIT) {
            if (p->remaining)
                used += take_octets(p, bytes_skip(in, used));
            else
                p->state = SKIP_LINE;
            continue;
        }
        if (p->state == ATOM)
            used += take_run(p, bytes_skip(in, used));
        if (used < in.n)
            *event = take_char(p, in.p[used++]);
    }
    return used;
}

void imap_parse_streamed(struct imap_parse *p)
{
    p->state = AFTER;
    p->tail_len = 0;
}

void imap_parse_refuse(struct imap_parse *p, uint64_t left, const char *why)
{
    p->error = why;
    p->remaining = left;
    p->tail_len = 0;
    p->state = SKIP_LIT;
}
