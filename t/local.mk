# Tests. Unit tests are listed in the local.mk of the directory that they test; each speaks TAP.
EXTRA_DIST += t/README t/run-test t/pam_other_name.c t/posthouse.py t/clientproxy.py t/dovecot.py t/unit/unit.h

BEHAVIOUR_TESTS += \
	t/0005-a-test-leaves-nothing-behind.t \
	t/0010-include-graph.t \
	t/0020-fuzz-seeds.t \
	t/0030-units-verify.t \
	t/0040-sample-configuration.t \
	t/0060-log-goes-to-syslog.t \
	t/2010-back-and-forth-with-dovecot.t \
	t/2012-uidlist-and-quota-are-shared-with-dovecot.t \
	t/2014-beside-dovecot-under-load.t \
	t/2016-writers-without-locks-harm-nothing.t \
	t/2018-what-others-leave-in-a-maildir.t \
	t/2022-sessions-of-both-see-each-other.t \
	t/2024-mutt-works-on-the-maildir.t \
	t/2020-courier-is-taken-over.t \
	t/2022-from-courier-over-to-dovecot.t \
	t/2030-folder-names-in-both-encodings.t \
	t/2040-the-index-may-be-lost.t \
	t/2050-keywords-beyond-the-letters.t \
	t/2050-quota-holds.t \
	t/2060-mailbox-tool.t \
	t/2070-courier-dry-run.t \
	t/6010-letters-go-in-and-come-out.t \
	t/6012-real-clients-are-served.t \
	t/6020-mbsync-syncs-a-tree.t \
	t/6030-fetchmail-takes-the-mail-away.t \
	t/6040-bytes-in-equal-bytes-out.t \
	t/6050-system-account-by-pam.t \
	t/6060-no-password-in-clear-from-afar.t \
	t/6070-quickstart-shows-a-letter.t \
	t/6080-fifty-users-with-twenty-connections.t \
	t/6120-mail-programs-of-the-distribution.t \
	t/6090-the-benchmark-runs.t \
	t/6095-delivery-is-measured.t \
	t/7010-killed-processes-lose-nothing.t \
	t/7020-privileges-are-as-the-readme-says.t \
	t/7030-masters-live-and-end-well.t \
	t/7040-an-ordinary-user-can-try-it.t \
	t/7110-crash-sweep-in-small.t \
	t/7120-sessions-agree-with-a-model.t \
	t/7130-relay-crash-sweep-in-small.t
EXTRA_DIST += $(BEHAVIOUR_TESTS)
TESTS += $(BEHAVIOUR_TESTS)

# Fuzz targets. In `make check` each runs over its seeds; `make fuzz` builds them with libFuzzer and runs each for
# FUZZ_SECONDS. All of our libraries are linked to each, whatever it tests.
EXTRA_DIST += t/fuzz/replay.c $(FUZZ_TARGETS:%=t/fuzz/%_fuzz.c) $(FUZZ_TARGETS:%=t/fuzz/corpus/%)
FUZZ_LIBRARY_C = $(foreach l,$(noinst_LIBRARIES),$(filter %.c,$($(subst /,_,$(subst .,_,$(l)))_SOURCES)))
FUZZ_LIBS = $(GNUTLS_LIBS) $(CONFUSE_LIBS) $(SECCOMP_LIBS) $(GSASL_LIBS) $(IDN2_LIBS) $(CRYPT_LIBS) $(UNISTRING_LIBS) $(LMDB_LIBS) $(ZSTD_LIBS) \
	$(PAM_LIBS) $(SODIUM_LIBS) $(ZLIB_LIBS)
FUZZ_CPPFLAGS = $(DEFS) $(DEFAULT_INCLUDES) $(AM_CPPFLAGS) $(CPPFLAGS)
FUZZ_CLANG = clang
FUZZ_CFLAGS = -std=gnu17 -g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined
FUZZ_SECONDS = 30
FUZZ_REPLAYS = $(FUZZ_TARGETS:%=t/fuzz/%_replay)

$(FUZZ_REPLAYS): t/fuzz/%_replay: t/fuzz/%_fuzz.c t/fuzz/replay.c $(noinst_LIBRARIES)
	@$(MKDIR_P) t/fuzz
	$(AM_V_CCLD)$(CC) $(FUZZ_CPPFLAGS) $(AM_CFLAGS) -Wno-missing-prototypes $(CFLAGS) $(AM_LDFLAGS) $(LDFLAGS) -o $@ \
		$(filter %.c,$^) -Wl,--start-group $(noinst_LIBRARIES) -Wl,--end-group $(FUZZ_LIBS) $(LIBS)
t/fuzz/replays.stamp: $(FUZZ_REPLAYS)
	@$(MKDIR_P) t/fuzz && echo $(FUZZ_TARGETS) > $@
check_DATA = t/fuzz/replays.stamp
CLEANFILES += $(FUZZ_REPLAYS) t/fuzz/replays.stamp

fuzz/obj/%.o: %.c
	@$(MKDIR_P) $(@D)
	$(AM_V_CC)$(FUZZ_CLANG) $(FUZZ_CPPFLAGS) $(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link -c -o $@ $<
fuzz/libfuzz.a: $(FUZZ_LIBRARY_C:%.c=fuzz/obj/%.o)
	$(AM_V_AR)rm -f $@ && $(AR) cr $@ $^
fuzz/bin/%: t/fuzz/%_fuzz.c fuzz/libfuzz.a
	@$(MKDIR_P) $(@D)
	$(AM_V_CCLD)$(FUZZ_CLANG) $(FUZZ_CPPFLAGS) $(FUZZ_CFLAGS) -fsanitize=fuzzer -o $@ $< fuzz/libfuzz.a $(FUZZ_LIBS) $(LIBS)
fuzz: $(FUZZ_TARGETS:%=fuzz/bin/%)
	@$(MKDIR_P) fuzz/found fuzz/log; for t in $(FUZZ_TARGETS); do \
		$(MKDIR_P) fuzz/corpus/$$t && echo "== $$t, $(FUZZ_SECONDS) s" && \
		fuzz/bin/$$t -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
			-artifact_prefix=fuzz/found/$$t- fuzz/corpus/$$t $(srcdir)/t/fuzz/corpus/$$t > fuzz/log/$$t 2>&1 || \
		{ tail -40 fuzz/log/$$t; exit 1; }; grep number_of_executed_units fuzz/log/$$t; \
	done
clean-local: clean-fuzz
clean-fuzz:
	rm -rf fuzz
.PHONY: fuzz clean-fuzz

# A mail program with windows: large, slow, and therefore asked for by name.
EXTRA_DIST += t/6130-thunderbird.t
check-desktop: all
	$(AM_TESTS_ENVIRONMENT) $(srcdir)/t/6130-thunderbird.t
.PHONY: check-desktop
