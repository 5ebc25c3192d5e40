noinst_LIBRARIES += auth/libauth.a
auth_libauth_a_SOURCES = auth/auth.h auth/site_conf.h

AUTH_LIBS = auth/libauth.a
