#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # functions are called by check and refuse
# The engine: the openssl command line, TLS, curl and mosquitto with keys by name.
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "$0")/lib.sh"

create ec ec256
create rsa rsa2048
create locked ec384 "open sesame"
reference clrc:ec ec.ref
reference clrc:rsa rsa.ref
echo "the message" >message

tool() { with_engine openssl "$@"; }
by_engine="-engine clrc -keyform engine"

check "engine" tool engine -t clrc
# shellcheck disable=SC2086 # $by_engine is a list of words on purpose
for key in ec rsa clrc:ec clrc:rsa ec.ref rsa.ref; do
    check "$key: public part" tool pkey -engine clrc -inform engine -in $key -pubout -out pub
    for digest in sha1 sha256 sha512; do
        check "$key: sign $digest" tool dgst -$digest $by_engine -sign $key -out sig message
        check "$key: verify $digest" openssl dgst -$digest -verify pub -signature sig message
    done
    check "$key: request" tool req -new $by_engine -key $key -subj /CN=leaf -out leaf.csr
    check "$key: request verifies" openssl req -in leaf.csr -verify -noout
    check "$key: self-signed" tool req -x509 $by_engine -key $key -subj /CN=root -out root.crt
    check "$key: self-signed verifies" openssl verify -check_ss_sig -CAfile root.crt root.crt
    check "$key: as a CA" tool x509 -req -in leaf.csr -CA root.crt -engine clrc -CAkeyform engine -CAkey $key -out leaf.crt
    check "$key: its certificate verifies" openssl verify -CAfile root.crt leaf.crt
    check "$key: CMS signature" tool cms -sign -in message -signer root.crt -inkey $key $by_engine -out signed.cms
    check "$key: CMS verifies" openssl cms -verify -in signed.cms -CAfile root.crt
    # What OpenSSL prints here is its own: it finds no private part to write.
    refuse "$key: private part" "" tool pkey -engine clrc -inform engine -in $key
    refuse "$key: private part in DER" "" tool pkey -engine clrc -inform engine -in $key -outform DER -out private.der
    check "$key: as text" tool pkey -engine clrc -inform engine -in $key -noout -text
    check "$key: text has no private part" sh -c '! grep -q "^priv:\|^privateExponent\|^prime1" out.txt'
done
tool pkey -engine clrc -inform engine -in rsa -pubout -out rsa.pub 2>/dev/null
tool pkey -engine clrc -inform engine -in ec -pubout -out ec.pub 2>/dev/null
# shellcheck disable=SC2086
for salt in -1 -3 0 17; do
    check "PSS salt $salt" tool dgst -sha256 $by_engine -sigopt rsa_padding_mode:pss \
        -sigopt rsa_pss_saltlen:$salt -sign rsa -out sig message
    case $salt in -3) expected=-2 ;; *) expected=$salt ;; esac
    check "PSS salt $salt verifies" openssl dgst -sha256 -sigopt rsa_padding_mode:pss \
        -sigopt rsa_pss_saltlen:$expected -verify rsa.pub -signature sig message
done
openssl genpkey -algorithm EC -pkeyopt group:P-256 -out peer.pem 2>/dev/null
openssl pkey -in peer.pem -pubout -out peer.pub
# shellcheck disable=SC2086
check "derive" tool pkeyutl -derive -inkey ec $by_engine -peerkey peer.pub -out ours
check "derive at the peer" openssl pkeyutl -derive -inkey peer.pem -peerkey ec.pub -out theirs
check "derived the same" cmp ours theirs
# shellcheck disable=SC2086
for digest in sha1 sha256; do
    oaep="-pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:$digest"
    check "encrypt OAEP $digest" openssl pkeyutl -encrypt -pubin -inkey rsa.pub $oaep -in message -out secret
    check "decrypt OAEP $digest" tool pkeyutl -decrypt -inkey rsa $by_engine $oaep -in secret -out clear
    check "decrypted the same" cmp clear message
done
head -c 32 /dev/zero >block
# shellcheck disable=SC2086
{
    refuse "unknown key" "no such key\|there is no key" tool dgst -sha256 $by_engine -sign nobody message
    refuse "raw RSA" "raw RSA" tool pkeyutl -sign -inkey rsa $by_engine -in block -pkeyopt rsa_padding_mode:none
    refuse "no password" "assword" tool dgst -sha256 $by_engine -sign locked -passin pass: message
}
cat >pin.cnf <<CONF
openssl_conf = init
[init]
engines = engines
[engines]
clrc = clrc
[clrc]
PIN = open sesame
init = 0
CONF
check "password by configuration" with_engine env OPENSSL_CONF=pin.cnf \
    openssl dgst -sha256 -engine clrc -keyform engine -sign locked -out sig message

# A program that makes the engine the default for everything keeps its own keys.
check "own RSA key beside the engine" tool genrsa -engine clrc -out soft.pem 2048
check "own RSA key signs" tool dgst -engine clrc -sha256 -sigopt rsa_padding_mode:pss -sign soft.pem -out sig message
check "own EC key signs" tool dgst -engine clrc -sha256 -sign peer.pem -out sig message

# ---- TLS ----
test_ca
for key in ec rsa; do
    # shellcheck disable=SC2086
    tool req -new $by_engine -key $key -subj /CN=device-$key -out $key.csr 2>/dev/null || exit 1
    issue $key.csr $key.crt
done

s_client() {
    printf 'GET / HTTP/1.0\r\n\r\n' | with_engine timeout 120 openssl s_client -connect "127.0.0.1:$port" \
        -CAfile ca.crt -verify_return_error -quiet -ign_eof "$@" >answer.txt 2>&1
    grep -q "Client certificate" answer.txt && grep -q "$expected" answer.txt
}

s_server() {
    port=$(free_port)
    "${engine_env[@]}" openssl s_server -accept "127.0.0.1:$port" -CAfile ca.crt -Verify 2 -verify_return_error -www "$@" \
        >server.txt 2>&1 &
    server=$!
    started $server "$port" || { cat server.txt; exit 1; }
}

# shellcheck disable=SC2086
for version in -tls1_2 -tls1_3; do
    for key in ec rsa; do
        expected="CN *= *device-$key"
        s_server $version -cert server.crt -key server.key
        check "$version client with $key" s_client $version -cert $key.crt -key $key $by_engine
        stopped $server
        expected="CN *= *localhost"
        s_server $version -cert $key.crt -key $key $by_engine
        check "$version server with $key" s_client $version -cert server.crt -key server.key
        stopped $server
    done
done

s_server -cert server.crt -key server.key
curl_get() {
    with_engine curl -sS --max-time 20 --cacert ca.crt "$@" "https://localhost:$port/" >answer.txt 2>out.txt &&
        grep -q "Client certificate" answer.txt && grep -q "CN *= *device" answer.txt
}
# curl hangs with a sanitizer's library in it, before it comes to us.
if [ -z "${KM_TEST_PRELOAD:-}" ]; then
    check "curl" curl_get --engine clrc --key-type ENG --cert ec.crt --key ec
    check "curl with RSA" curl_get --engine clrc --key-type ENG --cert rsa.crt --key clrc:rsa
fi
stopped $server

mosquitto=$(PATH=$PATH:/usr/sbin command -v mosquitto)
port=$(free_port)
cat >broker.conf <<CONF
listener $port 127.0.0.1
cafile $work/ca.crt
certfile $work/server.crt
keyfile $work/server.key
require_certificate true
use_identity_as_username true
allow_anonymous false
user $(id -un)
CONF
"$mosquitto" -c broker.conf >broker.txt 2>&1 &
server=$!
started $server "$port" || { cat broker.txt; exit 1; }
# mosquitto_pub 2.0.11 wants --key to be a file that exists: a reference file, here.
check "mosquitto_pub" with_engine timeout 120 mosquitto_pub -h localhost -p "$port" --cafile ca.crt --cert ec.crt \
    --tls-engine clrc --keyform engine --key ec.ref -t device/hello -m Hello -q 1
check "the broker has seen the device's certificate" grep -q "u'device-ec'" broker.txt
stopped $server
finish
