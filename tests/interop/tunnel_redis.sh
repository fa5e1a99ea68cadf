#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# redis-cli -s, through a tunnel to a redis-server that speaks TLS alone and demands clients' certificates.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/tunnel.sh
. "$(dirname "$0")/../tunnel.sh"
set -eu
device "$@"
cd "$dir"

real_server
port=$(free_port)
started redis redis-server --port 0 --tls-port "$port" --bind 127.0.0.1 --tls-cert-file server.crt --tls-key-file server.key \
    --tls-ca-cert-file ca.crt --tls-auth-clients yes --save '' --appendonly no --dir "$dir"
until_true listens "$port"
client kv "$port"
ok "set" redis-cli -s "$dir/kv.in" set door:7 open
same "its answer" OK "$(cat out)"
same "get" open "$(redis-cli -s "$dir/kv.in" get door:7)"
for i in $(seq 2000); do echo "set k$i $(printf '%0500d' "$i")"; done >commands
ok "2000 commands in a row" sh -c "redis-cli -s '$dir/kv.in' <commands >answers && [ \$(grep -c '^OK' answers) = 2000 ]"
same "all are there" 2001 "$(redis-cli -s "$dir/kv.in" dbsize)"
started waits redis-cli -s "$dir/kv.in" subscribe news
until_true said waits subscribe
ok "publish" redis-cli -s "$dir/kv.in" publish news "hello there"
until_true said waits "hello there"
done_testing
