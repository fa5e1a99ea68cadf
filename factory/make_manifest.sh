#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds a provisioning manifest: certificates and keys for a class of devices, sealed to the class key and signed
# with the OEM root key, as docs/formats.md describes it. Needs openssl and a POSIX shell, nothing else.
set -eu

usage() {
    cat <<'END'
Usage: make_manifest.sh -k KEY -r CERT -p CLASS.pub -n CLASS -s N [-d DIR] [options] -o FILE

  -k KEY         OEM root private key that signs (EC P-256, P-384, P-521 or RSA; PEM or DER)
  -r CERT        OEM root certificate of that key, PEM or DER; goes into the manifest unless it is an update
  -p FILE        public half of the class key, PEM or DER (from `keymoor init --class-key-out`)
  -n CLASS       name of the device class, 1 to 63 octets
  -s N           sequence, 1 to 9223372036854775807; an update's has to be higher than what a device has
  -U             it is an update of a manifest that devices have already
  -d DIR         the certificates that DIR holds under the names that `keymoor init --pki` takes
                 (oem_cloud_cert.pem, oem_payload_cert.pem, oem_command_cert.pem, emp_root_cert.pem,
                 emp_cloud_cert.pem), each with its public key
  -c NAME=FILE   another certificate, may be repeated
  -K NAME=TYPE:FILE[,RULE ...]
                 a key, may be repeated: TYPE as KEY_AES, KEY_HMAC, KEY_GENERIC_SECRET (octets),
                 KEY_ECDSA_KEYPAIR, KEY_RSA_KEYPAIR, ... (private key, PEM or DER), KEY_ECDSA_PUBLIC, ...
                 (public key). Rules: usage=WORDS (encrypt, decrypt, sign, verify, mac, derive, wrap, unwrap, with
                 '+' between them), exportable, shared, audit, wrappable, max_uses=N, not_after=SECONDS since 1970
  -e CIPHER      AES_CTR (default), AES_CBC_NOPAD, AES_OFB, AES_CFB_128
  -m MAC         HMAC_SHA256 (default), HMAC_SHA384, HMAC_SHA512
  -g DIGEST      digest that is signed: sha256, sha384, sha512 (default: as strong as the key)
  -o FILE        the manifest to write
  -h             this text

Example:
  keymoor init --class-key-out door.pub
  make_manifest.sh -k oem_root_key.pem -r oem_root_cert.pem -p door.pub -n door -s 1 -d pki \
      -K com.example.wifi=KEY_HMAC:wifi.bin,shared -o door.manifest
  keymoor init --manifest door.manifest --oem-root oem_root_cert.pem
END
}

here=$(dirname -- "$0")
# shellcheck source=factory/der.sh
. "$here/der.sh"
# shellcheck source=factory/package.sh
. "$here/package.sh"

pkg_begin
: >"$pkg_work/certificates"
: >"$pkg_work/keys"
key='' root='' class_key='' class='' sequence='' update=0 output='' cipher=AES_CTR mac=HMAC_SHA256 digest=''

# add_certificate NAME FILE
add_certificate() {
    pkg_certificate_name "$1"
    pkg_certificate "$2" "$pkg_work/one.der"
    { der_text 12 "$1"; cat -- "$pkg_work/one.der"; } >"$pkg_work/one"
    der_file 48 "$pkg_work/one" >>"$pkg_work/certificates"
}

# context_integer N VALUE: [N] IMPLICIT INTEGER.
context_integer() {
    der_integer "$2" >"$pkg_work/integer"
    der_octet $((128 + $1))
    tail -c +2 "$pkg_work/integer"
}

# usage_of WORDS: the bits, in $usage_bits.
usage_of() {
    usage_bits=0
    usage_rest=$1+
    while [ -n "$usage_rest" ]; do
        case ${usage_rest%%+*} in
        encrypt) usage_bit=1 ;;
        decrypt) usage_bit=2 ;;
        sign) usage_bit=4 ;;
        verify) usage_bit=8 ;;
        mac) usage_bit=16 ;;
        derive) usage_bit=32 ;;
        wrap) usage_bit=64 ;;
        unwrap) usage_bit=128 ;;
        *) pkg_fail "no usage '${usage_rest%%+*}' (-h lists them)" ;;
        esac
        usage_bits=$((usage_bits | usage_bit))
        usage_rest=${usage_rest#*+}
    done
}

# policy RULE...: KeyPolicy, or nothing without a rule.
policy() {
    usage_bits='' attributes='' max_uses='' not_after=''
    for rule in "$@"; do
        case $rule in
        usage=*) usage_of "${rule#*=}" ;;
        exportable) attributes=$((${attributes:-0} | 1)) ;;
        shared) attributes=$((${attributes:-0} | 2)) ;;
        audit) attributes=$((${attributes:-0} | 4)) ;;
        wrappable) attributes=$((${attributes:-0} | 8)) ;;
        max_uses=*) max_uses=${rule#*=} && pkg_number "max_uses" "$max_uses" 999999999999999 ;;
        not_after=*) not_after=${rule#*=} && pkg_number "not_after" "$not_after" 999999999999999 ;;
        *) pkg_fail "no rule '$rule' for a key (-h lists them)" ;;
        esac
    done
    {
        [ -z "$usage_bits" ] || context_integer 0 "$usage_bits"
        [ -z "$attributes" ] || context_integer 1 "$attributes"
        [ -z "$max_uses" ] || context_integer 2 "$max_uses"
        [ -z "$not_after" ] || context_integer 3 "$not_after"
    } >"$pkg_work/policy"
    [ $# -eq 0 ] || der_file 48 "$pkg_work/policy"
}

# add_key NAME TYPE FILE [RULE ...]: FILE holds what keyData holds.
add_key() {
    add_name=$1 add_type=$2 add_file=$3
    shift 3
    policy "$@" >"$pkg_work/rules"
    { der_text 12 "$add_type"; der_text 12 "$add_name"; der_file 4 "$add_file"; cat -- "$pkg_work/rules"; } >"$pkg_work/one"
    der_file 48 "$pkg_work/one" >>"$pkg_work/keys"
}

# named_key NAME=TYPE:FILE[,RULE ...]
named_key() {
    case $1 in
    *=KEY_*:*) ;;
    *) pkg_fail "-K takes NAME=TYPE:FILE, not '$1'" ;;
    esac
    key_name=${1%%=KEY_*}
    key_rest=${1#"$key_name="}
    key_type=${key_rest%%:*}
    key_rest=${key_rest#*:}
    key_file=${key_rest%%,*}
    key_rules=${key_rest#"$key_file"}
    pkg_name "name" "$key_name"
    [ -r "$key_file" ] || pkg_fail "can't read the key '$key_file'"
    case $key_type in
    *_KEYPAIR)
        pkg_private_key "$key_file" "$pkg_work/pair.pem"
        openssl pkey -in "$pkg_work/pair.pem" -outform DER -out "$pkg_work/data" 2>/dev/null ||
            pkg_fail "'$key_file' is not a private key"
        ;;
    *_PUBLIC) pkg_public_key "$key_file" "$pkg_work/data" ;;
    KEY_DES3)
        pkg_des3_key "$key_file"
        cat -- "$key_file" >"$pkg_work/data"
        ;;
    *) cat -- "$key_file" >"$pkg_work/data" ;;
    esac
    old_ifs=$IFS
    IFS=,
    # shellcheck disable=SC2086 # one rule a word
    set -f -- $key_rules
    IFS=$old_ifs
    set +f
    # What stands before the first comma is nothing.
    [ $# -eq 0 ] || shift
    add_key "$key_name" "$key_type" "$pkg_work/data" "$@"
}

# with_key CERTIFICATE-NAME PUBLIC-KEY-NAME FILE: a certificate, and its public key under a name of its own.
with_key() {
    add_certificate "$1" "$3"
    openssl x509 -inform DER -in "$pkg_work/one.der" -noout -pubkey >"$pkg_work/one.pub" 2>/dev/null ||
        pkg_fail "openssl can't read the public key of '$3'"
    pkg_public_key "$pkg_work/one.pub" "$pkg_work/data"
    case $(openssl pkey -pubin -inform DER -in "$pkg_work/data" -noout -text_pub 2>/dev/null) in
    *Modulus:*) add_key "$2" KEY_RSA_PUBLIC "$pkg_work/data" ;;
    *) add_key "$2" KEY_EC_DUAL_PUBLIC "$pkg_work/data" ;;
    esac
}

while getopts k:r:p:n:s:Ud:c:K:e:m:g:o:h option; do
    case $option in
    k) key=$OPTARG ;;
    r) root=$OPTARG ;;
    p) class_key=$OPTARG ;;
    n) class=$OPTARG ;;
    s) sequence=$OPTARG ;;
    U) update=1 ;;
    d)
        for pair in oem_cloud oem_payload oem_command emp_root emp_cloud; do
            [ -e "$OPTARG/${pair}_cert.pem" ] || pkg_fail "'$OPTARG' holds no ${pair}_cert.pem"
            public=com.seqlabs.${pair}_pub_key
            [ "$pair" != emp_root ] || public=com.seqlabs.emp_pub_key
            with_key "com.seqlabs.${pair}_cert" "$public" "$OPTARG/${pair}_cert.pem"
        done
        ;;
    c)
        case $OPTARG in
        ?*=?*) add_certificate "${OPTARG%%=*}" "${OPTARG#*=}" ;;
        *) pkg_fail "-c takes NAME=FILE, not '$OPTARG'" ;;
        esac
        ;;
    K) named_key "$OPTARG" ;;
    e) cipher=$OPTARG ;;
    m) mac=$OPTARG ;;
    g) digest=$OPTARG ;;
    o) output=$OPTARG ;;
    h) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
    esac
done
shift $((OPTIND - 1))
[ $# -eq 0 ] || pkg_fail "unexpected argument '$1'"
[ -n "$key" ] || pkg_fail "-k KEY is missing (-h shows how)"
[ -n "$root" ] || pkg_fail "-r CERT is missing (-h shows how)"
[ -n "$class_key" ] || pkg_fail "-p FILE is missing (-h shows how)"
[ -n "$class" ] || pkg_fail "-n CLASS is missing (-h shows how)"
[ -n "$output" ] || pkg_fail "-o FILE is missing (-h shows how)"
pkg_name "device class" "$class"
pkg_sequence "the sequence (-s)" "$sequence"

pkg_private_key "$key" "$pkg_work/signer.pem"
pkg_choose_signature "$pkg_work/signer.pem" "$digest"
case $pkg_family-$pkg_digest in
ec-sha256 | ec-sha384 | ec-sha512 | rsa-sha256 | rsa-sha384 | rsa-sha512) ;;
*) pkg_fail "a manifest is signed by an EC or RSA key and SHA-256, SHA-384 or SHA-512" ;;
esac
openssl pkey -in "$pkg_work/signer.pem" -pubout -out "$pkg_work/signer.pub" 2>/dev/null
pkg_public_key "$pkg_work/signer.pub" "$pkg_work/signer.der"
pkg_certificate "$root" "$pkg_work/root.der"
openssl x509 -inform DER -in "$pkg_work/root.der" -noout -pubkey >"$pkg_work/root.pub"
pkg_public_key "$pkg_work/root.pub" "$pkg_work/root.spki"
cmp -s "$pkg_work/signer.der" "$pkg_work/root.spki" || pkg_fail "'$root' is not the certificate of the key '$key'"
[ "$update" -eq 1 ] || with_key com.seqlabs.oem_root_cert com.seqlabs.oem_pub_key "$root"

pkg_public_key "$class_key" "$pkg_work/class.der"
{
    der_file 48 "$pkg_work/certificates"
    der_file 48 "$pkg_work/keys"
} >"$pkg_work/lists"
der_file 48 "$pkg_work/lists" >"$pkg_work/body"
pkg_seal "$cipher" "$mac" "$pkg_work/class.der" "$pkg_work/body" "$pkg_work/sealed.der"
{
    pkg_content_head keymoor-manifest
    cat -- "$pkg_work/signer.der"
    der_text 12 "$class"
    der_integer "$sequence"
    if [ "$update" -eq 1 ]; then der_hex 1 ff; else der_hex 1 00; fi
    cat -- "$pkg_work/sealed.der"
} >"$pkg_work/fields"
der_file 48 "$pkg_work/fields" >"$pkg_work/content"
pkg_sign_content "$pkg_work/signer.pem" "$pkg_work/content" "$pkg_work/manifest"
size=$(($(wc -c <"$pkg_work/manifest")))
[ "$size" -le 262144 ] || pkg_fail "the manifest has $size octets, more than 262144"
pkg_publish "$pkg_work/manifest" "$output" 644
