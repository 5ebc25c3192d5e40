/*
 * imap_search.h - SEARCH's keys as a tree: read by imap_search.c (pure), asked by imap_search_match.c.
 */
#ifndef ACCESS_IMAP_SEARCH_H
#define ACCESS_IMAP_SEARCH_H

#include "access/imap_message.h"
#include "access/imap_parse.h"
#include "access/imap_seqset.h"
#include "access/imap_text.h"

#define IMAP_SEARCH_DEPTH_MAX 50 /* nested OR and parentheses */
#define IMAP_SEARCH_KEYS_MAX  1000
#define IMAP_SEARCH_TEXTS_MAX IMAP_TEXT_NEEDLES_MAX /* BODY and TEXT */

struct imap_search;
struct imap_search_row;

/* The message that is being looked at. */
struct imap_candidate {
    struct mailbox *mb;
    uint32_t uid, seq, flags;
    bool has_mail;
    struct mail
        mail; /* a copy, taken when a key needs more than flags: looking at the message may change the list */
    struct imap_message *message; /* made when a key needs what is in it */
    bool has_texts;               /* `texts` says what BODY and TEXT are to answer */
    uint64_t texts;               /* bit n: that with the number n matches */
};

struct imap_search_node {
    const struct imap_search_row *row;
    bool negated;
    unsigned cost;
    unsigned uses;     /* enum imap_search_uses, of what is below it too */
    struct bytes name; /* header field, keyword or object identifier; in the parser's text */
    char *needle;      /* case-folded UTF-8 */
    size_t needle_len;
    unsigned text; /* of BODY and TEXT: its number */
    int64_t day;   /* or, of OLDER and YOUNGER, a time */
    uint64_t size; /* or mod-sequence */
    struct imap_seqset set;
    struct imap_search_node *children, *next;
};

/* What the answer depends on. */
enum imap_search_uses {
    IMAP_SEARCH_USES_MODSEQ = 1,  /* the answer tells the highest one (RFC 7162) */
    IMAP_SEARCH_USES_NUMBERS = 2, /* no removals meanwhile */
};

/* What a key has to look at. */
enum imap_search_cost {
    IMAP_SEARCH_COST_FLAGS,
    IMAP_SEARCH_COST_INFO,
    IMAP_SEARCH_COST_HEADER,
    IMAP_SEARCH_COST_TEXT
};

/* MAYBE: the text of the message has to be looked at. */
enum imap_truth { IMAP_FALSE, IMAP_TRUE, IMAP_MAYBE };

struct imap_search_row {
    const char *name;
    enum imap_search_arg {
        SEARCH_ARG_NONE,
        SEARCH_ARG_STRING,
        SEARCH_ARG_FIELD, /* header field's name and a string */
        SEARCH_ARG_KEYWORD,
        SEARCH_ARG_DAY,
        SEARCH_ARG_SIZE,
        SEARCH_ARG_UIDS,
        SEARCH_ARG_NOT,
        SEARCH_ARG_OR,
        SEARCH_ARG_MODSEQ,
        SEARCH_ARG_ID,
        SEARCH_ARG_INTERVAL,
    } arg;
    bool negated;
    uint32_t flag;     /* for those that look at one flag */
    const char *field; /* for those that look at one header field */
    unsigned cost;     /* enum imap_search_cost */
    bool (*match)(struct imap_candidate *c, const struct imap_search_node *node);
    /* in its place, where the answer may depend on the text */
    enum imap_truth (*judge)(struct imap_candidate *c, const struct imap_search_node *node);
};

struct imap_search_limits {
    uint32_t star_seq, star_uid;     /* what "*" stands for */
    const struct imap_seqset *saved; /* UIDs that "$" stands for; NULL: none */
    time_t now;                      /* what OLDER and YOUNGER count from */
    bool charset_first; /* SORT and THREAD: the character set has to stand in front, without CHARSET */
    bool no_charset;    /* CHARSET is an error: strings are UTF-8 (RFC 6855 section 3) */
};

enum imap_search_result { IMAP_SEARCH_READ, IMAP_SEARCH_SYNTAX, IMAP_SEARCH_CHARSET };

/* Read [CHARSET name] keys up to the end of the arguments. On READ *root is a tree to be freed; otherwise
 * *why is a static text. */
enum imap_search_result imap_search_parse(struct imap_args *a, const struct imap_search_limits *limits,
                                          struct imap_search_node **root, const char **why);
void imap_search_free(struct imap_search_node *root); /* NULL is fine */
/* What its BODY and TEXT keys look for, by their numbers; how many there are. */
size_t imap_search_needles(const struct imap_search_node *root, struct imap_text_needle *needles);
/* Does the message match? */
enum imap_truth imap_search_match(struct imap_candidate *c, const struct imap_search_node *node);

/* Internal: the table (imap_search_match.c). NULL if there is none of that name. */
const struct imap_search_row *imap_search_row(struct bytes name);
/* Is it BODY, not TEXT? */
bool imap_search_is_body(const struct imap_search_row *row);
extern const struct imap_search_row imap_search_and, imap_search_set, imap_search_saved;

/* Internal: imap_search_text.c. */
bool imap_search_in_field(struct imap_message *m, struct bytes field, struct bytes needle);

#endif
