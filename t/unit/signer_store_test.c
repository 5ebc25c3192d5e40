#include "auth/signer_store.h"

#include "t/unit/unit.h"

static struct signer_store *store;

static void put(const char *place, uint64_t serial, const char *host, bool rsa, time_t expires)
{
    struct signer_pair pair = {.serial = serial, .rsa = rsa, .expires = expires};
    strbuf_init(&pair.chain, PEM_MAX);
    pair.names = xcalloc(2, sizeof(*pair.names));
    pair.names[0] = xstrdup(host);
    signer_store_put(store, place, &pair, 0);
    ck_assert_uint_eq(pair.serial, 0);
}

static uint64_t first(const char *name)
{
    uint64_t serials[TLS_KINDS];
    return signer_store_find(store, bytes_of(name), serials) > 0 ? serials[0] : 0;
}

START_TEST(finds_names_then_wildcards_then_the_default)
{
    store = signer_store_new();
    ck_assert_uint_eq(first("a.example"), 0);
    put("", 1, "localhost", false, 10);
    put("a.example", 2, "a.example", false, 10);
    put("w.example", 3, "*.example", false, 10);
    put("b.example-0001", 4, "b.example", false, 10);
    ck_assert_uint_eq(first("a.example"), 2);
    ck_assert_uint_eq(first("b.example"), 4);
    ck_assert_uint_eq(first("b.example-0001"), 4);
    ck_assert_uint_eq(first("c.example"), 3);
    ck_assert_uint_eq(first("d.c.example"), 1);
    ck_assert_uint_eq(first("example"), 1);
    ck_assert_uint_eq(first(""), 1);
    ck_assert_uint_eq(first("localhost"), 1);
    signer_store_free(store);
}
END_TEST

START_TEST(gives_one_pair_of_each_kind_the_one_that_lasts_longer)
{
    uint64_t serials[TLS_KINDS];
    store = signer_store_new();
    put("x", 1, "a.example", true, 10);
    put("y", 2, "a.example", false, 10);
    put("z", 3, "a.example", false, 20);
    put("v", 4, "a.example", false, 15);
    ck_assert_uint_eq(signer_store_find(store, BYTES("a.example"), serials), 2);
    ck_assert_uint_eq(serials[0], 3);
    ck_assert_uint_eq(serials[1], 1);
    signer_store_free(store);
}
END_TEST

START_TEST(keeps_what_was_replaced_for_some_time)
{
    store = signer_store_new();
    put("a", 1, "a.example", false, 10);
    uint64_t generation = signer_store_generation(store);
    put("a", 2, "a.example", false, 10);
    ck_assert(signer_store_generation(store) != generation);
    ck_assert_uint_eq(first("a.example"), 2);
    signer_store_tidy(store, SIGNER_RETIRED_SECONDS - 1);
    ck_assert_ptr_nonnull(signer_store_pair(store, 1));
    signer_store_tidy(store, SIGNER_RETIRED_SECONDS);
    ck_assert_ptr_null(signer_store_pair(store, 1));
    ck_assert_ptr_nonnull(signer_store_pair(store, 2));
    signer_store_drop(store, "a", 5);
    ck_assert_uint_eq(first("a.example"), 0);
    ck_assert_ptr_null(signer_store_pair(store, 0));
    signer_store_free(store);
}
END_TEST

START_TEST(the_hosts_own_name_fills_the_default)
{
    uint64_t serials[TLS_KINDS];
    store = signer_store_new();
    put("", 1, "mail.example", true, 10);
    put("h", 2, "mail.example", false, 10);
    put("i", 3, "mail.example", true, 90);
    signer_store_hostname(store, "mail.example");
    ck_assert_uint_eq(signer_store_find(store, BYTES(""), serials), 2);
    ck_assert_uint_eq(serials[0], 2);
    ck_assert_uint_eq(serials[1], 1);
    signer_store_free(store);
}
END_TEST

UNIT_MAIN("signer_store", finds_names_then_wildcards_then_the_default,
          gives_one_pair_of_each_kind_the_one_that_lasts_longer, keeps_what_was_replaced_for_some_time,
          the_hosts_own_name_fills_the_default)
