#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What a device was provisioned with, and its Certificate Store, through the OpenSSL provider.
set -eu
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
device "$@"
cd "$dir"
pki=$KEYMOOR_DEV_DIR/pki
tool() {
    OPENSSL_CONF="$source/interop/provider/openssl-keymoor.cnf" OPENSSL_MODULES="$build/ossl-modules" openssl "$@"
}
device_key=clrc:com.seqlabs.oem_device_key
device_cert=clrc:com.seqlabs.oem_device_cert

# ---- listing, by kind and by subject ----
ok "list" tool storeutl -noout clrc:
cp out list
for name in com.seqlabs.oem_device_key com.seqlabs.oem_pub_key cert=com.seqlabs.oem_device_cert cert=com.seqlabs.oem_root_cert; do
    ok "$name is listed" grep -q "Name: clrc:$name\$" list
done
same "signing requests are no certificates" 0 "$(grep -c _csr list)"
ok "certificates alone" tool storeutl -noout -certs clrc:
cp out said
ok "there are some" grep -q "Name: clrc:cert=" said
same "and no keys" 0 "$(grep -c "Name: clrc:com" said)"
ok "keys alone" tool storeutl -noout -keys clrc:
cp out said
same "and no certificates" 0 "$(grep -c "Name: clrc:cert" said)"
ok "a certificate by name" tool x509 -in "$device_cert" -out device.pem
ok "is the device's" openssl x509 -in device.pem -noout -subject -nameopt RFC2253
cp out said
subject=/$(sed 's/^subject=//' said)
ok "the same by its kind" tool x509 -in "clrc:cert=com.seqlabs.oem_device_cert" -out again.pem
ok "it is the same" cmp device.pem again.pem
ok "found by subject" tool storeutl -noout -certs -subject "$subject" clrc:
cp out said
ok "by its name" grep -q "clrc:cert=com.seqlabs.oem_device_cert" said
ok "another subject" tool storeutl -noout -certs -subject /CN=nobody clrc:
cp out said
ok "finds nothing" grep -q "Total found: 0" said
refused "a certificate that is not there" "no such key or certificate\|there is no" tool x509 -in clrc:cert=nobody
refused "a key's certificate" "no such key or certificate\|there is no" tool x509 -in clrc:cert=com.seqlabs.oem_device_key

# ---- the Certificate Store ----
"$source/factory/make_evaluation_pki.sh" -o ignored -e ex >/dev/null 2>&1
ca=ex/clrsc_example_ca_cert.pem
server=ex/clrsc_example_server_01.pem
"$source/factory/make_certificate_command.sh" -k "$pki/oem_command_key.pem" -o add -a addAuthority -c $ca -s 5
ok "an authority" keymoor cert command add
digest=$(openssl x509 -in $ca -outform DER | sha256sum | cut -d' ' -f1)
ok "list with it" tool storeutl -noout -certs clrc:
cp out said
ok "it is listed" grep -q "clrc:cert-sha256=$digest" said
ok "by its digest" tool x509 -in "clrc:cert-sha256=$digest" -out stored.pem
openssl x509 -in $ca -out expected.pem
ok "it is the same" cmp stored.pem expected.pem
refused "one that is not there" "no such key or certificate\|there is no" tool x509 -in "clrc:cert-sha256=${digest//[0-9]/0}"
ok "the store as what a program trusts" tool verify -no-CAfile -no-CApath -CAstore clrc: $server

# ---- certificate and key of the device in one TLS client ----
openssl req -x509 -newkey rsa:2048 -nodes -keyout server.key -subj /CN=localhost -out server.crt 2>/dev/null
port=$(free_port)
started server.txt openssl s_server -accept "127.0.0.1:$port" -cert server.crt -key server.key -Verify 1 -www
until_true listens "$port"
get() {
    printf 'GET / HTTP/1.0\r\n\r\n' | OPENSSL_CONF="$source/interop/provider/openssl-keymoor.cnf" \
        OPENSSL_MODULES="$build/ossl-modules" timeout 120 openssl s_client -connect "127.0.0.1:$port" -ign_eof -quiet \
        -cert "$device_cert" -key "$device_key"
}
ok "TLS with certificate and key by name" get
cp out said
ok "the server saw the certificate" grep -q "Client certificate" said

# ---- the device's key keeps its rules ----
openssl genpkey -algorithm EC -pkeyopt group:P-256 -out peer.pem 2>/dev/null
openssl pkey -in peer.pem -pubout -out peer.pub
refused "agreement" "the private part stays in the trusted service\|does not leave" tool pkeyutl -derive -inkey "$device_key" -peerkey peer.pub -out secret
same "nothing was written" 0 "$(stat -c %s secret 2>/dev/null || echo 0)"
ok "a request" tool req -new -key "$device_key" -subj /CN=device -out device.csr
ok "it verifies" openssl req -in device.csr -verify -noout
done_testing
