#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A library shows the functions of its public header and nothing else, and needs no libcrypto.
# Usage: check_exports.sh LIBRARY HEADER PREFIX
set -eu
LC_ALL=C
export LC_ALL

library=$1
header=$2
prefix=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

tr '\n' ' ' <"$header" | grep -o "CLRC_API [^;(]*(" | grep -o "${prefix}[A-Z][A-Za-z]*" | sort -u >"$work/declared"
nm -D --defined-only "$library" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | sort -u >"$work/shown"
[ -s "$work/declared" ] || { echo "$header declares nothing"; exit 1; }
diff -u "$work/declared" "$work/shown"
if readelf -d "$library" | grep -E 'NEEDED.*\[lib(crypto|ssl)\.'; then
    echo "$library needs OpenSSL"
    exit 1
fi
readelf -d "$library" | grep -q 'FLAGS_1.*NODELETE' || { echo "$library could be unloaded"; exit 1; }
