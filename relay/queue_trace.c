/*
 * queue_trace.c - Return-Path, Delivered-To, Received. See queue_trace.h.
 */
#include "relay/queue_trace.h"

#include "maildir/message.h"

#include <stdlib.h>

void trace_address(struct strbuf *out, const char *account, const char *hostname)
{
    strbuf_adds(out, account);
    if (!strchr(account, '@'))
        strbuf_addf(out, "@%s", hostname);
}

void trace_delivery(struct strbuf *out, const char *reverse_path, const char *address)
{
    strbuf_addf(out, "Return-Path: <%s>\nDelivered-To: %s\n", reverse_path, address);
}

/* Not strftime: names of days and months must not follow a locale. */
void trace_date(struct strbuf *out, time_t when)
{
    static const char days[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct tm tm;
    localtime_r(&when, &tm);
    long east = tm.tm_gmtoff / 60;
    strbuf_addf(out, "%.3s, %d %.3s %d %02d:%02d:%02d %c%02ld%02ld", days + 3 * tm.tm_wday, tm.tm_mday,
                months + 3 * tm.tm_mon, tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec,
                east < 0 ? '-' : '+', labs(east) / 60, labs(east) % 60);
}

void trace_submitted(struct strbuf *out, const char *hostname, unsigned uid, const char *id, time_t when)
{
    strbuf_addf(out, "Received: by %s (Posthouse, from userid %u)\n\tid %s; ", hostname, uid, id);
    trace_date(out, when);
    strbuf_addc(out, '\n');
}

size_t trace_hops(struct bytes start)
{
    struct header_field f;
    size_t n = 0;
    while (header_next(&start, &f))
        n += bytes_eq_nocase(f.name, BYTES("Received"));
    return n;
}

bool trace_loops(struct bytes start, struct bytes address)
{
    struct header_field f;
    while (header_next(&start, &f)) {
        if (!bytes_eq_nocase(f.name, BYTES("Delivered-To")))
            continue;
        AUTO_STRBUF struct strbuf value = STRBUF_INIT(4096);
        header_unfold(&value, f.value);
        if (bytes_eq_nocase(bytes_trim(strbuf_bytes(&value)), address))
            return true;
    }
    return false;
}
