/*
 * siphash_test.c - SipHash-2-4 against the values of its authors (key 00 01 .. 0f, text 00 01 02 ..).
 */
#include "base/siphash.h"
#include "t/unit/unit.h"

START_TEST(it_gives_the_values_of_its_authors)
{
    static const struct {
        size_t n;
        uint64_t hash;
    } vectors[] = {
        {0, 0x726fdb47dd0e0e31}, {1, 0x74f839c593dc67fd}, {8, 0x93f5f5799a932462}, {15, 0xa129ca6149be45e5}};
    const struct siphash_key key = {{0x0706050403020100, 0x0f0e0d0c0b0a0908}};
    char text[15];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)i;
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++)
        ck_assert_uint_eq(siphash(&key, bytes_from(text, vectors[i].n)), vectors[i].hash);
}
END_TEST

START_TEST(each_table_has_a_secret_of_its_own)
{
    struct siphash_key one = siphash_key_new(), other = siphash_key_new();
    ck_assert_uint_ne(siphash(&one, BYTES("x")), siphash(&other, BYTES("x")));
}
END_TEST

UNIT_MAIN("siphash", it_gives_the_values_of_its_authors, each_table_has_a_secret_of_its_own)
