# The relay: programs and their tests.

# What its programs and tests share: settings, and the pure modules.
noinst_LIBRARIES += relay/librelay.a
relay_librelay_a_SOURCES = \
	relay/envelope.c relay/envelope.h \
	relay/queue_bounce.c relay/queue_bounce.h \
	relay/queue_journal.c relay/queue_journal.h \
	relay/queue_route.c relay/queue_route.h \
	relay/queue_schedule.c relay/queue_schedule.h \
	relay/queue_trace.c relay/queue_trace.h \
	relay/record.c relay/record.h \
	relay/relay_conf.c relay/relay_conf.h \
	relay/relay_msg.h \
	relay/remote_body.c relay/remote_body.h \
	relay/remote_reply.c relay/remote_reply.h
RELAY_LIBS = relay/librelay.a $(AUTH_LIBS) $(MAILDIR_LIBS) $(BASE_LIBS)

pkglibexec_PROGRAMS += relay/posthouse-remote
relay_posthouse_remote_CFLAGS = $(AM_CFLAGS) $(GNUTLS_CFLAGS)
relay_posthouse_remote_SOURCES = \
	relay/remote_main.c \
	relay/remote_smtp.c relay/remote_smtp.h \
	relay/remote_wire.c relay/remote_wire.h
relay_posthouse_remote_LDADD = $(RELAY_LIBS)

FUZZ_TARGETS += envelope queue_journal remote_reply

check_PROGRAMS += t/unit/envelope_test
t_unit_envelope_test_SOURCES = t/unit/envelope_test.c
t_unit_envelope_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_envelope_test_LDADD = $(RELAY_LIBS) $(UNIT_LIBS)
TESTS += t/unit/envelope_test

check_PROGRAMS += t/unit/queue_schedule_test
t_unit_queue_schedule_test_SOURCES = t/unit/queue_schedule_test.c
t_unit_queue_schedule_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_queue_schedule_test_LDADD = $(RELAY_LIBS) $(UNIT_LIBS)
TESTS += t/unit/queue_schedule_test

check_PROGRAMS += t/unit/remote_reply_test
t_unit_remote_reply_test_SOURCES = t/unit/remote_reply_test.c
t_unit_remote_reply_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_remote_reply_test_LDADD = $(RELAY_LIBS) $(UNIT_LIBS)
TESTS += t/unit/remote_reply_test
