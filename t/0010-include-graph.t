#!/bin/sh
# The include graph: relay, access -> maildir, auth -> base. Nothing upward or sideways; a project include is written with its
# directory, and names a file that is there. The check itself is tried on copies with one wrong line each.
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/.." && pwd)}
scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT
n=0

# may FROM TO: is this arrow one of the graph's?
may() {
    case "$1>$2" in
    "$1>$1" | *">base" | "t>"* ) return 0 ;;
    "relay>maildir" | "relay>auth" | "access>maildir" | "access>auth" ) return 0 ;;
    esac
    return 1
}

# violations TREE: one line for each wrong include.
violations() {
    (cd "$1" && grep -n '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' -r base maildir auth relay access \
        --include='*.c' --include='*.h') |
    while IFS=: read -r file line text; do
        name=$(printf '%s\n' "$text" | sed 's/^[^"]*"\([^"]*\)".*/\1/')
        from=${file%%/*} to=${name%%/*}
        case $name in
        config.h ) continue ;;
        */* ) ;;
        * ) echo "$file:$line: \"$name\" is written without its directory"; continue ;;
        esac
        may "$from" "$to" || echo "$file:$line: $from must not include $to (\"$name\")"
        [ -f "$1/$name" ] || echo "$file:$line: there is no \"$name\""
    done
    (cd "$1" && grep -n '^[[:space:]]*#[[:space:]]*include[[:space:]]*<\(base\|maildir\|auth\|relay\|access\)/' -r \
        base maildir auth relay access --include='*.c' --include='*.h') |
    sed 's/$/: a project include is written with quotation marks/'
}

result() { # STATUS SENTENCE [DIAGNOSTICS]
    n=$((n + 1))
    if [ "$1" = 0 ]; then echo "ok $n - $2"; else echo "not ok $n - $2"; printf '%s\n' "$3" | sed 's/^/# /'; fi
}

# planted FILE INCLUDE: a copy of the headers with this line in this file is refused.
planted() {
    rm -rf "$scratch/tree"
    mkdir "$scratch/tree"
    for d in base maildir auth relay access; do
        mkdir "$scratch/tree/$d"
        cp "$top_srcdir/$d"/*.h "$scratch/tree/$d/" 2>/dev/null
    done
    printf '%s\n' "#include $2" >> "$scratch/tree/$1"
    violations "$scratch/tree" | grep -q "^$1:"
    result $? "refuses #include $2 in $1" "the planted line was not found"
}

echo 1..10
found=$(violations "$top_srcdir")
[ -z "$found" ]
result $? "no include points upward or sideways" "$found"
planted base/err.h '"maildir/maildir.h"'
planted base/err.h '"auth/auth.h"'
planted maildir/message.h '"auth/auth.h"'
planted auth/auth.h '"maildir/maildir.h"'
planted maildir/message.h '"relay/relay_msg.h"'
planted relay/relay_msg.h '"access/access_msg.h"'
planted access/access_msg.h '"relay/relay_msg.h"'
planted relay/relay_msg.h '"relay_msg.h"'
planted auth/auth.h '<base/err.h>'
