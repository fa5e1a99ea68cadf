#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # functions are called by check
# A program keeps its session and its key while the service goes away and comes back.
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "$0")/lib.sh"

mkfifo orders
: >answers
env "KM_TEST_MODULE=$build/pkcs11/libkeymoor_pkcs11.so" ${KM_TEST_PRELOAD:+LD_PRELOAD=$KM_TEST_PRELOAD} \
    "$build/tests/pkcs11_signer" <orders >>answers &
signer=$!
pids="$pids $signer"
exec 3>orders

# The signer answers each line with what its signature came to.
signs() {
    local before
    before=$(wc -l <answers)
    echo sign >&3
    while [ "$(wc -l <answers)" -eq "$before" ]; do
        kill -0 "$signer" 2>/dev/null || return 1
        sleep 0.01
    done
    tail -1 answers
    [ "$(tail -1 answers)" = "$1" ]
}
# An instance may outlive a killed service for a moment: until it is gone it signs, and nothing else is ever answered.
away() {
    until signs CKR_DEVICE_REMOVED; do
        [ "$(tail -1 answers)" = OK ] || return 1
    done
}
check "signs" signs OK
for signal in TERM KILL; do
    stop_keymoord $signal
    check "away after $signal" away
    start_keymoord 3>&- # who keeps it open would keep the signer from its end
    check "back" signs OK
    check "and once more" signs OK
done
check "is still the same process" kill -0 "$signer"
exec 3>&-
check "ends by itself" wait "$signer"
finish
