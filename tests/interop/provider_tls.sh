#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # functions are called by check and refuse
# Mutual TLS by unmodified programs through the provider. In every case the server demands and checks
# the client's certificate and sends an answer that the client must get: a client's own word that the
# handshake is done says nothing about its certificate in TLS 1.3.
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "$0")/lib.sh"

create ec ec256
create rsa rsa2048
test_ca
for key in ec rsa; do
    reference clrc:$key $key.ref
    with_provider openssl req -new -key clrc:$key -subj /CN=device-$key -out $key.csr || exit 1
    issue $key.csr $key.crt
done
cat ec.crt ec.ref >ec-both.pem


# s_server VERSION CERT KEY: prints what it knows of the client on any GET; sets server and port.
s_server() {
    port=$(free_port)
    "${provider_env[@]}" openssl s_server -accept "127.0.0.1:$port" -cert "$2" -key "$3" -CAfile ca.crt -Verify 2 \
        -verify_return_error "$1" -www >server.txt 2>&1 &
    server=$!
    started "$server" "$port" || { cat server.txt; exit 1; }
}

s_client() {
    printf 'GET / HTTP/1.0\r\n\r\n' | with_provider timeout 120 openssl s_client -connect "127.0.0.1:$port" \
        -CAfile ca.crt -verify_return_error -quiet -ign_eof "$@" >answer.txt 2>&1
    grep -q "Client certificate" answer.txt && grep -q "$expected" answer.txt
}

for version in -tls1_2 -tls1_3; do
    for key in ec rsa; do
        for form in clrc:$key $key.ref; do
            expected="CN *= *device-$key"
            s_server "$version" server.crt server.key
            check "$version client with $form" s_client "$version" -cert "$key.crt" -key "$form"
            stopped "$server"
            expected="CN *= *localhost"
            s_server "$version" "$key.crt" "$form"
            check "$version server with $form" s_client "$version" -cert server.crt -key server.key
            stopped "$server"
        done
    done
done

# RSA-PSS and PKCS#1 v1.5 by name, and each curve of ECDHE beside our provider.
s_server -tls1_2 server.crt server.key
expected="CN *= *device-rsa"
for scheme in rsa_pss_rsae_sha256 rsa_pss_rsae_sha512 RSA+SHA256 RSA+SHA384; do
    check "client signs $scheme" s_client -tls1_2 -cert rsa.crt -key clrc:rsa -client_sigalgs $scheme
done
stopped "$server"
s_server -tls1_3 server.crt server.key
expected="CN *= *device-ec"
for group in P-256 P-384 X25519; do
    check "key exchange with $group" s_client -tls1_3 -cert ec.crt -key ec.ref -groups $group
done

# ---- curl ----
curl_get() {
    with_provider curl -sS --max-time 20 --cacert ca.crt "$@" "https://localhost:$port/" >answer.txt 2>out.txt &&
        grep -q "Client certificate" answer.txt && grep -q "CN *= *device" answer.txt
}
# curl hangs with a sanitizer's library in it, before it comes to us.
if [ -z "${KM_TEST_PRELOAD:-}" ]; then
    check "curl with a reference file" curl_get --cert ec.crt --key ec.ref
    check "curl with an RSA reference file" curl_get --cert rsa.crt --key rsa.ref
    check "curl with certificate and reference in one file" curl_get --cert ec-both.pem
    refuse "curl without a certificate" "" curl_get
fi

# ---- python ----
cat >client.py <<'PY'
import socket, ssl, sys
port, cert, key = int(sys.argv[1]), sys.argv[2], sys.argv[3]
context = ssl.create_default_context(cafile="ca.crt")
context.load_cert_chain(cert, key)
with context.wrap_socket(socket.create_connection(("127.0.0.1", port), 20), server_hostname="localhost") as tls:
    tls.sendall(b"GET / HTTP/1.0\r\n\r\n")
    answer = b"".join(iter(lambda: tls.recv(65536), b""))
sys.exit(b"Client certificate" not in answer or b"device" not in answer)
PY
# A python with the system's libssl; another one may carry a libcrypto of its own.
for python in /usr/bin/python3 python3; do
    command -v "$python" >/dev/null && with_provider "$python" -c 'import ssl; ssl.create_default_context()' 2>/dev/null && break
done
if with_provider "$python" - <<'PY'
import ssl, sys
sys.exit(not ssl.OPENSSL_VERSION.startswith("OpenSSL 3"))
PY
then
    check "python" with_provider "$python" client.py "$port" ec.crt ec.ref
    check "python with RSA" with_provider "$python" client.py "$port" rsa.crt rsa.ref
fi
stopped "$server"

# ---- mosquitto ----
# broker: listens with TLS, demands client certificates, takes their names as user names.
broker() {
    port=$(free_port)
    cat >broker.conf <<CONF
listener $port 127.0.0.1
cafile $work/ca.crt
certfile $work/$1
keyfile $work/$2
require_certificate true
use_identity_as_username true
allow_anonymous false
persistence false
user $(id -un)
CONF
    "${provider_env[@]}" "$mosquitto" -c broker.conf >broker.txt 2>&1 &
    server=$!
    started "$server" "$port" || { cat broker.txt; exit 1; }
}

# publish CERT KEY: a subscriber must get what is published.
publish() {
    local subscriber text topic
    text="Hello from $1 $RANDOM"
    topic="device/$RANDOM/hello"
    timeout 120 mosquitto_sub -h localhost -p "$port" --cafile ca.crt --cert server.crt --key server.key \
        -t "$topic" -C 1 >got.txt 2>sub.txt &
    subscriber=$!
    pids="$pids $subscriber"
    # The subscription has to stand first; the broker keeps the message for it otherwise.
    with_provider timeout 120 mosquitto_pub -h localhost -p "$port" --cafile ca.crt --cert "$1" --key "$2" \
        -t "$topic" -r -m "$text" -q 1 || return 1
    wait "$subscriber"
    grep -qx "$text" got.txt
}

mosquitto=$(PATH=$PATH:/usr/sbin command -v mosquitto)
broker server.crt server.key
check "mosquitto_pub with a reference file" publish ec.crt ec.ref
check "mosquitto_pub with an RSA reference file" publish rsa.crt rsa.ref
check "the broker has seen the device's certificate" grep -q "u'device-ec'" broker.txt
stopped "$server"
broker ec.crt ec.ref
check "mosquitto broker with a reference file" publish rsa.crt rsa.ref
stopped "$server"
finish
