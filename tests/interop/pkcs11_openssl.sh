#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # functions are called by check and refuse
# Document 004, 4.4.2, steps 11 to 15: OpenSSL's engine for PKCS#11 (libp11) with the kit's token, its key and our module;
# then certificates, messages and TLS by the same key.
# shellcheck source=SCRIPTDIR/pkcs11_lib.sh
. "$(dirname "$0")/pkcs11_lib.sh"

engine=$(openssl version -e | sed 's/.*"\(.*\)"/\1/')/libpkcs11.so
check "step 11: the link is there" test -e "$engine"
make_token
check "the key of step 6" mine --keypairgen --key-type rsa:2048 --label greenkey --id 01
check "and one on P-256" mine --keypairgen --key-type EC:prime256v1 --label ecc --id 02

# ---- steps 12 and 13: the file as printed, with the paths of this machine; the rest is what Debian's has for requests ----
cat >openssl.conf <<END
openssl_conf = openssl_init

[openssl_init]
engines=engine_section

[engine_section]
pkcs11 = pkcs11_section

[pkcs11_section]
engine_id = pkcs11
dynamic_path = $engine
MODULE_PATH = $module
init = 0

[req]
distinguished_name = req_distinguished_name
attributes = req_attributes

[req_distinguished_name]
countryName = Country Name (2 letter code)
countryName_default = AU
stateOrProvinceName = State or Province Name (full name)
stateOrProvinceName_default = Some-State
localityName = Locality Name (eg, city)
0.organizationName = Organization Name (eg, company)
0.organizationName_default = Internet Widgets Pty Ltd
organizationalUnitName = Organizational Unit Name (eg, section)
commonName = Common Name (e.g. server FQDN or YOUR name)
emailAddress = Email Address

[req_attributes]
challengePassword = A challenge password
unstructuredName = An optional company name
END
with_token() { OPENSSL_CONF=$work/openssl.conf "${loaded[@]}" openssl "$@"; }

# ---- step 14 ----
uri() { echo "pkcs11:model=SLB9670;manufacturer=Infineon;token=greengrass;object=$1;type=private;pin-value=1234"; }
answers() { printf '%s\n' IN GUJARAT AHM EC2 KB SSK "" 1234 ARROW; }
request() { answers | with_token req -engine pkcs11 -new -key "$(uri greenkey)" -keyform engine -out deviceCert.csr >asked.txt 2>&1; }
check "step 14: the request" request
for question in "Country Name (2 letter code) \[AU\]:" "State or Province Name (full name) \[Some-State\]:" "Locality Name (eg, city) \[\]:" \
    "Organization Name (eg, company) \[Internet Widgets Pty Ltd\]:" "Organizational Unit Name (eg, section) \[\]:" \
    "Common Name (e.g. server FQDN or YOUR name) \[\]:" "Email Address \[\]:" "to be sent with your certificate request" \
    "A challenge password \[\]:" "An optional company name \[\]:"; do
    check "asks $question" grep -q "$question" asked.txt
done
check "which verifies" says "verify OK" openssl req -in deviceCert.csr -verify -noout
check "has the name" says "subject=C = IN, ST = GUJARAT, L = AHM, O = EC2, OU = KB, CN = SSK" openssl req -in deviceCert.csr -noout -subject
check "and the token's key" cmp <(openssl req -in deviceCert.csr -noout -pubkey) \
    <(mine --read-object --type pubkey --id 01 2>/dev/null | openssl pkey -pubin -inform DER)

# ---- step 15 ----
openssl req -x509 -newkey rsa:2048 -nodes -keyout rootCA.key -out rootCA.pem -subj /CN=root -days 2 2>/dev/null
check "step 15: the device's certificate" openssl x509 -req -in deviceCert.csr -CA rootCA.pem -CAkey rootCA.key -CAcreateserial \
    -out aws_device_cert.pem -days 500 -sha256
check "verifies" openssl verify -CAfile rootCA.pem aws_device_cert.pem

# ---- without a file: the module by the environment, as step 11 exports it ----
export PKCS11_MODULE_PATH=$module
token_key() { "${loaded[@]}" openssl "$@"; }
openssl req -newkey rsa:2048 -nodes -keyout leaf.key -subj /CN=leaf -out leaf.csr 2>/dev/null
echo "the message" >message
for name in greenkey ecc; do
    key=$(uri $name)
    check "$name: a CA's certificate" token_key req -x509 -engine pkcs11 -keyform engine -key "$key" -subj "/CN=$name" -days 2 -out "$name.crt"
    check "$name: issues" token_key x509 -req -in leaf.csr -engine pkcs11 -CA "$name.crt" -CAkey "$key" -CAkeyform engine -CAcreateserial \
        -days 2 -out leaf.crt
    check "$name: is its issuer" openssl verify -CAfile "$name.crt" leaf.crt
    check "$name: dgst" token_key dgst -engine pkcs11 -keyform engine -sha256 -sign "$key" -out signature message
    check "$name: verifies" openssl dgst -sha256 -verify <(openssl x509 -in "$name.crt" -noout -pubkey) -signature signature message
    check "$name: cms" token_key cms -sign -engine pkcs11 -keyform engine -inkey "$key" -signer "$name.crt" -in message -out signed.cms
    check "$name: its signer" openssl cms -verify -CAfile "$name.crt" -purpose any -in signed.cms
done
openssl cms -encrypt -aes256 -in message -out sealed.cms greenkey.crt
check "cms decrypts" token_key cms -decrypt -engine pkcs11 -keyform engine -inkey "$(uri greenkey)" -recip greenkey.crt -in sealed.cms -out opened
check "the message" cmp <(tr -d '\r' <opened) message
head -c 32 /dev/urandom >digest
pss=(-pkeyopt digest:sha256 -pkeyopt rsa_padding_mode:pss -pkeyopt rsa_pss_saltlen:digest)
check "PSS" token_key pkeyutl -sign -engine pkcs11 -keyform engine -inkey "$(uri greenkey)" -in digest "${pss[@]}" -out signature
check "verifies" openssl pkeyutl -verify -certin -inkey greenkey.crt -in digest "${pss[@]}" -sigfile signature

# ---- TLS: the client's key, and the server's ----
test_ca
for name in greenkey ecc; do
    with_token req -new -engine pkcs11 -keyform engine -key "$(uri $name)" -subj "/CN=device-$name" -out $name.csr 2>/dev/null || exit 1
    issue $name.csr $name.pem
done
for version in -tls1_2 -tls1_3; do
    for name in greenkey ecc; do
        by_engine=(-engine pkcs11 -keyform engine -key "$(uri $name)")
        tls_server server.crt -key server.key $version
        check "$version s_client with $name" shows_client "device-$name" openssl s_client -connect "127.0.0.1:$port" -CAfile ca.crt \
            -verify_return_error -quiet -ign_eof $version -cert $name.pem "${by_engine[@]}"
        stopped "$server"
        tls_server $name.pem "${by_engine[@]}" $version
        check "$version s_server with $name" shows_client localhost openssl s_client -connect "127.0.0.1:$port" -CAfile ca.crt \
            -verify_return_error -quiet -ign_eof $version -cert server.crt -key server.key
        stopped "$server"
    done
done

# curl takes a pkcs11: URI for what it is. It hangs with a sanitizer's library in it, before it comes to us.
if [ -z "${KM_TEST_PRELOAD:-}" ]; then
    tls_server server.crt -key server.key
    get=(curl -sS --max-time 60 --cacert ca.crt "https://localhost:$port/")
    for name in greenkey ecc; do
        check "curl --engine with $name" shows_client "device-$name" "${get[@]}" --engine pkcs11 --cert $name.pem --key-type ENG --key "$(uri $name)"
        check "curl with $name's URI" shows_client "device-$name" "${get[@]}" --cert $name.pem --key "$(uri $name)"
    done
    refuse "curl with a wrong PIN" "" "${get[@]}" --cert ecc.pem --key "$(uri ecc | sed 's/1234/9999/')"
    refuse "curl without a certificate" "" "${get[@]}"
    stopped "$server"
fi
refuse "a key that is not there" "" token_key pkey -engine pkcs11 -inform engine -in "$(uri nobody)" -pubout
done_with_module
