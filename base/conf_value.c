/*
 * conf_value.c - how each type of option is read, bounded, stored and printed.
 */
#include "base/conf_value.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <inttypes.h>
#include <string.h>

enum { LIST_MAX = 1000, NUMBER_TEXT = 32 };

struct unit {
    char letter;
    int64_t factor;
};
static const struct unit size_units[] = {{'G', 1 << 30}, {'M', 1 << 20}, {'K', 1 << 10}, {0, 1}};
static const struct unit time_units[] = {{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}};
static const struct unit no_units[] = {{0, 1}};

static const struct unit *units_of(enum conf_type type)
{
    return type == CONF_SIZE ? size_units : type == CONF_TIME ? time_units : no_units;
}

/* As it would stand in the file, with the largest unit that divides it. */
static void number_text(char text[NUMBER_TEXT], enum conf_type type, int64_t v)
{
    const struct unit *u = units_of(type);
    while (u->factor > 1 && (v == 0 || v % u->factor))
        u++;
    snprintf(text, NUMBER_TEXT, "%" PRId64 "%.1s", v / u->factor, (const char[]){u->letter, 0});
}

static int complain_number(const struct conf_row *row, struct err *e)
{
    static const char *const what[] = {[CONF_INT] = "a whole number",
                                       [CONF_SIZE] = "a size such as \"50M\"",
                                       [CONF_TIME] = "a time such as \"30s\" or \"4d\""};
    char low[NUMBER_TEXT], high[NUMBER_TEXT];
    if (row->min == 0 && row->max == 0)
        return err_set(e, ERR_INVALID, "%s", what[row->type]);
    number_text(low, row->type, row->min);
    number_text(high, row->type, row->max);
    return err_set(e, ERR_INVALID, "%s from %s to %s", what[row->type], low, high);
}

static bool parse_number(enum conf_type type, const char *text, int64_t *value)
{
    struct bytes b = bytes_of(text);
    int64_t factor = 1;
    if (b.n && ascii_alpha(b.p[b.n - 1]) && type != CONF_INT) {
        char letter = type == CONF_SIZE ? ascii_upper(b.p[b.n - 1]) : ascii_lower(b.p[b.n - 1]);
        const struct unit *u = units_of(type);
        while (u->letter != letter && u->factor > 1)
            u++;
        if (u->letter != letter)
            return false;
        factor = u->factor;
        b.n--;
    }
    uint64_t v;
    if (!bytes_to_u64(b, INT64_MAX, &v))
        return false;
    return !__builtin_mul_overflow((int64_t)v, factor, value);
}

static int set_number(void *field, const struct conf_row *row, const char *text, struct err *e)
{
    int64_t v, max = row->min == 0 && row->max == 0 ? INT64_MAX : row->max;
    if (!parse_number(row->type, text, &v) || v < row->min || v > max)
        return complain_number(row, e);
    *(int64_t *)field = v;
    return 0;
}

static int set_bool(void *field, const struct conf_row *row, const char *text, struct err *e)
{
    static const char *const words[] = {"no", "yes", "false", "true", "off", "on"};
    (void)row;
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strcmp(text, words[i]) == 0)
            return *(bool *)field = i % 2, 0;
    return err_set(e, ERR_INVALID, "yes or no");
}

static int set_choice(void *field, const struct conf_row *row, const char *text, struct err *e)
{
    struct bytes rest = bytes_of(row->choices);
    for (int64_t i = 0; rest.p; i++)
        if (bytes_eq(bytes_split(&rest, '|'), bytes_of(text)))
            return *(int64_t *)field = i, 0;
    return err_set(e, ERR_INVALID, "one of %s", row->choices);
}

static int set_string(void *field, const struct conf_row *row, const char *text, struct err *e)
{
    char **s = field;
    (void)row, (void)e;
    free(*s);
    *s = *text ? xstrdup(text) : NULL;
    return 0;
}

static size_t list_length(char *const *list)
{
    size_t n = 0;
    while (list && list[n])
        n++;
    return n;
}

static int add_to_list(void *field, const struct conf_row *row, const char *text, struct err *e)
{
    char ***list = field;
    size_t n = list_length(*list);
    (void)row;
    if (n >= LIST_MAX)
        return err_set(e, ERR_LIMIT, "at most %d values", LIST_MAX);
    *list = xrealloc(*list, n + 2, sizeof(**list));
    (*list)[n] = xstrdup(text);
    (*list)[n + 1] = NULL;
    return 0;
}

static int (*const setters[])(void *, const struct conf_row *, const char *, struct err *) = {
    [CONF_BOOL] = set_bool,    [CONF_INT] = set_number,    [CONF_SIZE] = set_number,
    [CONF_TIME] = set_number,  [CONF_STRING] = set_string, [CONF_CHOICE] = set_choice,
    [CONF_LIST] = add_to_list,
};

int conf_value_set(void *settings, const struct conf_row *row, const char *text, bool run_check,
                   struct err *e)
{
    if (run_check && row->check && row->check(text, e) != 0)
        return -1;
    return setters[row->type]((char *)settings + row->offset, row, text, e);
}

int conf_value_fallback(void *settings, const struct conf_row *row, struct err *e)
{
    const char *text = row->fallback ? row->fallback : "";
    conf_value_clear(settings, row);
    if (row->type != CONF_LIST)
        return conf_value_set(settings, row, text, false, e);
    struct bytes rest = bytes_of(text);
    while (rest.n) {
        AUTO_FREE char *word = bytes_dup(bytes_split(&rest, ' '));
        if (conf_value_set(settings, row, word, false, e) != 0)
            return -1;
    }
    return 0;
}

void conf_value_clear(void *settings, const struct conf_row *row)
{
    char *field = (char *)settings + row->offset;
    if (row->type == CONF_STRING) {
        free(*(char **)field);
        *(char **)field = NULL;
    }
    if (row->type != CONF_LIST)
        return;
    char ***list = (char ***)field;
    for (size_t i = 0; i < list_length(*list); i++)
        free((*list)[i]);
    *list = xrealloc(*list, 1, sizeof(**list));
    (*list)[0] = NULL;
}

/* In double quotes; libconfuse would replace ${NAME} by the environment's. */
static void print_quoted(struct strbuf *out, const char *s)
{
    strbuf_addc(out, '"');
    for (; s && *s; s++) {
        if (strchr("\"\\$", *s))
            strbuf_addc(out, '\\');
        strbuf_addc(out, *s);
    }
    strbuf_addc(out, '"');
}

static void print_list(struct strbuf *out, char *const *list)
{
    strbuf_addc(out, '{');
    for (size_t i = 0; i < list_length(list); i++) {
        strbuf_adds(out, i ? ", " : "");
        print_quoted(out, list[i]);
    }
    strbuf_addc(out, '}');
}

static struct bytes choice_word(const char *choices, int64_t index)
{
    struct bytes rest = bytes_of(choices), word = BYTES("");
    for (int64_t i = 0; i <= index && rest.p; i++)
        word = bytes_split(&rest, '|');
    return word;
}

void conf_value_print(struct strbuf *out, const void *settings, const struct conf_row *row)
{
    const void *field = (const char *)settings + row->offset;
    char text[NUMBER_TEXT];
    switch (row->type) {
    case CONF_BOOL:
        strbuf_adds(out, *(const bool *)field ? "yes" : "no");
        break;
    case CONF_STRING:
        print_quoted(out, *(char *const *)field);
        break;
    case CONF_LIST:
        print_list(out, *(char **const *)field);
        break;
    case CONF_CHOICE:
        strbuf_addb(out, choice_word(row->choices, *(const int64_t *)field));
        break;
    case CONF_INT:
    case CONF_SIZE:
    case CONF_TIME:
        number_text(text, row->type, *(const int64_t *)field);
        strbuf_adds(out, text);
        break;
    }
}
