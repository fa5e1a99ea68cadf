#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# curl --unix-socket, through a tunnel to a web server that demands clients' certificates.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/tunnel.sh
. "$(dirname "$0")/../tunnel.sh"
set -eu
device "$@"
cd "$dir"

real_server
port=$(free_port)
head -c 3000000 /dev/urandom >blob
started web openssl s_server -accept "127.0.0.1:$port" -cert server.crt -key server.key -CAfile ca.crt -Verify 2 \
    -verify_return_error -WWW
until_true listens "$port"
client web_tunnel "$port"
ok "a page of 3 MB" curl -sS --max-time 60 --unix-socket "$dir/web_tunnel.in" -o got http://localhost/blob
ok "it is the page" cmp got blob
until_true said web_tunnel.err "in, .* closed"
started tcp keymoor tunnel 127.0.0.1:0 "localhost:$port" --cert $own
until_true said tcp.err "listening on"
ok "through a loopback port" curl -sS --max-time 60 -o got2 "http://127.0.0.1:$(port_of tcp.err)/blob"
ok "it is the page again" cmp got2 blob
refused "without the tunnel" "alert\|rror" curl -sS --max-time 60 --cacert ca.crt "https://localhost:$port/blob" -o got3
done_testing
