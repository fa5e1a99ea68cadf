#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Packs a key for one device: signed, and sealed to the device's key (docs/formats.md, "Opaque key package").
# Needs openssl and a POSIX shell, nothing else.
set -eu

usage() {
    cat <<'END'
Usage: make_opaque_key_package.sh -n NAME -t TYPE -K KEY -S KEY -D KEY -o FILE [options]

  -n NAME    name that the key gets in the device's key store, 1 to 63 octets
  -t TYPE    type of the key:
               symmetric, the file holds the key's octets:
                 KEY_AES KEY_DES3 KEY_HMAC KEY_GENERIC_SECRET KEY_CHACHA20
               asymmetric, the file holds the key in DER or PEM:
                 KEY_RSA_KEYPAIR KEY_RSA_PUBLIC         KEY_DSA_KEYPAIR KEY_DSA_PUBLIC
                 KEY_ECDSA_KEYPAIR KEY_ECDSA_PUBLIC     KEY_ECDH_KEYPAIR KEY_ECDH_PUBLIC
                 KEY_EC_DUAL_KEYPAIR KEY_EC_DUAL_PUBLIC KEY_DH_KEYPAIR KEY_DH_PUBLIC
                 KEY_ED25519_KEYPAIR KEY_ED25519_PUBLIC KEY_X25519_KEYPAIR KEY_X25519_PUBLIC
                 KEY_ED448_KEYPAIR KEY_ED448_PUBLIC     KEY_X448_KEYPAIR KEY_X448_PUBLIC
  -K FILE    the key to be packed
  -S FILE    private key that signs, DER or PEM: the OEM's
  -D FILE    public EC key of the device, DER or PEM: the package opens with its private half alone
  -c CIPHER  AES_CTR (default), AES_CBC_NOPAD, AES_OFB, AES_CFB_128; all with 256 bits
  -m MAC     HMAC_SHA256 (default), HMAC_SHA1, HMAC_SHA224, HMAC_SHA384, HMAC_SHA512
  -o FILE    the package to write
  -h         this text

Rules that the key keeps on the device (none of them: as a key that is imported without any):
  --usage LIST       what it may be used for, of encrypt,decrypt,sign,verify,mac,derive,wrap,unwrap
  --exportable       its private part may be exported
  --shared           every caller may use it, not its owner alone
  --audit-each-use   one audit record for each use
  --wrappable        it may leave wrapped under another key
  --max-uses N       how often it may be used
  --not-after T      until when it may be used, in seconds since 1970
  --grant LIST       who else may use it: uid=N,gid=N,exe=SHA256,unit=NAME, all given must fit; up to 8 times

Example:
  make_opaque_key_package.sh -n opaque.ecdsa256.test1 -t KEY_ECDSA_KEYPAIR -K ecdsa256.der \
      -S seq_oem_ca_key.der -D device_pub_key.der -c AES_CTR -m HMAC_SHA256 -o opaque_key.dat
END
}

here=$(dirname -- "$0")
# shellcheck source=factory/der.sh
. "$here/der.sh"
# shellcheck source=factory/package.sh
. "$here/package.sh"
pkg_begin

name='' type='' key='' signer='' device='' cipher=AES_CTR mac=HMAC_SHA256 output=''
usage_bits=0 attributes=0 max_uses=0 not_after=0 grants=0
: >"$pkg_work/grants"

add_usage() {
    case $1 in
    encrypt) usage_bits=$((usage_bits | 1)) ;;
    decrypt) usage_bits=$((usage_bits | 2)) ;;
    sign) usage_bits=$((usage_bits | 4)) ;;
    verify) usage_bits=$((usage_bits | 8)) ;;
    mac) usage_bits=$((usage_bits | 16)) ;;
    derive) usage_bits=$((usage_bits | 32)) ;;
    wrap) usage_bits=$((usage_bits | 64)) ;;
    unwrap) usage_bits=$((usage_bits | 128)) ;;
    *) pkg_fail "no usage '$1' (-h lists them)" ;;
    esac
}

# each FUNCTION LIST: the function for each part between commas.
each() {
    rest=$2,
    while [ -n "$rest" ]; do
        "$1" "${rest%%,*}"
        rest=${rest#*,}
    done
}

grant_field() {
    case $1 in
    uid=*) pkg_number "a grant's uid" "${1#uid=}" 4294967295; der_integer "${1#uid=}" >"$pkg_work/uid" ;;
    gid=*) pkg_number "a grant's gid" "${1#gid=}" 4294967295; der_integer "${1#gid=}" >"$pkg_work/gid" ;;
    exe=*) pkg_sha256 "${1#exe=}"; der_hex 130 "${1#exe=}" >"$pkg_work/exe" ;;
    unit=?*) der_text 131 "${1#unit=}" >"$pkg_work/unit" ;;
    *) pkg_fail "a grant has uid=, gid=, exe= and unit=, not '$1'" ;;
    esac
}

add_grant() {
    rm -f -- "$pkg_work/uid" "$pkg_work/gid" "$pkg_work/exe" "$pkg_work/unit"
    each grant_field "$1"
    {
        [ ! -f "$pkg_work/uid" ] || pkg_retag 128 "$pkg_work/uid"
        [ ! -f "$pkg_work/gid" ] || pkg_retag 129 "$pkg_work/gid"
        [ ! -f "$pkg_work/exe" ] || cat -- "$pkg_work/exe"
        [ ! -f "$pkg_work/unit" ] || cat -- "$pkg_work/unit"
    } >"$pkg_work/grant"
    der_file 48 "$pkg_work/grant" >>"$pkg_work/grants"
    grants=$((grants + 1))
    [ "$grants" -le 8 ] || pkg_fail "a key has at most 8 grants"
}

take_option() {
    case $1 in
    --exportable) attributes=$((attributes | 1)) ;;
    --shared) attributes=$((attributes | 2)) ;;
    --audit-each-use) attributes=$((attributes | 4)) ;;
    --wrappable) attributes=$((attributes | 8)) ;;
    -n) name=$2 ;;
    -t) type=$2 ;;
    -K) key=$2 ;;
    -S) signer=$2 ;;
    -D) device=$2 ;;
    -c) cipher=$2 ;;
    -m) mac=$2 ;;
    -o) output=$2 ;;
    --usage) each add_usage "$2" ;;
    --max-uses) max_uses=$2 ;;
    --not-after) not_after=$2 ;;
    --grant) add_grant "$2" ;;
    esac
}
pkg_options '-n -t -K -S -D -c -m -o --usage --max-uses --not-after --grant' '--exportable --shared --audit-each-use --wrappable' "$@"
[ -n "$name" ] || pkg_fail "-n NAME is missing (-h shows how)"
[ -n "$type" ] || pkg_fail "-t TYPE is missing (-h shows how)"
[ -n "$key" ] || pkg_fail "-K KEY is missing (-h shows how)"
[ -n "$signer" ] || pkg_fail "-S KEY is missing (-h shows how)"
[ -n "$device" ] || pkg_fail "-D KEY is missing (-h shows how)"
[ -n "$output" ] || pkg_fail "-o FILE is missing (-h shows how)"
[ ${#name} -le 63 ] || pkg_fail "the name is longer than 63 octets"
pkg_number "--max-uses" "$max_uses" 999999999999999
pkg_number "--not-after" "$not_after" 999999999999999
[ -r "$key" ] || pkg_fail "can't read the key '$key'"

[ "$type" != KEY_DES3 ] || pkg_des3_key "$key"
case $type in
KEY_AES | KEY_DES3 | KEY_HMAC | KEY_GENERIC_SECRET | KEY_CHACHA20) cat -- "$key" >"$pkg_work/data" ;;
KEY_RSA_KEYPAIR | KEY_DSA_KEYPAIR | KEY_ECDSA_KEYPAIR | KEY_ECDH_KEYPAIR | KEY_EC_DUAL_KEYPAIR | KEY_DH_KEYPAIR | \
    KEY_ED25519_KEYPAIR | KEY_X25519_KEYPAIR | KEY_ED448_KEYPAIR | KEY_X448_KEYPAIR)
    pkg_private_key "$key" "$pkg_work/key.pem"
    # Not pkey: some releases write old forms of some keys with it.
    openssl pkcs8 -topk8 -nocrypt -in "$pkg_work/key.pem" -outform DER -out "$pkg_work/data"
    ;;
KEY_RSA_PUBLIC | KEY_DSA_PUBLIC | KEY_ECDSA_PUBLIC | KEY_ECDH_PUBLIC | KEY_EC_DUAL_PUBLIC | KEY_DH_PUBLIC | \
    KEY_ED25519_PUBLIC | KEY_X25519_PUBLIC | KEY_ED448_PUBLIC | KEY_X448_PUBLIC) pkg_public_key "$key" "$pkg_work/data" ;;
*) pkg_fail "no key type '$type' (-h lists them)" ;;
esac
size=$(($(wc -c <"$pkg_work/data")))
if [ "$size" -eq 0 ] || [ "$size" -gt 4096 ]; then
    pkg_fail "'$key' has $size octets; a key has 1 to 4096"
fi

# policy: the optional fields; nothing at all where there are none.
policy() {
    [ "$usage_bits" -eq 0 ] || pkg_integer 128 "$usage_bits"
    [ "$attributes" -eq 0 ] || pkg_integer 129 "$attributes"
    [ "$max_uses" -eq 0 ] || pkg_integer 130 "$max_uses"
    [ "$not_after" -eq 0 ] || pkg_integer 131 "$not_after"
    [ "$grants" -eq 0 ] || der_file 164 "$pkg_work/grants"
}
policy >"$pkg_work/policy"
{
    der_text 12 "$type"
    der_text 12 "$name"
    der_file 4 "$pkg_work/data"
    [ ! -s "$pkg_work/policy" ] || der_file 48 "$pkg_work/policy"
} >"$pkg_work/fields"
der_file 48 "$pkg_work/fields" >"$pkg_work/plain"

pkg_private_key "$signer" "$pkg_work/signer.pem"
pkg_public_key "$device" "$pkg_work/device.der"
pkg_choose_signature "$pkg_work/signer.pem"
pkg_seal "$cipher" "$mac" "$pkg_work/device.der" "$pkg_work/plain" "$pkg_work/opaque"
{ pkg_content_head keymoor-opaque-key; cat -- "$pkg_work/opaque"; } >"$pkg_work/body"
der_file 48 "$pkg_work/body" >"$pkg_work/content"
pkg_sign_content "$pkg_work/signer.pem" "$pkg_work/content" "$pkg_work/made"
[ $(($(wc -c <"$pkg_work/made"))) -le 8192 ] || pkg_fail "the package would be longer than 8192 octets"
pkg_publish "$pkg_work/made" "$output" 644
