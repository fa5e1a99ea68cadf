#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes a signed command for the certificate application of a device, as docs/formats.md describes it. Needs openssl and
# a POSIX shell, nothing else.
set -eu

here=$(dirname -- "$0")
# shellcheck source=factory/der.sh
. "$here/der.sh"
# shellcheck source=factory/package.sh
. "$here/package.sh"

usage() {
    cat <<'END'
Usage: make_certificate_command.sh -k KEY -a OPERATION [-c FILE] [options] -o COMMAND

  -k KEY       the OEM command key that signs, PEM or DER: EC P-256, P-384, P-521 or RSA of 2048 bits and more
  -a OPERATION addAuthority, updateAuthority, deleteAuthority, addRevocation
                                    with -c: a certificate
               addCrl               with -c: a revocation list (CRL)
               updateNamed          with -c: a certificate, and -n: as make_named_cert_stp.sh
               numbersOnly          with -s: from now on the device obeys numbered commands only
               setTime              with -s, -d and -t: the latest time that the device has seen
  -c FILE      certificate or CRL, PEM or DER
  -o COMMAND   the command to write
  -s SEQUENCE  a number, 1 to 9223372036854775807, above that of every command that the device obeyed before
  -d PUBLIC    only the device with this OEM device public key (PEM or DER) obeys
  -n NAME      the name of a provisioned certificate, such as com.seqlabs.oem_root_cert
  -t TIME      seconds since 1970
  -g DIGEST    sha256, sha384, sha512 (default: as strong as the key)
  -h           this text

Example:
  make_certificate_command.sh -k oem_command_key.pem -a addAuthority -c ca.pem -s 7 -o add_ca.command
END
}

key='' operation='' file='' output='' sequence='' device='' name='' when='' digest=''
while getopts k:a:c:o:s:d:n:t:g:h option; do
    case $option in
    k) key=$OPTARG ;;
    a) operation=$OPTARG ;;
    c) file=$OPTARG ;;
    o) output=$OPTARG ;;
    s) sequence=$OPTARG; [ -n "$sequence" ] || pkg_sequence "the sequence (-s)" "$sequence" ;;
    d) device=$OPTARG; [ -n "$device" ] || pkg_fail "-d PUBLIC is empty" ;;
    n) name=$OPTARG ;;
    t) when=$OPTARG; [ -n "$when" ] || pkg_sequence "the time (-t)" "$when" ;;
    g) digest=$OPTARG ;;
    h) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
    esac
done
shift $((OPTIND - 1))
[ $# -eq 0 ] || pkg_fail "unexpected argument '$1'"
[ -n "$key" ] || pkg_fail "-k KEY is missing (-h shows how)"
[ -n "$operation" ] || pkg_fail "-a OPERATION is missing (-h shows how)"
[ -n "$output" ] || pkg_fail "-o COMMAND is missing (-h shows how)"

# needs SWITCH VALUE, has_no SWITCH VALUE: what the operation is made of.
needs() { [ -n "$2" ] || pkg_fail "$operation needs $1 (-h shows how)"; }
has_no() { [ -z "$2" ] || pkg_fail "$operation has no $1 (-h shows how)"; }

body=certificate
case $operation in
addAuthority) number=1 ;;
updateAuthority) number=2 ;;
deleteAuthority) number=3 ;;
addRevocation) number=4 ;;
addCrl) number=5 body=crl ;;
updateNamed) number=6 ;;
numbersOnly) number=7 body='' ;;
setTime) number=8 body='' ;;
*) pkg_fail "no operation '$operation' (-h lists them)" ;;
esac
if [ $number -eq 6 ]; then needs "-n NAME" "$name"; else has_no "-n" "$name"; fi
if [ -n "$body" ]; then needs "-c FILE" "$file"; else has_no "-c" "$file"; needs "-s SEQUENCE" "$sequence"; fi
if [ $number -eq 8 ]; then needs "-t TIME" "$when"; needs "-d PUBLIC" "$device"; else has_no "-t" "$when"; fi

pkg_begin
case $body in
crl)
    [ -r "$file" ] || pkg_fail "can't read the revocation list '$file'"
    openssl crl -in "$file" -outform DER -out "$pkg_work/body" 2>/dev/null ||
        openssl crl -inform DER -in "$file" -outform DER -out "$pkg_work/body" 2>/dev/null ||
        pkg_fail "'$file' is not a revocation list in DER or PEM"
    limit=65536
    ;;
certificate)
    [ -z "$name" ] || pkg_certificate_name "$name"
    pkg_certificate "$file" "$pkg_work/body"
    limit=8192
    ;;
*)
    : >"$pkg_work/body"
    limit=0
    ;;
esac
size=$(($(wc -c <"$pkg_work/body")))
[ "$size" -le $limit ] || pkg_fail "'$file' has $size octets, more than $limit"
pkg_certificate_command "$key" "$digest" $number "$sequence" "$device" "$name" "$when" "$pkg_work/body" "$output"
