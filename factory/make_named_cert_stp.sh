#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes the STP file that replaces a provisioned certificate on a device: a certificate command with the operation
# updateNamed, as docs/formats.md describes it. Needs openssl and a POSIX shell, nothing else.
set -eu

here=$(dirname -- "$0")
# shellcheck source=factory/der.sh
. "$here/der.sh"
# shellcheck source=factory/package.sh
. "$here/package.sh"

usage() {
    cat <<'END'
Usage: make_named_cert_stp.sh -k KEY -n NAME -c CERT -o FILE [options]

  -k KEY       the OEM command key that signs, PEM or DER: EC P-256, P-384, P-521 or RSA of 2048 bits and more
  -n NAME      the name of the provisioned certificate, such as com.seqlabs.oem_root_cert
  -c CERT      the new certificate, PEM or DER
  -o FILE      the STP file to write
  -s SEQUENCE  a number, 1 to 9223372036854775807, above that of every command that the device obeyed before. Without one
               the file can be used again and again, and is taken only by a device that obeys commands without numbers
  -d PUBLIC    only the device with this OEM device public key (PEM or DER) obeys; without it every device that trusts KEY
  -g DIGEST    sha256, sha384, sha512 (default: as strong as the key)
  -h           this text

Example:
  make_named_cert_stp.sh -k clrsc_command_signing_key.pem -n com.seqlabs.oem_root_cert -c aws_custom_ca_cert.pem \
      -o new_oem_root_cert.stp
END
}

key='' name='' certificate='' output='' sequence='' device='' digest=''
while getopts k:n:c:o:s:d:g:h option; do
    case $option in
    k) key=$OPTARG ;;
    n) name=$OPTARG ;;
    c) certificate=$OPTARG ;;
    o) output=$OPTARG ;;
    s) sequence=$OPTARG; [ -n "$sequence" ] || pkg_sequence "the sequence (-s)" "$sequence" ;;
    d) device=$OPTARG; [ -n "$device" ] || pkg_fail "-d PUBLIC is empty" ;;
    g) digest=$OPTARG ;;
    h) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
    esac
done
shift $((OPTIND - 1))
[ $# -eq 0 ] || pkg_fail "unexpected argument '$1'"
[ -n "$key" ] || pkg_fail "-k KEY is missing (-h shows how)"
[ -n "$name" ] || pkg_fail "-n NAME is missing (-h shows how)"
[ -n "$certificate" ] || pkg_fail "-c CERT is missing (-h shows how)"
[ -n "$output" ] || pkg_fail "-o FILE is missing (-h shows how)"

pkg_begin
pkg_certificate_name "$name"
pkg_certificate "$certificate" "$pkg_work/body"
size=$(($(wc -c <"$pkg_work/body")))
[ "$size" -le 8192 ] || pkg_fail "the certificate '$certificate' has $size octets, more than 8192"
pkg_certificate_command "$key" "$digest" 6 "$sequence" "$device" "$name" '' "$pkg_work/body" "$output"
