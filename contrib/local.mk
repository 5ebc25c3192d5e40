# Units, the PAM service file, and the scripts behind the two commands.
EXTRA_DIST += \
	.ci/run \
	autogen.sh \
	contrib/bench \
	contrib/bench.d/boxes.py \
	contrib/bench.d/chart.py \
	contrib/bench.d/client.py \
	contrib/bench.d/delivery.py \
	contrib/bench.d/image.py \
	contrib/bench.d/mail.py \
	contrib/bench.d/relays.py \
	contrib/bench.d/report.py \
	contrib/bench.d/rows.py \
	contrib/bench.d/rows_change.py \
	contrib/bench.d/rows_door.py \
	contrib/bench.d/rows_folders.py \
	contrib/bench.d/rows_idle.py \
	contrib/bench.d/rows_login.py \
	contrib/bench.d/rows_search.py \
	contrib/bench.d/rows_sync.py \
	contrib/bench.d/rows_read.py \
	contrib/bench.d/rows_size.py \
	contrib/bench.d/rows_wire.py \
	contrib/bench.d/servers.py \
	contrib/bench.d/smtpload.py \
	contrib/create-users \
	contrib/fail2ban/filter.conf \
	contrib/fail2ban/jail.conf \
	contrib/install-deps \
	contrib/make-manual \
	contrib/make-sample \
	contrib/posthouse.conf.5.in \
	contrib/posthouse.pam \
	contrib/quickstart \
	contrib/sandbox \
	contrib/systemd/posthouse-accessd.service.in \
	contrib/systemd/posthouse-accessd.socket \
	contrib/systemd/posthouse-authd.service.in \
	contrib/systemd/posthouse-relayd.service.in \
	contrib/systemd/posthouse.target \
	contrib/test

systemdunit_DATA = $(UNITS) contrib/systemd/posthouse-accessd.socket contrib/systemd/posthouse.target
UNITS = \
	contrib/systemd/posthouse-accessd.service \
	contrib/systemd/posthouse-authd.service \
	contrib/systemd/posthouse-relayd.service
$(UNITS): %: %.in Makefile
	@$(MKDIR_P) $(@D)
	$(AM_V_GEN)$(SED) 's|@sbindir[@]|$(sbindir)|' $< > $@
CLEANFILES += $(UNITS)

# The sample configuration and the manual page of its options, as the masters print them.
doc_DATA = contrib/posthouse.conf.sample
man_MANS = contrib/posthouse.conf.5
contrib/posthouse.conf.sample: contrib/make-sample $(sbin_PROGRAMS)
	@$(MKDIR_P) contrib
	$(AM_V_GEN)$(srcdir)/contrib/make-sample $(sbin_PROGRAMS) > $@.tmp && mv $@.tmp $@
contrib/posthouse.conf.5: contrib/posthouse.conf.5.in contrib/make-manual contrib/posthouse.conf.sample
	$(AM_V_GEN)$(SED) 's|@sysconfdir[@]|$(sysconfdir)|; s|@docdir[@]|$(docdir)|' $(srcdir)/contrib/posthouse.conf.5.in | \
		$(srcdir)/contrib/make-manual contrib/posthouse.conf.sample > $@.tmp && mv $@.tmp $@
CLEANFILES += contrib/posthouse.conf.sample contrib/posthouse.conf.5

# These run under a user's uid and must not be readable by it, or the kernel would let that user trace them.
UNREADABLE = posthouse-imap posthouse-pop3 posthouse-local

install-exec-hook:
	@for p in $(UNREADABLE); do \
		test ! -f "$(DESTDIR)$(pkglibexecdir)/$$p" || chmod 0711 "$(DESTDIR)$(pkglibexecdir)/$$p"; \
	done

# What leaves messages for a relay that does not run (drop_main.c).
SET_DROP_GROUP = chgrp posthouse-drop '$(pkglibexecdir)/posthouse-drop' && chmod 2711 '$(pkglibexecdir)/posthouse-drop'

# The PAM file is configuration: one that is there stays.
install-data-local:
	@$(MKDIR_P) '$(DESTDIR)$(pamdir)'
	@if test -f '$(DESTDIR)$(pamdir)/posthouse'; then \
		cmp -s $(srcdir)/contrib/posthouse.pam '$(DESTDIR)$(pamdir)/posthouse' || \
			echo 'kept $(DESTDIR)$(pamdir)/posthouse as it is'; \
	else \
		$(INSTALL_DATA) $(srcdir)/contrib/posthouse.pam '$(DESTDIR)$(pamdir)/posthouse'; \
	fi

install-data-hook:
	@if test -n '$(DESTDIR)' || test '$(install_users)' = no || test "$$(id -u)" != 0; then \
		echo 'To finish on the machine that will run it, as root:  contrib/create-users &&'; \
		echo '    install -d -o root -m 755 $(localstatedir)/lib/posthouse &&'; \
		echo '    install -d -o posthouse -g posthouse -m 700 $(localstatedir)/spool/posthouse &&'; \
		echo '    chgrp posthouse-drop $(pkglibexecdir)/posthouse-drop && chmod 2711 $(pkglibexecdir)/posthouse-drop'; \
	else \
		$(srcdir)/contrib/create-users && $(SET_DROP_GROUP) && \
		$(INSTALL) -d -o root -g root -m 755 '$(localstatedir)/lib/posthouse' && \
		$(INSTALL) -d -o posthouse -g posthouse -m 700 '$(localstatedir)/spool/posthouse' && \
		echo 'System accounts, $(localstatedir)/lib/posthouse, $(localstatedir)/spool/posthouse and the PAM service' && \
		echo '$(pamdir)/posthouse are there. Start with:  systemctl daemon-reload && systemctl enable --now posthouse.target'; \
	fi
uninstall-local:
	@if cmp -s $(srcdir)/contrib/posthouse.pam '$(DESTDIR)$(pamdir)/posthouse'; then rm -f '$(DESTDIR)$(pamdir)/posthouse'; fi

AM_DISTCHECK_CONFIGURE_FLAGS = --disable-install-users \
	--with-systemdunitdir=$$dc_install_base/lib/systemd/system --with-pamdir=$$dc_install_base/etc/pam.d
