noinst_LIBRARIES += base/libbase.a
base_libbase_a_CFLAGS = $(AM_CFLAGS) $(GNUTLS_CFLAGS) $(CONFUSE_CFLAGS) $(SECCOMP_CFLAGS)
base_libbase_a_SOURCES = \
	base/bytes.c base/bytes.h \
	base/census.c base/census.h base/census_master.c base/census_master.h base/census_take.c \
	base/child.c base/child.h \
	base/cleanup.h \
	base/conf.c base/conf.h \
	base/confine.c base/confine.h \
	base/conf_scan.c base/conf_scan.h \
	base/conf_value.c base/conf_value.h \
	base/err.c base/err.h \
	base/event.c base/event.h \
	base/fs.c base/fs.h \
	base/io.c base/io.h base/io_internal.h base/io_pump.c base/io_wire.c \
	base/log.c base/log.h \
	base/log_sink.c base/log_sink.h \
	base/master.c base/master.h base/master_activate.c base/master_children.c base/master_internal.h base/master_listen.c \
	base/msg.c base/msg.h \
	base/nets.c base/nets.h \
	base/priv.c base/priv.h \
	base/proxy.c base/proxy.h base/proxy_receive.c \
	base/sandbox.c base/sandbox.h \
	base/siphash.c base/siphash.h \
	base/spawn.c base/spawn.h \
	base/strbuf.c base/strbuf.h \
	base/text.c base/text.h \
	base/tls.c base/tls.h base/tls_internal.h base/tls_names.c base/tls_signer.c

# What every program links; --as-needed drops what it does not use.
BASE_LIBS = base/libbase.a $(GNUTLS_LIBS) $(CONFUSE_LIBS) $(SECCOMP_LIBS)

check_PROGRAMS += t/unit/event_test t/unit/io_test t/unit/msg_test
TESTS += t/unit/event_test t/unit/io_test t/unit/msg_test
t_unit_event_test_SOURCES = t/unit/event_test.c
t_unit_event_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_event_test_LDADD = $(BASE_LIBS) $(UNIT_LIBS)
t_unit_io_test_SOURCES = t/unit/io_test.c
t_unit_io_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_io_test_LDADD = $(BASE_LIBS) $(UNIT_LIBS)
t_unit_msg_test_SOURCES = t/unit/msg_test.c
t_unit_msg_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_msg_test_LDADD = $(BASE_LIBS) $(UNIT_LIBS)

check_PROGRAMS += t/unit/bytes_test
TESTS += t/unit/bytes_test
t_unit_bytes_test_SOURCES = t/unit/bytes_test.c
t_unit_bytes_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_bytes_test_LDADD = $(BASE_LIBS) $(UNIT_LIBS)
check_PROGRAMS += t/unit/conf_test
TESTS += t/unit/conf_test
t_unit_conf_test_SOURCES = t/unit/conf_test.c
t_unit_conf_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_conf_test_LDADD = $(BASE_LIBS) $(UNIT_LIBS)
check_PROGRAMS += t/unit/fs_test
TESTS += t/unit/fs_test
t_unit_fs_test_SOURCES = t/unit/fs_test.c
t_unit_fs_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_fs_test_LDADD = $(BASE_LIBS) $(UNIT_LIBS)
check_PROGRAMS += t/unit/log_sink_test
TESTS += t/unit/log_sink_test
t_unit_log_sink_test_SOURCES = t/unit/log_sink_test.c
t_unit_log_sink_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_log_sink_test_LDADD = $(BASE_LIBS) $(UNIT_LIBS)
check_PROGRAMS += t/unit/confine_test
TESTS += t/unit/confine_test
t_unit_confine_test_SOURCES = t/unit/confine_test.c
t_unit_confine_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_confine_test_LDADD = $(BASE_LIBS) $(UNIT_LIBS)
check_PROGRAMS += t/unit/siphash_test
TESTS += t/unit/siphash_test
t_unit_siphash_test_SOURCES = t/unit/siphash_test.c
t_unit_siphash_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_siphash_test_LDADD = $(BASE_LIBS) $(UNIT_LIBS)
check_PROGRAMS += t/unit/proxy_test
TESTS += t/unit/proxy_test
t_unit_proxy_test_SOURCES = t/unit/proxy_test.c
t_unit_proxy_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_proxy_test_LDADD = $(BASE_LIBS) $(UNIT_LIBS)
check_PROGRAMS += t/unit/strbuf_test
TESTS += t/unit/strbuf_test
t_unit_strbuf_test_SOURCES = t/unit/strbuf_test.c
t_unit_strbuf_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_strbuf_test_LDADD = $(BASE_LIBS) $(UNIT_LIBS)
check_PROGRAMS += t/unit/text_test
TESTS += t/unit/text_test
t_unit_text_test_SOURCES = t/unit/text_test.c
t_unit_text_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_text_test_LDADD = $(BASE_LIBS) $(UNIT_LIBS)

FUZZ_TARGETS += conf_scan proxy

bin_PROGRAMS += base/posthouse
base_posthouse_SOURCES = base/posthouse_main.c
base_posthouse_CPPFLAGS = $(AM_CPPFLAGS) -DSBINDIR='"$(sbindir)"'
base_posthouse_LDADD = $(BASE_LIBS)
dist_man_MANS += base/posthouse.8
BEHAVIOUR_TESTS += t/0050-posthouse-check.t

check_PROGRAMS += t/unit/census_test
t_unit_census_test_SOURCES = t/unit/census_test.c
t_unit_census_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_census_test_LDADD = $(BASE_LIBS) $(UNIT_LIBS)
TESTS += t/unit/census_test
