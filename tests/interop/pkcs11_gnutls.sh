#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # functions are called by check and refuse
# GnuTLS: requests and certificates by certtool, TLS clients and servers, each with a pkcs11: URI for the key.
# shellcheck source=SCRIPTDIR/pkcs11_lib.sh
. "$(dirname "$0")/pkcs11_lib.sh"

make_token
test_ca
check "an RSA key" mine --keypairgen --key-type rsa:2048 --label rsa --id 01
check "one on P-256" mine --keypairgen --key-type EC:prime256v1 --label ecc --id 02
uri() { echo "pkcs11:token=greengrass;object=$1;type=private?pin-value=1234"; }
certtool_() { "${loaded[@]}" certtool --provider "$module" "$@"; }
key_of() { openssl pkey -pubin -in "$1" -pubout -outform DER; }

printf '%s\n' 'cn = "issuer"' ca cert_signing_key crl_signing_key signing_key 'expiration_days = 2' 'serial = 5' >ca.tmpl
printf '%s\n' 'cn = "leaf"' 'dns_name = "localhost"' signing_key tls_www_server 'expiration_days = 2' 'serial = 6' >leaf.tmpl
openssl req -newkey rsa:2048 -nodes -keyout leaf.key -subj /CN=leaf -out leaf.csr 2>/dev/null
for name in rsa ecc; do
    printf 'cn = "device-%s"\n' $name >$name.tmpl
    check "$name: certtool's request" certtool_ --generate-request --load-privkey "$(uri $name)" --template $name.tmpl --outfile $name.csr
    check "$name: verifies" says "verify OK" openssl req -in $name.csr -verify -noout
    check "$name: has the name" says "CN = device-$name" openssl req -in $name.csr -subject -noout
    mine --read-object --type pubkey --label $name -o $name.der 2>/dev/null
    check "$name: and the key" cmp <(openssl req -in $name.csr -pubkey -noout) <(openssl pkey -pubin -inform DER -in $name.der)
    check "$name: a CA's certificate" certtool_ --generate-self-signed --load-privkey "$(uri $name)" --template ca.tmpl --outfile $name-ca.crt
    check "$name: issues one" certtool_ --generate-certificate --load-request leaf.csr --load-ca-certificate $name-ca.crt \
        --load-ca-privkey "$(uri $name)" --template leaf.tmpl --outfile leaf.crt
    check "$name: which verifies" openssl verify -CAfile $name-ca.crt leaf.crt
    check "$name: a revocation list" certtool_ --generate-crl --load-ca-certificate $name-ca.crt --load-ca-privkey "$(uri $name)" \
        --load-certificate leaf.crt --template <(printf '%s\n' 'crl_next_update = 2' 'crl_number = 1') --outfile crl.pem
    check "$name: which stops it" says "revoked" openssl verify -crl_check -CAfile $name-ca.crt -CRLfile crl.pem leaf.crt
    issue $name.csr $name.crt
done
echo "the message" >message
check "certtool signs" certtool_ --p7-detached-sign --load-privkey "$(uri rsa)" --load-certificate rsa.crt --infile message --outfile signed.p7
check "which verifies" openssl smime -verify -inform PEM -in signed.p7 -content message -CAfile ca.crt -purpose any
check "the key by its id" certtool_ --generate-request --load-privkey "pkcs11:token=greengrass;id=%02;type=private?pin-value=1234" \
    --template ecc.tmpl --outfile again.csr
check "is that key" cmp <(openssl req -in again.csr -pubkey -noout) <(openssl req -in ecc.csr -pubkey -noout)
refuse "a wrong PIN" "" certtool_ --generate-request --load-privkey "$(uri rsa | sed 's/1234/9999/')" --template rsa.tmpl --outfile no.csr </dev/null

# ---- TLS ----
# gnutls-cli and gnutls-serv know modules by p11-kit's files or by --provider.
for version in 1.2 1.3; do
    priority="NORMAL:-VERS-ALL:+VERS-TLS$version"
    for name in rsa ecc; do
        tls_server server.crt -key server.key
        check "gnutls-cli, TLS $version with $name" shows_client "device-$name" gnutls-cli --provider "$module" --priority "$priority" --port "$port" \
            --x509cafile ca.crt --x509certfile $name.crt --x509keyfile "$(uri $name)" localhost
        stopped "$server"
        port=$(free_port)
        "${loaded[@]}" gnutls-serv --provider "$module" --priority "$priority" --port "$port" --x509cafile ca.crt --require-client-cert \
            --verify-client-cert --x509certfile $name.crt --x509keyfile "$(uri $name)" --http >server.txt 2>&1 </dev/null &
        started $! "$port" || { cat server.txt; exit 1; }
        server=$!
        check "gnutls-serv, TLS $version with $name" says "CN=localhost" timeout 120 curl -sS --cacert ca.crt --cert server.crt --key server.key \
            "https://localhost:$port/"
        refuse "gnutls-serv without a client's certificate" "" timeout 120 curl -sS --cacert ca.crt "https://localhost:$port/"
        stopped "$server"
    done
done
done_with_module
