noinst_LIBRARIES += maildir/libmaildir.a
maildir_libmaildir_a_SOURCES = maildir/maildir.h maildir/message.h maildir/mutf7.h \
	maildir/maildir_append.c \
	maildir/maildir_copy.c \
	maildir/maildir_deliver.c \
	maildir/maildir_flags.c \
	maildir/maildir_folder.c \
	maildir/maildir_internal.h \
	maildir/maildir_keywords.c maildir/maildir_keywords.h \
	maildir/maildir_lock.c maildir/maildir_lock.h \
	maildir/maildir_mailbox.c \
	maildir/maildir_message.c \
	maildir/maildir_name.c maildir/maildir_name.h \
	maildir/maildir_quota.c \
	maildir/maildir_scan.c \
	maildir/maildir_store.c \
	maildir/maildir_subscriptions.c maildir/maildir_subscriptions.h \
	maildir/maildir_uidlist.c maildir/maildir_uidlist.h \
	maildir/maildir_uidvalidity.c \
	maildir/maildir_write.c

# Messages: everything that is pure.
maildir_libmaildir_a_SOURCES += \
	maildir/message_address.c \
	maildir/message_charset.c maildir/message_charset.h \
	maildir/message_date.c \
	maildir/message_decode.c \
	maildir/message_header.c \
	maildir/message_lex.c maildir/message_lex.h \
	maildir/message_mime.c \
	maildir/message_param.c maildir/message_param.h \
	maildir/message_part.c maildir/message_part.h \
	maildir/message_wire.c \
	maildir/message_words.c \
	maildir/mutf7.c

MAILDIR_LIBS = maildir/libmaildir.a $(UNISTRING_LIBS)
