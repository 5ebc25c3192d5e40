noinst_LIBRARIES += maildir/libmaildir.a
maildir_libmaildir_a_SOURCES = maildir/maildir.h maildir/message.h maildir/mutf7.h \
	maildir/maildir_append.c \
	maildir/maildir_check.c maildir/maildir_check.h maildir/maildir_check_internal.h \
	maildir/maildir_check_files.c \
	maildir/maildir_check_index.c \
	maildir/maildir_check_store.c \
	maildir/maildir_copy.c \
	maildir/maildir_courier.h \
	maildir/maildir_courier_conflict.c \
	maildir/maildir_courier_keywords.c \
	maildir/maildir_courier_letters.c \
	maildir/maildir_courier_match.c \
	maildir/maildir_courier_plan.c \
	maildir/maildir_courier_take.c \
	maildir/maildir_courier_uids.c \
	maildir/maildir_deliver.c \
	maildir/maildir_flags.c \
	maildir/maildir_folder.c \
	maildir/maildir_folder_name.c \
	maildir/maildir_index.c maildir/maildir_index.h \
	maildir/maildir_index_flags.c \
	maildir/maildir_index_folder.c maildir/maildir_index_folder.h \
	maildir/maildir_index_log.c \
	maildir/maildir_internal.h \
	maildir/maildir_keyword_bits.c \
	maildir/maildir_keywords.c maildir/maildir_keywords.h \
	maildir/maildir_lock.c maildir/maildir_lock.h \
	maildir/maildir_mailbox.c \
	maildir/maildir_message.c \
	maildir/maildir_metadata.c maildir/maildir_metadata.h \
	maildir/maildir_modseq.c \
	maildir/maildir_object_id.c \
	maildir/maildir_name.c maildir/maildir_name.h \
	maildir/maildir_quota.c \
	maildir/maildir_quota_count.c \
	maildir/maildir_rebuild.c \
	maildir/maildir_scan.c maildir/maildir_scan.h \
	maildir/maildir_scan_join.c \
	maildir/maildir_scan_look.c \
	maildir/maildir_scan_masks.c \
	maildir/maildir_scan_names.c \
	maildir/maildir_scan_touched.c \
	maildir/maildir_sidecar.c maildir/maildir_sidecar.h \
	maildir/maildir_sidecar_file.c \
	maildir/maildir_special.c maildir/maildir_special.h \
	maildir/maildir_status.c \
	maildir/maildir_store.c \
	maildir/maildir_subscriptions.c maildir/maildir_subscriptions.h \
	maildir/maildir_text.c \
	maildir/maildir_tree.c \
	maildir/maildir_tidy.c \
	maildir/maildir_uidlist.c maildir/maildir_uidlist.h \
	maildir/maildir_uidvalidity.c \
	maildir/maildir_update.c \
	maildir/maildir_store_watch.c maildir/maildir_store_watch.h \
	maildir/maildir_watch.c maildir/maildir_watch.h \
	maildir/maildir_watcher.c maildir/maildir_watcher.h \
	maildir/maildir_write.c \
	maildir/maildirsize.c maildir/maildirsize.h \
	maildir/text_block.c maildir/text_block.h \
	maildir/text_cache.c maildir/text_cache.h \
	maildir/uid_runs.c maildir/uid_runs.h

# Messages: everything that is pure.
maildir_libmaildir_a_SOURCES += \
	maildir/message_address.c \
	maildir/message_casefold.c \
	maildir/message_collate.c \
	maildir/message_charset.c maildir/message_charset_names.c maildir/message_charset.h \
	maildir/message_date.c \
	maildir/message_decode.c \
	maildir/message_header.c \
	maildir/message_lex.c maildir/message_lex.h \
	maildir/message_mime.c \
	maildir/message_param.c maildir/message_param.h \
	maildir/message_part.c maildir/message_part.h \
	maildir/message_text.c maildir/message_text.h \
	maildir/message_wire.c \
	maildir/message_words.c \
	maildir/mutf7.c

MAILDIR_LIBS = maildir/libmaildir.a $(UNISTRING_LIBS) $(LMDB_LIBS) $(ZSTD_LIBS)

FUZZ_TARGETS += maildir_courier_keywords maildir_courier_pop3 maildir_courier_subscribed maildir_courier_uiddb
FUZZ_TARGETS += maildir_keywords maildir_metadata maildir_modseq maildir_name maildir_sidecar maildir_special maildir_uidlist \
	maildirsize
FUZZ_TARGETS += message_address message_charset message_date message_decode message_header message_mime
FUZZ_TARGETS += message_param message_text message_wire message_words mutf7 text_cache

check_PROGRAMS += t/unit/message_address_test
t_unit_message_address_test_SOURCES = t/unit/message_address_test.c
t_unit_message_address_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_message_address_test_LDADD = $(MAILDIR_LIBS) $(BASE_LIBS) $(UNIT_LIBS)
TESTS += t/unit/message_address_test

check_PROGRAMS += t/unit/message_date_test
t_unit_message_date_test_SOURCES = t/unit/message_date_test.c
t_unit_message_date_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_message_date_test_LDADD = $(MAILDIR_LIBS) $(BASE_LIBS) $(UNIT_LIBS)
TESTS += t/unit/message_date_test

check_PROGRAMS += t/unit/message_decode_test
t_unit_message_decode_test_SOURCES = t/unit/message_decode_test.c
t_unit_message_decode_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_message_decode_test_LDADD = $(MAILDIR_LIBS) $(BASE_LIBS) $(UNIT_LIBS)
TESTS += t/unit/message_decode_test

check_PROGRAMS += t/unit/message_header_test
t_unit_message_header_test_SOURCES = t/unit/message_header_test.c
t_unit_message_header_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_message_header_test_LDADD = $(MAILDIR_LIBS) $(BASE_LIBS) $(UNIT_LIBS)
TESTS += t/unit/message_header_test

check_PROGRAMS += t/unit/message_mime_test
t_unit_message_mime_test_SOURCES = t/unit/message_mime_test.c
t_unit_message_mime_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_message_mime_test_LDADD = $(MAILDIR_LIBS) $(BASE_LIBS) $(UNIT_LIBS)
TESTS += t/unit/message_mime_test

check_PROGRAMS += t/unit/message_wire_test
t_unit_message_wire_test_SOURCES = t/unit/message_wire_test.c
t_unit_message_wire_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_message_wire_test_LDADD = $(MAILDIR_LIBS) $(BASE_LIBS) $(UNIT_LIBS)
TESTS += t/unit/message_wire_test

check_PROGRAMS += t/unit/maildir_courier_test
t_unit_maildir_courier_test_SOURCES = t/unit/maildir_courier_test.c
t_unit_maildir_courier_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_maildir_courier_test_LDADD = $(MAILDIR_LIBS) $(BASE_LIBS) $(UNIT_LIBS)
TESTS += t/unit/maildir_courier_test

check_PROGRAMS += t/unit/maildir_sidecar_test
t_unit_maildir_sidecar_test_SOURCES = t/unit/maildir_sidecar_test.c
t_unit_maildir_sidecar_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_maildir_sidecar_test_LDADD = $(MAILDIR_LIBS) $(BASE_LIBS) $(UNIT_LIBS)
TESTS += t/unit/maildir_sidecar_test

check_PROGRAMS += t/unit/maildir_tidy_test
t_unit_maildir_tidy_test_SOURCES = t/unit/maildir_tidy_test.c
t_unit_maildir_tidy_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_maildir_tidy_test_LDADD = $(MAILDIR_LIBS) $(BASE_LIBS) $(UNIT_LIBS)
TESTS += t/unit/maildir_tidy_test

check_PROGRAMS += t/unit/maildirsize_test
t_unit_maildirsize_test_SOURCES = t/unit/maildirsize_test.c
t_unit_maildirsize_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_maildirsize_test_LDADD = $(MAILDIR_LIBS) $(BASE_LIBS) $(UNIT_LIBS)
TESTS += t/unit/maildirsize_test

check_PROGRAMS += t/unit/mutf7_test
t_unit_mutf7_test_SOURCES = t/unit/mutf7_test.c
t_unit_mutf7_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_mutf7_test_LDADD = $(MAILDIR_LIBS) $(BASE_LIBS) $(UNIT_LIBS)
TESTS += t/unit/mutf7_test

check_PROGRAMS += t/unit/maildir_test
t_unit_maildir_test_SOURCES = t/unit/maildir_test.c
t_unit_maildir_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_maildir_test_LDADD = $(MAILDIR_LIBS) $(BASE_LIBS) $(UNIT_LIBS)
TESTS += t/unit/maildir_test

check_PROGRAMS += t/unit/maildir_index_test
t_unit_maildir_index_test_SOURCES = t/unit/maildir_index_test.c
t_unit_maildir_index_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_maildir_index_test_LDADD = $(MAILDIR_LIBS) $(BASE_LIBS) $(UNIT_LIBS)
TESTS += t/unit/maildir_index_test

check_PROGRAMS += t/unit/uid_runs_test
t_unit_uid_runs_test_SOURCES = t/unit/uid_runs_test.c
t_unit_uid_runs_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_uid_runs_test_LDADD = $(MAILDIR_LIBS) $(BASE_LIBS) $(UNIT_LIBS)
TESTS += t/unit/uid_runs_test

dist_man_MANS += maildir/posthouse-maildir.5
