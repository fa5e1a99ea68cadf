#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A TA written for other kits (ta_kit/) builds unchanged against an installation and runs in its service.
# Usage: test_ta_kit.sh BUILD_DIR
set -eu

build=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
dir=$(mktemp -d "${TMPDIR:-/tmp}/keymoor-ta-kit.XXXXXX")
service=""
finish() {
    [ -z "$service" ] || { kill "$service" 2>/dev/null; wait "$service" 2>/dev/null; } || true
    rm -rf "$dir"
}
trap finish EXIT
fail() {
    echo "FAILED: $*" >&2
    exit 1
}

DESTDIR=$dir cmake --install "$build" >"$dir/install.log" 2>&1 || { tail -n 5 "$dir/install.log" >&2; fail "install"; }
cp -r "$here/ta_kit" "$dir/ta_kit"
cmake -S "$dir/ta_kit" -B "$dir/out" -DCMAKE_PREFIX_PATH="$dir/usr" >"$dir/configure.log" 2>&1 || { cat "$dir/configure.log" >&2; fail "configure"; }
cmake --build "$dir/out" >"$dir/build.log" 2>&1 || { cat "$dir/build.log" >&2; fail "build"; }
[ -s "$dir/out/ta/0b1d5e60-8f0a-4c1e-9d1c-5a3b7e2f4a10.stp" ] || fail "no package under the header's UUID"

mkdir -m 0700 "$dir/state"
export KEYMOOR_SOCKET=$dir/sock
LD_LIBRARY_PATH=$(dirname "$(find "$dir/usr" -name 'libkeymoor_teec.so')")
export LD_LIBRARY_PATH
"$(find "$dir/usr" -name keymoord -type f)" -s "$dir/state" -S "$KEYMOOR_SOCKET" -t "$dir/out/ta" -k "$dir/out/ta-keys" \
    --host "$(find "$dir/usr" -name keymoor-host)" --ta-stderr 2>"$dir/log" &
service=$!
for _ in $(seq 6000); do
    grep -qs 'ready on' "$dir/log" && break
    sleep 0.01
done
"$dir/out/host" >"$dir/said" 2>&1 || { cat "$dir/said" "$dir/log" >&2; fail "the commands"; }
grep -qx '0 commands failed' "$dir/said" || fail "it says: $(cat "$dir/said")"
grep -q 'D/TA: TA_CreateEntryPoint:[0-9]* has been called' "$dir/log" || fail "no trace of the TA"
echo "a TA for other kits works"
