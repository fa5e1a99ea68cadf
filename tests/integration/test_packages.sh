#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Packages that must not run: cut, flipped, of a stranger, older, of another application, too large.
# shellcheck disable=SC2119,SC2013 # start takes options where it needs them; words are meant
set -eu
# shellcheck source=tests/integration/keymoord.sh
. "$(dirname "$0")/keymoord.sh"

package=$tas/$hostile.stp
good=$dir/good.stp
cp "$package" "$good"
objects=$build/ta-objects
make_package() { # VERSION UUID KEY
    "$here/../../factory/make_ta_package.sh" -k "$3" -u "$2" -v "$1" -i "$objects/ta_hostile.so.stripped" -o "$package"
}
# A package that was refused is not asked for again within a second, so each try has its own service.
try() { # WHAT RESULT SENTENCE
    start
    call "$2" "$hostile" 0
    has "$1" "$3" "$state/audit.jsonl"
    call 00000000 "$shared" 0
    stop
}

size=$(stat -c %s "$good")
for len in 0 1 3 100 $((size / 2)) $((size - 1)); do
    head -c "$len" "$good" >"$package"
    try "cut to $len octets" ffff0005 'not one whole DER\|is not DER'
done
for at in 0 1 6 40 80 90 100 120 150 $((size / 2)) $((size - 1)); do
    cp "$good" "$package"
    octet=$(dd if="$good" bs=1 skip="$at" count=1 2>/dev/null | od -An -tu1)
    # shellcheck disable=SC2059 # the format is made of digits only
    printf "\\$(printf %03o $((octet ^ 1)))" | dd of="$package" bs=1 seek="$at" conv=notrunc 2>/dev/null
    start
    line=$("$build/tests/ta_call" "$hostile" 0 | tail -n 1) || true
    case ${line%% *} in
    ffff0005 | ffff000f | ffff000a) passed=$((passed + 1)) ;;
    *) fail "octet $at flipped: $line" ;;
    esac
    stop
done

openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$dir/stranger.key" 2>/dev/null
if [ -r "$build/ta-signing/dev.key" ]; then
    make_package 2 "$hostile" "$dir/stranger.key"
    try "a stranger's signature" ffff000f 'no trusted key'
    make_package 2 "$single" "$build/ta-signing/dev.key"
    try "another application's package under this name" ffff000f 'of another trusted application'
    truncate -s 20M "$package"
    try "too large" ffff0005 'longer than\|larger than'

    make_package 2 "$hostile" "$build/ta-signing/dev.key"
    start
    call 00000000 "$hostile" 0
    make_package 3 "$hostile" "$build/ta-signing/dev.key"
    until_true audited session-closed
    call 00000000 "$hostile" 0
    stop
    make_package 2 "$hostile" "$build/ta-signing/dev.key"
    try "an older version, even after a restart" ffff000f 'version 2, version 3 was seen'
    make_package 3 "$hostile" "$build/ta-signing/dev.key"
    start
    call 00000000 "$hostile" 0
    stop
fi

# A key that is trusted from now on: HUP, no restart; and one that can't be read changes nothing.
mkdir "$dir/keys"
"$build/bin/keymoord" -s "$state" -S "$KEYMOOR_SOCKET" -t "$tas" -k "$dir/keys" 2>"$dir/log" &
service=$!
until_true listening
call ffff000f "$single" 0
cp "$build"/ta-keys/*.pem "$dir/keys/"
kill -HUP "$service"
takes() { "$build/tests/ta_call" "$single" 0 | grep -q ^00000000; }
until_true takes # a refusal is remembered for a second
echo nonsense >"$dir/keys/bad.pem"
kill -HUP "$service"
until_true grep -q 'the trusted keys stay as they were' "$dir/log"
call 00000000 "$shared" 0
stop

# An instance that stays does not keep a new version out.
if [ -r "$build/ta-signing/dev.key" ]; then
    start
    call 00000000 "$shared" 30
    package=$tas/$shared.stp
    "$here/../../factory/make_ta_package.sh" -k "$build/ta-signing/dev.key" -u "$shared" -v 9 \
        -p gpd.ta.singleInstance=true -p gpd.ta.multiSession=true -p gpd.ta.instanceKeepAlive=true \
        -i "$objects/ta_shared.so.stripped" -o "$package"
    until_true audited session-closed
    call 00000000 "$shared" 30
    same "a new instance" "00000000 4 1" "$line"
    stop
    package=$tas/$hostile.stp
fi

# The other spelling of the name, and none at all.
rm "$package"
mv "$tas/$shared.stp" "$tas/0B1D5E60-8F0A-4C1E-9D1C5A3B7E2F4A02.stp"
start
call 00000000 "$shared" 0
call ffff0008 "$hostile" 0
call ffff0008 00000000-0000-0000-0000-000000000000 0

# A store that was damaged, or taken away: told, and others live.
stop
cp "$good" "$package"
if [ -d "$state/ta/$shared" ]; then
    dd if=/dev/urandom of="$state/ta/$shared/data.mdb" bs=4096 count=3 conv=notrunc 2>/dev/null
    start
    call f0100001 "$shared" 0
    call 00000000 "$single" 0
    stop
    rm "$state/ta/$shared"/*
    start
    call f0100001 "$shared" 0
    has "a store that is gone is missed" 'its store is gone' "$state/audit.jsonl"
    stop
fi
done_testing
