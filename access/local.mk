# The access server: programs and their tests.

# What IMAP's programs and tests share: the pure modules.
noinst_LIBRARIES += access/libimap.a
access_libimap_a_SOURCES = \
	access/imap_args.c \
	access/imap_binary.c access/imap_binary.h \
	access/imap_base_subject.c access/imap_base_subject.h \
	access/imap_cache.c access/imap_cache.h \
	access/imap_date.c access/imap_date.h \
	access/imap_envelope.c access/imap_envelope.h \
	access/imap_flags.c access/imap_flags.h \
	access/imap_match.c access/imap_match.h \
	access/imap_message.c access/imap_message.h \
	access/imap_parse.c access/imap_parse.h \
	access/imap_parse_command.c \
	access/imap_preview.c access/imap_preview.h \
	access/imap_preview_text.c \
	access/imap_quote.c access/imap_quote.h \
	access/imap_search.c access/imap_search.h \
	access/imap_search_match.c \
	access/imap_search_text.c \
	access/imap_section.c access/imap_section.h \
	access/imap_section_open.c \
	access/imap_seqset.c access/imap_seqset.h \
	access/imap_sort_text.c access/imap_sort_text.h \
	access/imap_structure.c access/imap_structure.h \
	access/imap_text.c access/imap_text.h \
	access/imap_url.c access/imap_url.h \
	access/imap_view.c access/imap_view.h \
	access/imap_zip.c access/imap_zip.h
IMAP_LIBS = access/libimap.a $(MAILDIR_LIBS) $(BASE_LIBS) $(ZLIB_LIBS)

FUZZ_TARGETS += imap_base_subject imap_preview
FUZZ_TARGETS += imap_match imap_parse imap_quote imap_search imap_section imap_seqset imap_structure imap_url imap_zip

check_PROGRAMS += t/unit/imap_date_test
t_unit_imap_date_test_SOURCES = t/unit/imap_date_test.c
t_unit_imap_date_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_imap_date_test_LDADD = $(IMAP_LIBS) $(UNIT_LIBS)
TESTS += t/unit/imap_date_test

check_PROGRAMS += t/unit/imap_match_test
t_unit_imap_match_test_SOURCES = t/unit/imap_match_test.c
t_unit_imap_match_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_imap_match_test_LDADD = $(IMAP_LIBS) $(UNIT_LIBS)
TESTS += t/unit/imap_match_test

check_PROGRAMS += t/unit/imap_parse_test
t_unit_imap_parse_test_SOURCES = t/unit/imap_parse_test.c
t_unit_imap_parse_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_imap_parse_test_LDADD = $(IMAP_LIBS) $(UNIT_LIBS)
TESTS += t/unit/imap_parse_test

check_PROGRAMS += t/unit/imap_seqset_test
t_unit_imap_seqset_test_SOURCES = t/unit/imap_seqset_test.c
t_unit_imap_seqset_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_imap_seqset_test_LDADD = $(IMAP_LIBS) $(UNIT_LIBS)
TESTS += t/unit/imap_seqset_test

check_PROGRAMS += t/unit/imap_structure_test
t_unit_imap_structure_test_SOURCES = t/unit/imap_structure_test.c
t_unit_imap_structure_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_imap_structure_test_LDADD = $(IMAP_LIBS) $(UNIT_LIBS)
TESTS += t/unit/imap_structure_test

check_PROGRAMS += t/unit/message_abuse_test
t_unit_message_abuse_test_SOURCES = t/unit/message_abuse_test.c
t_unit_message_abuse_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_message_abuse_test_LDADD = $(IMAP_LIBS) $(UNIT_LIBS)
TESTS += t/unit/message_abuse_test

check_PROGRAMS += t/unit/imap_view_test
t_unit_imap_view_test_SOURCES = t/unit/imap_view_test.c
t_unit_imap_view_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_imap_view_test_LDADD = $(IMAP_LIBS) $(UNIT_LIBS)
TESTS += t/unit/imap_view_test

check_PROGRAMS += t/unit/imap_search_test
t_unit_imap_search_test_SOURCES = t/unit/imap_search_test.c
t_unit_imap_search_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_imap_search_test_LDADD = $(IMAP_LIBS) $(UNIT_LIBS)
TESTS += t/unit/imap_search_test

# The session.
pkglibexec_PROGRAMS += access/posthouse-imap
access_posthouse_imap_SOURCES = \
	access/expire.c access/expire.h \
	access/session_options.c access/session_options.h \
	access/session_status.c access/session_status.h \
	access/imap_append.c access/imap_append.h \
	access/imap_binary_send.c \
	access/imap_catenate.c \
	access/imap_cmd_append.c \
	access/imap_cmd_capability.c \
	access/imap_cmd_close.c \
	access/imap_cmd_compress.c \
	access/imap_cmd_copy.c \
	access/imap_cmd_create.c \
	access/imap_cmd_delete.c \
	access/imap_cmd_enable.c \
	access/imap_cmd_expunge.c \
	access/imap_cmd_fetch.c \
	access/imap_cmd_id.c \
	access/imap_cmd_idle.c \
	access/imap_cmd_list.c \
	access/imap_cmd_logout.c \
	access/imap_cmd_metadata.c \
	access/imap_cmd_namespace.c \
	access/imap_cmd_noop.c \
	access/imap_cmd_notify.c \
	access/imap_cmd_quota.c \
	access/imap_cmd_rename.c \
	access/imap_cmd_replace.c \
	access/imap_cmd_search.c \
	access/imap_cmd_select.c \
	access/imap_cmd_sort.c \
	access/imap_cmd_status.c \
	access/imap_cmd_store.c \
	access/imap_cmd_subscribe.c \
	access/imap_cmd_thread.c \
	access/imap_commands.c access/imap_commands.h \
	access/imap_expunge.h \
	access/imap_condstore.c access/imap_condstore.h \
	access/imap_fetch.c \
	access/imap_fetch_items.c access/imap_fetch_items.h \
	access/imap_fetch_modifiers.c \
	access/imap_io.c access/imap_io.h \
	access/imap_main.c \
	access/imap_list.c access/imap_list.h \
	access/imap_metadata.c access/imap_metadata.h \
	access/imap_news.c access/imap_news.h \
	access/imap_notify.c access/imap_notify.h \
	access/imap_notify_folders.c \
	access/imap_notify_metadata.c \
	access/imap_reply.c access/imap_reply.h \
	access/imap_progress.c access/imap_progress.h \
	access/imap_rest.c \
	access/imap_results.c access/imap_results.h \
	access/imap_search_keys.c \
	access/imap_sort.c access/imap_sort.h \
	access/imap_special.c access/imap_special.h \
	access/imap_status_items.c access/imap_status_items.h \
	access/imap_thread.c access/imap_thread.h \
	access/imap_thread_ids.c access/imap_thread_ids.h \
	access/imap_thread_references.c \
	access/imap_resync.c access/imap_resync.h \
	access/imap_section_send.c \
	access/imap_session.c access/imap_session.h \
	access/imap_tell.c \
	access/imap_target.c
access_posthouse_imap_LDADD = $(IMAP_LIBS)
dist_man_MANS += access/posthouse-imap.8

EXTRA_DIST += t/imapsession.py
BEHAVIOUR_TESTS += \
	t/4010-imap-fetch-items.t \
	t/4015-imap-parts-agree-with-python.t \
	t/4016-imap-serves-broken-letters.t \
	t/4020-imap-search.t \
	t/4030-imap-store-and-views.t \
	t/4040-imap-append-copy-move.t \
	t/4050-imap-folders.t \
	t/4060-imap-idle.t \
	t/4210-imap-list.t \
	t/4220-imap-metadata.t \
	t/4230-imap-quota.t \
	t/4240-special-folders.t \
	t/4250-messages-expire.t \
	t/4310-imap-search-results.t \
	t/4320-imap-sort-and-thread.t \
	t/4330-imap-text-cache.t \
	t/4340-imap-preview.t \
	t/4350-imap-long-work-tells-how-far-it-is.t \
	t/4510-many-sessions-of-one-uid.t \
	t/4520-imap-notify.t \
	t/4070-imap-errors-and-limits.t \
	t/4080-imap-sessions-agree.t \
	t/4090-imap-survives-garbage.t \
	t/4100-imap-condstore.t \
	t/4110-imap-qresync.t \
	t/4120-imap-object-ids.t \
	t/4130-imap-save-dates.t \
	t/4140-imap-uidonly.t \
	t/4150-imap-sync-beside-dovecot.t \
	t/4160-imap-commands-keep-their-rules.t \
	t/4400-imap-literals-and-lines-have-limits.t \
	t/4410-imap-catenate-and-replace.t \
	t/4420-imap-compress.t \
	t/4430-imap-binary.t \
	t/4440-imap-downloads.t \
	t/4450-imap-revision-2-and-utf8.t

# What accessd, login and pop3 share with their tests.
noinst_LIBRARIES += access/libaccess.a
access_libaccess_a_SOURCES = \
	access/access_conf.c access/access_conf.h \
	access/access_msg.h \
	access/pop3_command.c access/pop3_command.h \
	access/pop3_uidl.c access/pop3_uidl.h
ACCESS_LIBS = access/libaccess.a $(AUTH_LIBS) $(BASE_LIBS)

sbin_PROGRAMS += access/posthouse-accessd
access_posthouse_accessd_SOURCES = \
	access/accessd_main.c \
	access/accessd_session.c access/accessd_session.h \
	access/accessd_watch.c access/accessd_watch.h
access_posthouse_accessd_LDADD = $(ACCESS_LIBS)

pkglibexec_PROGRAMS += access/posthouse-login
access_posthouse_login_CFLAGS = $(AM_CFLAGS) $(GNUTLS_CFLAGS)
access_posthouse_login_SOURCES = \
	access/login_conn.c access/login_conn.h \
	access/login_door.c \
	access/login_imap.c \
	access/login_main.c access/login_main.h \
	access/login_pop3.c \
	access/login_proxied.c \
	access/login_session.c
access_posthouse_login_LDADD = access/libimap.a $(ACCESS_LIBS)

pkglibexec_PROGRAMS += access/posthouse-mailbox
access_posthouse_mailbox_SOURCES = \
	access/mailbox_ctl.h \
	access/mailbox_ctl_account.c \
	access/mailbox_ctl_courier.c \
	access/expire.c access/expire.h \
	access/imap_special.c \
	access/mailbox_ctl_expire.c \
	access/mailbox_ctl_index.c \
	access/mailbox_ctl_main.c \
	access/mailbox_ctl_report.c \
	access/mailbox_ctl_status.c
access_posthouse_mailbox_LDADD = $(ACCESS_LIBS) access/libimap.a $(MAILDIR_LIBS) $(BASE_LIBS)
dist_man_MANS += access/posthouse-mailbox.8

pkglibexec_PROGRAMS += access/posthouse-who access/posthouse-kick
access_posthouse_who_SOURCES = access/who_list.c access/who_list.h access/who_main.c
access_posthouse_who_LDADD = $(ACCESS_LIBS)
access_posthouse_kick_SOURCES = access/who_list.c access/who_list.h access/kick_main.c
access_posthouse_kick_LDADD = $(ACCESS_LIBS)
dist_man_MANS += access/posthouse-who.8 access/posthouse-kick.8

pkglibexec_PROGRAMS += access/posthouse-watch
access_posthouse_watch_SOURCES = access/watch_main.c
access_posthouse_watch_LDADD = $(BASE_LIBS)
dist_man_MANS += access/posthouse-watch.8

pkglibexec_PROGRAMS += access/posthouse-pop3
access_posthouse_pop3_SOURCES = \
	access/session_options.c access/session_options.h \
	access/session_status.c access/session_status.h \
	access/imap_io.c access/imap_io.h \
	access/imap_zip.c access/imap_zip.h \
	access/pop3_execute.c \
	access/pop3_main.c \
	access/pop3_send.c \
	access/pop3_session.c access/pop3_session.h
access_posthouse_pop3_LDADD = access/libaccess.a $(MAILDIR_LIBS) $(BASE_LIBS) $(ZLIB_LIBS)
dist_man_MANS += access/posthouse-accessd.8 access/posthouse-login.8 access/posthouse-pop3.8

FUZZ_TARGETS += pop3_command pop3_uidl
check_PROGRAMS += t/unit/pop3_uidl_test
t_unit_pop3_uidl_test_SOURCES = t/unit/pop3_uidl_test.c
t_unit_pop3_uidl_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_pop3_uidl_test_LDADD = $(ACCESS_LIBS) $(UNIT_LIBS)
TESTS += t/unit/pop3_uidl_test
check_PROGRAMS += t/unit/pop3_command_test
t_unit_pop3_command_test_SOURCES = t/unit/pop3_command_test.c
t_unit_pop3_command_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_pop3_command_test_LDADD = $(ACCESS_LIBS) $(UNIT_LIBS)
TESTS += t/unit/pop3_command_test
BEHAVIOUR_TESTS += t/5010-pop3-session.t t/5030-pop3-uidl-formats.t t/5110-who-and-kick.t t/5120-accounts-of-one-uid-are-kept-apart.t
EXTRA_DIST += t/certificates.py
BEHAVIOUR_TESTS += t/4610-certificates-by-name.t t/4620-limits-hold.t t/4630-proxies-speak-for-clients.t \
	t/4640-strangers-before-the-login.t t/4650-connections-end-anywhere-or-never.t \
	t/4660-the-service-manager-opens-sockets.t t/4670-fail2ban-filter.t t/4680-one-process-for-each-connection.t
BEHAVIOUR_TESTS += t/4005-login.t t/5020-pop3-login.t t/7040-login-withstands-nonsense.t \
	t/7045-access-reloads-and-recovers.t
