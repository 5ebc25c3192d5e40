#include "base/strbuf.h"

#include "t/unit/unit.h"

START_TEST(is_an_empty_string_before_anything_was_added)
{
    AUTO_STRBUF struct strbuf sb = STRBUF_INIT(10);
    ck_assert_str_eq(sb.data, "");
    char *taken = strbuf_detach(&sb);
    ck_assert_str_eq(taken, "");
    free(taken);
}
END_TEST

START_TEST(appends_up_to_the_cap)
{
    AUTO_STRBUF struct strbuf sb = STRBUF_INIT(5);
    ck_assert(strbuf_adds(&sb, "abc"));
    ck_assert(strbuf_addf(&sb, "%d", 42));
    ck_assert_str_eq(sb.data, "abc42");
    ck_assert(!sb.overflow);
}
END_TEST

START_TEST(adds_nothing_past_the_cap_and_remembers)
{
    AUTO_STRBUF struct strbuf sb = STRBUF_INIT(5);
    strbuf_adds(&sb, "abcd");
    ck_assert(!strbuf_adds(&sb, "ef"));
    ck_assert(!strbuf_addf(&sb, "%s", "ef"));
    ck_assert_ptr_null(strbuf_room(&sb, 2));
    ck_assert_ptr_null(strbuf_room(&sb, SIZE_MAX));
    ck_assert(sb.overflow);
    ck_assert_str_eq(sb.data, "abcd");
    ck_assert(strbuf_addc(&sb, 'e'));
    ck_assert(sb.overflow);
    strbuf_clear(&sb);
    ck_assert(!sb.overflow && sb.len == 0);
}
END_TEST

START_TEST(takes_nothing_at_a_cap_of_zero)
{
    AUTO_STRBUF struct strbuf sb = STRBUF_INIT(0);
    ck_assert(strbuf_adds(&sb, ""));
    ck_assert(strbuf_addf(&sb, "%s", ""));
    ck_assert(!strbuf_addc(&sb, 'a'));
    ck_assert_str_eq(sb.data, "");
}
END_TEST

START_TEST(holds_nuls)
{
    AUTO_STRBUF struct strbuf sb = STRBUF_INIT(100);
    strbuf_add(&sb, "a\0b", 3);
    ck_assert(bytes_eq(strbuf_bytes(&sb), BYTES("a\0b")));
    ck_assert_int_eq(sb.data[3], '\0');
}
END_TEST

START_TEST(grows_to_exactly_its_cap)
{
    AUTO_STRBUF struct strbuf sb = STRBUF_INIT(1000);
    for (int i = 0; i < 1000; i++)
        ck_assert(strbuf_addc(&sb, 'x'));
    ck_assert(!strbuf_addc(&sb, 'x'));
    ck_assert_uint_le(sb.size, 1024);
}
END_TEST

START_TEST(works_without_a_cap)
{
    AUTO_STRBUF struct strbuf sb = STRBUF_INIT(SIZE_MAX);
    for (int i = 0; i < 1000; i++)
        strbuf_adds(&sb, "0123456789");
    ck_assert_uint_eq(sb.len, 10000);
    ck_assert_ptr_null(strbuf_room(&sb, SIZE_MAX - 10000));
}
END_TEST

START_TEST(consumes_from_the_front_and_truncates_the_end)
{
    AUTO_STRBUF struct strbuf sb = STRBUF_INIT(100);
    strbuf_adds(&sb, "abcdef");
    strbuf_consume(&sb, 2);
    ck_assert_str_eq(sb.data, "cdef");
    strbuf_truncate(&sb, 3);
    strbuf_truncate(&sb, 10);
    ck_assert_str_eq(sb.data, "cde");
    strbuf_consume(&sb, 10);
    ck_assert_str_eq(sb.data, "");
}
END_TEST

START_TEST(gives_its_bytes_away_once)
{
    struct strbuf sb = STRBUF_INIT(100);
    strbuf_adds(&sb, "abc");
    char *taken = strbuf_detach(&sb);
    ck_assert_str_eq(taken, "abc");
    ck_assert_str_eq(sb.data, "");
    ck_assert(strbuf_adds(&sb, "again"));
    free(taken);
    strbuf_done_secret(&sb);
    ck_assert_uint_eq(sb.max, 100);
}
END_TEST

START_TEST(begins_in_a_lent_array)
{
    char room[8];
    AUTO_STRBUF struct strbuf sb = STRBUF_LENT(room, 100);
    ck_assert_str_eq(sb.data, "");
    strbuf_adds(&sb, "abcdefg");
    ck_assert_ptr_eq(sb.data, room);
    strbuf_adds(&sb, "hijk");
    ck_assert_str_eq(sb.data, "abcdefghijk");
    ck_assert(sb.data != room && !sb.lent);
    strbuf_done(&sb);
    ck_assert_str_eq(sb.data, "");
    struct strbuf capped = STRBUF_LENT(room, 3);
    ck_assert(strbuf_adds(&capped, "abc") && !strbuf_addc(&capped, 'd'));
    char *taken = strbuf_detach(&capped);
    ck_assert_str_eq(taken, "abc");
    free(taken);
}
END_TEST

UNIT_MAIN("strbuf", is_an_empty_string_before_anything_was_added, appends_up_to_the_cap,
          adds_nothing_past_the_cap_and_remembers, takes_nothing_at_a_cap_of_zero, holds_nuls,
          grows_to_exactly_its_cap, works_without_a_cap, consumes_from_the_front_and_truncates_the_end,
          gives_its_bytes_away_once, begins_in_a_lent_array)
