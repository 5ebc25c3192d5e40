/*
 * imap_date.c - see imap_date.h.
 */
#include "access/imap_date.h"

#include "base/text.h"

#include <stdlib.h>

static const char *const months[12] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

void imap_date_write(struct strbuf *out, time_t when)
{
    struct tm tm = {0};
    if (!localtime_r(&when, &tm))
        tm.tm_mday = 1, tm.tm_year = 70;
    long zone = tm.tm_gmtoff / 60;
    int year = tm.tm_year + 1900;
    year = year < 0 ? 0 : year > 9999 ? 9999 : year;
    strbuf_addf(out, "%02d-%s-%04d %02d:%02d:%02d %c%02ld%02ld", tm.tm_mday, months[tm.tm_mon], year,
                tm.tm_hour, tm.tm_min, tm.tm_sec, zone < 0 ? '-' : '+', labs(zone) / 60, labs(zone) % 60);
}

/* Exactly n digits at *at. */
static bool digits(struct bytes b, size_t *at, size_t n, int *value)
{
    uint64_t v;
    if (b.n - *at < n || !bytes_to_u64(bytes_from(b.p + *at, n), 9999, &v))
        return false;
    *at += n;
    *value = (int)v;
    return true;
}

static bool one(struct bytes b, size_t *at, char c)
{
    if (*at >= b.n || b.p[*at] != c)
        return false;
    (*at)++;
    return true;
}

/* Days since 1970-01-01 of a date of the Gregorian calendar. */
static int64_t days_of(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = y / 400, yoe = y - era * 400;
    int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static bool month_of(struct bytes b, size_t *at, int *month)
{
    for (int i = 0; i < 12 && b.n - *at >= 3; i++) {
        if (bytes_eq_nocase(bytes_from(b.p + *at, 3), bytes_of(months[i]))) {
            *at += 3;
            *month = i + 1;
            return true;
        }
    }
    return false;
}

static bool date_at(struct bytes b, size_t *at, int64_t *day)
{
    static const int lengths[12] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int d, month, year;
    one(b, at, ' ');
    if (!digits(b, at, 2, &d) && !digits(b, at, 1, &d))
        return false;
    if (!one(b, at, '-') || !month_of(b, at, &month) || !one(b, at, '-') || !digits(b, at, 4, &year))
        return false;
    if (d < 1 || d > lengths[month - 1] || year < 1)
        return false;
    *day = days_of(year, month, d);
    return true;
}

bool imap_day_parse(struct bytes text, int64_t *day)
{
    size_t at = 0;
    return date_at(text, &at, day) && at == text.n;
}

bool imap_date_parse(struct bytes text, time_t *when)
{
    size_t at = 0;
    int64_t day;
    int h, m, s, zh, zm;
    if (!date_at(text, &at, &day) || !one(text, &at, ' ') || !digits(text, &at, 2, &h) ||
        !one(text, &at, ':') || !digits(text, &at, 2, &m) || !one(text, &at, ':') ||
        !digits(text, &at, 2, &s) || !one(text, &at, ' '))
        return false;
    bool west = one(text, &at, '-');
    if ((!west && !one(text, &at, '+')) || !digits(text, &at, 2, &zh) || !digits(text, &at, 2, &zm) ||
        at != text.n)
        return false;
    if (h > 23 || m > 59 || s > 60 || zm > 59)
        return false;
    int zone = (zh * 60 + zm) * 60;
    *when = (time_t)(day * 86400 + h * 3600 + m * 60 + s - (west ? -zone : zone));
    return true;
}

int64_t imap_day_of(time_t when, int zone)
{
    int64_t t = (int64_t)when;
    if (t > INT64_MAX - 86400 || t < INT64_MIN + 86400 * 2)
        return 0;
    t += (int64_t)zone * 60;
    return t >= 0 ? t / 86400 : -((-t + 86399) / 86400);
}

int64_t imap_day_local(time_t when)
{
    struct tm tm;
    if (!localtime_r(&when, &tm))
        return 0;
    return imap_day_of(when, (int)(tm.tm_gmtoff / 60));
}
