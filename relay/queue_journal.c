/*
 * queue_journal.c - records of verdicts. See queue_journal.h.
 *
 * Record (relay/record.h): 'V' { u32 recipient number, u32 code, bytes text, u32 checksum },
 *                          'A' { u64 seconds, u32 checksum }, 'N' the same: the sender was told of a delay,
 *                          'H' { u32 1 held or 0 released, bytes reason, u32 checksum }. The checksum is FNV-1a over the content before
 * it.
 */
#include "relay/queue_journal.h"

#include "relay/record.h"

enum { REC_VERDICT = 'V', REC_ATTEMPT = 'A', REC_DELAY = 'N', REC_HELD = 'H' };

static uint32_t checksum(struct bytes b)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < b.n; i++)
        h = (h ^ (unsigned char)b.p[i]) * 16777619u;
    return h;
}

static void seal(struct strbuf *out, size_t start)
{
    size_t content = start + RECORD_HEAD;
    if (!out->overflow)
        record_put_u32(out, checksum(bytes_from(out->data + content, out->len - content)));
    record_end(out, start);
}

void journal_put_verdict(struct strbuf *out, uint32_t number, uint32_t code, const char *text)
{
    size_t start = record_begin(out, REC_VERDICT);
    record_put_u32(out, number);
    record_put_u32(out, code);
    record_put_bytes(out, bytes_of(text ? text : ""));
    seal(out, start);
}

void journal_put_attempt(struct strbuf *out, uint64_t when)
{
    size_t start = record_begin(out, REC_ATTEMPT);
    record_put_u64(out, when);
    seal(out, start);
}

void journal_put_delay(struct strbuf *out, uint64_t when)
{
    size_t start = record_begin(out, REC_DELAY);
    record_put_u64(out, when);
    seal(out, start);
}

void journal_put_held(struct strbuf *out, bool held, const char *reason)
{
    size_t start = record_begin(out, REC_HELD);
    record_put_u32(out, held);
    record_put_bytes(out, bytes_of(reason));
    seal(out, start);
}

static struct recipient *find(struct envelope *env, uint32_t number)
{
    size_t low = 0, high = env->nrcpts;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (env->rcpts[mid].number < number)
            low = mid + 1;
        else
            high = mid;
    }
    return low < env->nrcpts && env->rcpts[low].number == number ? &env->rcpts[low] : NULL;
}

static bool apply_verdict(struct bytes c, struct envelope *env)
{
    uint32_t number, code;
    struct bytes text;
    if (!record_get_u32(&c, &number) || !record_get_u32(&c, &code) || !record_get_bytes(&c, &text) || c.n ||
        code < 200 || code > 599)
        return false;
    AUTO_STRBUF struct strbuf words = STRBUF_INIT(4096);
    strbuf_addb(&words, text);
    struct recipient *r = find(env, number);
    if (r && !recipient_final(r))
        recipient_verdict(r, (int)code, words.data);
    return true;
}

static void set_reason(struct journal_state *state, struct bytes reason)
{
    size_t n = reason.n < JOURNAL_REASON_MAX ? reason.n : JOURNAL_REASON_MAX;
    for (size_t i = 0; i < n; i++)
        state->reason[i] = (unsigned char)reason.p[i] < ' ' || reason.p[i] == 127 ? ' ' : reason.p[i];
    state->reason[n] = '\0';
}

static bool apply_held(struct bytes c, struct journal_state *state)
{
    uint32_t held;
    struct bytes reason;
    if (!record_get_u32(&c, &held) || held > 1 || !record_get_bytes(&c, &reason) || c.n)
        return false;
    state->held = held;
    set_reason(state, reason);
    return true;
}

static bool apply(const struct record *r, struct envelope *env, struct journal_state *state)
{
    uint32_t sum;
    if (r->content.n < 4)
        return false;
    struct bytes content = bytes_from(r->content.p, r->content.n - 4);
    struct bytes tail = bytes_skip(r->content, content.n);
    if (!record_get_u32(&tail, &sum) || sum != checksum(content))
        return false;
    if (r->type == REC_VERDICT)
        return apply_verdict(content, env);
    if (r->type == REC_HELD)
        return apply_held(content, state);
    if (r->type == REC_DELAY)
        return record_get_u64(&content, &state->delay_told) && !content.n;
    if (r->type != REC_ATTEMPT || !record_get_u64(&content, &state->last) || content.n)
        return false;
    state->attempts++;
    return true;
}

size_t journal_apply(struct bytes journal, struct envelope *env, struct journal_state *state)
{
    struct bytes rest = journal;
    struct record r;
    *state = (struct journal_state){.held = *env->held};
    set_reason(state, bytes_of(env->held));
    for (;;) {
        size_t left = rest.n;
        if (!record_next(&rest, &r) || !apply(&r, env, state))
            return journal.n - left;
    }
}
