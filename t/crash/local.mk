# The crash sweep: `make check-crash` disturbs every operation of the library at each of its system calls.
EXTRA_DIST += \
	t/crash/crash_check.py \
	t/crash/crash_maildir.py \
	t/crash/crash_sweep.py

check_PROGRAMS += t/crash/crash_driver t/crash/crash_inject
t_crash_crash_driver_SOURCES = t/crash/crash_driver.c t/crash/crash_driver.h t/crash/crash_operations.c
t_crash_crash_driver_LDADD = $(MAILDIR_LIBS) $(BASE_LIBS)
t_crash_crash_inject_SOURCES = t/crash/crash_inject.c

check-crash: t/crash/crash_driver$(EXEEXT) t/crash/crash_inject$(EXEEXT)
	top_builddir='$(abs_top_builddir)' PYTHONDONTWRITEBYTECODE=1 $(srcdir)/t/crash/crash_sweep.py $(CRASH_ARGS)
.PHONY: check-crash
