#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Packs and signs a trusted application: <UUID>.stp, as docs/formats.md describes it.
# Needs openssl and a POSIX shell, nothing else.
set -eu
LC_ALL=C
export LC_ALL
umask 077

usage() {
    cat <<'END'
Usage: make_ta_package.sh -k KEY -u UUID -i TA.so -o FILE [options]

  -k KEY         private key that signs, PEM: EC P-256, P-384, P-521 or RSA of 2048 bits and more
  -u UUID        the trusted application's UUID (8-4-4-4-12 or 8-4-4-16)
  -i FILE        the shared object
  -o FILE        the package to write, usually <UUID>.stp
  -v VERSION     its version, 0 to 4294967295 (default 1); a device refuses one below what it has seen
  -p NAME=VALUE  a property, may be repeated, e.g. -p gpd.ta.singleInstance=true
  -s OCTETS      stack that it needs at least (default 65536)
  -m OCTETS      heap that it may use (default 0: the service's own default)
  -h             this text

Example:
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ta.key
  openssl pkey -in ta.key -pubout -out ta.pem      # install this one as a trusted key
  make_ta_package.sh -k ta.key -u 7d6a1f0e-3c52-4b8f-9a61-0d5b2f8c4e17 -v 1 -i ta_hello.so \
      -o 7d6a1f0e-3c52-4b8f-9a61-0d5b2f8c4e17.stp
END
}

fail() {
    echo "make_ta_package.sh: $1" >&2
    exit 1
}

here=$(dirname -- "$0")
# shellcheck source=factory/der.sh
. "$here/der.sh"

key='' uuid='' input='' output='' version=1 stack=65536 heap=0
work=$(mktemp -d "${TMPDIR:-/tmp}/make_ta_package.XXXXXX")
trap 'rm -rf -- "$work"' EXIT
trap 'exit 1' HUP INT TERM
: >"$work/properties"
names=' '

add_property() {
    name=${1%%=*}
    value=${1#*=}
    [ "$name" != "$1" ] || fail "-p takes NAME=VALUE, not '$1'"
    case $name in
    '' | *[!A-Za-z0-9._-]*) fail "property name '$name' is not made of letters, digits, dot, dash and underscore" ;;
    esac
    [ ${#name} -le 128 ] || fail "property name '$name' is longer than 128 characters"
    [ ${#value} -le 1024 ] || fail "value of property '$name' is longer than 1024 octets"
    case $names in
    *" $name "*) fail "property '$name' is given twice" ;;
    esac
    names="$names$name "
    { der_text 12 "$name"; der_text 12 "$value"; } >"$work/property"
    der_file 48 "$work/property" >>"$work/properties"
}

while getopts k:u:i:o:v:p:s:m:h option; do
    case $option in
    k) key=$OPTARG ;;
    u) uuid=$OPTARG ;;
    i) input=$OPTARG ;;
    o) output=$OPTARG ;;
    v) version=$OPTARG ;;
    p) add_property "$OPTARG" ;;
    s) stack=$OPTARG ;;
    m) heap=$OPTARG ;;
    h) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
    esac
done
shift $((OPTIND - 1))
[ $# -eq 0 ] || fail "unexpected argument '$1'"
[ -n "$key" ] || fail "-k KEY is missing (-h shows how)"
[ -n "$uuid" ] || fail "-u UUID is missing (-h shows how)"
[ -n "$input" ] || fail "-i FILE is missing (-h shows how)"
[ -n "$output" ] || fail "-o FILE is missing (-h shows how)"
[ -r "$key" ] || fail "can't read the key '$key'"
[ -r "$input" ] || fail "can't read '$input'"

number() { # NAME VALUE MAX
    case $2 in
    '' | *[!0-9]* | 0?* | ???????????*) fail "$1 is a number from 0 to $3, not '$2'" ;;
    esac
    [ "$2" -le "$3" ] || fail "$1 is a number from 0 to $3, not '$2'"
}
number "the version (-v)" "$version" 4294967295
number "the stack (-s)" "$stack" 8388608
number "the heap (-m)" "$heap" 268435456

case $uuid in
????????-????-????-????-???????????? | ????????-????-????-????????????????) ;;
*) fail "'$uuid' is not a UUID" ;;
esac
hex=$(printf %s "$uuid" | tr -d - | tr A-F a-f)
case $hex in
*[!0-9a-f]*) fail "'$uuid' is not a UUID" ;;
esac
size=$(($(wc -c <"$input")))
if [ "$size" -lt 64 ] || [ "$size" -gt 16777216 ]; then
    fail "'$input' has $size octets; a TA has 64 octets to 16 MiB"
fi
[ "$(dd if="$input" bs=4 count=1 2>/dev/null | tail -c 3)" = ELF ] || fail "'$input' is not an ELF file"

# The digest goes with the strength of the key; both are named inside what is signed.
kind=$(openssl pkey -in "$key" -noout -text_pub 2>/dev/null) || fail "'$key' is not a private key in PEM"
case $kind in
*'ASN1 OID: prime256v1'*) digest=sha256 oid=2a8648ce3d040302 ;;
*'ASN1 OID: secp384r1'*) digest=sha384 oid=2a8648ce3d040303 ;;
*'ASN1 OID: secp521r1'*) digest=sha512 oid=2a8648ce3d040304 ;;
*Modulus:*)
    bits=${kind#*\(}
    bits=${bits%% *}
    [ "$bits" -ge 2048 ] || fail "an RSA key of $bits bits is too short, take 2048 or more"
    digest=sha256 oid=2a864886f70d01010b
    ;;
*) fail "'$key' is neither an EC key on P-256, P-384 or P-521 nor an RSA key" ;;
esac

{
    der_text 12 keymoor-ta
    der_integer 1
    der_hex 4 "$hex"
    der_integer "$version"
    der_file 48 "$work/properties"
    der_hex 6 "$oid"
    der_integer "$stack"
    der_integer "$heap"
    der_file 4 "$input"
} >"$work/fields"
der_file 48 "$work/fields" >"$work/content"
openssl dgst "-$digest" -sign "$key" -out "$work/signature" "$work/content" || fail "openssl could not sign with '$key'"
{
    der_file 4 "$work/signature"
    cat -- "$work/content"
} >"$work/both"
umask 022
# A new file takes the old one's place in one step.
der_file 48 "$work/both" >"$output.new.$$" || { rm -f -- "$output.new.$$"; fail "can't write '$output'"; }
mv -f -- "$output.new.$$" "$output"
