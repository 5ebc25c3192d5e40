/*
 * pop3_command.h - POP3's commands and their arguments, before and after the login. Pure.
 */
#ifndef ACCESS_POP3_COMMAND_H
#define ACCESS_POP3_COMMAND_H

#include "base/bytes.h"
#include "base/strbuf.h"

#define POP3_LINE_MAX 255 /* octets of a command after the login, without CRLF (RFC 2449 section 4) */
#define POP3_ARGS_MAX 2

/* What CAPA says at any time; how to log in comes with it where that is possible (login_pop3.c). */
#define POP3_CAPABILITIES                                                                                    \
    "TOP\r\nUIDL\r\nUTF8\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\nPIPELINING\r\nEXPIRE NEVER\r\n"                  \
    "IMPLEMENTATION Posthouse\r\n"

/* A command after the login: its name and up to two numbers. */
struct pop3_command {
    struct bytes name;
    uint32_t args[POP3_ARGS_MAX];
    unsigned nargs;
};
/* false: more than POP3_ARGS_MAX arguments, or one that is no number. Blanks at the end are forgiven. */
bool pop3_parse(struct bytes line, struct pop3_command *command);

/* Dot-stuffing of a message in wire form that comes in pieces cut anywhere. */
struct pop3_stuff {
    bool in_line; /* the last octet was not the end of a line */
};
/* Append a piece, with a dot doubled at each beginning of a line. out must have room for twice as much. */
void pop3_stuff(struct pop3_stuff *s, struct bytes in, struct strbuf *out);
/* The line end that is missing, if one is, and the final dot. */
void pop3_stuff_end(struct pop3_stuff *s, struct strbuf *out);

/* How much of this piece belongs to TOP's answer: the header, the empty line and `lines` lines of the body.
 */
struct pop3_top {
    uint32_t lines_left;
    bool in_body, in_line, done;
    bool only_cr; /* of the current header line nothing but a CR was seen */
};
size_t pop3_top(struct pop3_top *t, struct bytes in);

#endif
