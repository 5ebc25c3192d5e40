noinst_LIBRARIES += base/libbase.a
base_libbase_a_CFLAGS = $(AM_CFLAGS) $(GNUTLS_CFLAGS) $(CONFUSE_CFLAGS) $(SECCOMP_CFLAGS)
base_libbase_a_SOURCES = \
	base/bytes.c base/bytes.h \
	base/child.c base/child.h \
	base/cleanup.h \
	base/conf.c base/conf.h \
	base/err.c base/err.h \
	base/event.c base/event.h \
	base/fs.c base/fs.h \
	base/io.c base/io.h base/io_internal.h base/io_pump.c \
	base/log.c base/log.h \
	base/log_sink.c base/log_sink.h \
	base/master.c base/master.h base/master_children.c base/master_internal.h base/master_listen.c \
	base/msg.c base/msg.h \
	base/priv.c base/priv.h \
	base/sandbox.c base/sandbox.h \
	base/strbuf.c base/strbuf.h \
	base/text.c base/text.h \
	base/tls.c base/tls.h

# What every program links; --as-needed drops what it does not use.
BASE_LIBS = base/libbase.a $(GNUTLS_LIBS) $(CONFUSE_LIBS) $(SECCOMP_LIBS)
