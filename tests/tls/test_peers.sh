#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# TLS in the service with other people's clients and servers: OpenSSL, GnuTLS, nginx, mosquitto.
set -u
# shellcheck source=SCRIPTDIR/../lib.sh
. "$(dirname "$0")/../lib.sh"
device "$@"
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "$0")/lib.sh"
cd "$dir" || exit 1

root_key=$pki/oem_root_key.pem root=$pki/oem_root_cert.pem
leaf rsa "$root_key" "$root" "-algorithm RSA -pkeyopt rsa_keygen_bits:2048" "$san"
leaf p384 "$root_key" "$root" "-algorithm EC -pkeyopt ec_paramgen_curve:P-384" "$san,clientAuth"
me=(--key "$device_key" --cert "$device_cert")

# s_server OPTION...: OpenSSL, which wants a good certificate and answers each line backwards
s_server() {
    port=$(free_port)
    peer openssl s_server -accept "127.0.0.1:$port" -CAfile "$root" -Verify 3 -verify_return_error -rev "$@"
}

# ---- we are the client ----

for server in "$demo/server-prov" rsa p384; do
    for version in 1.2 1.3; do
        s_server -cert "$server.crt" -key "$server.key" "-tls${version/./_}"
        says "OpenSSL, TLS $version, $server" '^got olleh' "$tool" "${me[@]}" --send hello connect localhost "$port"
        grep -q "connected version=$version" out || exit 1
    done
done

s_server -cert "$demo/server-prov.crt" -key "$demo/server-prov.key"
says "by address" '^got olleh' "$tool" "${me[@]}" --send hello connect 127.0.0.1 "$port"
says "without blocking" '^got olleh' "$tool" "${me[@]}" --non-blocking --send hello connect localhost "$port"
says "one authority" '^got olleh' "$tool" "${me[@]}" --ca com.seqlabs.oem_root_cert --send hello connect localhost "$port"
fails "another authority" 'failed CERT_UNTRUSTED' "$tool" "${me[@]}" --ca com.seqlabs.oem_cloud_cert connect localhost "$port"
fails "no such authority" 'failed NOT_FOUND' "$tool" "${me[@]}" --ca nobody connect localhost "$port"
fails "no such key" 'failed NOT_FOUND' "$tool" --key nobody --cert "$device_cert" connect localhost "$port"
fails "no such certificate" 'failed NOT_FOUND' "$tool" --key "$device_key" --cert nobody connect localhost "$port"
fails "key and certificate of two" 'failed BAD_FORMAT.*belong together' "$tool" --key "$device_key" \
    --cert com.seqlabs.emp_device_cert connect localhost "$port"
fails "none is shown" 'failed ALERT' "$tool" --send hello connect localhost "$port"
says "resumption" 'resumed=1' "$tool" "${me[@]}" --repeat 3 --send hello connect localhost "$port"
same "the first is whole" "resumed=0" "$(sed -n 's/.*\(resumed=.\)/\1/p' out | head -n 1)"
says "no resumption" 'resumed=0' "$tool" "${me[@]}" --no-resume --repeat 2 --send hello connect localhost "$port"
same "none at all" 0 "$(grep -c resumed=1 out)"

# Every kind of named key that TLS takes, by a certificate from outside.
for kind in KEY_ECDSA_KEYPAIR:256 KEY_ECDSA_KEYPAIR:384 KEY_ECDSA_KEYPAIR:521 KEY_RSA_KEYPAIR:2048 KEY_RSA_KEYPAIR:3072; do
    name=client-${kind#*:}
    ok "make $name" keymoor key create "$name" --type "${kind%:*}" --bits "${kind#*:}"
    ok "request of $name" keymoor csr "$name" --subject "/CN=$name" --pem --out "$dir/$name.csr"
    certify "$name" "$root_key" "$root" 'extendedKeyUsage=clientAuth' "$dir/$name.csr"
    for version in 1.2 1.3; do
        says "$kind, TLS $version" '^got olleh' "$tool" --key "$name" --pem-cert "$name.crt" --min $version --max $version \
            --send hello connect localhost "$port"
    done
done

for suite in ECDHE-RSA-AES128-GCM-SHA256:TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 \
    ECDHE-RSA-AES256-GCM-SHA384:TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 \
    ECDHE-RSA-CHACHA20-POLY1305:TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256; do
    s_server -cert rsa.crt -key rsa.key -tls1_2 -cipher "${suite%:*}"
    says "${suite#*:}" "suite=${suite#*:}" "$tool" "${me[@]}" --send hello connect localhost "$port"
done
for suite in AES128-GCM-SHA256:AES_128_GCM_SHA256 AES256-GCM-SHA384:AES_256_GCM_SHA384 \
    CHACHA20-POLY1305:CHACHA20_POLY1305_SHA256; do
    s_server -cert "$demo/server-prov.crt" -key "$demo/server-prov.key" -tls1_2 -cipher "ECDHE-ECDSA-${suite%:*}"
    says "ECDSA ${suite#*:}" "suite=TLS_ECDHE_ECDSA_WITH_${suite#*:}" "$tool" "${me[@]}" --send hello connect localhost "$port"
    s_server -cert "$demo/server-prov.crt" -key "$demo/server-prov.key" -tls1_3 -ciphersuites "TLS_${suite#*:}"
    says "1.3 ${suite#*:}" "suite=TLS_${suite#*:}" "$tool" "${me[@]}" --send hello connect localhost "$port"
done
for group in X25519 P-256 P-384 P-521; do
    s_server -cert "$demo/server-prov.crt" -key "$demo/server-prov.key" -groups "$group"
    says "group $group" '^got olleh' "$tool" "${me[@]}" --send hello connect localhost "$port"
done

psk=00112233445566778899aabbccddeeff
port=$(free_port)
for version in 1_2 1_3; do
    peer openssl s_server -accept "127.0.0.1:$port" -nocert -psk_identity "me" -psk $psk -rev "-tls$version"
    says "PSK, TLS $version" '^got olleh' "$tool" --psk "me:$psk" --send hello connect localhost "$port"
    fails "another PSK, TLS $version" 'failed (ALERT|PROTOCOL)' "$tool" --psk "me:${psk/0/1}" --send hello connect localhost "$port"
done
for suite in ECDHE-PSK-CHACHA20-POLY1305 PSK-AES128-GCM-SHA256 ECDHE-PSK-AES128-CBC-SHA256; do
    peer openssl s_server -accept "127.0.0.1:$port" -nocert -psk_identity "me" -psk $psk -rev -tls1_2 -cipher "$suite"
    says "$suite" '^got olleh' "$tool" --psk "me:$psk" --send hello connect localhost "$port"
done

s_server -cert "$demo/server-prov.crt" -key "$demo/server-prov.key" -alpn mqtt,http/1.1
says "ALPN" 'alpn=http/1.1' "$tool" "${me[@]}" --alpn http/1.1 --send hello connect localhost "$port"
s_server -cert "$demo/server-prov.crt" -key "$demo/server-prov.key" -tls1_2 -cipher AES128-SHA256
fails "no suite in common" 'failed (NO_COMMON|ALERT)' "$tool" "${me[@]}" --max 1.2 connect localhost "$port"
s_server -cert "$demo/server-prov.crt" -key "$demo/server-prov.key" -tls1_3
fails "no version in common" 'failed (NO_COMMON|ALERT)' "$tool" "${me[@]}" --max 1.2 connect localhost "$port"

port=$(free_port)
for priority in NORMAL:-VERS-ALL:+VERS-TLS1.2 NORMAL:-VERS-ALL:+VERS-TLS1.3; do
    peer gnutls-serv --echo -p "$port" --x509certfile "$demo/server-prov.crt" --x509keyfile "$demo/server-prov.key" \
        --x509cafile "$root" --require-client-cert --verify-client-cert --priority "$priority"
    says "GnutTLS, $priority" '^got hello' "$tool" "${me[@]}" --send hello connect localhost "$port"
done
for version in 1.2 1.3; do
    peer "$source/tests/tls/echo_server.py" "$port" "$demo/server-prov.crt" "$demo/server-prov.key" "$root" $version
    says "a lot, TLS $version" '^echoed 4194304' "$tool" "${me[@]}" --bulk 4194304 connect localhost "$port"
    says "a lot, without blocking" '^echoed 4194304' "$tool" "${me[@]}" --non-blocking --bulk 4194304 connect localhost "$port"
done

cat >nginx.conf <<CONF
daemon off; master_process off; pid $dir/nginx.pid; error_log $dir/nginx.log;
events {}
http {
    access_log off;
    client_body_temp_path $dir/t1; proxy_temp_path $dir/t2; fastcgi_temp_path $dir/t3; uwsgi_temp_path $dir/t4; scgi_temp_path $dir/t5;
    server {
        listen 127.0.0.1:$port ssl;
        ssl_certificate $demo/server-prov.crt; ssl_certificate_key $demo/server-prov.key;
        ssl_client_certificate $root; ssl_verify_client on;
        return 200 "\$ssl_client_s_dn\n";
    }
}
CONF
peer "$(PATH=$PATH:/usr/sbin command -v nginx)" -c "$dir/nginx.conf"
says "nginx" '^got HTTP/1.1 200 OK' "$tool" "${me[@]}" --send $'GET / HTTP/1.0\r\n\r' connect localhost "$port"
says "nginx wants a certificate" '^got HTTP/1.1 400' "$tool" --send $'GET / HTTP/1.0\r\n\r' connect localhost "$port"

cat >mosquitto.conf <<CONF
listener $port 127.0.0.1
allow_anonymous true
cafile $root
certfile $demo/server-prov.crt
keyfile $demo/server-prov.key
require_certificate true
CONF
chmod -R a+rX "$demo" "$dir" "$pki"
peer "$(PATH=$PATH:/usr/sbin command -v mosquitto)" -c "$dir/mosquitto.conf"
says "mosquitto" '^got 20020000' "$tool" "${me[@]}" --hex --send 100c00044d5154540402003c0000 connect localhost "$port"

# ---- we are the server ----

certify served "$root_key" "$root" "$san" "$dir/client-256.csr"
# What a client sends, and the end when the answer is there.
said_and_answered="(cat in; for i in \$(seq 1200); do grep -q '^hello' out && break; sleep 0.05; done)"
identities=("--key client-256 --pem-cert served.crt" "--pem-key rsa.key --pem-cert rsa.crt")
for identity in "${identities[@]}"; do
    # shellcheck disable=SC2086 # a list of words on purpose
    own_server $identity --verify required
    for version in 1_2 1_3; do
        printf 'hello\n' >in
        ok "openssl s_client, $version, $identity" sh -c \
            "$said_and_answered | openssl s_client -connect 127.0.0.1:$port -CAfile $root -verify_return_error -cert $dir/p384.crt -key $dir/p384.key -servername localhost -verify_hostname localhost -quiet -no_ign_eof -tls$version"
        grep -q '^hello' out || { cat out err server.log >&2; exit 1; }
    done
    ok "gnutls-cli, $identity" sh -c \
        "$said_and_answered | gnutls-cli --x509cafile $root --x509certfile $dir/p384.crt --x509keyfile $dir/p384.key -p $port localhost"
done

# ---- what the administrator forbids ----

end_peers
stop_service
printf 'forbid chacha20\nforbid 25519\n' >policy
# shellcheck disable=SC2034 # for start_service
service_options=(--crypto-policy "$dir/policy" --socket-mode 666)
start_service
trap 'end_peers; end_helpers' EXIT
s_server -cert "$demo/server-prov.crt" -key "$demo/server-prov.key"
says "without X25519" 'group=secp256r1' "$tool" "${me[@]}" --send hello connect localhost "$port"
s_server -cert "$demo/server-prov.crt" -key "$demo/server-prov.key" -groups X25519
fails "only X25519" 'failed (NO_COMMON|ALERT)' "$tool" "${me[@]}" connect localhost "$port"
s_server -cert "$demo/server-prov.crt" -key "$demo/server-prov.key" -ciphersuites TLS_CHACHA20_POLY1305_SHA256 -tls1_3
fails "only ChaCha20" 'failed (NO_COMMON|ALERT)' "$tool" "${me[@]}" connect localhost "$port"

# ---- and whose key it is ----

if [ "$(id -u)" -eq 0 ] && reaches 65534 "$tool"; then
    # The application has its client's rights and no others: who may not use a key can't have it used through TLS.
    other=(setpriv --reuid 65534 --regid 65534 --clear-groups "$tool")
    chmod a+rx "$KEYMOOR_DEV_DIR" "$dir" && chmod a+r "$dir/client-256.crt"
    s_server -cert "$demo/server-prov.crt" -key "$demo/server-prov.key"
    says "one's own key" '^got olleh' "$tool" --key client-256 --pem-cert "$dir/client-256.crt" --send hello connect localhost "$port"
    says "the device's key is everybody's" '^got olleh' "${other[@]}" "${me[@]}" --send hello connect localhost "$port"
    fails "somebody else's key" 'failed ACCESS_DENIED' "${other[@]}" --key client-256 --pem-cert "$dir/client-256.crt" \
        connect localhost "$port"
    ok "the log names who signed" grep -Eq '"uid":65534.*"ta":"138a1951' \
        "$KEYMOOR_DEV_DIR/audit.log"
fi
done_testing
