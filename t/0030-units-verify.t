#!/bin/sh
# The systemd units are well-formed, and name programs that are there.
top_builddir=${top_builddir:-$(cd "$(dirname "$0")/.." && pwd)/build}
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/.." && pwd)}
command -v systemd-analyze > /dev/null || { echo "1..0 # SKIP systemd-analyze is not installed"; exit 0; }
scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT

# Copies whose programs and manual pages need not be installed.
for unit in "$top_builddir"/contrib/systemd/*.service; do
    sed 's|^ExecStart=.*|ExecStart=/bin/true|; /^Documentation=/d' "$unit" > "$scratch/${unit##*/}"
done
cp "$top_srcdir/contrib/systemd/posthouse.target" "$scratch/"

echo 1..6
n=0
for unit in posthouse-authd.service posthouse-relayd.service posthouse-accessd.service posthouse.target; do
    n=$((n + 1))
    if said=$(cd "$scratch" && SYSTEMD_UNIT_PATH="$scratch:" systemd-analyze --man=no verify "./$unit" 2>&1) &&
        ! echo "$said" | grep -q posthouse; then
        echo "ok $n - systemd-analyze verifies $unit"
    else
        echo "not ok $n - systemd-analyze verifies $unit"
        echo "$said" | sed 's/^/# /'
    fi
done

# What verify must find is found: a wrong line is planted.
echo 'ProtectSytem=yes' >> "$scratch/posthouse-authd.service"
said=$(cd "$scratch" && SYSTEMD_UNIT_PATH="$scratch:" systemd-analyze --man=no verify ./posthouse-authd.service 2>&1)
if echo "$said" | grep -q ProtectSytem; then echo "ok 5 - a misspelt line would be seen"; else echo "not ok 5 - a misspelt line would be seen"; fi

if grep -L '^ExecStart=/.*/posthouse-[a-z]*d$' "$top_builddir"/contrib/systemd/*.service | grep -q .; then
    echo "not ok 6 - each unit starts an installed program by its path"
else
    echo "ok 6 - each unit starts an installed program by its path"
fi
