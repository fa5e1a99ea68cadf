#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # functions are called by check and refuse
# Servers whose key is in the service, by the engine: nginx with its workers and a reload, and the broker mosquitto.
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "$0")/lib.sh"

PATH=$PATH:/usr/sbin
create ec ec256
create rsa rsa2048
reference clrc:ec ec.ref
test_ca
by_engine="-engine clrc -keyform engine"
for key in ec rsa; do
    # shellcheck disable=SC2086 # a list of words on purpose
    with_engine openssl req -new $by_engine -key $key -subj /CN=localhost -out $key.csr 2>/dev/null || exit 1
    issue $key.csr $key.crt
done
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout client.key -subj /CN=client -out client.csr 2>/dev/null
issue client.csr client.crt

# Keys alone: what nginx and its TLS do otherwise stays in the process.
printf 'openssl_conf = init\n[init]\nengines = engines\n[engines]\nclrc = clrc\n[clrc]\nengine_id = clrc\nMETHODS = 0\ninit = 1\n' >keys.cnf

nginx_conf() {
    port=$(free_port)
    other=$(free_port)
    cat >nginx.conf <<CONF
pid $work/nginx.pid;
error_log $work/nginx.txt;
worker_processes 2;
daemon off;
env KEYMOOR_SOCKET;
env OPENSSL_CONF;
env OPENSSL_ENGINES;
env LD_PRELOAD;
env ASAN_OPTIONS;
$1
events {}
http {
    access_log off;
    client_body_temp_path $work/t1; proxy_temp_path $work/t2; fastcgi_temp_path $work/t3; uwsgi_temp_path $work/t4; scgi_temp_path $work/t5;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_session_cache off;
    ssl_session_tickets off;
    server { listen 127.0.0.1:$port ssl; ssl_certificate $work/ec.crt; ssl_certificate_key engine:clrc:ec; return 200 "from ec\n"; }
    server { listen 127.0.0.1:$other ssl; ssl_certificate $work/rsa.crt; ssl_certificate_key engine:clrc:clrc:rsa; return 200 "from rsa\n"; }
}
CONF
    # The workers run as another user, who may use the keys no less than the one that made them does.
    [ "$(id -u)" -ne 0 ] || sed -i '1i user root;' nginx.conf
}

get() {
    curl -sS --max-time 20 --cacert ca.crt "$@" >answer.txt
}

ask_nginx() {
    local version
    for version in 1.2 1.3; do
        check "nginx $1: EC with TLS $version" get --tlsv$version --tls-max $version "https://localhost:$port/"
        check "nginx $1: it is that server" grep -q "from ec" answer.txt
        check "nginx $1: RSA with TLS $version" get --tlsv$version --tls-max $version "https://localhost:$other/"
        check "nginx $1: it is that one" grep -q "from rsa" answer.txt
    done
}

serve_nginx() {
    "${engine_env[@]}" env OPENSSL_CONF="$work/keys.cnf" nginx -p "$work" -c "$work/nginx.conf" >>nginx.txt 2>&1 &
    server=$!
    started $server "$port" || { cat nginx.txt; exit 1; }
}

for way in "" "ssl_engine clrc;"; do
    nginx_conf "$way"
    serve_nginx
    ask_nginx "'$way'"
    check "reload" kill -HUP "$server"
    for _ in $(seq 8); do
        check "nginx '$way' while it reloads" get "https://localhost:$port/"
    done
    ask_nginx "after the reload"
    stop_keymoord
    refuse "nginx without the service" "" get "https://localhost:$port/"
    start_keymoord
    ask_nginx "when the service is back"
    stopped "$server"
done

# ---- mosquitto, the broker ----
port=$(free_port)
cat >broker.conf <<CONF
listener $port 127.0.0.1
cafile $work/ca.crt
certfile $work/ec.crt
keyfile $work/ec.ref
tls_engine clrc
tls_keyform engine
require_certificate true
use_identity_as_username true
allow_anonymous false
user $(id -un)
CONF
"${engine_env[@]}" mosquitto -c broker.conf >broker.txt 2>&1 &
server=$!
started $server "$port" || { cat broker.txt; exit 1; }
check "mosquitto's client" timeout 120 mosquitto_pub -h localhost -p "$port" --cafile ca.crt --cert client.crt --key client.key \
    -t hello -m Hello -q 1
check "the broker has seen its certificate" grep -q "u'client'" broker.txt
stopped $server
finish
