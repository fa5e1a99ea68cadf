#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # functions are called by check and refuse
# The engine's methods on the openssl command line, beside OpenSSL's own; control commands by configuration; the forms of a
# key's id; exportable keys, DSA and DH keys by name.
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "$0")/lib.sh"

keymoor=$build/bin/keymoor
tool() { with_engine openssl "$@"; }
away() { with_engine env KEYMOOR_SOCKET=/nonexistent openssl "$@"; }
head -c 100000 /dev/urandom >message
key=$(openssl rand -hex 32)
iv=$(openssl rand -hex 16)
gone="can't be reached"

# same WHAT COMMAND OPTION...: with the engine as without it, and not without the service.
same() {
    local what=$1 command=$2
    shift 2
    check "$what" tool "$command" -engine clrc -out ours "$@"
    check "$what: OpenSSL" openssl "$command" -out theirs "$@"
    check "$what: the same" cmp ours theirs
    refuse "$what: without the service" "$gone" away "$command" -engine clrc -out ours "$@"
}

for digest in md5 sha1 sha224 sha256 sha384 sha512 sha3-224 sha3-256 sha3-384 sha3-512; do
    same "$digest" dgst -$digest message
done
same "shake128" dgst -shake128 -xoflen 99 message
same "HMAC" dgst -sha256 -hmac 0123456789 message
for cipher in aes-128-ecb aes-256-cbc aes-192-ctr aes-256-ofb aes-128-cfb des-ede3-cbc; do
    bits=${cipher#*-}
    bits=${bits%%-*}
    [ "$bits" -gt 0 ] 2>/dev/null || bits=192
    if [ "$cipher" = aes-128-ecb ]; then
        same "$cipher" enc -$cipher -K "${key:0:$((bits / 4))}" -in message
    else
        same "$cipher" enc -$cipher -K "${key:0:$((bits / 4))}" -iv "${iv:0:$([ "$cipher" = des-ede3-cbc ] && echo 16 || echo 32)}" -in message
    fi
done
same "CMAC" dgst -mac CMAC -macopt cipher:aes-128-cbc -macopt "hexkey:${key:0:32}" message
check "random numbers" tool rand -engine clrc -out one 100000
check "and others" tool rand -engine clrc -out other 100000
refuse "not the same" "differ" cmp one other
refuse "random numbers without the service" "$gone" away rand -engine clrc 16

# What it says of itself.
tool engine -c -t clrc >said.txt 2>&1
for word in SHA256 AES-256-CBC id-aes256-GCM RAND CMAC; do check "capability $word" grep -q "$word" said.txt; done
tool engine -vv clrc >said.txt 2>&1
for word in HIDE_PRIVATE METHODS PIN SOCKET; do check "command $word" grep -q "$word" said.txt; done
tool engine -pre METHODS:65536 clrc >said.txt 2>&1
check "METHODS out of range" grep -q Failure said.txt
tool engine -pre METHODS:65535 -c clrc >said.txt 2>&1
for word in RSA DSA DH EC; do check "with METHODS $word" grep -q "$word" said.txt; done

# speed: digests, ciphers, and with METHODS of a configuration keys as well.
check "speed of digests" tool speed -engine clrc -elapsed -seconds 1 -bytes 1024 -evp sha256
check "speed of ciphers" tool speed -engine clrc -elapsed -seconds 1 -bytes 1024 -evp aes-256-gcm
conf() {
    printf 'openssl_conf = init\n[init]\nengines = engines\n[engines]\nclrc = clrc\n[clrc]\nengine_id = clrc\ndynamic_path = %s\n' \
        "$modules/engines/libclrc.so"
    printf '%s\n' "$@"
}
conf "METHODS = 65535" "init = 1" "default_algorithms = ALL" >all.cnf
conf "METHODS = 0" "init = 1" "default_algorithms = ALL" >none.cnf
by_conf() { with_engine env OPENSSL_CONF="$1" openssl "${@:2}"; }
for name in ecdsap256 rsa2048; do
    check "speed of $name" by_conf all.cnf speed -elapsed -seconds 1 $name
    refuse "speed of $name without the service" "" with_engine env KEYMOOR_SOCKET=/nonexistent OPENSSL_CONF=all.cnf \
        openssl speed -elapsed -seconds 1 $name
done
# Loaded by configuration and by -engine, twice.
check "configuration and -engine" by_conf all.cnf dgst -engine clrc -sha256 message
check "METHODS 0: digests stay OpenSSL's" with_engine env KEYMOOR_SOCKET=/nonexistent OPENSSL_CONF=none.cnf openssl dgst -engine clrc -sha256 message

# Keys that are made: hidden unless it is said otherwise.
conf "METHODS = 65535" "HIDE_PRIVATE = 0" "init = 1" "default_algorithms = ALL" >shown.cnf
refuse "a hidden key is not written" "" by_conf all.cnf genpkey -algorithm EC -pkeyopt group:P-256 -out made.pem
check "a key that may be shown is" by_conf shown.cnf genpkey -algorithm EC -pkeyopt group:P-256 -out made.pem
check "its public part" openssl pkey -in made.pem -pubout -out made.pub
check "it signs" openssl dgst -sha256 -sign made.pem -out sig message
check "and verifies" openssl dgst -sha256 -verify made.pub -signature sig message
check "it is taken in" by_conf all.cnf dgst -sha256 -sign made.pem -out sig message
check "and signs there" openssl dgst -sha256 -verify made.pub -signature sig message
refuse "not without the service" "" with_engine env KEYMOOR_SOCKET=/nonexistent OPENSSL_CONF=all.cnf openssl dgst -sha256 -sign made.pem message

# ---- named keys ----
by_engine="-engine clrc -keyform engine"
check "a key that may be exported" "$keymoor" key create open --exportable
check "and one that may not" "$keymoor" key create shut
# shellcheck disable=SC2086 # a list of words on purpose
for name in open shut clrc:open "pkcs11:object=open" "pkcs11:token=x;object=shut;type=private"; do
    check "$name: signs" tool dgst -sha256 $by_engine -sign "$name" -out sig message
    check "$name: public part" tool pkey -engine clrc -inform engine -in "$name" -pubout -out pub
    check "$name: verifies" openssl dgst -sha256 -verify pub -signature sig message
done
show() { by_conf "$1" pkey -engine clrc -inform engine -in "$2" -out private.pem; }
refuse "exportable, and hidden by default" "" show all.cnf open
check "exportable, and shown" show shown.cnf open
tool pkey -engine clrc -inform engine -in open -pubout -out pub 2>/dev/null
check "it is that key" sh -c 'openssl pkey -in private.pem -pubout | cmp - pub'
refuse "what may not be exported is not shown" "" show shown.cnf shut
refuse "unknown object" "no such key" tool dgst -sha256 -engine clrc -keyform engine -sign "pkcs11:object=nobody" message
refuse "a PIN in a URI" "pin-value is refused" tool dgst -sha256 -engine clrc -keyform engine -sign "pkcs11:object=open?pin-value=1" message

openssl dsaparam -out dsa.pem -genkey 2048 2>/dev/null
openssl pkcs8 -topk8 -nocrypt -in dsa.pem -outform DER -out dsa.der
openssl pkey -in dsa.pem -pubout -out dsa.pub
openssl genpkey -algorithm DH -pkeyopt group:ffdhe2048 -outform DER -out dh.der 2>/dev/null
openssl genpkey -algorithm DH -pkeyopt group:ffdhe2048 -out peer.pem 2>/dev/null
openssl pkey -in peer.pem -pubout -out peer.pub
openssl pkey -inform DER -in dh.der -pubout -out dh.pub
check "store a DSA key" "$keymoor" key import dsa --type KEY_DSA_KEYPAIR --in dsa.der
check "store a DH key" "$keymoor" key import dh --type KEY_DH_KEYPAIR --in dh.der
# shellcheck disable=SC2086
{
    check "DSA signs" tool dgst -sha256 $by_engine -sign dsa -out sig message
    check "DSA verifies" openssl dgst -sha256 -verify dsa.pub -signature sig message
    check "DH agrees" tool pkeyutl -derive -inkey dh $by_engine -peerkey peer.pub -out ours
    check "DH at the peer" openssl pkeyutl -derive -inkey peer.pem -peerkey dh.pub -out theirs
    check "DH: the same" cmp ours theirs
    check "a DSA request" tool req -new $by_engine -key dsa -subj /CN=dsa -out dsa.csr
    check "it verifies" openssl req -in dsa.csr -verify -noout
}
refuse "a DSA key is not shown" "" tool pkey -engine clrc -inform engine -in dsa

# CMS, decrypted with a named key.
for kind in EC_DUAL RSA; do
    check "$kind: a key" "$keymoor" key create cms-$kind --type KEY_${kind}_KEYPAIR
    # shellcheck disable=SC2086
    check "$kind: its certificate" tool req -x509 $by_engine -key cms-$kind -subj /CN=$kind -out $kind.crt
    options=""
    [ $kind = EC_DUAL ] || options="-keyopt rsa_padding_mode:oaep"
    # shellcheck disable=SC2086
    check "$kind: encrypt" openssl cms -encrypt -binary -in message -aes-256-cbc -recip $kind.crt $options -out secret.cms
    # shellcheck disable=SC2086
    check "$kind: decrypt" tool cms -decrypt -in secret.cms -recip $kind.crt -inkey cms-$kind $by_engine -out clear
    check "$kind: the same" cmp clear message
done
finish
