# The access server: programs and their tests.

# What IMAP's programs and tests share: the pure modules.
noinst_LIBRARIES += access/libimap.a
access_libimap_a_SOURCES = \
	access/imap_args.c \
	access/imap_parse.c access/imap_parse.h
IMAP_LIBS = access/libimap.a $(MAILDIR_LIBS) $(BASE_LIBS)

check_PROGRAMS += t/unit/imap_parse_test
t_unit_imap_parse_test_SOURCES = t/unit/imap_parse_test.c
t_unit_imap_parse_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_imap_parse_test_LDADD = $(IMAP_LIBS) $(UNIT_LIBS)
TESTS += t/unit/imap_parse_test
