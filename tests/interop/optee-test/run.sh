#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs the host program that CMakeLists.txt made, against a keymoord with the suite's trusted applications.
# Usage: run.sh OUT INSTALLATION [ARGUMENT...]    (the suite's own: -l LEVEL, names of cases)
set -eu

[ $# -ge 2 ] || { sed -n 's/^# Usage: //p' "$0" >&2; exit 2; }
out=$(cd "$1" && pwd)
installation=$(cd "$2" && pwd)
shift 2
dir=$(mktemp -d "${TMPDIR:-/tmp}/optee-test.XXXXXX")
service=""
finish() {
    [ -z "$service" ] || { kill "$service" 2>/dev/null; wait "$service" 2>/dev/null; } || true
    rm -rf "$dir"
}
trap finish EXIT

mkdir -m 0700 "$dir/state"
rm -f "$out/keymoord.log"
export KEYMOOR_SOCKET=$dir/sock
LD_LIBRARY_PATH=$(dirname "$(find "$installation" -name libkeymoor_teec.so | head -n 1)")
export LD_LIBRARY_PATH
"$(find "$installation" -name keymoord -type f)" -s "$dir/state" -S "$KEYMOOR_SOCKET" -t "$out/ta" -k "$out/ta-keys" \
    --host "$(find "$installation" -name keymoor-host -type f)" --ta-stderr 2>"$out/keymoord.log" &
service=$!
for _ in $(seq 6000); do
    grep -qs 'ready on' "$out/keymoord.log" && break
    sleep 0.01
done
"$out/xtest" "$@"
