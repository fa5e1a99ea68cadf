#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # functions are called by check and refuse
# TLS with each kind of key in the service, on both sides: RSA-PSS and Ed25519 by name of the signature, RSA key exchange
# of TLS 1.2, and X25519 and P-256 beside our provider. Both sides check each other's certificate.
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "$0")/lib.sh"

test_ca
# device NAME URI: certificate NAME.crt for localhost.
device() {
    with_provider openssl req -new -key "$2" -subj "/CN=device-$1" -out "$1.csr" || exit 1
    issue "$1.csr" "$1.crt"
}
with_provider openssl genpkey -propquery provider=clrc -algorithm ED25519 -pkeyopt clrc-name:ed -out ed.ref || exit 1
with_provider openssl genpkey -propquery provider=clrc -algorithm RSA -pkeyopt clrc-name:rsa -out rsa.ref || exit 1
create ec ec384
device ed ed.ref
device rsa rsa.ref
device ec clrc:ec
for digest in sha256 sha384 sha512 any; do
    reference "clrc:rsa?pss=$digest" pss-$digest.ref
    device pss-$digest pss-$digest.ref
done

# serve CERT KEY OPTION...: sets server and port; the server is ours.
serve() {
    local cert=$1 key=$2
    shift 2
    port=$(free_port)
    "${provider_env[@]}" openssl s_server -accept "127.0.0.1:$port" -cert "$cert" -key "$key" -CAfile ca.crt -Verify 2 \
        -verify_return_error -www "$@" >server.txt 2>&1 &
    server=$!
    started "$server" "$port" || { cat server.txt; exit 1; }
}

# get OPTION...: what the server knows of its client, and what the client knows of the server.
get() {
    printf 'GET / HTTP/1.0\r\n\r\n' | with_provider timeout 120 openssl s_client -connect "127.0.0.1:$port" \
        -CAfile ca.crt -verify_return_error -ign_eof "$@" >answer.txt 2>&1
    grep -q "Client certificate" answer.txt
}
says() { grep -q "$1" answer.txt; }

for version in -tls1_2 -tls1_3; do
    for row in "ed.ref ed ed25519" "clrc:ed ed ed25519" "pss-sha256.ref pss-sha256 rsa_pss_pss_sha256" \
        "pss-sha384.ref pss-sha384 rsa_pss_pss_sha384" "pss-sha512.ref pss-sha512 rsa_pss_pss_sha512" \
        "clrc:rsa?pss=any pss-any rsa_pss_pss_sha256" "rsa.ref rsa rsa_pss_rsae_sha256" \
        "clrc:ec ec ecdsa_secp384r1_sha384"; do
        read -r key cert scheme <<<"$row"
        serve "$cert.crt" "$key" "$version"
        check "$version server signs $scheme with $key" get "$version" -sigalgs "$scheme:ECDSA+SHA256" \
            -cert server.crt -key server.key
        check "$version $scheme: it was that key" says "subject=CN *= *device-$cert"
        check "$version $scheme: by that kind of signature" says \
            "Peer signature type: \(Ed25519\|RSA-PSS\|ECDSA\)"
        stopped "$server"
        serve server.crt server.key "$version" -client_sigalgs "$scheme"
        check "$version client signs $scheme with $key" get "$version" -cert "$cert.crt" -key "$key"
        check "$version $scheme: the server saw that key" says "CN *= *device-$cert"
        stopped "$server"
    done
done

# ---- RSA key exchange: the server decrypts ----
serve rsa.crt rsa.ref -tls1_2
for suite in AES128-SHA AES128-GCM-SHA256 AES256-SHA256; do
    check "RSA key exchange, $suite" get -tls1_2 -cipher "$suite" -cert server.crt -key server.key
    check "RSA key exchange, $suite: it was that suite" says "Cipher is $suite"
done
check "an elliptic curve again" get -tls1_2 -cipher ECDHE-RSA-AES128-GCM-SHA256 -cert server.crt -key server.key
stopped "$server"

# ---- agreement is the default provider's, with our keys beside it ----
serve ed.crt ed.ref -tls1_3
for group in X25519 P-256 P-384; do
    check "key exchange with $group" get -tls1_3 -groups $group -cert rsa.crt -key rsa.ref
done
stopped "$server"
finish
