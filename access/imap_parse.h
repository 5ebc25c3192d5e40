/*
 * imap_parse.h - the command parser of IMAP, one for the time before and the time after login. Pure.
 *
 * Bytes go in, cut anywhere; events come out. A command becomes a flat tree of tokens: tokens[0] is the tag,
 * tokens[1] the command's name, and a list at i holds the tokens i + 1 up to tokens[i].end. Every size is
 * bounded by imap_parse_limits.
 *
 *     imap_parse_init(&p, &limits);
 *     for (;;) { used = imap_parse_feed(&p, input, &event); drop `used` bytes;
 *                on DONE, BAD: answer, imap_parse_reset(&p) }
 *
 * A refused command never leaves bytes behind that could be taken for commands: octets of non-synchronising
 * literals are read and thrown away, those of synchronising ones are not asked for.
 */
#ifndef ACCESS_IMAP_PARSE_H
#define ACCESS_IMAP_PARSE_H

#include "base/strbuf.h"

#define IMAP_PARSE_DEPTH_MAX  50         /* nested parentheses */
#define IMAP_PARSE_TAG_MAX    128        /* octets of a tag */
#define IMAP_LITERAL_SKIP_MAX (64 << 20) /* octets of a refused literal that are read and thrown away */

struct imap_parse_limits {
    size_t line_max;              /* octets of a command without its literals */
    unsigned tokens_max;          /* tokens of a command */
    uint64_t literal_max;         /* octets of one literal */
    uint64_t literal_nonsync_max; /* the same for {n+}: 4096 where LITERAL- is announced */
    uint64_t literals_max;        /* octets of all literals of a command */
    bool streams;                 /* messages to be stored (of APPEND, REPLACE) are not held in memory but
                                     reported as IMAP_PARSE_STREAM */
    bool utf8;                    /* a quoted string with 8-bit octets must be UTF-8 (RFC 6855 section 3) */
};

extern const struct imap_parse_limits imap_parse_before_login, imap_parse_after_login;

enum imap_token_type {
    IMAP_ATOM,
    IMAP_QUOTED,
    IMAP_LITERAL,
    IMAP_LITERAL8, /* ~{...} (RFC 3516): may hold NUL */
    IMAP_LIST
};

struct imap_token {
    uint8_t type;   /* enum imap_token_type */
    bool glued;     /* no blank before it: only "]..." behind a list, as in BODY[HEADER.FIELDS (TO)]<0.9> */
    unsigned end;   /* index behind it and all that it holds */
    size_t at, len; /* its text in imap_parse.text, unescaped */
};

enum imap_parse_event {
    IMAP_PARSE_MORE,     /* everything was used up: feed more */
    IMAP_PARSE_CONTINUE, /* a synchronising literal is coming: send "+ ", then feed more */
    IMAP_PARSE_STREAM,   /* a streamed literal of stream_size octets follows (stream_sync: after "+ "): the
                            caller reads it himself, then calls imap_parse_streamed; or imap_parse_refuse. It
                            leaves no token; what stands before it on the line does */
    IMAP_PARSE_DONE,     /* a whole command */
    IMAP_PARSE_BAD,      /* a broken command, wholly consumed: `error` says why */
    IMAP_PARSE_FATAL,    /* a refused literal is too large to be skipped: end the session */
};

struct imap_parse {
    struct imap_parse_limits limits;
    struct imap_token *tokens;
    unsigned ntokens, tokens_size;
    struct strbuf text;
    const char *error;      /* static text, NULL while all is well */
    const char *error_code; /* response code that goes with it ("TOOBIG"), or NULL */
    uint64_t stream_size;
    bool stream_sync, stream_binary; /* binary: it is a literal8 */
    /* inside */
    int state;
    size_t line_len;                     /* octets so far, without literals */
    uint64_t literals_len;               /* octets of literals so far */
    unsigned open[IMAP_PARSE_DEPTH_MAX]; /* lists not yet closed */
    unsigned depth;
    uint64_t number; /* of a literal's announcement */
    bool digits, plus, binary;
    uint64_t remaining; /* octets of the current literal */
    char tail[24];      /* end of a line that is being skipped */
    unsigned tail_len;
};

void imap_parse_init(struct imap_parse *p, const struct imap_parse_limits *limits);
void imap_parse_done(struct imap_parse *p);
/* Ready for the next command. Gives back memory that an unusually large command took. */
void imap_parse_reset(struct imap_parse *p);
/* Feed bytes; returns how many were used. Only MORE guarantees that all were. */
size_t imap_parse_feed(struct imap_parse *p, struct bytes in, enum imap_parse_event *event);
/* The streamed literal has been read: go on behind it. */
void imap_parse_streamed(struct imap_parse *p);
/* After STREAM: do not want it. Throws away what the client sends in any case; BAD or FATAL follows on a
 * later feed with `error` = why. `left` octets of the literal are still to come. For a synchronising literal
 * that was not asked for, call imap_parse_reset instead: nothing more of the command will come. */
void imap_parse_refuse(struct imap_parse *p, uint64_t left, const char *why);
/* Nothing of a command has been read. */
bool imap_parse_idle(const struct imap_parse *p);
/* The literal that was announced is a message of APPEND or REPLACE, or a piece of one in CATENATE (TEXT {n}) or UTF8 (~{n}). */
bool imap_parse_streams(const struct imap_parse *p);
/* The list at token i goes on: more of it may come. */
bool imap_parse_is_open(const struct imap_parse *p, unsigned i);

static inline struct bytes imap_token_text(const struct imap_parse *p, unsigned i)
{
    return (struct bytes){p->text.data + p->tokens[i].at, p->tokens[i].len};
}

/* The tag if one was read and is well-formed, else "*". */
struct bytes imap_parse_tag(const struct imap_parse *p);
/* The command's name, empty if there is none. */
struct bytes imap_parse_name(const struct imap_parse *p);

/* ---- reading arguments ---- */

/* A position in a command's tokens, or in those of a list. Each reader takes one argument and returns true,
 * or returns false and stays where it is. */
struct imap_args {
    const struct imap_parse *p;
    unsigned at, end;
};

struct imap_args imap_args_of(const struct imap_parse *p, unsigned first);
static inline bool imap_args_end(const struct imap_args *a)
{
    return a->at >= a->end;
}
bool imap_args_atom(struct imap_args *a, struct bytes *text);
bool imap_args_astring(struct imap_args *a, struct bytes *text); /* atom, quoted or literal */
bool imap_args_string(struct imap_args *a, struct bytes *text);  /* quoted or literal */
bool imap_args_nstring(struct imap_args *a, struct bytes *text); /* the same or NIL: text->p == NULL */
bool imap_args_literal8(struct imap_args *a, struct bytes *text);
bool imap_args_list(struct imap_args *a, struct imap_args *list);
bool imap_args_number(struct imap_args *a, uint64_t max, uint64_t *value);
/* Is the next one an atom of this text, in any case? Takes it if so. */
bool imap_args_word(struct imap_args *a, const char *word);
/* Type of the next one; only if not at the end. */
enum imap_token_type imap_args_type(const struct imap_args *a);

#endif
