/*
 * message_param.c - parameters of MIME fields.
 *
 * Broken ones are common: values with blanks or specials but no quotation marks, missing values, missing
 * semicolons. A value without quotation marks is first read as a token; if something stands between it and
 * the next semicolon that is no comment, the value is all up to there. Work is quadratic in
 * MESSAGE_PARAMS_MAX and linear in the octets; of a field that repeats its names LOOKED_AT_MAX are looked at.
 */
#include "maildir/message_param.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <stdlib.h>

enum { LOOKED_AT_MAX = 3 * MESSAGE_PARAMS_MAX, STACK_ROOM = 256 };

char *budget_dup(struct message_budget *budget, struct bytes b)
{
    if (b.n == 0 || b.n > budget->octets)
        return NULL;
    char *copy = bytes_dup(b);
    if (copy)
        budget->octets -= b.n;
    return copy;
}

void params_free(struct mime_param *params, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(params[i].name);
        free(params[i].value);
    }
    free(params);
}

/* The array holds 1, 2, 4, 8, ... of them. */
struct mime_param *params_add(struct mime_param *params, size_t *n, struct bytes name, struct bytes value)
{
    if ((*n & (*n - 1)) == 0)
        params = xrealloc(params, *n ? 2 * *n : 1, sizeof(*params));
    params[*n] = (struct mime_param){.name = bytes_dup(name), .value = bytes_dup(value)};
    (*n)++;
    return params;
}

static size_t find(const struct mime_param *params, size_t n, struct bytes name)
{
    size_t i = 0;
    while (i < n && !bytes_eq_nocase(bytes_of(params[i].name), name))
        i++;
    return i;
}

const char *mime_param(const struct mime_param *params, size_t n, const char *name)
{
    size_t i = find(params, n, bytes_of(name));
    return i < n ? params[i].value : NULL;
}

/* Go to the next semicolon outside of quotation marks and comments. */
static void skip_to_semicolon(struct lex *lex, struct strbuf *scratch)
{
    while (!lex_end(lex) && lex_peek(lex) != ';') {
        if (lex_blanks(lex, NULL))
            continue;
        if (lex_peek(lex) == '"')
            lex_quoted(lex, scratch);
        else
            lex->at++;
    }
}

static struct bytes read_value(struct lex *lex, struct strbuf *scratch)
{
    lex_blanks(lex, NULL);
    if (lex_peek(lex) == '"')
        return lex_quoted(lex, scratch);
    struct bytes rest = bytes_skip(lex->in, lex->at);
    struct bytes all = {rest.p, bytes_index(rest, ';')};
    struct bytes token = lex_word(lex, LEX_VALUE);
    lex_blanks(lex, NULL);
    bool only_token = lex_end(lex) || lex_peek(lex) == ';';
    if (!only_token)
        lex->at = (size_t)(all.p + all.n - lex->in.p);
    return only_token ? token : bytes_trim(all);
}

/* One name and value behind a semicolon. false if there is no name or no equals sign. */
static bool read_param(struct lex *lex, struct bytes *name, struct bytes *value, struct strbuf *scratch)
{
    lex_blanks(lex, NULL);
    *name = lex_word(lex, LEX_TOKEN);
    lex_blanks(lex, NULL);
    if (!lex_take(lex, '='))
        return false;
    *value = read_value(lex, scratch);
    return name->n > 0;
}

/* ---- RFC 2231 ---- */

/* "name*7" or "name*7*": the parts of it. false for any other name. */
static bool piece_name(const char *whole, struct bytes *name, uint64_t *number, bool *extended)
{
    struct bytes rest = bytes_of(whole);
    *name = bytes_split(&rest, '*');
    if (!rest.p || name->n == 0)
        return false;
    struct bytes digits = bytes_split(&rest, '*');
    *extended = rest.p != NULL;
    return (!rest.p || rest.n == 0) && (digits.n < 2 || digits.p[0] != '0') &&
           bytes_to_u64(digits, MESSAGE_PARAMS_MAX, number);
}

/* The piece of that name and number, or n. */
static size_t find_piece(const struct mime_param *params, size_t n, struct bytes name, uint64_t number,
                         bool *extended)
{
    struct bytes other;
    uint64_t other_number;
    size_t i = 0;
    for (; i < n; i++)
        if (piece_name(params[i].name, &other, &other_number, extended) && other_number == number &&
            bytes_eq_nocase(other, name))
            break;
    return i;
}

/* A plain piece among extended ones: whatever would mean something else there is written %XX. */
static void add_percented(struct strbuf *out, const char *s)
{
    for (; *s; s++)
        if (ascii_alnum(*s) || strchr("-._~!#$&+", *s))
            strbuf_addc(out, *s);
        else
            strbuf_addf(out, "%%%02X", (unsigned char)*s);
}

struct pieces {
    struct bytes name;
    size_t at[MESSAGE_PARAMS_MAX];
    bool extended[MESSAGE_PARAMS_MAX], any_extended;
    size_t n;
};

/* All pieces from number 0 on without a gap. */
static void gather_pieces(const struct mime_param *params, size_t n, struct pieces *pieces)
{
    for (pieces->n = 0; pieces->n < MESSAGE_PARAMS_MAX; pieces->n++) {
        bool extended = false;
        size_t i = find_piece(params, n, pieces->name, pieces->n, &extended);
        if (i == n)
            return;
        pieces->at[pieces->n] = i;
        pieces->extended[pieces->n] = extended;
        pieces->any_extended |= extended;
    }
}

static void join_pieces(struct mime_param *params, const struct pieces *pieces)
{
    struct mime_param *first = &params[pieces->at[0]];
    struct strbuf name = STRBUF_INIT(SIZE_MAX / 4), value = STRBUF_INIT(SIZE_MAX / 4);
    strbuf_addb(&name, pieces->name);
    if (pieces->any_extended)
        strbuf_addc(&name, '*');
    if (pieces->any_extended && !pieces->extended[0])
        strbuf_adds(&value, "''");
    for (size_t i = 0; i < pieces->n; i++) {
        struct mime_param *piece = &params[pieces->at[i]];
        if (pieces->any_extended && !pieces->extended[i])
            add_percented(&value, piece->value);
        else
            strbuf_adds(&value, piece->value);
        free(TAKE_PTR(piece->name));
        free(TAKE_PTR(piece->value));
        piece->name = xstrdup("");
        piece->value = xstrdup("");
    }
    free(first->name);
    free(first->value);
    first->name = strbuf_detach(&name);
    first->value = strbuf_detach(&value);
}

/* Take out those that were joined to another. */
static size_t drop_nameless(struct mime_param *params, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (*params[i].name) {
            params[kept++] = params[i];
            continue;
        }
        free(params[i].name);
        free(params[i].value);
    }
    return kept;
}

static size_t join_all(struct mime_param *params, size_t n)
{
    struct pieces pieces;
    bool joined = false, extended;
    uint64_t number;
    for (size_t i = 0; i < n; i++) {
        if (!piece_name(params[i].name, &pieces.name, &number, &extended) || number != 0)
            continue;
        pieces.any_extended = false;
        gather_pieces(params, n, &pieces);
        join_pieces(params, &pieces);
        joined = true;
    }
    return joined ? drop_nameless(params, n) : n;
}

/* The text of an extended value: behind charset and language, with its %XX. false if it is not printable
 * ASCII. */
static bool extended_text(const char *value, struct strbuf *out)
{
    struct bytes rest = bytes_of(value);
    bytes_split(&rest, '\'');
    bytes_split(&rest, '\'');
    if (!rest.p)
        return false;
    while (rest.n) {
        struct bytes plain = {rest.p, bytes_index(rest, '%')};
        strbuf_addb(out, plain);
        rest = bytes_skip(rest, plain.n);
        if (rest.n && (rest.n < 3 || !hex_decode(out, (struct bytes){rest.p + 1, 2})))
            return false;
        rest = bytes_skip(rest, 3);
    }
    return text_is_printable(strbuf_bytes(out));
}

/* Parameters that are never text for people lose the form of RFC 2231: everybody reads the plain one. */
static void simplify(struct mime_param *params, size_t n)
{
    static const char *const names[] = {"boundary", "charset"};
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < ARRAY_LEN(names); k++) {
            AUTO_STRBUF struct strbuf text = STRBUF_INIT(SIZE_MAX / 4);
            size_t length = strlen(names[k]);
            if (!bytes_starts_nocase(bytes_of(params[i].name), bytes_of(names[k])) ||
                strcmp(params[i].name + length, "*") != 0 || find(params, n, bytes_of(names[k])) < n ||
                !extended_text(params[i].value, &text))
                continue;
            params[i].name[length] = '\0';
            free(params[i].value);
            params[i].value = strbuf_detach(&text);
        }
}

struct mime_param *params_parse(struct lex *lex, size_t *n, struct message_budget *budget)
{
    char room[STACK_ROOM];
    AUTO_STRBUF struct strbuf scratch = STRBUF_LENT(room, SIZE_MAX / 4);
    struct bytes name, value;
    struct mime_param *params = NULL;
    *n = 0;
    for (unsigned looked_at = 0; looked_at < LOOKED_AT_MAX; looked_at++) {
        skip_to_semicolon(lex, &scratch);
        if (!lex_take(lex, ';') || *n == MESSAGE_PARAMS_MAX || budget->params == 0)
            break;
        if (!read_param(lex, &name, &value, &scratch) || find(params, *n, name) < *n ||
            name.n + value.n > budget->octets)
            continue;
        budget->params--;
        budget->octets -= name.n + value.n;
        params = params_add(params, n, name, value);
    }
    *n = join_all(params, *n);
    simplify(params, *n);
    return params;
}
