#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # functions are called by check and refuse
# Servers and clients of which both have their key in the service, each demanding and checking the other's certificate:
# openssl s_server and s_client, Python's ssl, mosquitto's broker and clients. And a certification authority kept by
# `openssl ca`. By provider and by engine, as far as the program has one.
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "$0")/lib.sh"

server_keys
create dev ec256
create devrsa rsa2048
for key in dev devrsa; do
    reference clrc:$key $key.ref
    with_provider openssl req -new -key clrc:$key -subj /CN=device-$key -out $key.csr || exit 1
    issue $key.csr $key.crt
done

# ---- openssl s_server and s_client ----
# by DOOR KEY: the words that name a key to the openssl program.
by() {
    case $1 in
    provider) echo "-key clrc:$2" ;;
    reference) echo "-key $2.ref" ;;
    engine) echo "-key $2 -keyform engine -engine clrc" ;;
    esac
}
in_door() {
    local door=$1
    shift
    if [ "$door" = engine ]; then with_engine "$@"; else with_provider "$@"; fi
}
# shellcheck disable=SC2046 # words are meant
s_client() {
    printf 'GET / HTTP/1.0\r\n\r\n' | in_door "$1" timeout 120 openssl s_client -connect "127.0.0.1:$port" -CAfile ca.crt \
        -verify_return_error -quiet -ign_eof "$3" -cert "$2.crt" $(by "$1" "$2") >answer.txt 2>&1
    grep -q "Client certificate" answer.txt && grep -q "CN *= *device-$2" answer.txt
}
for version in -tls1_2 -tls1_3; do
    for pair in "ec dev" "rsa devrsa" "ec devrsa"; do
        read -r key client <<<"$pair"
        for door in provider engine; do
            port=$(free_port)
            environment=("${provider_env[@]}")
            [ $door = provider ] || environment=("${engine_env[@]}")
            # shellcheck disable=SC2046
            "${environment[@]}" openssl s_server -accept "127.0.0.1:$port" -cert "$key.crt" $(by $door "$key") \
                -CAfile ca.crt -Verify 2 -verify_return_error "$version" -www >server.txt 2>&1 &
            server=$!
            started "$server" "$port" || { cat server.txt; exit 1; }
            for other in provider reference engine; do
                check "$version s_server $key by $door, s_client $client by $other" s_client $other "$client" "$version"
            done
            stopped "$server"
        done
    done
done

# ---- Python ----
cat >both.py <<'PY'
"""A server with threads and its clients, all with keys of the service: both.py CERT KEY CLIENT-CERT CLIENT-KEY VERSION"""
import socket, ssl, sys, threading
cert, key, client_cert, client_key, version = sys.argv[1:]
wanted = getattr(ssl.TLSVersion, version)

def context(side, cert, key):
    made = ssl.SSLContext(side)
    made.minimum_version = made.maximum_version = wanted
    made.load_verify_locations("ca.crt")
    made.verify_mode = ssl.CERT_REQUIRED
    made.load_cert_chain(cert, key)
    return made

server = context(ssl.PROTOCOL_TLS_SERVER, cert, key)
client = context(ssl.PROTOCOL_TLS_CLIENT, client_cert, client_key)
listener = socket.create_server(("127.0.0.1", 0))

def serve(connection):
    with server.wrap_socket(connection, server_side=True) as tls:
        tls.sendall(repr(tls.getpeercert()["subject"]).encode())

def accept():
    while True:
        threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

def ask(results):
    plain = socket.create_connection(listener.getsockname(), 20)
    with client.wrap_socket(plain, server_hostname="localhost") as tls:
        results.append(b"device-" in tls.recv(4096))

threading.Thread(target=accept, daemon=True).start()
results = []
clients = [threading.Thread(target=ask, args=(results,)) for _ in range(8)]
for thread in clients: thread.start()
for thread in clients: thread.join()
sys.exit(results != [True] * 8)
PY
# A python with the system's libssl; another one may carry a libcrypto of its own.
python=/usr/bin/python3
for version in TLSv1_2 TLSv1_3; do
    check "python server and clients, $version" with_provider $python both.py ec.crt ec.ref dev.crt dev.ref $version
    check "python server and clients with RSA, $version" with_provider $python both.py rsa.crt rsa.ref devrsa.crt devrsa.ref $version
done

# ---- mosquitto ----
mosquitto=$(PATH=$PATH:/usr/sbin command -v mosquitto)
# broker DOOR KEY
broker() {
    local environment=("${provider_env[@]}")
    port=$(free_port)
    cat >broker.conf <<CONF
listener $port 127.0.0.1
cafile $work/ca.crt
certfile $work/$2.crt
keyfile $work/$2.ref
require_certificate true
use_identity_as_username true
allow_anonymous false
persistence false
user $(id -un)
CONF
    if [ "$1" = engine ]; then
        environment=("${engine_env[@]}")
        printf 'tls_engine clrc\ntls_keyform engine\n' >>broker.conf
    fi
    "${environment[@]}" "$mosquitto" -c broker.conf >broker.txt 2>&1 &
    server=$!
    started "$server" "$port" || { cat broker.txt; exit 1; }
}
# mqtt PROGRAM DOOR KEY WORD...
mqtt() {
    local program=$1 door=$2 key=$3 words=""
    shift 3
    [ "$door" = provider ] || words="--tls-engine clrc --keyform engine"
    # shellcheck disable=SC2086 # words are meant
    in_door "$door" timeout 120 "$program" -h localhost -p "$port" --cafile ca.crt --cert "$key.crt" --key "$key.ref" $words "$@"
}
# publish DOOR: the subscriber gets what the publisher has said, each by its own certificate.
publish() {
    local text="Hello by $1 $RANDOM" topic="door/$RANDOM" subscriber
    mqtt mosquitto_sub "$1" devrsa -t "$topic" -C 1 >got.txt 2>sub.txt &
    subscriber=$!
    # The subscription has to stand first; the broker keeps the message for it otherwise.
    mqtt mosquitto_pub "$1" dev -t "$topic" -r -m "$text" -q 1 || return 1
    wait "$subscriber"
    grep -qx "$text" got.txt
}
for door in provider engine; do
    for key in ec rsa; do
        broker $door $key
        check "mosquitto: broker $key by $door, clients by provider" publish provider
        check "mosquitto: broker $key by $door, clients by engine" publish engine
        check "the broker has seen both devices" test "$(grep -c "u'device-dev'\|u'device-devrsa'" broker.txt)" -ge 4
        refuse "mosquitto: no certificate" "" timeout 120 mosquitto_pub -h localhost -p "$port" --cafile ca.crt -t x -m x
        stopped "$server"
    done
done

# ---- a certification authority ----
mkdir issued
cat >authority.cnf <<CONF
[ca]
default_ca = authority
[authority]
database = $work/index.txt
new_certs_dir = $work/issued
serial = $work/serial
crlnumber = $work/crlnumber
default_md = sha256
default_days = 2
default_crl_days = 2
policy = anything
unique_subject = no
x509_extensions = leaf
[anything]
commonName = supplied
[leaf]
basicConstraints = CA:FALSE
CONF
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout leaf.key -subj /CN=leaf -out leaf.csr 2>/dev/null
# ca DOOR KEY WORD...
ca() {
    local door=$1 key=$2 words
    shift 2
    case $door in
    provider) words="-keyfile clrc:$key" ;;
    reference) words="-keyfile $key.ref" ;;
    engine) words="-keyfile $key -keyform engine -engine clrc" ;;
    esac
    # shellcheck disable=SC2086 # words are meant
    in_door "$door" openssl ca -batch -notext -config authority.cnf -cert authority.crt $words "$@"
}
for key in dev devrsa; do
    with_provider openssl req -x509 -key clrc:$key -subj /CN=authority -days 3 -out authority.crt || exit 1
    for door in provider reference engine; do
        : >index.txt
        echo 01 >serial
        echo 01 >crlnumber
        check "openssl ca: $key by $door issues" ca $door $key -in leaf.csr -out leaf.crt
        check "and the certificate verifies" openssl verify -CAfile authority.crt leaf.crt
        check "openssl ca: $key by $door revokes" ca $door $key -revoke leaf.crt
        check "openssl ca: $key by $door lists what is revoked" ca $door $key -gencrl -out revoked.pem
        check "the list verifies" openssl crl -in revoked.pem -CAfile authority.crt -noout
        refuse "the certificate does not any more" "revoked" openssl verify -crl_check -CRLfile revoked.pem -CAfile authority.crt leaf.crt
    done
done
finish
