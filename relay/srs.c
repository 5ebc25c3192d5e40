/*
 * srs.c - see srs.h. Other programs on the way may have changed the case of what we wrote: nothing here depends on it.
 */
#include "relay/srs.h"

#include "relay/address_normal.h"

#include "base/text.h"

#define HASH_LEN 8 /* base 32: 40 bits */
#define DAYS_ALL 1024

static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";

static void add_base32(struct strbuf *out, uint64_t v, int n)
{
    while (n--)
        strbuf_addc(out, digits[v >> 5 * n & 31]);
}

static void add_hash(struct strbuf *out, const struct siphash_key *key, struct bytes rest)
{
    AUTO_STRBUF struct strbuf lower = STRBUF_INIT(4096);
    for (size_t i = 0; i < rest.n; i++)
        strbuf_addc(&lower, ascii_lower(rest.p[i]));
    add_base32(out, siphash(key, strbuf_bytes(&lower)), HASH_LEN);
}

static unsigned today(time_t now)
{
    return (unsigned)(now / 86400 % DAYS_ALL);
}

static int digit(char c)
{
    const char *at = c ? strchr(digits, ascii_lower(c)) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* Is it SRS0 or SRS1 with a separator behind it? */
static bool is_srs(struct bytes local, char kind)
{
    return local.n > 5 && bytes_starts_nocase(local, BYTES("SRS")) && local.p[3] == kind &&
           strchr("=+-", local.p[4]);
}

/* ---- encoding ---- */

bool srs_encode(struct strbuf *out, const struct siphash_key *key, time_t now, struct bytes reverse_path,
                const char *domain)
{
    AUTO_STRBUF struct strbuf rest = STRBUF_INIT(SRS_LOCAL_MAX - HASH_LEN - 6);
    struct bytes local, from;
    address_cut(reverse_path, &local, &from);
    if (!local.n || !from.n || local.p[0] == '"' || from.p[0] == '[')
        return false;
    bool again = is_srs(local, '0') || is_srs(local, '1');
    if (is_srs(local, '1')) { /* without the hash of the one before us */
        struct bytes tail = bytes_skip(local, 5);
        bytes_split(&tail, '=');
        if (!tail.p || !tail.n)
            return false;
        strbuf_addb(&rest, tail);
    } else if (again) {
        strbuf_addb(&rest, from);
        strbuf_addc(&rest, '=');
        strbuf_addb(&rest, bytes_skip(local, 4));
    } else {
        add_base32(&rest, today(now), 2);
        strbuf_addc(&rest, '=');
        strbuf_addb(&rest, from);
        strbuf_addc(&rest, '=');
        strbuf_addb(&rest, local);
    }
    if (rest.overflow)
        return false;
    strbuf_adds(out, again ? "SRS1=" : "SRS0=");
    add_hash(out, key, strbuf_bytes(&rest));
    strbuf_addc(out, '=');
    strbuf_addb(out, strbuf_bytes(&rest));
    strbuf_addf(out, "@%s", domain);
    return !out->overflow;
}

/* ---- decoding ---- */

static bool expired(struct bytes day, time_t now)
{
    int high = day.n == 2 ? digit(day.p[0]) : -1, low = day.n == 2 ? digit(day.p[1]) : -1;
    if (high < 0 || low < 0)
        return true;
    unsigned age = (today(now) + DAYS_ALL - (unsigned)(high * 32 + low)) % DAYS_ALL;
    return age > SRS_DAYS && age != DAYS_ALL - 1; /* a clock may be a day behind */
}

static bool write_address(struct strbuf *out, const char *prefix, struct bytes local, struct bytes domain)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(ADDRESS_NORMAL_MAX);
    strbuf_adds(&text, prefix);
    strbuf_addb(&text, local);
    strbuf_addc(&text, '@');
    strbuf_addb(&text, domain);
    return !text.overflow && domain.n && local.n && address_written(out, strbuf_bytes(&text));
}

enum srs_verdict srs_decode(struct strbuf *out, const struct siphash_key *key, time_t now, struct bytes local)
{
    bool first = is_srs(local, '0');
    if (!first && !is_srs(local, '1'))
        return SRS_NONE;
    AUTO_STRBUF struct strbuf hash = STRBUF_INIT(HASH_LEN);
    struct bytes rest = bytes_skip(local, 5), said = bytes_split(&rest, '=');
    if (!rest.p)
        return SRS_FORGED;
    add_hash(&hash, key, rest);
    if (!bytes_eq_nocase(said, strbuf_bytes(&hash)))
        return SRS_FORGED;
    if (!first) {
        struct bytes domain = bytes_split(&rest, '=');
        return rest.p && write_address(out, "SRS0", rest, domain) ? SRS_OK : SRS_FORGED;
    }
    struct bytes day = bytes_split(&rest, '='), domain = rest.p ? bytes_split(&rest, '=') : BYTES("");
    if (expired(day, now))
        return SRS_EXPIRED;
    return rest.p && write_address(out, "", rest, domain) ? SRS_OK : SRS_FORGED;
}
