#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # functions are called by check
# A program that searched before sees what has changed since: by others, while the service was killed in the middle of a write, and in
# another store altogether.
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "$0")/lib.sh"

signer() {
    env "KM_TEST_MODULE=$build/pkcs11/libkeymoor_pkcs11.so" ${KM_TEST_PRELOAD:+LD_PRELOAD=$KM_TEST_PRELOAD} \
        "$build/tests/pkcs11_signer"
}
mkfifo orders
: >answers
signer <orders >>answers &
watcher=$!
pids="$pids $watcher"
exec 3>orders

# asked ORDER: what the program that stays answers.
asked() {
    local before
    before=$(wc -l <answers)
    echo "$1" >&3
    while [ "$(wc -l <answers)" -eq "$before" ]; do
        kill -0 "$watcher" 2>/dev/null || return 1
        sleep 0.01
    done
    tail -1 answers
}
# sees N: the program that stays finds so many keys, and one that has just begun as well, after making one.
sees() {
    local seen fresh
    seen=$(asked find)
    fresh=$(echo find | signer 3>&-)
    echo "$seen where $1 were expected, and $fresh with the one that a new program made"
    [ "$seen" = "$1" ] && [ "$fresh" -eq "$((seen + 1))" ] && [ "$(asked find)" = "$fresh" ]
}
# sees_all: the same where nobody knows how many: what both see is one and the same.
sees_all() {
    local fresh
    fresh=$(echo find | signer 3>&-)
    echo "$(asked find) here, $fresh in a new program"
    [ "$(asked find)" = "$fresh" ]
}
# A search after the service was killed may find an instance that has outlived it for a moment; then the next one is a new one's.
settled() {
    until asked find | grep -q '^[0-9]'; do sleep 0.01; done
}

check "sees its own key" sees 1
check "and what others made" sees 2
check "itself makes one" test "$(asked make)" = OK
check "and sees all" sees 4
for _ in 1 2 3 4; do
    # Somebody makes keys as fast as he can, and the service is killed with one half made.
    (yes make | head -2000 | signer >made 2>/dev/null) 3>&- &
    maker=$!
    until [ -s made ] && [ "$(wc -l <made)" -gt 5 ]; do
        kill -0 $maker 2>/dev/null || break
        sleep 0.01
    done
    stop_keymoord KILL
    wait $maker 2>/dev/null
    rm -f made
    start_keymoord 3>&-
    settled
    check "sees all after a kill in the middle of a write" sees_all
done
stop_keymoord TERM
rm -rf state
start_keymoord 3>&-
settled
check "sees what is in another store" sees 0
exec 3>&-
check "ends by itself" wait "$watcher"
finish
