/* auth_bans_test.c - the table of bans. */
#include "auth/auth_bans.h"

#include "t/unit/unit.h"

static struct net net_of(const char *text)
{
    struct net net;
    ck_assert(net_parse(bytes_of(text), &net));
    return net;
}

static void set(struct bans *b, const char *text, uint64_t until)
{
    struct net net = net_of(text);
    ck_assert(bans_set(b, &net, until, BYTES("why")));
}

START_TEST(finds_addresses_and_networks)
{
    struct bans *b = bans_new();
    set(b, "192.0.2.1", 100);
    set(b, "198.51.100.77/24", 0);
    set(b, "2001:db8:1:2::/64", 100);
    ck_assert(bans_find(b, "192.0.2.1", 99) && !bans_find(b, "192.0.2.2", 99));
    ck_assert(bans_find(b, "::ffff:192.0.2.1", 99) && !bans_find(b, "192.0.2.1", 100));
    ck_assert(bans_find(b, "198.51.100.1", UINT64_MAX) && !bans_find(b, "198.51.101.1", 0));
    ck_assert(bans_find(b, "2001:db8:1:2:3::4", 1) && !bans_find(b, "2001:db8:1:3::4", 1));
    ck_assert(!bans_find(b, "", 1) && !bans_find(b, "anna", 1));
    struct net net = net_of("192.0.2.1");
    ck_assert(bans_remove(b, &net) && !bans_remove(b, &net) && !bans_find(b, "192.0.2.1", 1));
    bans_free(b);
}
END_TEST

START_TEST(writes_what_it_reads)
{
    struct strbuf out = STRBUF_INIT(1000);
    struct bans *b = bans_new(), *again = bans_new();
    set(b, "192.0.2.1", 100);
    set(b, "2001:db8::/32", 0);
    set(b, "10.0.0.0/8", 7);
    bans_write(b, &out);
    bans_read(again, strbuf_bytes(&out), 50);
    ck_assert_uint_eq(bans_count(again), 2);
    ck_assert_str_eq(bans_find(again, "2001:db8::1", 50)->reason, "why");
    bans_read(again, BYTES("nonsense\n1.2.3.4\n1.2.3.4 x y\n\n1.2.3.4/33 5 x\n1.2.3.5 60"), 50);
    ck_assert_uint_eq(bans_count(again), 3);
    strbuf_done(&out);
    bans_free(b);
    bans_free(again);
}
END_TEST

START_TEST(makes_room_for_new_ones_but_not_at_the_cost_of_the_operators)
{
    struct bans *b = bans_new();
    char text[32];
    for (unsigned i = 0; i < BANS_MAX; i++) {
        snprintf(text, sizeof(text), "10.%u.%u.%u", i >> 16, i >> 8 & 255, i & 255);
        set(b, text, i == 5 ? 0 : 1000 + i);
    }
    set(b, "192.0.2.1", 5000);
    ck_assert_uint_eq(bans_count(b), BANS_MAX);
    ck_assert(!bans_find(b, "10.0.0.0", 1) && bans_find(b, "10.0.0.1", 1) && bans_find(b, "10.0.0.5", 1));
    while (bans_ended(b, UINT64_MAX)) {
        struct net net = bans_ended(b, UINT64_MAX)->net;
        bans_remove(b, &net);
    }
    ck_assert_uint_eq(bans_count(b), 1);
    for (unsigned i = 0; i < BANS_MAX - 1; i++) {
        snprintf(text, sizeof(text), "11.%u.%u.%u", i >> 16, i >> 8 & 255, i & 255);
        set(b, text, 0);
    }
    struct net net = net_of("192.0.2.1");
    ck_assert(!bans_set(b, &net, 5, BYTES("x")));
    bans_free(b);
}
END_TEST

UNIT_MAIN("auth_bans", finds_addresses_and_networks, writes_what_it_reads,
          makes_room_for_new_ones_but_not_at_the_cost_of_the_operators)
