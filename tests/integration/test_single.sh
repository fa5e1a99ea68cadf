#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Applications whose sessions are in one process: whoever comes while it ends gets the next one, and what goes wrong is
# told of the session in which it did.
# shellcheck disable=SC2119 # start takes options where it needs them
set -eu
# shellcheck source=tests/integration/keymoord.sh
. "$(dirname "$0")/keymoord.sh"

start

# Its end takes a while, during which others come, each in a new instance of its own.
for ta in "$passing" "$single"; do
    call 00000000 "$ta" 41
    call 00000000 "$ta" 41 30
    same "another instance than the one that ended" "00000000 4 2" "$line"
    call 00000000 "$ta" 30
    same "and once more" "00000000 4 1" "$line"
done

# Many come and go; nobody is sent away and nobody gets in where the light is just going out.
for i in 1 2 3 4; do
    for _ in $(seq 40); do
        "$build/tests/ta_call" "$passing" 0 - || echo failed
    done >"$dir/many.$i" &
    helpers="$helpers $!"
done
for pid in $helpers; do
    wait "$pid"
done
helpers=""
for i in 1 2 3 4; do
    same "calls of client $i" 40 "$(grep -c '^00000000 4 42$' "$dir/many.$i")"
done
# One session at a time, but the next as soon as the last is closed.
for _ in $(seq 40); do
    call 00000000 "$single" 0
done

# It serves so many and no more, and those go on.
"$build/tests/ta_call" -n 70 "$shared" 0 >"$dir/full" || true
same "one session too many" "ffff000d 3 open" "$(head -n 1 "$dir/full")"
has "the others" "^64 sessions" "$dir/full"
same "are served" 64 "$(grep -c '^00000000 4 42$' "$dir/full")"

# Who never comes to an end does not keep others out for ever.
call 00000000 "$passing" 42
call 00000000 "$passing" 30
same "it was ended" "00000000 4 1" "$line"
until_true audited "\"event\":\"killed\".*$passing"

# The first session panics while a second one is open: it is told of the first.
before=$(audit | grep -c "\"event\":\"session-opened\".*$shared" || true)
"$build/tests/ta_call" -c 1500 "$shared" 24 20 >"$dir/panics" &
panics=$!
helpers=$panics
until_true audited_times $((before + 1)) "\"event\":\"session-opened\".*$shared"
"$build/tests/ta_call" "$shared" 0 0 0 0 >"$dir/beside" &
helpers="$helpers $!"
until_true audited_times $((before + 2)) "\"event\":\"session-opened\".*$shared"
for pid in $helpers; do
    wait "$pid" || true
done
helpers=""
until_true audited '"event":"panic"'
audit | grep '"event":"panic"' >"$dir/record"
audit | grep "\"event\":\"session-opened\".*\"pid\":$panics," | sed 's/.*\("session":[0-9]*\).*/\1/' >"$dir/session"
has "the panic names its client" "\"pid\":$panics," "$dir/record"
has "and the session" "$(cat "$dir/session")\\b" "$dir/record"
same "once" 1 "$(wc -l <"$dir/record")"
stop
done_testing
