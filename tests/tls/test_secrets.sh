#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The secrets of a TLS session are in the instance and not in the program whose connection it is: the peer, which logs them, says what
# to look for.
set -u
# shellcheck source=SCRIPTDIR/../lib.sh
. "$(dirname "$0")/../lib.sh"
device "$@"
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "$0")/lib.sh"
cd "$dir" || exit 1

# found PID: how many of the secrets are in its memory
found() { "$source/tests/tls/find_secret.py" "$1" keys.log | cut -d' ' -f1; }

for version in 1_2 1_3; do
    rm -f keys.log finish
    port=$(free_port)
    peer openssl s_server -accept "127.0.0.1:$port" -cert "$demo/server-prov.crt" -key "$demo/server-prov.key" -CAfile \
        "$pki/oem_root_cert.pem" -Verify 2 -verify_return_error -rev -keylogfile "$dir/keys.log" "-tls$version"
    "$tool" --key "$device_key" --cert "$device_cert" --wait-for "$dir/finish" --send hello connect localhost "$port" >client.out 2>&1 &
    client=$!
    await client.out '^connected'
    same "TLS $version: nothing is in the client" 0 "$(found "$client")"
    same "TLS $version: the same search finds them in the peer" yes "$([ "$(found "$peers")" -gt 0 ] && echo yes)"
    if [ "$(id -u)" -eq 0 ]; then
        # Only root can look into an instance; all that are there belong to this connection or are asked by it.
        n=0
        for template in $(pgrep -P "$KEYMOOR_DEV_SERVICE_PID"); do
            for instance in $(pgrep -P "$template"); do
                [ "$(found "$instance")" -eq 0 ] || n=$((n + 1))
            done
        done
        same "TLS $version: they are in one instance" 1 $n
    fi
    : >finish
    wait $client
    ok "TLS $version: the connection lives" grep -q '^got olleh' client.out
done
done_testing
