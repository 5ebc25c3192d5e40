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

MAILDIR_LIBS = maildir/libmaildir.a $(UNISTRING_LIBS)
