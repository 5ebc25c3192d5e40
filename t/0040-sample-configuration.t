#!/bin/sh
# The sample configuration is read by every program, as it stands and with every option switched on.
top_builddir=${top_builddir:-$(cd "$(dirname "$0")/.." && pwd)/build}
scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT
sample=$top_builddir/contrib/posthouse.conf.sample
sed 's/^\( *\)#\([a-z_]* = \)/\1\2/' "$sample" > "$scratch/all.conf"
cp "$sample" "$scratch/none.conf"
{ cat "$sample"; echo 'hostnam = "x"'; } > "$scratch/wrong.conf"

n=0
result() {
    n=$((n + 1))
    if [ "$1" = 0 ]; then echo "ok $n - $2"; else echo "not ok $n - $2"; printf '%s\n' "$3" | sed 's/^/# /'; fi
}

echo 1..10
for program in auth/posthouse-authd relay/posthouse-relayd access/posthouse-accessd; do
    for file in none all; do
        said=$("$top_builddir/$program" -t -c "$scratch/$file.conf" 2>&1)
        result $? "$program reads the sample, $file of its options switched on" "$said"
    done
    said=$("$top_builddir/$program" -t -c "$scratch/wrong.conf" 2>&1)
    [ $? != 0 ] && echo "$said" | grep -q "wrong.conf:[0-9]*: unknown option hostnam .*did you mean hostname"
    result $? "$program refuses a misspelt option with its line" "$said"
done
options=$(grep -c '^ *[a-z_]* = ' "$scratch/all.conf")
helped=$(grep -B1 '^ *[a-z_]* = ' "$scratch/all.conf" | grep -c '^ *# ')
[ "$options" -gt 10 ] && [ "$options" = "$helped" ]
result $? "every option has a line of help" "$options options, $helped lines of help"
