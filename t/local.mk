# Tests. Unit tests are listed in the local.mk of the directory that they test; each speaks TAP.
EXTRA_DIST += t/unit/unit.h

