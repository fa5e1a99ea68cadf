#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes a signed payload package, as docs/formats.md describes it. Needs openssl and a POSIX shell, nothing else.
set -eu

here=$(dirname -- "$0")
# shellcheck source=factory/der.sh
. "$here/der.sh"
# shellcheck source=factory/package.sh
. "$here/package.sh"

usage() {
    cat <<'END'
Usage: make_payload_package.sh -k KEY -p PAYLOAD -o PACKAGE [options]

  -k KEY      private key that signs, PEM or DER: EC on a NIST curve, RSA or DSA
  -d HASH     md5, sha1, sha224, sha256, sha384, sha512 (default: as strong as the key); md5 goes with RSA
              only, sha384 and sha512 with EC and RSA. md5 and sha1 are weak: devices take them only where allowed
  -p PAYLOAD  the file to be signed, of any size
  -o PACKAGE  the package to write
  -v VERSION  a version, 0 to 999999999999999; a device refuses one below what it has seen
  -t TARGET   a target, 1 to 128 octets of UTF-8: only who expects this one takes the package
  -h          this text

Example:
  make_payload_package.sh -k seq_payload_ca.key -d sha256 -p firmware.bin -v 7 -t radio -o firmware.pkg

The payload is copied once beside the package, so there must be room for two of it.
END
}

key='' digest='' payload='' output='' version='' target=''
while getopts k:d:p:o:v:t:h option; do
    case $option in
    k) key=$OPTARG ;;
    d) digest=$OPTARG ;;
    p) payload=$OPTARG ;;
    o) output=$OPTARG ;;
    v) version=$OPTARG ;;
    t) target=$OPTARG; [ -n "$target" ] || pkg_fail "a target (-t) has 1 to 128 octets" ;;
    h) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
    esac
done
shift $((OPTIND - 1))
[ $# -eq 0 ] || pkg_fail "unexpected argument '$1'"
[ -n "$key" ] || pkg_fail "-k KEY is missing (-h shows how)"
[ -n "$payload" ] || pkg_fail "-p PAYLOAD is missing (-h shows how)"
[ -n "$output" ] || pkg_fail "-o PACKAGE is missing (-h shows how)"
[ -r "$payload" ] || pkg_fail "can't read '$payload'"
[ -f "$payload" ] || pkg_fail "'$payload' is not a regular file"
[ -z "$version" ] || pkg_number "the version (-v)" "$version" 999999999999999
case $digest in
'' | md5 | sha1 | sha224 | sha256 | sha384 | sha512) ;;
*) pkg_fail "no hash '$digest': take md5, sha1, sha224, sha256, sha384 or sha512" ;;
esac

pkg_begin
[ "$(printf %s "$target" | wc -c)" -le 128 ] || pkg_fail "a target (-t) has 1 to 128 octets"
# The copy of the payload may be large: it lies beside the package, not in the temporary directory.
spool=$output.content.$$
trap 'rm -rf -- "$pkg_work"; rm -f -- "$spool" "$output.new.$$"' EXIT

pkg_private_key "$key" "$pkg_work/key.pem"
pkg_choose_signature "$pkg_work/key.pem" "$digest"
case $pkg_digest in
md5 | sha1) echo "make_payload_package.sh: warning: $pkg_digest is weak; take sha256 unless the device knows nothing better" >&2 ;;
esac

size=$(($(wc -c <"$payload")))
{
    pkg_content_head keymoor-payload
    der_text 12 "$pkg_digest"
    if [ -n "$version" ]; then # [0] IMPLICIT: an INTEGER under another tag
        der_octet 128
        der_integer "$version" | tail -c +2
    fi
    [ -z "$target" ] || der_text 129 "$target"
    der_header 4 "$size"
} >"$pkg_work/fields"
length=$(($(wc -c <"$pkg_work/fields") + size))
der_header 48 "$length" >"$pkg_work/header"
cat -- "$pkg_work/header" "$pkg_work/fields" "$payload" >"$spool" || pkg_fail "can't write beside '$output'"
content=$(($(wc -c <"$spool")))
[ "$content" -eq $(($(wc -c <"$pkg_work/header") + length)) ] || pkg_fail "'$payload' changed while it was read"

openssl dgst "-$pkg_digest" -sign "$pkg_work/key.pem" -out "$pkg_work/signature" "$spool" 2>"$pkg_work/said" ||
    pkg_fail "openssl could not sign: $(sed -n 1p "$pkg_work/said")"
der_file 4 "$pkg_work/signature" >"$pkg_work/signed"
if ! {
    der_header 48 $(($(wc -c <"$pkg_work/signed") + content))
    cat -- "$pkg_work/signed" "$spool"
} >"$output.new.$$" || ! chmod 644 "$output.new.$$" || ! mv -f -- "$output.new.$$" "$output"; then
    pkg_fail "can't write '$output'"
fi
