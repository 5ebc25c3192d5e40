# The crash sweep: `make check-crash` disturbs every operation of the library at each of its system calls.
EXTRA_DIST += \
	t/crash/crash_check.py \
	t/crash/crash_maildir.py \
	t/crash/crash_power.py \
	t/crash/crash_relay.py \
	t/crash/crash_sweep.py

check_PROGRAMS += t/crash/crash_driver t/crash/crash_inject
t_crash_crash_driver_SOURCES = \
	t/crash/crash_driver.c t/crash/crash_driver.h \
	t/crash/crash_folders.c \
	t/crash/crash_look.c \
	t/crash/crash_mailbox.c \
	t/crash/crash_operations.c
t_crash_crash_driver_LDADD = $(MAILDIR_LIBS) $(BASE_LIBS)
t_crash_crash_inject_SOURCES = t/crash/crash_inject.c

# Without libfuse3 there are no power cuts.
CRASH_TOOLS = t/crash/crash_driver$(EXEEXT) t/crash/crash_inject$(EXEEXT)
if HAVE_FUSE
check_PROGRAMS += t/crash/crash_fs
t_crash_crash_fs_SOURCES = t/crash/crash_fs.c t/crash/crash_log.c t/crash/crash_log.h
t_crash_crash_fs_CFLAGS = $(AM_CFLAGS) $(FUSE_CFLAGS)
t_crash_crash_fs_LDADD = $(FUSE_LIBS)
CRASH_TOOLS += t/crash/crash_fs$(EXEEXT)
endif

check-crash: $(CRASH_TOOLS)
	top_builddir='$(abs_top_builddir)' PYTHONDONTWRITEBYTECODE=1 $(srcdir)/t/crash/crash_sweep.py $(CRASH_ARGS)
# The same for the relay: its queue, at each call of the way of a message.
check-crash-relay: all
	top_srcdir='$(abs_top_srcdir)' top_builddir='$(abs_top_builddir)' PYTHONDONTWRITEBYTECODE=1 $(srcdir)/t/crash/crash_relay.py $(CRASH_ARGS)
.PHONY: check-crash-relay
.PHONY: check-crash
