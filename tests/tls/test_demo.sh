#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Section 8.1 of the user guide: the client of the TLS IO API with the OpenSSL server, both scenarios, with the files as they are given.
set -u
# shellcheck source=SCRIPTDIR/../lib.sh
. "$(dirname "$0")/../lib.sh"
device "$@"
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "$0")/lib.sh"
cd "$dir" || exit 1
cp -R "$demo" certs
cp "$source"/examples/clr_tls_demo_client/demo_client.conf.* "$source"/examples/clrc_ssl_demo_server/demo_server.conf.* .
cp "$pki/oem_command_key.pem" clrsc_command_signing_key.pem

# Both servers at the same time, each on a port of its own; the printed ones may be taken on a machine that tests.
for scenario in prov ext; do
    port=$(free_port)
    sed -i "s/^port = .*/port = $port/" "demo_server.conf.$scenario" "demo_client.conf.$scenario"
    "$build/bin/clrc_ssl_demo_server" -f "demo_server.conf.$scenario" >"server.$scenario" 2>&1 &
    servers="${servers:-} $!"
    peers=$!
    listening
done
peers=$servers

says "scenario 1" '^Got chat response: Hi from server!$' "$build/bin/clr_tls_demo_client" -o demo_client.conf.prov
await server.prov '^Ssl_read: SSL_ERROR_ZERO_RETURN$'
same "its server" "$(printf 'Got chat: Hi from client!\nSent chat: Hi from server!\nSsl_read: SSL_ERROR_ZERO_RETURN')" "$(cat server.prov)"

refused "scenario 2 before its authority is known" "no known authority issued" \
    "$build/bin/clr_tls_demo_client" -o demo_client.conf.ext
ok "the authority is added" "$build/bin/clrsc_example" a certs/ca-ext.crt
: >server.ext
says "scenario 2" '^Got chat response: Hi from server!$' "$build/bin/clr_tls_demo_client" -o demo_client.conf.ext
await server.ext '^Ssl_read: SSL_ERROR_ZERO_RETURN$'
ok "its server" grep -q '^Got chat: Hi from client!$' server.ext

refused "a configuration that is none" "there is no key 'colour'" sh -c "echo 'colour = blue' >x && $build/bin/clr_tls_demo_client -o x"
refused "a missing one" "No such file" "$build/bin/clr_tls_demo_client" -o nowhere
done_testing
