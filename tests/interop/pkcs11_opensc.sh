#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # functions are called by check and refuse
# What pkcs11-tool signs, deciphers, agrees on, wraps and makes: each checked with openssl.
# shellcheck source=SCRIPTDIR/pkcs11_lib.sh
. "$(dirname "$0")/pkcs11_lib.sh"

# In slot 0, where no PIN costs time at each of these commands.
ours() { tool --token-label "soft root" "$@"; }
echo "the message" >message
id=10 # of pairs

# pair KIND NAME OPTION...: a key pair with the next $id, and its public key in NAME.pub.
pair() {
    id=$((id + 1))
    check "$2: generate" ours --keypairgen --key-type "$1" --label "$2" --id $id "${@:3}"
    # 0.23 reads no public key on P-384, of any module.
    check "$2: its public key" gnutls --outfile "$2.pub" --export-pubkey "pkcs11:token=soft%20root;object=$2;type=private"
}
# signed MECHANISM DIGEST [PKEYOPT...]: the key $id of the name $name over the message's digest, by an openssl that verifies it.
signed() {
    local mechanism=$1 digest=$2 options=()
    shift 2
    for option in "$@"; do options+=(-sigopt "$option"); done
    check "$name: $mechanism" ours --sign -m "$mechanism" --signature-format openssl --id $id -i message -o signature
    check "$name: $mechanism verifies" openssl dgst "-$digest" -verify "$name.pub" "${options[@]}" -signature signature message
    check "$name: $mechanism by the token" says "Signature is valid" ours --verify -m "$mechanism" --signature-format openssl --id $id -i message --signature-file signature
}

# ---- RSA ----
name=rsa2048
pair rsa:2048 $name --usage-sign --usage-decrypt
for digest in SHA1 SHA224 SHA256 SHA384 SHA512; do
    signed "$digest-RSA-PKCS" "${digest,,}"
done
for digest in SHA224 SHA256 SHA384 SHA512; do
    signed "$digest-RSA-PKCS-PSS" "${digest,,}" rsa_padding_mode:pss rsa_pss_saltlen:digest
done
openssl dgst -sha256 -binary message >digest
check "RSA-PKCS-PSS over a digest" ours --sign -m RSA-PKCS-PSS --hash-algorithm SHA256 --id 11 -i digest -o signature
check "verifies" openssl pkeyutl -verify -pubin -inkey rsa2048.pub -in digest -sigfile signature -pkeyopt digest:sha256 \
    -pkeyopt rsa_padding_mode:pss -pkeyopt rsa_pss_saltlen:digest
check "RSA-PKCS" ours --sign -m RSA-PKCS --id 11 -i message -o signature
check "recovers" openssl pkeyutl -verifyrecover -pubin -inkey rsa2048.pub -in signature -out recovered
check "what was signed" cmp recovered message
{ printf '\0'; head -c 255 /dev/urandom; } >block
check "RSA-X-509" ours --sign -m RSA-X-509 --id 11 -i block -o signature
check "raw" openssl pkeyutl -verifyrecover -pubin -inkey rsa2048.pub -in signature -pkeyopt rsa_padding_mode:none -out recovered
check "is the block" cmp recovered block
# deciphers MECHANISM PKEYOPT... -- OPTION...
deciphers() {
    local mechanism=$1 options=()
    shift
    while [ "$1" != -- ]; do options+=(-pkeyopt "$1"); shift; done
    shift
    check "encrypt for $mechanism $*" openssl pkeyutl -encrypt -pubin -inkey rsa2048.pub -in message "${options[@]}" -out sealed
    check "$mechanism $* deciphers" ours --decrypt -m "$mechanism" --id 11 -i sealed -o opened "$@"
    check "it is the message" cmp message opened
}
deciphers RSA-PKCS rsa_padding_mode:pkcs1 --
for digest in SHA-1 SHA256 SHA384; do
    plain=${digest/-/}
    deciphers RSA-PKCS-OAEP rsa_padding_mode:oaep "rsa_oaep_md:${plain,,}" "rsa_mgf1_md:${plain,,}" -- --hash-algorithm "$digest"
done

name=rsa3072
pair rsa:3072 $name --usage-sign
signed SHA256-RSA-PKCS sha256

# ---- curves ----
for curve in secp224r1 prime256v1 secp384r1 secp521r1; do
    name=$curve
    pair EC:$curve $curve --usage-sign
    for digest in SHA1 SHA224 SHA256 SHA384 SHA512; do
        signed "ECDSA-$digest" "${digest,,}"
    done
    check "$curve: ECDSA over a digest" ours --sign -m ECDSA --signature-format openssl --id $id -i digest -o signature
    check "$curve: verifies" openssl pkeyutl -verify -pubin -inkey $curve.pub -in digest -sigfile signature
    pair EC:$curve dh-$curve --usage-derive
    openssl ecparam -genkey -name $curve -noout -out peer.pem
    openssl pkey -in peer.pem -pubout -outform DER -out peer.der
    check "$curve: derive at the peer" openssl pkeyutl -derive -inkey peer.pem -peerkey dh-$curve.pub -out theirs
    for mechanism in ECDH1-DERIVE ECDH1-COFACTOR-DERIVE; do
        check "$curve: $mechanism" ours --derive -m $mechanism --id $id -i peer.der -o own --extractable
        check "$curve: the same" cmp own theirs
    done
done
pair EC:edwards25519 ed --usage-sign
check "EDDSA" ours --sign -m EDDSA --id $id -i message -o signature
check "EDDSA verifies" openssl pkeyutl -verify -pubin -inkey ed.pub -rawin -in message -sigfile signature
check "X25519: generate" ours --keypairgen --key-type EC:curve25519 --label x --id 9a --usage-derive

# ---- secret keys ----
hex() { od -An -tx1 -v "$1" | tr -d ' \n'; }
for size in 16 24 32; do
    head -c $size /dev/urandom >key
    check "AES-$size: a key of ours" ours --write-object key --type secrkey --key-type AES:$size --label aes$size --id a0$size
    iv=00112233445566778899aabbccddeeff
    check "AES-$size: encrypt" ours --encrypt -m AES-CBC-PAD --iv $iv --id a0$size -i message -o sealed
    check "AES-$size: as openssl does" openssl enc -d "-aes-$((size * 8))-cbc" -K "$(hex key)" -iv $iv -in sealed -out opened
    check "AES-$size: the message" cmp message opened
    head -c 64 /dev/urandom >blocks
    openssl enc -nopad "-aes-$((size * 8))-ecb" -K "$(hex key)" -in blocks -out sealed
    check "AES-$size: deciphers ECB" ours --decrypt -m AES-ECB --id a0$size -i sealed -o opened
    check "AES-$size: the blocks" cmp blocks opened
    openssl enc -nopad "-aes-$((size * 8))-cbc" -K "$(hex key)" -iv $iv -in blocks -out sealed
    check "AES-$size: deciphers CBC" ours --decrypt -m AES-CBC --iv $iv --id a0$size -i sealed -o opened
    check "AES-$size: the blocks" cmp blocks opened
    check "AES-$size: generate" ours --keygen --key-type AES:$size --label made$size --id b0$size
done
head -c 32 /dev/urandom >key
# 0.23 writes no keys of this kind, and p11tool chooses the id.
check "an HMAC key of ours" gnutls --write --secret-key="$(hex key)" --label mac pkcs11:token=soft%20root
mac_id=$(ours -O --type secrkey 2>/dev/null | grep -A1 "label: *mac$" | sed -n 's/.*ID: *//p')
for digest in SHA-1 SHA224 SHA256 SHA384 SHA512; do
    plain=${digest/-/}
    check "$digest-HMAC" ours --sign -m "$digest-HMAC" --id "$mac_id" -i message -o mac
    check "$digest-HMAC as openssl has it" cmp mac <(openssl mac -digest "${plain,,}" -macopt "hexkey:$(hex key)" -binary -in message HMAC)
done

# KWP, of which 0.23 knows the number only: a key leaves and comes back, and openssl finds the same in it.
head -c 32 /dev/urandom >kek
check "a wrapping key of ours" ours --write-object kek --type secrkey --key-type AES:32 --label kek --id 70 --usage-wrap
head -c 16 /dev/urandom >key
check "a key that may leave" ours --write-object key --type secrkey --key-type AES:16 --label leaves --id 71 --extractable
check "wrap" ours --wrap -m 0x210B --id 70 --application-id 71 -o wrapped
check "unwrap with openssl" openssl enc -d -id-aes256-wrap-pad -K "$(hex kek)" -iv a65959a6 -in wrapped -out unwrapped
check "it is that key" cmp key unwrapped
head -c 24 /dev/urandom >other
openssl enc -id-aes256-wrap-pad -K "$(hex kek)" -iv a65959a6 -in other -out wrapped
check "a key that openssl wrapped" ours --unwrap -m 0x210B --id 70 --application-id 72 -i wrapped --key-type AES: --application-label came
check "encrypts" ours --encrypt -m AES-ECB --id 72 -i blocks -o sealed
check "as that key does" cmp sealed <(openssl enc -nopad -aes-192-ecb -K "$(hex other)" -in blocks)
refuse "unwrap to a key that can be read" "" ours --unwrap -m 0x210B --id 70 --application-id 73 -i wrapped --key-type AES: --extractable
refuse "wrap a key that may not leave" "CKR_KEY_UNEXTRACTABLE" ours --wrap -m 0x210B --id 70 --application-id a016 -o wrapped
refuse "read a key" "" ours --read-object --type secrkey --id a016 -o stolen

# ---- keys from files, digests, random ----
for kind in "RSA 2048 rsa_keygen_bits" "EC P-256 ec_paramgen_curve"; do
    read -r algorithm value option <<<"$kind"
    id=$((id + 1)) name=file-$algorithm
    openssl genpkey -algorithm "$algorithm" -pkeyopt "$option:$value" -out file.pem 2>/dev/null
    openssl pkey -in file.pem -pubout -out "$name.pub"
    check "$name: write" ours --write-object file.pem --type privkey --id $id --label "$name" --usage-sign
    check "$name: write the public half" ours --write-object "$name.pub" --type pubkey --id $id --label "$name"
    case $algorithm in RSA) signed SHA256-RSA-PKCS sha256 ;; EC) signed ECDSA-SHA256 sha256 ;; esac
done
for digest in SHA-1 SHA224 SHA256 SHA384 SHA512; do
    plain=${digest/-/}
    check "$digest" ours --hash -m "$digest" -i message -o hash
    check "$digest as openssl has it" cmp hash <(openssl dgst "-${plain,,}" -binary message)
done
check "random" tool --generate-random 100 -o random
check "of that length" test "$(stat -c %s random)" -eq 100
check "both versions of the standard" says "version: 3.0" tool --list-interfaces
check "a slot says that it is hardware" says "hardware slot" tool -L -v
check "another id" ours --set-id 9192 --type privkey --id 11
check "under which it is" says "ID: *9192" ours -O --type privkey --id 9192
done_with_module
