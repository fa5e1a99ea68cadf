#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Encrypts a file that devices can open with an identifier made for them (docs/formats.md, "Opaque object").
# Needs openssl and a POSIX shell, nothing else.
set -eu

usage() {
    cat <<'END'
Usage: make_opaque_object.sh -i FILE [options]

  -i FILE    the file to be encrypted, of any size
  -c CIPHER  AES_CTR (default), AES_CBC_NOPAD, AES_OFB, AES_CFB_128; all with a random key of 256 bits
  -o FILE    the encrypted file (default: the input's name and .enc)
  -O FILE    what make_opaque_object_identifier.sh needs (default: the input's name and .oocfg).
             It holds the key: keep it secret, and keep it: without it no identifier can be made
  -h         this text

Rules that hold on every device (none of them: no limits; the identifier can set more):
  --not-before T     from when on it can be opened, in seconds since 1970
  --not-after T      until when
  --max-opens N      how often each device opens it
  --executable HEX   SHA-256 of the program that may open it, and no other

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

input='' cipher=AES_CTR output='' config=''
take_option() {
    case $1 in
    -i) input=$2 ;;
    -c) cipher=$2 ;;
    -o) output=$2 ;;
    -O) config=$2 ;;
    *) pkg_object_rule "$1" "$2" ;;
    esac
}
pkg_options "-i -c -o -O $pkg_object_rules" '' "$@"
[ -n "$input" ] || pkg_fail "-i FILE is missing (-h shows how)"
if [ ! -f "$input" ] || [ ! -r "$input" ]; then
    pkg_fail "can't read the file '$input'"
fi
[ -n "$output" ] || output=$input.enc
[ -n "$config" ] || config=$input.oocfg
openssl_cipher=$(pkg_openssl_cipher "$cipher") || pkg_fail "no cipher '$cipher' (-h lists them)"
pkg_object_policy >"$pkg_work/policy"

# The key is what openssl derives from a random password that nobody ever needs again.
openssl rand -hex 32 >"$pkg_work/pass"
salt=$(openssl rand -hex 8)
openssl enc "-$openssl_cipher" -pbkdf2 -iter 1 -md sha256 -S "$salt" -kfile "$pkg_work/pass" -P >"$pkg_work/derived"
key=$(sed -n 's/^key *= *//p' "$pkg_work/derived")
iv=$(sed -n 's/^iv *= *//p' "$pkg_work/derived")
if [ ${#key} -ne 64 ] || [ ${#iv} -ne 32 ]; then
    pkg_fail "openssl gave no key of 256 bits"
fi

# The large file goes to its place's own disk.
encrypted=$output.new.$$
trap 'rm -rf -- "$pkg_work" "$encrypted"' EXIT
pkg_encrypt "$openssl_cipher" "$salt" "$pkg_work/pass" "$input" "$encrypted"
# Digest and size are of what comes out again: right even if the input changed meanwhile.
decrypted() {
    # OpenSSL before 3 wants the header that it wrote, whatever was given.
    { [ "$salted" -eq 0 ] || { printf Salted__; der_unhex "$salt"; }; cat -- "$encrypted"; } |
        openssl enc -d "-$openssl_cipher" -pbkdf2 -iter 1 -md sha256 ${given_salt:+-S "$given_salt"} -kfile "$pkg_work/pass"
}
salted=0 given_salt=$salt
case $(openssl version) in
'OpenSSL 1.'*) salted=1 given_salt='' ;;
esac
decrypted | openssl dgst -sha256 -binary >"$pkg_work/digest"
size=$(($(decrypted | wc -c)))

{
    der_text 12 "$cipher"
    der_hex 4 "$key"
    der_hex 4 "$iv"
    der_text 12 SHA256
    der_file 4 "$pkg_work/digest"
    der_integer "$size"
    cat -- "$pkg_work/policy"
} >"$pkg_work/fields"
der_file 48 "$pkg_work/fields" >"$pkg_work/info"
pkg_publish "$pkg_work/info" "$config" 600
if ! chmod 644 "$encrypted" || ! mv -f -- "$encrypted" "$output"; then
    pkg_fail "can't write '$output'"
fi
