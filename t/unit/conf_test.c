#include "base/conf.h"

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "t/unit/unit.h"

struct settings {
    char *hostname;
    int64_t first_uid;
    int64_t plaintext;
    int64_t size;
    int64_t wait;
    bool strict;
    char **smtp;
    char *smarthost;
};

static int check_hostname(const char *value, struct err *e)
{
    return strchr(value, ' ') ? err_set(e, ERR_INVALID, "a name without blanks") : 0;
}

#define F(f) offsetof(struct settings, f)
static const struct conf_row common[] = {
    {NULL, "hostname", CONF_STRING, F(hostname), "", 0, 0, NULL, check_hostname, "the name"},
    {NULL, "first_uid", CONF_INT, F(first_uid), "500", 1, 70000, NULL, NULL, "smallest uid"},
    {NULL, "plaintext_login", CONF_CHOICE, F(plaintext), "loopback", 0, 0, "never|loopback", NULL, NULL},
};
static const struct conf_row rows[] = {
    {"relay", "message_size", CONF_SIZE, F(size), "50M", 1024, 1LL << 31, NULL, NULL, NULL},
    {"relay", "wait", CONF_TIME, F(wait), "5m", 0, 0, NULL, NULL, NULL},
    {"relay", "strict", CONF_BOOL, F(strict), "yes", 0, 0, NULL, NULL, NULL},
    {"relay", "smtp", CONF_LIST, F(smtp), "*:25 *:26", 0, 0, NULL, NULL, "where to listen"},
    {"relay", "smarthost", CONF_STRING, F(smarthost), "", 0, 0, NULL, NULL, NULL},
};
static const char *const foreign[] = {"auth", "access", NULL};
static const struct conf_table table = {common,          ARRAY_LEN(common),       rows,
                                        ARRAY_LEN(rows), sizeof(struct settings), foreign};

static void note(void *arg, const char *text)
{
    strbuf_addf(arg, "%s\n", text);
}

/* Settings of this text, or NULL and the complaints in said. */
static struct settings *read_text(const char *text, struct strbuf *said)
{
    AUTO_FCLOSE FILE *f = *text ? fmemopen((void *)(uintptr_t)text, strlen(text), "r") : NULL;
    return conf_read(f, "x.conf", &table, note, said);
}

static void ck_complains(const char *text, const char *expected)
{
    AUTO_STRBUF struct strbuf said = STRBUF_INIT(20000);
    ck_assert_ptr_null(read_text(text, &said));
    ck_assert_str_eq(said.data, expected);
}

START_TEST(is_complete_without_a_file)
{
    AUTO_STRBUF struct strbuf said = STRBUF_INIT(20000);
    struct settings *s = read_text("", &said);
    ck_assert_ptr_nonnull(s);
    ck_assert_ptr_null(s->hostname);
    ck_assert_int_eq(s->first_uid, 500);
    ck_assert_int_eq(s->plaintext, 1);
    ck_assert_int_eq(s->size, 50 << 20);
    ck_assert_int_eq(s->wait, 300);
    ck_assert(s->strict);
    ck_assert_str_eq(s->smtp[1], "*:26");
    ck_assert_ptr_null(s->smtp[2]);
    conf_free(s, &table);
}
END_TEST

START_TEST(reads_every_type)
{
    AUTO_STRBUF struct strbuf said = STRBUF_INIT(20000);
    struct settings *s =
        read_text("# comment\nhostname = mail.example.org // more\nplaintext_login = never\n"
                  "relay { message_size = 2K wait = \"1h\"\n strict = no\n"
                  "  smtp = {\"a:1\", 'b:2', # here too\n c:3}\n smarthost = \"x\\\"}y\" }\n",
                  &said);
    ck_assert_str_eq(said.data, "");
    ck_assert_str_eq(s->hostname, "mail.example.org");
    ck_assert_int_eq(s->plaintext, 0);
    ck_assert_int_eq(s->size, 2048);
    ck_assert_int_eq(s->wait, 3600);
    ck_assert(!s->strict);
    ck_assert_str_eq(s->smtp[2], "c:3");
    ck_assert_ptr_null(s->smtp[3]);
    ck_assert_str_eq(s->smarthost, "x\"}y");
    conf_free(s, &table);
}
END_TEST

START_TEST(takes_an_empty_list_and_a_single_value_for_a_list)
{
    AUTO_STRBUF struct strbuf said = STRBUF_INIT(20000);
    struct settings *s = read_text("relay { smtp = {} }", &said);
    ck_assert_str_eq(said.data, "");
    ck_assert_ptr_null(s->smtp[0]);
    conf_free(s, &table);
    s = read_text("relay { smtp = \"127.0.0.1:2525\" }", &said);
    ck_assert_str_eq(said.data, "");
    ck_assert_str_eq(s->smtp[0], "127.0.0.1:2525");
    ck_assert_ptr_null(s->smtp[1]);
    conf_free(s, &table);
}
END_TEST

START_TEST(refuses_an_unknown_option_and_names_the_nearest)
{
    ck_complains("\nhostnam = x\n",
                 "x.conf:2: unknown option hostnam in the top level; did you mean hostname?\n");
    ck_complains("relay {\n\n hostname = x }\n",
                 "x.conf:3: unknown option hostname in relay; did you mean hostname, at "
                 "the top level outside of sections?\n");
    ck_complains("smarthost = x\n",
                 "x.conf:1: unknown option smarthost in the top level; did you mean smarthost, in "
                 "section relay { }?\n");
    ck_complains("bogus = 1",
                 "x.conf:1: unknown option bogus in the top level; option -d lists all there are\n");
}
END_TEST

START_TEST(goes_on_to_find_more_than_one_mistake)
{
    ck_complains("first_uid = many\n/* two\nlines */\nhostname = \"a b\"\nrelay {\n message_size = 1\n wait "
                 "= soon\n}\n",
                 "x.conf:1: first_uid = \"many\": right would be a whole number from 1 to 70000\n"
                 "x.conf:4: hostname = \"a b\": right would be a name without blanks\n"
                 "x.conf:6: message_size = \"1\": right would be a size such as \"50M\" from 1K to 2G\n"
                 "x.conf:7: wait = \"soon\": right would be a time such as \"30s\" or \"4d\"\n");
}
END_TEST

START_TEST(says_which_words_there_are)
{
    ck_complains("plaintext_login = always",
                 "x.conf:1: plaintext_login = \"always\": right would be one of never|loopback\n");
    ck_complains("relay { strict = perhaps }", "x.conf:1: strict = \"perhaps\": right would be yes or no\n");
}
END_TEST

START_TEST(steps_over_sections_of_other_programs)
{
    AUTO_STRBUF struct strbuf said = STRBUF_INIT(20000);
    struct settings *s =
        read_text("auth { nonsense = {\"}\", x}\n sub { a = 1 } # }\n }\naccess{}\nhostname = x", &said);
    ck_assert_str_eq(said.data, "");
    ck_assert_str_eq(s->hostname, "x");
    conf_free(s, &table);
}
END_TEST

START_TEST(refuses_unknown_sections_and_broken_syntax)
{
    ck_complains("smtp { a = 1 }\nhostname = x",
                 "x.conf:1: unknown section smtp; a list is written smtp = {\"one\", \"two\"}\n");
    ck_complains("hostname x\n",
                 "x.conf:1: hostname: right would be \"hostname = value\" or \"hostname { ... }\"\n"
                 "x.conf:1: x: right would be \"x = value\" or \"x { ... }\"\n");
    ck_complains("hostname = {\"a\", \"b\"}",
                 "x.conf:1: the value of hostname cannot be read: right would be hostname = \"value\"\n");
    ck_complains("relay {\nwait = 1", "x.conf:2: the file ends inside of section relay: its } is missing\n");
    ck_complains("auth {\nwait = 1", "x.conf:1: this section is not closed: its } is missing\n");
    ck_complains("}", "x.conf:1: a } without its {\n");
    ck_complains("hostname = a\nhostname = b",
                 "x.conf:2: hostname is set a second time; it was set at line 1, keep one of them\n");
}
END_TEST

START_TEST(dumps_a_file_that_reads_back_the_same)
{
    AUTO_STRBUF struct strbuf said = STRBUF_INIT(20000);
    struct settings *s =
        read_text("hostname = 'a\"b${HOME}\\\\'\nrelay { smtp = {\"x\", \"y z\"} wait = 90 }", &said);
    ck_assert_str_eq(said.data, "");
    char *first = NULL, *second = NULL;
    size_t n;
    FILE *f = open_memstream(&first, &n);
    conf_dump(f, s, &table);
    fclose(f);
    struct settings *again = read_text(first, &said);
    ck_assert_str_eq(said.data, "");
    ck_assert_str_eq(again->hostname, "a\"b${HOME}\\");
    f = open_memstream(&second, &n);
    conf_dump(f, again, &table);
    fclose(f);
    ck_assert_str_eq(first, second);
    conf_free(s, &table);
    conf_free(again, &table);
    free(first);
    free(second);
}
END_TEST

UNIT_MAIN("conf", is_complete_without_a_file, reads_every_type,
          takes_an_empty_list_and_a_single_value_for_a_list, refuses_an_unknown_option_and_names_the_nearest,
          goes_on_to_find_more_than_one_mistake, says_which_words_there_are,
          steps_over_sections_of_other_programs, refuses_unknown_sections_and_broken_syntax,
          dumps_a_file_that_reads_back_the_same)
