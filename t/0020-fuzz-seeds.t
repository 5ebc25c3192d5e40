#!/bin/sh
# Every fuzz target takes its seeds without dying.
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/.." && pwd)}
top_builddir=${top_builddir:-$top_srcdir/build}
targets=$(cat "$top_builddir/t/fuzz/replays.stamp") || { echo "1..0 # SKIP the targets are not built: make check"; exit 0; }
set -- $targets
[ $# -gt 0 ] || { echo "1..0 # SKIP there are no fuzz targets"; exit 0; }
echo "1..$#"
n=0
for target; do
    n=$((n + 1))
    seeds=$top_srcdir/t/fuzz/corpus/$target
    if [ -z "$(ls "$seeds" 2>/dev/null)" ]; then
        echo "not ok $n - $target has seeds"
        echo "# put some into $seeds"
    elif out=$("$top_builddir/t/fuzz/${target}_replay" "$seeds"/* 2>&1) && ! echo "$out" | grep -q '^not ok'; then
        echo "ok $n - $target takes its seeds"
    else
        echo "not ok $n - $target takes its seeds"
        echo "$out" | sed 's/^/# /'
    fi
done
