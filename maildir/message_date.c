/*
 * message_date.c - date-time (RFC 5322 3.3, with 4.3's obsolete forms) to seconds. For SENTSINCE, SORT, and
 * INTERNALDATE by Date.
 *
 * Also read: the order of ctime ("Mon Jan  2 15:04:05 2006"), hyphens in the date ("02-Jan-06"), and a
 * missing time or zone. A name of a zone that is not known is +0000, as the standard says.
 */
#include "maildir/message.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "maildir/message_lex.h"

enum { DATE_TEXT_MAX = 1000 };

static const char *const months[] = {"jan", "feb", "mar", "apr", "may", "jun",
                                     "jul", "aug", "sep", "oct", "nov", "dec"};

static const struct {
    const char *name;
    int minutes;
} zones[] = {
    {"ut", 0},     {"gmt", 0},    {"utc", 0},    {"z", 0},      {"edt", -240}, {"est", -300}, {"cdt", -300},
    {"cst", -360}, {"mdt", -360}, {"mst", -420}, {"pdt", -420}, {"pst", -480}, {"bst", 60},   {"cet", 60},
    {"cest", 120}, {"met", 60},   {"mest", 120}, {"eet", 120},  {"eest", 180}, {"jst", 540},
};

/* Blanks, comments, commas and hyphens that mean nothing. */
static void skip_separators(struct lex *lex, const char *separators)
{
    while (lex_blanks(lex, NULL) || (!lex_end(lex) && strchr(separators, lex_peek(lex)) && ++lex->at))
        continue;
}

/* Up to max digits; returns how many there were. More than max: 0. */
static size_t read_number(struct lex *lex, size_t max, int *value)
{
    size_t n = 0;
    for (*value = 0; n <= max && ascii_digit(lex_peek(lex)); n++, lex->at++)
        *value = *value * 10 + (lex_peek(lex) - '0');
    return n <= max ? n : 0;
}

static struct bytes read_letters(struct lex *lex)
{
    size_t from = lex->at;
    while (ascii_alpha(lex_peek(lex)))
        lex->at++;
    return (struct bytes){lex->in.p + from, lex->at - from};
}

/* 0 to 11, or -1. Long names count, too. */
static int month_of(struct bytes word)
{
    for (int i = 0; i < 12; i++)
        if (bytes_starts_nocase(word, bytes_of(months[i])))
            return i;
    return -1;
}

static bool read_year(struct lex *lex, int *year)
{
    size_t digits = read_number(lex, 4, year);
    if (digits < 2)
        return false;
    if (digits < 4)
        *year += digits == 2 && *year < 50 ? 2000 : 1900;
    return true;
}

static bool read_time(struct lex *lex, struct tm *tm)
{
    if (!read_number(lex, 2, &tm->tm_hour))
        return false;
    lex_blanks(lex, NULL);
    if (!lex_take(lex, ':'))
        return false;
    lex_blanks(lex, NULL);
    if (!read_number(lex, 2, &tm->tm_min))
        return false;
    lex_blanks(lex, NULL);
    if (lex_take(lex, ':')) {
        lex_blanks(lex, NULL);
        if (!read_number(lex, 2, &tm->tm_sec))
            return false;
    }
    return tm->tm_hour < 24 && tm->tm_min < 60 && tm->tm_sec < 61;
}

static bool is_time_ahead(const struct lex *lex)
{
    struct lex ahead = *lex;
    struct tm ignored = {0};
    return read_time(&ahead, &ignored);
}

/* Minutes east; 0 for whatever cannot be read. */
static int read_zone(struct lex *lex)
{
    char sign = lex_peek(lex);
    int number;
    if (sign == '+' || sign == '-') {
        lex->at++;
        if (read_number(lex, 4, &number) != 4 || number % 100 > 59)
            return 0;
        int minutes = number / 100 * 60 + number % 100;
        return sign == '-' ? -minutes : minutes;
    }
    struct bytes name = read_letters(lex);
    for (size_t i = 0; i < ARRAY_LEN(zones); i++)
        if (bytes_eq_nocase(name, bytes_of(zones[i].name)))
            return zones[i].minutes;
    return 0;
}

/* Day, month and year; ctime has month and day here, and the year behind the time. */
static bool read_day_and_month(struct lex *lex, struct tm *tm)
{
    skip_separators(lex, ",.-");
    tm->tm_mon = -1;
    struct bytes word = read_letters(lex);
    if (word.n) {
        tm->tm_mon = month_of(word);
        if (tm->tm_mon < 0) { /* the name of the day */
            skip_separators(lex, ",.-");
            tm->tm_mon = month_of(read_letters(lex));
        }
        skip_separators(lex, ",.-");
    }
    if (!read_number(lex, 2, &tm->tm_mday))
        return false;
    if (tm->tm_mon < 0) {
        skip_separators(lex, ",.-");
        tm->tm_mon = month_of(read_letters(lex));
    }
    return tm->tm_mon >= 0;
}

static bool day_exists(const struct tm *tm, int year)
{
    static const int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return tm->tm_mday >= 1 && tm->tm_mday <= days[tm->tm_mon] &&
           (tm->tm_mon != 1 || leap || tm->tm_mday < 29);
}

bool date_parse(struct bytes value, time_t *when, int *zone)
{
    AUTO_STRBUF struct strbuf flat = STRBUF_INIT(DATE_TEXT_MAX);
    header_unfold(&flat, (struct bytes){value.p, value.n < DATE_TEXT_MAX ? value.n : DATE_TEXT_MAX});
    struct lex lex = {.in = strbuf_bytes(&flat)};
    struct tm tm = {0};
    int year;
    if (!read_day_and_month(&lex, &tm))
        return false;
    skip_separators(&lex, ",.-");
    bool year_last = is_time_ahead(&lex);
    if (!year_last && !read_year(&lex, &year))
        return false;
    skip_separators(&lex, ",");
    if (is_time_ahead(&lex))
        read_time(&lex, &tm);
    lex_blanks(&lex, NULL);
    if (year_last && ascii_alpha(lex_peek(&lex))) /* date(1): the zone before the year */
        *zone = read_zone(&lex);
    else if (year_last)
        *zone = 0;
    skip_separators(&lex, ",");
    if (year_last && !read_year(&lex, &year))
        return false;
    lex_blanks(&lex, NULL);
    if (!year_last || !lex_end(&lex))
        *zone = read_zone(&lex);
    if (!day_exists(&tm, year))
        return false;
    tm.tm_year = year - 1900;
    *when = timegm(&tm) - (time_t)*zone * 60;
    return true;
}
