# SPDX-License-Identifier: Apache-2.0
# DER from a POSIX shell: sourced by the scripts beside it. Every function writes DER to stdout.
# shellcheck shell=sh

# der_octet N: one octet given as a number.
der_octet() {
    # shellcheck disable=SC2059 # the format is made of digits only
    printf "$(printf '\\%03o' "$1")"
}

# der_header TAG LENGTH: tag (a number) and the shortest length form, up to 2^63-1.
der_header() {
    der_octet "$1"
    if [ "$2" -lt 128 ]; then
        der_octet "$2"
        return
    fi
    der_size=$(printf %x "$2")
    [ $((${#der_size} % 2)) -eq 0 ] || der_size=0$der_size
    der_octet $((128 + ${#der_size} / 2))
    der_unhex "$der_size"
}

# der_file TAG FILE: the file as contents of TAG.
der_file() {
    der_header "$1" "$(($(wc -c <"$2")))"
    cat -- "$2"
}

# der_text TAG STRING: a string as contents of TAG.
der_text() {
    der_header "$1" "$(($(printf %s "$2" | wc -c)))"
    printf %s "$2"
}

# der_hex TAG HEX: hex digits as contents of TAG.
der_hex() {
    der_header "$1" $((${#2} / 2))
    der_unhex "$2"
}

# der_unhex HEX: the octets that the hex digits spell.
der_unhex() {
    der_rest=$1
    while [ -n "$der_rest" ]; do
        der_tail=${der_rest#??}
        der_octet $((0x${der_rest%"$der_tail"}))
        der_rest=$der_tail
    done
}

# der_integer N: a non-negative INTEGER below 2^63.
der_integer() {
    der_digits=$(printf %x "$1")
    [ $((${#der_digits} % 2)) -eq 0 ] || der_digits=0$der_digits
    case $der_digits in
    [89a-f]*) der_digits=00$der_digits ;;
    esac
    der_hex 2 "$der_digits"
}
