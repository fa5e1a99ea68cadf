#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Garbage, floods and many clients: bounded, and nobody else notices.
# shellcheck disable=SC2119,SC2013 # start takes options where it needs them; words are meant
set -eu
# shellcheck source=tests/integration/keymoord.sh
. "$(dirname "$0")/keymoord.sh"

start --max-sessions 24 --max-sessions-per-uid 16
line=$("$build/tests/ta_call" -n 20 "$hostile" 0 | grep sessions)
same "sessions of one user" "16 sessions" "$line"
call 00000000 "$hostile" 0

python3 "$here/garbage.py" "$KEYMOOR_SOCKET" || fail "garbage"
passed=$((passed + 1))
running || fail "garbage ended the service"
call 00000000 "$hostile" 0

# Many at once, each with a session; none is lost.
for i in $(seq 12); do
    "$build/tests/ta_call" "$hostile" 0 0 0 >"$dir/many.$i" &
    helpers="$helpers $!"
done
for pid in $helpers; do
    wait "$pid" || fail "one of many failed"
done
helpers=""
until_true at_most 1
python3 "$here/garbage.py" "$KEYMOOR_SOCKET" status >"$dir/status"
has "status tells versions" '"version":2' "$dir/status"
has "and what does not protect" 'none (this root has no counter)' "$dir/status"
[ "$(id -u)" -eq 0 ] && wall=uid || wall=landlock
has "what stands before the root's secret is demanded" "\"confinement_demanded\":\"[^\"]*\<$wall\>" "$dir/status"
has "and no session is left" '"sessions":0' "$dir/status"
stop
done_testing
