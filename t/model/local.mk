# Sessions against a model: `make check-model MODEL_SECONDS=300` plays other games than t/7120 does, for longer.
EXTRA_DIST += \
	t/model/model_client.py \
	t/model/model_storm.py \
	t/model/model_truth.py \
	t/model/model_walk.py

MODEL_SECONDS = 120
check-model: $(pkglibexec_PROGRAMS)
	top_srcdir='$(abs_top_srcdir)' top_builddir='$(abs_top_builddir)' PYTHONDONTWRITEBYTECODE=1 \
		$(srcdir)/t/model/model_walk.py --seconds $(MODEL_SECONDS)
	top_srcdir='$(abs_top_srcdir)' top_builddir='$(abs_top_builddir)' PYTHONDONTWRITEBYTECODE=1 \
		$(srcdir)/t/model/model_storm.py --seconds $(MODEL_SECONDS) --rounds 1
.PHONY: check-model
