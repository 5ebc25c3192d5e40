noinst_LIBRARIES += auth/libauth.a auth/libauthd.a
auth_libauth_a_SOURCES = \
	auth/auth.h \
	auth/auth_account.c \
	auth/auth_ask.c auth/auth_ask.h \
	auth/auth_bans.c auth/auth_bans.h \
	auth/auth_client.c \
	auth/auth_link.c auth/auth_link.h \
	auth/auth_lookup.c \
	auth/auth_proto.c auth/auth_proto.h \
	auth/site_conf.c auth/site_conf.h

AUTH_LIBS = auth/libauth.a

# What the programs of this directory are made of, and their tests link.
auth_libauthd_a_CFLAGS = $(AM_CFLAGS) $(GNUTLS_CFLAGS) $(GSASL_CFLAGS) $(CRYPT_CFLAGS) $(SODIUM_CFLAGS)
auth_libauthd_a_SOURCES = \
	auth/app_file.c auth/app_file.h \
	auth/auth_cache.c auth/auth_cache.h \
	auth/auth_conf.c auth/auth_conf.h \
	auth/auth_name.c auth/auth_name.h \
	auth/auth_rules.c auth/auth_rules.h \
	auth/auth_sasl.c auth/auth_sasl.h \
	auth/auth_scram.c auth/auth_scram.h \
	auth/auth_throttle.c auth/auth_throttle.h \
	auth/auth_ticket.c auth/auth_ticket.h \
	auth/passwd_check.c \
	auth/passwd_edit.c auth/passwd_edit.h \
	auth/passwd_extra.c \
	auth/passwd_file.c auth/passwd_file.h \
	auth/passwd_line.c \
	auth/passwd_make.c auth/passwd_make.h \
	auth/passwd_path.c auth/passwd_path.h \
	auth/passwd_secret.c \
	auth/signer_digest.c auth/signer_digest.h \
	auth/signer_pair.c auth/signer_pair.h \
	auth/signer_store.c auth/signer_store.h

AUTHD_LIBS = auth/libauthd.a $(AUTH_LIBS) $(BASE_LIBS)

sbin_PROGRAMS += auth/posthouse-authd
auth_posthouse_authd_CFLAGS = $(AM_CFLAGS) $(GNUTLS_CFLAGS)
auth_posthouse_authd_SOURCES = \
	auth/authd_expiry.c auth/authd_expiry.h \
	auth/authd_files.c auth/authd_files.h \
	auth/authd_main.c \
	auth/authd_passwd.c \
	auth/authd_selfsigned.c auth/authd_selfsigned.h \
	auth/authd_tls.c auth/authd_tls.h \
	auth/authd_workers.c auth/authd_workers.h
auth_posthouse_authd_LDADD = $(AUTHD_LIBS)

pkglibexec_PROGRAMS += auth/posthouse-auth auth/posthouse-ban auth/posthouse-explain auth/posthouse-nss auth/posthouse-pam auth/posthouse-signer auth/posthouse-user
auth_posthouse_auth_CFLAGS = $(AM_CFLAGS) $(GSASL_CFLAGS) $(CRYPT_CFLAGS) $(SODIUM_CFLAGS)
auth_posthouse_auth_SOURCES = \
	auth/auth_app.c auth/auth_app.h \
	auth/auth_backend.h \
	auth/auth_backends.c \
	auth/auth_ban.c auth/auth_ban.h \
	auth/auth_conn.c auth/auth_conn.h \
	auth/auth_file.c auth/auth_file.h \
	auth/auth_hash.c auth/auth_hash.h \
	auth/auth_main.c \
	auth/auth_master.c auth/auth_master.h \
	auth/auth_nss.c auth/auth_nss.h \
	auth/auth_pam.c auth/auth_pam.h \
	auth/auth_request.c auth/auth_request.h \
	auth/auth_request_internal.h \
	auth/auth_request_judge.c \
	auth/auth_request_sasl.c \
	auth/auth_system.c
auth_posthouse_auth_LDADD = $(AUTHD_LIBS) $(GSASL_LIBS) $(CRYPT_LIBS) $(SODIUM_LIBS) -lpthread

auth_posthouse_nss_SOURCES = auth/nss_main.c
auth_posthouse_nss_LDADD = $(AUTHD_LIBS)

auth_posthouse_pam_SOURCES = auth/pam_main.c
auth_posthouse_pam_LDADD = $(AUTHD_LIBS) $(PAM_LIBS)
# pam_unix brings libcrypt with it; sanitizers, which put themselves in front of crypt_r, must find it from the start.
auth_posthouse_pam_LDFLAGS = $(AM_LDFLAGS) -Wl,--push-state,--no-as-needed,-lcrypt,--pop-state

auth_posthouse_signer_CFLAGS = $(AM_CFLAGS) $(GNUTLS_CFLAGS)
auth_posthouse_signer_SOURCES = auth/signer_main.c
auth_posthouse_signer_LDADD = $(AUTHD_LIBS)

auth_posthouse_ban_SOURCES = auth/ban_ctl_main.c
auth_posthouse_ban_LDADD = $(AUTHD_LIBS)

auth_posthouse_explain_SOURCES = \
	auth/explain.h \
	auth/explain_account.c \
	auth/explain_main.c
auth_posthouse_explain_LDADD = $(AUTHD_LIBS) $(GSASL_LIBS) $(CRYPT_LIBS)

auth_posthouse_user_CFLAGS = $(AM_CFLAGS)
auth_posthouse_user_SOURCES = \
	auth/user_ctl.h \
	auth/user_ctl_add.c \
	auth/user_ctl_app.c \
	auth/user_ctl_change.c \
	auth/user_ctl_file.c \
	auth/user_ctl_main.c \
	auth/user_ctl_password.c \
	auth/user_ctl_show.c \
	auth/user_ctl_uid.c
auth_posthouse_user_LDADD = $(AUTHD_LIBS) $(GSASL_LIBS) $(CRYPT_LIBS) $(SODIUM_LIBS)

dist_man_MANS += auth/posthouse-authd.8 auth/posthouse-ban.8 auth/posthouse-explain.8 auth/posthouse-passwd.5 auth/posthouse-user.8

FUZZ_TARGETS += app_file auth_proto auth_sasl auth_scram passwd_file

check_PROGRAMS += t/unit/auth_bans_test
t_unit_auth_bans_test_SOURCES = t/unit/auth_bans_test.c
t_unit_auth_bans_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_auth_bans_test_LDADD = $(AUTHD_LIBS) $(UNIT_LIBS)
TESTS += t/unit/auth_bans_test
check_PROGRAMS += t/unit/auth_cache_test
t_unit_auth_cache_test_SOURCES = t/unit/auth_cache_test.c
t_unit_auth_cache_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_auth_cache_test_LDADD = $(AUTHD_LIBS) $(UNIT_LIBS)
TESTS += t/unit/auth_cache_test
check_PROGRAMS += t/unit/auth_client_test
t_unit_auth_client_test_SOURCES = t/unit/auth_client_test.c
t_unit_auth_client_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_auth_client_test_LDADD = $(AUTHD_LIBS) $(UNIT_LIBS)
TESTS += t/unit/auth_client_test
check_PROGRAMS += t/unit/signer_store_test
t_unit_signer_store_test_SOURCES = t/unit/signer_store_test.c
t_unit_signer_store_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(GNUTLS_CFLAGS)
t_unit_signer_store_test_LDADD = $(AUTHD_LIBS) $(UNIT_LIBS)
TESTS += t/unit/signer_store_test
check_PROGRAMS += t/unit/auth_name_test
t_unit_auth_name_test_SOURCES = t/unit/auth_name_test.c
t_unit_auth_name_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_auth_name_test_LDADD = $(AUTHD_LIBS) $(UNIT_LIBS)
TESTS += t/unit/auth_name_test
check_PROGRAMS += t/unit/auth_proto_test
t_unit_auth_proto_test_SOURCES = t/unit/auth_proto_test.c
t_unit_auth_proto_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_auth_proto_test_LDADD = $(AUTHD_LIBS) $(UNIT_LIBS)
TESTS += t/unit/auth_proto_test
check_PROGRAMS += t/unit/auth_rules_test
t_unit_auth_rules_test_SOURCES = t/unit/auth_rules_test.c
t_unit_auth_rules_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_auth_rules_test_LDADD = $(AUTHD_LIBS) $(UNIT_LIBS)
TESTS += t/unit/auth_rules_test
check_PROGRAMS += t/unit/auth_sasl_test
t_unit_auth_sasl_test_SOURCES = t/unit/auth_sasl_test.c
t_unit_auth_sasl_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_auth_sasl_test_LDADD = $(AUTHD_LIBS) $(GSASL_LIBS) $(UNIT_LIBS)
TESTS += t/unit/auth_sasl_test
check_PROGRAMS += t/unit/auth_throttle_test
t_unit_auth_throttle_test_SOURCES = t/unit/auth_throttle_test.c
t_unit_auth_throttle_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_auth_throttle_test_LDADD = $(AUTHD_LIBS) $(UNIT_LIBS)
TESTS += t/unit/auth_throttle_test
check_PROGRAMS += t/unit/auth_ticket_test
t_unit_auth_ticket_test_SOURCES = t/unit/auth_ticket_test.c
t_unit_auth_ticket_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_auth_ticket_test_LDADD = $(AUTHD_LIBS) $(UNIT_LIBS)
TESTS += t/unit/auth_ticket_test
check_PROGRAMS += t/unit/passwd_edit_test
t_unit_passwd_edit_test_SOURCES = t/unit/passwd_edit_test.c
t_unit_passwd_edit_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_passwd_edit_test_LDADD = $(AUTHD_LIBS) $(UNIT_LIBS)
TESTS += t/unit/passwd_edit_test
check_PROGRAMS += t/unit/passwd_file_test
t_unit_passwd_file_test_SOURCES = t/unit/passwd_file_test.c
t_unit_passwd_file_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_passwd_file_test_LDADD = $(AUTHD_LIBS) $(GSASL_LIBS) $(CRYPT_LIBS) $(SODIUM_LIBS) $(UNIT_LIBS)
TESTS += t/unit/passwd_file_test
check_PROGRAMS += t/unit/signer_digest_test
t_unit_signer_digest_test_SOURCES = t/unit/signer_digest_test.c
t_unit_signer_digest_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(GNUTLS_CFLAGS)
t_unit_signer_digest_test_LDADD = $(AUTHD_LIBS) $(UNIT_LIBS)
TESTS += t/unit/signer_digest_test
check_PROGRAMS += t/unit/site_conf_test
t_unit_site_conf_test_SOURCES = t/unit/site_conf_test.c
t_unit_site_conf_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
t_unit_site_conf_test_LDADD = $(AUTHD_LIBS) $(UNIT_LIBS)
TESTS += t/unit/site_conf_test

BEHAVIOUR_TESTS += \
	t/1010-passwords-from-a-passwd-file.t \
	t/1020-tickets-are-good-once.t \
	t/1030-system-accounts-by-pam.t \
	t/1035-what-pam-says.t \
	t/1040-one-bad-exchange-disturbs-nobody.t \
	t/1050-guessing-is-slow.t \
	t/1055-bans.t \
	t/1056-bans-hold-at-accept.t \
	t/1060-certificate-is-made-and-renewed.t \
	t/1070-processes-come-back.t \
	t/1110-posthouse-user.t \
	t/1120-application-passwords.t \
	t/1130-scram.t \
	t/1140-explain-login.t \
	t/1150-master-users.t \
	t/1160-right-passwords-are-remembered.t
EXTRA_DIST += t/authtalk.py
