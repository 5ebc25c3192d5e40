noinst_LIBRARIES += auth/libauth.a
auth_libauth_a_SOURCES = \
	auth/auth.h \
	auth/auth_account.c \
	auth/site_conf.c auth/site_conf.h

AUTH_LIBS = auth/libauth.a

check_PROGRAMS += t/unit/site_conf_test
t_unit_site_conf_test_SOURCES = t/unit/site_conf_test.c
t_unit_site_conf_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_site_conf_test_LDADD = $(AUTH_LIBS) $(BASE_LIBS) $(UNIT_LIBS)
TESTS += t/unit/site_conf_test
