#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2034,SC2317 # variables are for lib.sh, functions are called by check and refuse
# A server with threads that share one key of the service (tls_host.c), by provider and by engine, under load, while keymoord
# ends and comes back. What the sanitizers make of it counts: the host's end says so.
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=SCRIPTDIR/load.sh
. "$KM_TEST_SOURCE/tests/interop/load.sh"

server_keys

# scenario DOOR KEY CERT
scenario() {
    local -n environment=$1_env
    rm -f host.in
    mkfifo host.in
    : >host.out
    "${environment[@]}" "$build/tests/tls_host" "$1" "$2" "$3" 8 <host.in >host.out 2>host.err &
    host=$!
    pids="$pids $host"
    exec 4>host.in
    until_true test -s host.out
    load_start "$(cat host.out)" 4 4>&-
    check "$1, $3: answers" load_goes_on 200
    for signal in TERM KILL; do
        load_order away
        stop_keymoord $signal
        sleep 0.3
        start_keymoord 3>&- 4>&-
        load_order back
        check "$1, $3: answers after keymoord was ended by $signal" load_goes_on 200
    done
    check "$1, $3: no request failed or hung but for those of keymoord's restarts" load_end
    tail -1 load.out
    exec 4>&-
    check "$1, $3: the host ends in order" wait "$host"
    head -40 host.err
}

scenario provider ec.ref ec.crt
scenario provider rsa.ref rsa.crt
scenario engine ec ec.crt
scenario engine rsa rsa.crt
finish
