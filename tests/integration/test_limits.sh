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

# What a client or an application can cause at will does not fill the disk with records of it.
# told EVENT: records of it that were written, those that were only counted, and their sum.
told() {
    local written counted
    written=$(grep -c "\"event\":\"$1\"" "$dir/flood.jsonl")
    counted=$(sed -n "s/.*\"event\":\"suppressed\".*\"operation\":\"$1\",\"detail\":\"\([0-9]*\) records.*/\1/p" \
        "$dir/flood.jsonl" | awk '{ n += $1 } END { print n + 0 }')
    echo "$written $counted $((written + counted))"
}
mkfifo "$dir/in"
start --audit "$dir/flood.jsonl" --max-sessions 12
python3 "$here/garbage.py" "$KEYMOOR_SOCKET" flood 2000
call 00000000 "$hostile" 33
# Each reads its line, as it has to; the one that does not is ended, and nobody else notices.
"$build/tests/ta_call" -w "$hostile" 0 <"$dir/in" >"$dir/out" &
helpers=$!
exec 8>"$dir/in"
until_true grep -q 42 "$dir/out"
call $dead "$hostile" 34
running || fail "a flood of questions ended the service"
# Half of the sessions is what one application gets for itself.
call 00000000 "$hostile" 35
same "sessions of an application" "00000000 4 6" "$line"
call 00000000 "$hostile" 0
exec 8>&-
wait "$helpers" || fail "the bystander was touched"
helpers=""
stop
for flood in "client-dropped 2000" "ta 5000"; do
    read -r written counted sum <<<"$(told "${flood% *}")"
    same "all of ${flood% *} are told" "${flood#* }" "$sum"
    [ "$written" -lt "$((sum / 2))" ] || fail "$written records of ${flood% *} were written, $counted counted"
done
done_testing
