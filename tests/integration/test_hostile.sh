#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Trusted applications that try to get out, panic, crash and loop: each is stopped, each ends only
# its own sessions, and the service tells and lives.
# shellcheck disable=SC2119,SC2013 # start takes options where it needs them; words are meant
set -eu
# shellcheck source=tests/integration/keymoord.sh
. "$(dirname "$0")/keymoord.sh"

start
call 00000000 "$hostile" 0
same "it answers" "00000000 4 42" "$line"

# A bystander with a session of its own, through everything that follows.
mkfifo "$dir/in" "$dir/out"
"$build/tests/ta_call" -w "$hostile" 30 <"$dir/in" >"$dir/out" &
helpers=$!
exec 8>"$dir/in" 9<"$dir/out"
read -r line <&9
same "the bystander has its session" "00000000 4 1" "$line"

for command in $(seq 1 17); do
    call $dead "$hostile" "$command"
    # The client learns it from the instance's end, and may be faster than the service.
    until_true audited_times "$command" '"event":"denied"'
done
audit | grep '"event":"denied"' | tail -n 1 >"$dir/record"
has "with the user" "\"uid\":$(id -u)," "$dir/record"
has "and the program" 'tests/ta_call"' "$dir/record"
has "and the application" "$hostile" "$dir/record"

# What runs while a program is loaded, or in the fork of an instance, is kept in as well.
for what in 1 2 4; do
    before=$(audit | grep -c '"event":"denied"')
    call ffff000f "0b1d5e60-8f0a-4c1e-9d1c-5a3b7e2f4b0$what" 0
    until_true audited "denied.*5a3b7e2f4b0$what.*not allowed"
    until_true audited_times $((before + 1)) '"event":"denied"'
done
call 00000000 0b1d5e60-8f0a-4c1e-9d1c-5a3b7e2f4b03 0
same "the root's secret is out of reach" "00000000 4 13" "$line"
running || fail "a program that was loaded ended the service"

call $dead "$hostile" 20
until_true audited '"event":"panic".*0x00001234'
call $dead "$hostile" 22
sanitized || until_true audited '"event":"killed".*signal 11'
# Signals reach nobody, so what ends abort() is the fault behind it.
call $dead "$hostile" 23
sanitized || until_true audited_times 2 '"event":"killed".*signal 11'

call 00000000 "$hostile" 25
same "memory has an end" "00000000 4 1" "$line"
# Sanitizers reserve more than any limit.
if ! sanitized; then
    call 00000000 "$hostile" 32
    same "and so has what it maps itself" "00000000 4 12" "$line"
    call 00000000 "$hostile" 0
fi
call ffff0002 -c 50 "$hostile" 24
call 00000000 "$hostile" 26
same "another application answers it" "00000000 4 42" "$line"
call 00000000 "$hostile" 39
same "a call to another application ends when its time is over" "00000000 4 $((0xffff0002))" "$line"
call ffff0002 -c 50 "$hostile" 40
same "and when the call that makes it is cancelled" "ffff0002 4 0" "$line"
call 00000000 "$shared" 29
same "an only instance can't wait for itself" "00000000 4 $((0xffff000d))" "$line"

# Both wait, and the client for whom they do is gone: nobody goes on waiting.
waiting=$(processes)
"$build/tests/ta_call" "$hostile" 40 >/dev/null &
waiter=$!
helpers="$helpers $waiter"
until_true at_least $((waiting + 2))
sleep 0.5 # for its call to be under way
kill -KILL "$waiter"
wait "$waiter" 2>/dev/null || true
until_true at_most "$waiting"

# It loops; its client loses patience and is gone: the instance goes, too.
"$build/tests/ta_call" "$hostile" 21 >/dev/null &
looper=$!
helpers="$helpers $looper"
until_true at_least 5
sleep 0.5 # for its call to be under way
kill -KILL "$looper"
wait "$looper" 2>/dev/null || true
until_true audited '"event":"killed".*signal 9'

running || fail "the service is gone"
exec 8>&-
wait "${helpers%% *}"
helpers=""
call 00000000 "$hostile" 0
stop
done_testing
