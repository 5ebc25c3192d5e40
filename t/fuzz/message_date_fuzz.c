#include "maildir/message.h"

#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* A date that was read is one of the years 0 to 9999, and reads the same when written in the standard's form.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    time_t when, again;
    int zone, zone_again;
    struct tm tm;
    char text[64];
    if (!date_parse(bytes_from(data, n), &when, &zone))
        return 0;
    if (zone <= -6000 || zone >= 6000)
        __builtin_trap();
    time_t local = when + zone * 60;
    if (!gmtime_r(&local, &tm) || tm.tm_year < -1900 || tm.tm_year > 8100)
        __builtin_trap();
    if (tm.tm_year < 0 || tm.tm_year > 8099)
        return 0;
    size_t len = strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S", &tm);
    int distance = zone < 0 ? -zone : zone;
    len += (size_t)snprintf(text + len, sizeof(text) - len, " %c%02d%02d", zone < 0 ? '-' : '+',
                            distance / 60, distance % 60);
    if (!date_parse(bytes_from(text, len), &again, &zone_again) || again != when || zone_again != zone)
        __builtin_trap();
    return 0;
}
