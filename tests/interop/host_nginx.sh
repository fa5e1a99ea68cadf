#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2034,SC2317 # variables are for lib.sh, functions are called by check and refuse
# nginx as a TLS server whose keys are in the service: EC and RSA, by reference files through the provider and by
# name through the engine, with workers of another user and reloads.
[ "$(id -u)" -ne 0 ] || keymoord_options=(--socket-group www-data) # whom the server becomes
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=SCRIPTDIR/nginx.sh
. "$KM_TEST_SOURCE/tests/interop/nginx.sh"

server_keys
nginx=$(PATH=$PATH:/usr/sbin command -v nginx)

# get WORD...: the answer tells protocol and cipher.
get() { curl -sS --max-time 20 --cacert ca.crt "$@" "https://localhost:$port/" >answer.txt; }
gets() {
    local pattern=$1
    shift
    get "$@" && grep -q "$pattern" answer.txt
}
# workers: those that still accept.
workers() { pgrep -P "$server" | sort -n; }
# renewed OLD: whether all workers are others than these.
renewed() {
    local now
    now=$(workers)
    [ "$(echo "$now" | wc -l)" -eq 2 ] && [ -z "$(comm -12 <(echo "$1" | sort) <(echo "$now" | sort))" ]
}

# all_ways WHEN: protocols and key types, several times, so that both workers have their turn.
all_ways() {
    local i
    for i in 1 2 3; do
        check "$door, $1: TLS 1.2, ECDSA, $i" gets "TLSv1.2 ECDHE-ECDSA" --tls-max 1.2 --ciphers ECDHE-ECDSA-AES128-GCM-SHA256
        check "$door, $1: TLS 1.2, RSA, $i" gets "TLSv1.2 ECDHE-RSA" --tls-max 1.2 --ciphers ECDHE-RSA-AES128-GCM-SHA256
        check "$door, $1: TLS 1.3, $i" gets "TLSv1.3" --tlsv1.3
        check "$door, $1: TLS 1.3, RSA-PSS, $i" rsa_pss
    done
}
# curl can't name signature schemes, which is what chooses the certificate in TLS 1.3.
rsa_pss() {
    printf 'GET / HTTP/1.0\r\n\r\n' | timeout 120 openssl s_client -connect "127.0.0.1:$port" -CAfile ca.crt -verify_return_error \
        -tls1_3 -sigalgs rsa_pss_rsae_sha256 -ign_eof >answer.txt 2>&1
    grep -q "Peer signature type: RSA-PSS" answer.txt && grep -q "^TLSv1.3 .* of" answer.txt
}

# serve ENVIRONMENT KEY-PREFIX KEY-SUFFIX
serve() {
    local -n environment=$1
    port=$(free_port)
    nginx_conf "$port" 2 "$server_user" "$work/ec.crt" "$2ec$3" "$work/rsa.crt" "$2rsa$3" >nginx.conf
    "${environment[@]}" "$nginx" -p "$work" -e error.log -c nginx.conf >nginx.txt 2>&1 &
    server=$!
    started "$server" "$port" || { cat nginx.txt error.log; exit 1; }
}

# scenario: with the server that serve started.
scenario() {
    local before first
    all_ways "as started"
    if [ "$(id -u)" -eq 0 ]; then
        check "$door: the worker is $server_user" test "$(stat -c %U "/proc/$(workers | head -1)")" = "$server_user"
    fi
    before=$(workers)
    kill -HUP "$server"
    until_true renewed "$before"
    all_ways "after a reload"
    first=$(workers | head -1)
    kill -KILL "$first"
    until_true renewed "$first"
    check "$door: after a worker's death" gets "TLSv1.3" --tlsv1.3
    refuse "$door: errors in the log" "" grep -q "SSL_do_handshake\|\[alert\]\|\[emerg\]" <(grep -v "exited on signal 9" error.log)
    stopped "$server"
    [ "$failures" -eq 0 ] || grep "crit\|alert\|emerg" error.log | head -5
    rm -f error.log
}

door=provider
serve provider_env "$work/" .ref
scenario
engine_conf=("${engine_env[@]}" "OPENSSL_CONF=$KM_TEST_SOURCE/interop/engine/openssl-keymoor-engine.cnf")
door=engine
serve engine_conf engine:clrc: ""
scenario

# A key that this server may not use: it does not start.
"$door_tool" delete ec || exit 1
nginx_conf "$(free_port)" 2 "$server_user" "$work/ec.crt" "$work/ec.ref" >nginx.conf
refuse "a key that is gone" "cannot load certificate key" with_provider "$nginx" -p "$work" -e error.log -c nginx.conf
finish
