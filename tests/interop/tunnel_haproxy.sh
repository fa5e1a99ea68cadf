#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# HAProxy behind a server's tunnel reads the PROXY header that the tunnel writes, and passes the client's address on.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/tunnel.sh
. "$(dirname "$0")/../tunnel.sh"
set -eu
device "$@"
cd "$dir"

haproxy=$(PATH=$PATH:/usr/sbin command -v haproxy)
cat >haproxy.conf <<CONF
global
    log stderr local0 err
defaults
    mode http
    timeout client 120s
    timeout server 120s
    timeout connect 60s
frontend web
    bind unix@$dir/web.sock accept-proxy
    http-request return status 200 content-type text/plain lf-string "%[src] %[src_port] %[dst] %[dst_port]\n"
CONF
started haproxy "$haproxy" -db -f haproxy.conf
until_true test -S web.sock
server web_tunnel "unix:$dir/web.sock" --proxy-protocol
client web_client "$port"
for i in 1 2 3; do
    ok "request $i" curl -sS --max-time 60 -o answer --unix-socket "$dir/web_client.in" http://localhost/
    ok "the client's address and the tunnel's" grep -qE "^127.0.0.1 [0-9]+ 127.0.0.1 $port$" answer
done
done_testing
