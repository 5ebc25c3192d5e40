# The relay: programs and their tests.

# What its programs and tests share: settings, and the pure modules.
noinst_LIBRARIES += relay/librelay.a
relay_librelay_a_SOURCES = \
	relay/address.c relay/address.h \
	relay/address_map.c relay/address_map.h \
	relay/address_normal.c relay/address_normal.h \
	relay/envelope.c relay/envelope.h \
	relay/forward_file.c relay/forward_file.h \
	relay/queue_bounce.c relay/queue_bounce.h \
	relay/queue_fair.c relay/queue_fair.h \
	relay/queue_journal.c relay/queue_journal.h \
	relay/queue_limits.c relay/queue_limits.h \
	relay/queue_route.c relay/queue_route.h \
	relay/map_file.c relay/map_file.h \
	relay/queue_schedule.c relay/queue_schedule.h \
	relay/queue_trace.c relay/queue_trace.h \
	relay/queue_verdicts.c relay/queue_verdicts.h \
	relay/record.c relay/record.h \
	relay/relay_conf.c relay/relay_conf.h \
	relay/relay_msg.h \
	relay/dns_client.h \
	relay/remote_body.c relay/remote_body.h \
	relay/remote_dane.c relay/remote_dane.h \
	relay/remote_hosts.c relay/remote_hosts.h \
	relay/remote_reply.c relay/remote_reply.h \
	relay/route_maps.c relay/route_maps.h \
	relay/route_request.h \
	relay/route_walk.c \
	relay/sendmail_address.c relay/sendmail_address.h \
	relay/sendmail_header.c relay/sendmail_header.h \
	relay/sender_map.c relay/sender_map.h \
	relay/sendmail_input.c relay/sendmail_input.h \
	relay/smtp_chunk.c relay/smtp_chunk.h \
	relay/smtp_dots.c relay/smtp_dots.h \
	relay/smtp_params.c relay/smtp_params.h \
	relay/smtp_repair.c relay/smtp_repair.h \
	relay/srs.c relay/srs.h
RELAY_LIBS = relay/librelay.a $(AUTH_LIBS) $(MAILDIR_LIBS) $(BASE_LIBS) $(IDN2_LIBS)

sbin_PROGRAMS += relay/posthouse-relayd
relay_posthouse_relayd_SOURCES = \
	relay/relayd_main.c \
	relay/relayd_parents.c relay/relayd_parents.h \
	relay/relayd_spawn.c relay/relayd_spawn.h
relay_posthouse_relayd_LDADD = $(RELAY_LIBS)

bin_PROGRAMS += relay/sendmail
relay_sendmail_SOURCES = \
	relay/sendmail_aliases.c relay/sendmail_aliases.h \
	relay/sendmail_drop.c relay/sendmail_drop.h \
	relay/sendmail_main.c \
	relay/sendmail_queue.c relay/sendmail_queue.h \
	relay/sendmail_session.c relay/sendmail_session.h
relay_sendmail_LDADD = $(RELAY_LIBS)

pkglibexec_PROGRAMS += relay/posthouse-drop
relay_posthouse_drop_SOURCES = relay/drop_main.c
relay_posthouse_drop_LDADD = base/libbase.a

pkglibexec_PROGRAMS += relay/posthouse-local relay/posthouse-queue relay/posthouse-remote relay/posthouse-smtp
relay_posthouse_local_SOURCES = \
	relay/local_deliver.c relay/local_deliver.h \
	relay/local_forward.c relay/local_forward.h \
	relay/local_main.c \
	relay/local_parent.c relay/local_parent.h
relay_posthouse_local_LDADD = $(RELAY_LIBS)

relay_posthouse_queue_SOURCES = \
	relay/queue.h \
	relay/queue_attempt.c relay/queue_attempt.h \
	relay/queue_commit.c relay/queue_commit.h \
	relay/queue_disk.c relay/queue_disk.h \
	relay/queue_gate.c relay/queue_gate.h \
	relay/queue_drop.c relay/queue_drop.h \
	relay/queue_handin.c relay/queue_handin.h \
	relay/queue_list.c relay/queue_list.h \
	relay/queue_locals.c relay/queue_locals.h \
	relay/queue_main.c \
	relay/queue_onward.c relay/queue_onward.h \
	relay/queue_owner.c relay/queue_owner.h \
	relay/queue_place.c relay/queue_place.h \
	relay/queue_remotes.c relay/queue_remotes.h \
	relay/queue_report.c relay/queue_report.h \
	relay/queue_runner.c relay/queue_runner.h \
	relay/queue_session.c relay/queue_session.h \
	relay/queue_smtp.c relay/queue_smtp.h \
	relay/queue_store.c relay/queue_store.h \
	relay/queue_submit.c relay/queue_submit.h
relay_posthouse_queue_LDADD = $(RELAY_LIBS)

pkglibexec_PROGRAMS += relay/posthouse-queue-ctl
relay_posthouse_queue_ctl_SOURCES = \
	relay/queue_ctl.h \
	relay/queue_ctl_filter.c \
	relay/queue_ctl_main.c \
	relay/queue_ctl_order.c \
	relay/queue_ctl_show.c \
	relay/queue_store.c relay/queue_store.h
relay_posthouse_queue_ctl_LDADD = $(RELAY_LIBS)

pkglibexec_PROGRAMS += relay/posthouse-explain-address
relay_posthouse_explain_address_SOURCES = relay/explain_address_main.c
relay_posthouse_explain_address_LDADD = $(RELAY_LIBS)

relay_posthouse_remote_CFLAGS = $(AM_CFLAGS) $(GNUTLS_CFLAGS)
relay_posthouse_remote_SOURCES = \
	relay/remote_dialogue.c relay/remote_dialogue.h \
	relay/remote_main.c \
	relay/remote_smtp.c relay/remote_smtp.h \
	relay/remote_wire.c relay/remote_wire.h
relay_posthouse_remote_LDADD = $(RELAY_LIBS)

relay_posthouse_smtp_CFLAGS = $(AM_CFLAGS) $(GNUTLS_CFLAGS)
relay_posthouse_smtp_SOURCES = \
	relay/smtp.h \
	relay/smtp_auth.c \
	relay/smtp_commands.c \
	relay/smtp_data.c \
	relay/smtp_link.c \
	relay/smtp_main.c \
	relay/smtp_proxied.c \
	relay/smtp_session.c \
	relay/smtp_trace.c \
	relay/smtp_xclient.c
relay_posthouse_smtp_LDADD = $(RELAY_LIBS)

dist_man_MANS += relay/posthouse-aliases.5 relay/posthouse-queue.8 relay/posthouse-sendmail.8 relay/posthouse-spool.5

# One program, three names.
install-exec-local:
	@$(MKDIR_P) '$(DESTDIR)$(bindir)'
	@for name in mailq newaliases; do ln -sf sendmail "$(DESTDIR)$(bindir)/$$name"; done
uninstall-hook:
	@for name in mailq newaliases; do rm -f "$(DESTDIR)$(bindir)/$$name"; done

BEHAVIOUR_TESTS += \
	t/3010-smtp-speaks-strictly.t \
	t/3020-chunks-make-one-message.t \
	t/3030-dsn-and-smtputf8-are-asked-for-strictly.t \
	t/3110-submission-repairs-and-knows-its-own.t \
	t/3120-limits-hold-over-all-processes.t \
	t/3130-xclient-from-listed-networks.t \
	t/3140-lmtp-answers-for-each-recipient.t \
	t/3210-aliases-and-virtual-addresses.t \
	t/3310-users-forward-their-mail.t \
	t/3510-delivery-within-the-transaction.t \
	t/3520-spool-and-smarthost.t \
	t/3530-sendmail-as-programs-call-it.t \
	t/3535-sendmail-while-the-relay-is-down.t \
	t/3540-hostile-smarthost-harms-nothing.t \
	t/3550-killed-queue-loses-nothing-it-took.t \
	t/3560-posthouse-queue.t \
	t/3570-sending-limits.t \
	t/3580-reports-as-dsn-asks.t \
	t/3590-full-spool-disk-is-told-at-mail.t
EXTRA_DIST += t/smarthost.py

FUZZ_TARGETS += envelope queue_journal queue_trace remote_reply sendmail_header

check_PROGRAMS += t/unit/envelope_test
t_unit_envelope_test_SOURCES = t/unit/envelope_test.c
t_unit_envelope_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_envelope_test_LDADD = $(RELAY_LIBS) $(UNIT_LIBS)
TESTS += t/unit/envelope_test

check_PROGRAMS += t/unit/queue_fair_test
t_unit_queue_fair_test_SOURCES = t/unit/queue_fair_test.c
t_unit_queue_fair_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_queue_fair_test_LDADD = $(RELAY_LIBS) $(UNIT_LIBS)
TESTS += t/unit/queue_fair_test

check_PROGRAMS += t/unit/queue_limits_test
t_unit_queue_limits_test_SOURCES = t/unit/queue_limits_test.c
t_unit_queue_limits_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_queue_limits_test_LDADD = $(RELAY_LIBS) $(UNIT_LIBS)
TESTS += t/unit/queue_limits_test

check_PROGRAMS += t/unit/queue_schedule_test
t_unit_queue_schedule_test_SOURCES = t/unit/queue_schedule_test.c
t_unit_queue_schedule_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_queue_schedule_test_LDADD = $(RELAY_LIBS) $(UNIT_LIBS)
TESTS += t/unit/queue_schedule_test

check_PROGRAMS += t/unit/remote_dane_test
t_unit_remote_dane_test_SOURCES = t/unit/remote_dane_test.c
t_unit_remote_dane_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_remote_dane_test_LDADD = $(RELAY_LIBS) $(UNIT_LIBS)
TESTS += t/unit/remote_dane_test

check_PROGRAMS += t/unit/remote_hosts_test
t_unit_remote_hosts_test_SOURCES = t/unit/remote_hosts_test.c
t_unit_remote_hosts_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_remote_hosts_test_LDADD = $(RELAY_LIBS) $(UNIT_LIBS)
TESTS += t/unit/remote_hosts_test

check_PROGRAMS += t/unit/remote_reply_test
t_unit_remote_reply_test_SOURCES = t/unit/remote_reply_test.c
t_unit_remote_reply_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_remote_reply_test_LDADD = $(RELAY_LIBS) $(UNIT_LIBS)
TESTS += t/unit/remote_reply_test

check_PROGRAMS += t/unit/queue_route_test
t_unit_queue_route_test_SOURCES = t/unit/queue_route_test.c
t_unit_queue_route_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_queue_route_test_LDADD = $(RELAY_LIBS) $(UNIT_LIBS)
TESTS += t/unit/queue_route_test

check_PROGRAMS += t/unit/sendmail_test
t_unit_sendmail_test_SOURCES = t/unit/sendmail_test.c
t_unit_sendmail_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_sendmail_test_LDADD = $(RELAY_LIBS) $(UNIT_LIBS)
TESTS += t/unit/sendmail_test

FUZZ_TARGETS += address sender_map smtp_chunk smtp_dots smtp_params smtp_repair

check_PROGRAMS += t/unit/address_test
t_unit_address_test_SOURCES = t/unit/address_test.c
t_unit_address_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_address_test_LDADD = $(RELAY_LIBS) $(UNIT_LIBS)
TESTS += t/unit/address_test

check_PROGRAMS += t/unit/smtp_repair_test
t_unit_smtp_repair_test_SOURCES = t/unit/smtp_repair_test.c
t_unit_smtp_repair_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_smtp_repair_test_LDADD = $(RELAY_LIBS) $(UNIT_LIBS)
TESTS += t/unit/smtp_repair_test

check_PROGRAMS += t/unit/smtp_dots_test
t_unit_smtp_dots_test_SOURCES = t/unit/smtp_dots_test.c
t_unit_smtp_dots_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_smtp_dots_test_LDADD = $(RELAY_LIBS) $(UNIT_LIBS)
TESTS += t/unit/smtp_dots_test

dist_man_MANS += relay/posthouse-relayd.8 relay/posthouse-smtp.8

FUZZ_TARGETS += address_map srs

check_PROGRAMS += t/unit/address_map_test
t_unit_address_map_test_SOURCES = t/unit/address_map_test.c
t_unit_address_map_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_address_map_test_LDADD = $(RELAY_LIBS) $(UNIT_LIBS)
TESTS += t/unit/address_map_test
