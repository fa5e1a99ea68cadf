#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The server of the TLS demonstrations with clients of OpenSSL: what it prints, whom it turns away, its configuration.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
set -eu
device "$@"
cd "$dir"

for name in ca other; do
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $name.key -out $name.crt -subj "/CN=$name" \
        -days 2 2>/dev/null
done
for name in server client; do
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $name.key -subj "/CN=$name" -out $name.csr 2>/dev/null
    openssl x509 -req -in $name.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -out $name.crt 2>/dev/null
done
openssl x509 -req -in client.csr -CA other.crt -CAkey other.key -CAcreateserial -days 2 -out stranger.crt 2>/dev/null

port=$(free_port)
cat >demo_server.conf <<CONF
# a comment
port = $port # and another
key_file = server.key
  cert_file=server.crt
ca_file = ca.crt
CONF
started server.txt "$build/bin/clrc_ssl_demo_server"
# says N TEXT: the N-th line of what it prints.
says() { [ "$(sed -n "$1p" server.txt)" = "$2" ]; }
until_true listens "$port"

# shellcheck disable=SC2094 # one waits for what the other writes
# chat OPTION...: as the demonstration's client does; closes properly.
chat() {
    { printf 'Hi from client!'; until_true grep -q 'Hi from server!' answer.txt; } |
        timeout 120 openssl s_client -connect "127.0.0.1:$port" -CAfile ca.crt -verify_return_error -quiet -no_ign_eof "$@" \
            >answer.txt 2>client.txt
}
at=1
for version in -tls1_2 -tls1_3; do
    : >answer.txt
    ok "a chat with $version" chat $version -cert client.crt -key client.key
    until_true says $((at + 2)) "Ssl_read: SSL_ERROR_ZERO_RETURN"
    same "what it prints" "Got chat: Hi from client!
Sent chat: Hi from server!" "$(sed -n "$at,$((at + 1))p" server.txt)"
    at=$((at + 3))
done
: >answer.txt
# s_client tells with TLS 1.2 only: in 1.3 it is done before the server has seen its certificate.
refused "a client of another authority" "alert" openssl s_client -connect "127.0.0.1:$port" -tls1_2 -cert stranger.crt -key client.key
refused "a client without a certificate" "alert" openssl s_client -connect "127.0.0.1:$port" -tls1_2
until_true grep -q 'turned away' server.txt.err
ok "and it goes on serving" chat -tls1_3 -cert client.crt -key client.key

# bad SENTENCE LINE: a configuration that is refused.
bad() {
    printf '%s\n' "$2" >bad.conf
    refused "a bad configuration" "$1" "$build/bin/clrc_ssl_demo_server" -f bad.conf
}
bad "there is no key 'ports'" "ports = 1"
bad "expected key = value" "port 1"
bad "given twice" "port = 1
port = 2"
bad "key_file is missing" "port = 1"
bad "the line is too long" "port = $(printf '%0600d' 1)"
bad "the value is too long" "port = $(printf '%0300d' 1)"
refused "no configuration" "No such file" "$build/bin/clrc_ssl_demo_server" -f missing.conf
done_testing
