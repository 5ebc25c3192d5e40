noinst_LIBRARIES += maildir/libmaildir.a
maildir_libmaildir_a_SOURCES = maildir/maildir.h maildir/message.h maildir/mutf7.h

MAILDIR_LIBS = maildir/libmaildir.a $(UNISTRING_LIBS)
