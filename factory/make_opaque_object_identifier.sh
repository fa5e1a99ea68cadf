#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Lets one device open an opaque object: what opens it, signed and sealed to the device's key
# (docs/formats.md, "Opaque object identifier"). Needs openssl and a POSIX shell, nothing else.
set -eu

usage() {
    cat <<'END'
Usage: make_opaque_object_identifier.sh -i FILE.oocfg -S KEY -D KEY [options]

  -i FILE    what make_opaque_object.sh wrote beside the object
  -S FILE    private key that signs, DER or PEM: the OEM's, or another EC, RSA or DSA key whose public half the device has
  -D FILE    public EC key of the device, DER or PEM: the identifier opens with its private half alone
  -c CIPHER  AES_CTR (default), AES_CBC_NOPAD, AES_OFB, AES_CFB_128; all with 256 bits
  -m MAC     HMAC_SHA256 (default), HMAC_SHA1, HMAC_SHA224, HMAC_SHA384, HMAC_SHA512
  -o FILE    the identifier to write (default: the input's name with .oid in the place of .oocfg)
  -h         this text

Rules on this device, beside those of the object itself (both must hold):
  --not-before T     from when on it opens the object, in seconds since 1970
  --not-after T      until when
  --max-opens N      how often. Openings are counted for each object id and signer
  --executable HEX   SHA-256 of the program that may open it, and no other
  --object-id HEX    32 hex digits; random unless given. Identifiers with the same id share one count

Example:
  make_opaque_object.sh -i README.txt
  make_opaque_object_identifier.sh -i README.txt.oocfg -S seq_oem_ca_key.der -D dev-pub.der
END
}

here=$(dirname -- "$0")
# shellcheck source=factory/der.sh
. "$here/der.sh"
# shellcheck source=factory/package.sh
. "$here/package.sh"
pkg_begin

config='' signer='' device='' cipher=AES_CTR mac=HMAC_SHA256 output='' object_id=''
take_option() {
    case $1 in
    -i) config=$2 ;;
    -S) signer=$2 ;;
    -D) device=$2 ;;
    -c) cipher=$2 ;;
    -m) mac=$2 ;;
    -o) output=$2 ;;
    --object-id) object_id=$2 ;;
    *) pkg_object_rule "$1" "$2" ;;
    esac
}
pkg_options "-i -S -D -c -m -o --object-id $pkg_object_rules" '' "$@"
[ -n "$config" ] || pkg_fail "-i FILE.oocfg is missing (-h shows how)"
[ -n "$signer" ] || pkg_fail "-S KEY is missing (-h shows how)"
[ -n "$device" ] || pkg_fail "-D KEY is missing (-h shows how)"
[ -r "$config" ] || pkg_fail "can't read '$config'"
[ -n "$output" ] || output=${config%.oocfg}.oid
[ -n "$object_id" ] || object_id=$(openssl rand -hex 16)
case $object_id in
*[!0-9a-f]*) pkg_fail "'$object_id' is not 32 hex digits" ;;
esac
[ ${#object_id} -eq 32 ] || pkg_fail "'$object_id' is not 32 hex digits"
case $(openssl asn1parse -inform DER -in "$config" 2>/dev/null | sed -n 2p) in
*UTF8STRING*:AES_*) ;;
*) pkg_fail "'$config' was not made by make_opaque_object.sh" ;;
esac
pkg_object_policy >"$pkg_work/policy"

pkg_private_key "$signer" "$pkg_work/signer.pem"
pkg_public_key "$device" "$pkg_work/device.der"
pkg_choose_signature "$pkg_work/signer.pem"
openssl pkey -in "$pkg_work/signer.pem" -pubout -outform DER -out "$pkg_work/signer.own"
pkg_public_key "$pkg_work/signer.own" "$pkg_work/signer.der"
openssl dgst -sha256 -binary "$pkg_work/signer.der" >"$pkg_work/fingerprint"
{
    der_hex 4 "$object_id"
    der_file 4 "$pkg_work/fingerprint"
    cat -- "$config" "$pkg_work/policy"
} >"$pkg_work/fields"
der_file 48 "$pkg_work/fields" >"$pkg_work/plain"
pkg_seal "$cipher" "$mac" "$pkg_work/device.der" "$pkg_work/plain" "$pkg_work/opaque"
{
    pkg_content_head keymoor-object-id
    der_hex 4 "$object_id"
    cat -- "$pkg_work/opaque"
} >"$pkg_work/body"
der_file 48 "$pkg_work/body" >"$pkg_work/content"
pkg_sign_content "$pkg_work/signer.pem" "$pkg_work/content" "$pkg_work/made"
pkg_publish "$pkg_work/made" "$output" 644
