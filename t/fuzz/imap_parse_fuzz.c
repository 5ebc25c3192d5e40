/*
 * imap_parse_fuzz.c - the command parser. The first octet decides where the input is cut: whole and cut, the
 * same must come out.
 */
#include "access/imap_parse.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* One line for each event, with the tokens of whole commands. */
static void run(struct strbuf *log, const struct imap_parse_limits *limits, struct bytes in, size_t piece)
{
    struct imap_parse p;
    imap_parse_init(&p, limits);
    for (size_t at = 0; at < in.n;) {
        enum imap_parse_event event;
        size_t left = in.n - at;
        at += imap_parse_feed(&p, bytes_from(in.p + at, left < piece ? left : piece), &event);
        if (event == IMAP_PARSE_MORE)
            continue;
        strbuf_addf(log, "%d %zu %s;", event, at, p.error ? p.error : "");
        if (event == IMAP_PARSE_STREAM && p.stream_size <= in.n - at) {
            at += p.stream_size;
            imap_parse_streamed(&p);
        } else if (event == IMAP_PARSE_STREAM || event == IMAP_PARSE_FATAL)
            break;
        for (unsigned i = 0; event == IMAP_PARSE_DONE && i < p.ntokens; i++) {
            strbuf_addf(log, "%d %u ", p.tokens[i].type, p.tokens[i].end);
            strbuf_addb(log, imap_token_text(&p, i));
            if (p.tokens[i].end <= i || p.tokens[i].end > p.ntokens)
                abort();
        }
        if (event == IMAP_PARSE_DONE || event == IMAP_PARSE_BAD)
            imap_parse_reset(&p);
    }
    imap_parse_done(&p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n < 2 || n > 100000)
        return 0;
    struct strbuf whole = STRBUF_INIT(4 << 20), cut = STRBUF_INIT(4 << 20);
    struct bytes in = bytes_from(data + 1, n - 1);
    const struct imap_parse_limits *limits = data[0] & 1 ? &imap_parse_after_login : &imap_parse_before_login;
    run(&whole, limits, in, in.n);
    run(&cut, limits, in, 1 + data[0] / 2);
    if (!bytes_eq(strbuf_bytes(&whole), strbuf_bytes(&cut)))
        abort();
    strbuf_done(&whole);
    strbuf_done(&cut);
    return 0;
}
