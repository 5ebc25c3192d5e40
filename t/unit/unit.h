/*
 * unit.h - what every unit test includes: check(1), and a main that speaks TAP on standard output.
 *
 *     START_TEST(appends_up_to_the_cap) { ... } END_TEST
 *     UNIT_MAIN("strbuf", appends_up_to_the_cap, ...)
 */
#ifndef T_UNIT_H
#define T_UNIT_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#define UNIT_MAIN(name, ...)                                                                                 \
    int main(void)                                                                                           \
    {                                                                                                        \
        const TTest *const tests[] = {__VA_ARGS__};                                                          \
        TCase *tc = tcase_create(name);                                                                      \
        tcase_set_timeout(tc, 60);                                                                           \
        for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)                                        \
            tcase_add_test(tc, tests[i]);                                                                    \
        Suite *s = suite_create(name);                                                                       \
        suite_add_tcase(s, tc);                                                                              \
        SRunner *sr = srunner_create(s);                                                                     \
        srunner_set_tap(sr, "-");                                                                            \
        srunner_run_all(sr, CK_SILENT);                                                                      \
        int failed = srunner_ntests_failed(sr);                                                              \
        srunner_free(sr);                                                                                    \
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;                                                         \
    }

#endif
