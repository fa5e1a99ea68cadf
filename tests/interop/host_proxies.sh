#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # functions are called by check and refuse
# HAProxy (threads, certificate and reference in one file, reloads), stunnel (by reference file and by engine) and redis with
# keys in the service. Each goes on when keymoord was ended and is back.
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "$0")/lib.sh"

server_keys
for key in ec rsa; do
    cat $key.crt $key.ref >$key.pem
done

# serve NAME COMMAND...: in $environment, on $port.
serve() {
    local name=$1
    shift
    "${environment[@]}" "$@" >"$name.txt" 2>&1 &
    server=$!
    started "$server" "$port" || { cat "$name.txt"; exit 1; }
}
get() {
    curl -sS --max-time 20 --cacert ca.crt "$@" "https://localhost:$port/" >answer.txt && grep -qx "an answer" answer.txt
}
all_ways() {
    check "$1: TLS 1.2" get --tls-max 1.2
    check "$1: TLS 1.3" get --tlsv1.3
}
# again NAME ASK...: keymoord ends and comes back.
again() {
    local name=$1
    shift
    stop_keymoord KILL
    refuse "$name while keymoord is away" "" "$@"
    start_keymoord
    check "$name when keymoord is back" "$@"
}

port=$(free_port)
plain=$(free_port)
cat >haproxy.cfg <<CONF
global
  nbthread 2
defaults
  mode http
  timeout client 120s
  timeout server 120s
  timeout connect 60s
frontend front
  bind 127.0.0.1:$port ssl crt $work/ec.pem crt $work/rsa.pem no-tls-tickets
  http-request return status 200 content-type text/plain string "an answer\n"
frontend plain
  bind 127.0.0.1:$plain
  http-request return status 200 content-type text/plain string "an answer\n"
CONF
environment=("${provider_env[@]}")
serve haproxy "$(PATH=$PATH:/usr/sbin command -v haproxy)" -W -db -f haproxy.cfg
all_ways HAProxy
check "HAProxy: RSA" get --tls-max 1.2 --ciphers ECDHE-RSA-AES128-GCM-SHA256
worker=$(pgrep -P "$server")
kill -USR2 "$server"
until_true sh -c "! kill -0 $worker 2>/dev/null"
all_ways "HAProxy after a reload"
again HAProxy get

# stunnel before HAProxy's other door.
port=$(free_port)
for door in provider engine; do
    {
        printf 'foreground = yes\npid =\n'
        [ $door = provider ] || printf 'engine = clrc\n'
        printf '[front]\naccept = 127.0.0.1:%s\nconnect = 127.0.0.1:%s\ncert = %s/rsa.crt\n' "$port" "$plain" "$work"
        if [ $door = engine ]; then printf 'engineId = clrc\nkey = rsa\n'; else printf 'key = %s/rsa.ref\n' "$work"; fi
    } >stunnel.conf
    [ $door = provider ] || environment=("${engine_env[@]}")
    serve stunnel "$(PATH=$PATH:/usr/sbin command -v stunnel4)" stunnel.conf
    all_ways "stunnel by $door"
    again "stunnel by $door" get
    stopped "$server"
done

port=$(free_port)
environment=("${provider_env[@]}")
serve redis redis-server --port 0 --tls-port "$port" --bind 127.0.0.1 --tls-cert-file ec.crt --tls-key-file ec.ref --tls-ca-cert-file ca.crt --save ""
# ask WORD...: with a certificate of our own, which redis demands.
ask() {
    with_provider timeout 120 redis-cli -h localhost -p "$port" --tls --cacert ca.crt --cert rsa.crt --key rsa.ref "$@" >answer.txt
    grep -qx "PONG" answer.txt
}
check "redis, server and client" ask ping
refuse "redis without a certificate" "" timeout 120 redis-cli -e -h localhost -p "$port" --tls --cacert ca.crt ping
again redis ask ping
stopped "$server"
finish
