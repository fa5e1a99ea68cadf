#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # functions are called by check and refuse
# A TLS server whose key is in the service, while the service goes away and comes back: handshakes fail
# cleanly while it is away, nothing hangs, and the server needs no restart.
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "$0")/lib.sh"

create ec ec256
create locked ec256 "open sesame"
echo "open sesame" >pw
test_ca
for key in ec locked; do
    reference "clrc:$key?password=file:pw" $key.ref
done
reference clrc:ec ec.ref
for key in ec locked; do
    with_provider openssl req -new -key $key.ref -subj /CN=localhost -out $key.csr || exit 1
    issue $key.csr $key.crt
done

get() {
    printf 'GET / HTTP/1.0\r\n\r\n' | timeout 120 openssl s_client -connect "127.0.0.1:$port" -CAfile ca.crt \
        -verify_return_error -quiet -ign_eof >answer.txt 2>&1
    grep -q "HTTP/1.0 200" answer.txt
}

for key in ec locked; do
    port=$(free_port)
    "${provider_env[@]}" openssl s_server -accept "127.0.0.1:$port" -cert $key.crt -key $key.ref -www \
        >server.txt 2>&1 &
    server=$!
    started "$server" "$port" || { cat server.txt; exit 1; }
    check "$key: handshake" get
    for signal in TERM KILL; do
        stop_keymoord $signal
        refuse "$key: handshake while the service is away after $signal" "" get
        check "$key: the server lives" kill -0 "$server"
        start_keymoord
        check "$key: handshake when the service is back" get
        check "$key: and once more" get
    done
    check "the reason is told" grep -q "clrc:.*service" server.txt
    stopped "$server"
done
finish
