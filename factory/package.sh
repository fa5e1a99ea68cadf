# SPDX-License-Identifier: Apache-2.0
# Packages from a POSIX shell and openssl: sourced by the scripts beside it, after der.sh (docs/formats.md:
# "Envelope", "Sealed"). No secret is ever an argument of a program or lies in the environment: secrets are
# in files of $pkg_work, which nobody else can read, or in variables that only builtins see.
# shellcheck shell=sh

# pkg_fail SENTENCE: ends the script.
pkg_fail() {
    echo "${0##*/}: $1" >&2
    exit 1
}

# pkg_begin: a directory of our own in $pkg_work, gone when the script ends.
pkg_begin() {
    LC_ALL=C
    export LC_ALL
    umask 077
    pkg_work=$(mktemp -d "${TMPDIR:-/tmp}/keymoor-package.XXXXXX") || pkg_fail "can't make a temporary directory"
    trap 'rm -rf -- "$pkg_work"' EXIT
    trap 'exit 1' HUP INT TERM
}

# pkg_publish FILE OUT MODE: the file takes OUT's place in one step.
pkg_publish() {
    pkg_new=$2.new.$$
    if ! cat -- "$1" >"$pkg_new" || ! chmod "$3" "$pkg_new" || ! mv -f -- "$pkg_new" "$2"; then
        rm -f -- "$pkg_new"
        pkg_fail "can't write '$2'"
    fi
}

# pkg_options VALUED PLAIN ARG...: hands each option among the arguments to the script's take_option, with its value when it is one of
# VALUED (blanks between them) and with '' when it is one of PLAIN; the script's usage has the text for -h and for anything else.
pkg_options() {
    pkg_valued=$1
    pkg_plain=$2
    shift 2
    while [ $# -gt 0 ]; do
        pkg_option=$1
        shift
        case $pkg_option in
        -h | --help) usage; exit 0 ;;
        '' | *' '*) usage >&2; exit 2 ;;
        esac
        case " $pkg_plain " in
        *" $pkg_option "*) take_option "$pkg_option" ''; continue ;;
        esac
        case " $pkg_valued " in
        *" $pkg_option "*) ;;
        *) usage >&2; exit 2 ;;
        esac
        [ $# -gt 0 ] || pkg_fail "$pkg_option needs a value (-h shows how)"
        take_option "$pkg_option" "$1"
        shift
    done
}

# pkg_hex: stdin as lower-case hex on stdout.
pkg_hex() {
    od -An -v -tx1 | tr -d ' \n'
}

# pkg_des3_key FILE: fails unless it holds a triple DES key that devices take: 16 or 24 octets of odd parity, no two parts alike.
pkg_des3_key() {
    pkg_rest=$(pkg_hex <"$1")
    pkg_seen=' '
    case ${#pkg_rest} in
    32 | 48) ;;
    *) pkg_fail "a DES3 key has 16 or 24 octets" ;;
    esac
    while [ -n "$pkg_rest" ]; do
        pkg_tail=${pkg_rest#????????????????}
        pkg_part=${pkg_rest%"$pkg_tail"}
        case $pkg_seen in
        *" $pkg_part "*) pkg_fail "a DES3 key has parts that all differ: with two alike it is weaker" ;;
        esac
        pkg_seen="$pkg_seen$pkg_part "
        pkg_rest=$pkg_tail
        pkg_odd_parity "$pkg_part" || pkg_fail "a DES3 key has odd parity: an odd number of ones in each octet"
    done
}

# pkg_odd_parity HEX: fails unless each octet has an odd number of ones, which one of its two digits has then.
pkg_odd_parity() {
    pkg_octets=$1
    while [ -n "$pkg_octets" ]; do
        case $pkg_octets in
        [12478bde][03569acf]* | [03569acf][12478bde]*) ;;
        *) return 1 ;;
        esac
        pkg_octets=${pkg_octets#??}
    done
}

# pkg_number WHAT VALUE MAX: fails unless VALUE is a number from 0 to MAX.
pkg_number() {
    case $2 in
    '' | *[!0-9]* | 0?* | ????????????????*) pkg_fail "$1 is a number from 0 to $3, not '$2'" ;;
    esac
    [ "$2" -le "$3" ] || pkg_fail "$1 is a number from 0 to $3, not '$2'"
}

# pkg_sequence WHAT VALUE: fails unless VALUE is a number from 1 to 2^63-1.
pkg_sequence() {
    case $2 in
    '' | *[!0-9]* | 0* | ????????????????????*) pkg_fail "$1 is a number from 1 to 9223372036854775807, not '$2'" ;;
    esac
    [ "$2" -ge 1 ] 2>/dev/null || pkg_fail "$1 is a number from 1 to 9223372036854775807, not '$2'"
}

# pkg_name WHAT NAME: fails unless it has 1 to 63 octets.
pkg_name() {
    pkg_length=$(($(printf %s "$2" | wc -c)))
    if [ "$pkg_length" -lt 1 ] || [ "$pkg_length" -gt 63 ]; then
        pkg_fail "the $1 '$2' has $pkg_length octets, not 1 to 63"
    fi
}

# pkg_certificate_name NAME: fails unless a certificate can have it.
pkg_certificate_name() {
    pkg_name "name" "$1"
    case $1 in
    *_csr) pkg_fail "'$1' is a name for a certificate signing request" ;;
    esac
}

# pkg_certificate FILE OUT: a certificate, DER or PEM, as DER.
pkg_certificate() {
    [ -r "$1" ] || pkg_fail "can't read the certificate '$1'"
    openssl x509 -in "$1" -outform DER -out "$2" 2>/dev/null ||
        openssl x509 -inform DER -in "$1" -outform DER -out "$2" 2>/dev/null ||
        pkg_fail "'$1' is not a certificate in DER or PEM"
}

# pkg_private_key FILE OUT: a private key, DER or PEM, as PEM.
pkg_private_key() {
    [ -r "$1" ] || pkg_fail "can't read the key '$1'"
    openssl pkey -in "$1" -passin pass: -out "$2" 2>/dev/null ||
        openssl pkey -inform DER -in "$1" -passin pass: -out "$2" 2>/dev/null ||
        pkg_fail "'$1' is not a private key in DER or PEM"
}

# pkg_public_key FILE OUT: a public key, DER or PEM, as SubjectPublicKeyInfo in DER, points uncompressed.
pkg_public_key() {
    [ -r "$1" ] || pkg_fail "can't read the key '$1'"
    openssl pkey -pubin -in "$1" -outform DER -out "$2" 2>/dev/null ||
        openssl pkey -pubin -inform DER -in "$1" -outform DER -out "$2" 2>/dev/null ||
        pkg_fail "'$1' is not a public key in DER or PEM"
    case $(openssl pkey -pubin -inform DER -in "$2" -noout -text_pub 2>/dev/null) in
    *'ASN1 OID: '*) openssl ec -pubin -inform DER -in "$2" -conv_form uncompressed -outform DER -out "$2.ec" 2>/dev/null &&
        mv -f -- "$2.ec" "$2" ;;
    esac
}

# pkg_choose_signature KEY.pem [DIGEST]: sets $pkg_digest and $pkg_sign_oid; the digest goes with the key's strength when not given.
pkg_choose_signature() {
    pkg_text=$(openssl pkey -in "$1" -noout -text_pub 2>/dev/null) || pkg_fail "'$1' is not a private key"
    pkg_digest=${2:-}
    case $pkg_text in
    *'ASN1 OID: prime192v1'* | *'ASN1 OID: secp224r1'* | *'ASN1 OID: prime256v1'*) pkg_family=ec pkg_usual=sha256 ;;
    *'ASN1 OID: secp384r1'*) pkg_family=ec pkg_usual=sha384 ;;
    *'ASN1 OID: secp521r1'*) pkg_family=ec pkg_usual=sha512 ;;
    *Modulus:*) pkg_family=rsa pkg_usual=sha256 ;;
    *pub:*P:*Q:*G:*) pkg_family=dsa pkg_usual=sha256 ;;
    *) pkg_fail "the signing key is neither an EC key on a NIST curve nor an RSA nor a DSA key" ;;
    esac
    [ -n "$pkg_digest" ] || pkg_digest=$pkg_usual
    case $pkg_family-$pkg_digest in
    ec-sha1) pkg_sign_oid=2a8648ce3d0401 ;;
    ec-sha224) pkg_sign_oid=2a8648ce3d040301 ;;
    ec-sha256) pkg_sign_oid=2a8648ce3d040302 ;;
    ec-sha384) pkg_sign_oid=2a8648ce3d040303 ;;
    ec-sha512) pkg_sign_oid=2a8648ce3d040304 ;;
    rsa-md5) pkg_sign_oid=2a864886f70d010104 ;;
    rsa-sha1) pkg_sign_oid=2a864886f70d010105 ;;
    rsa-sha224) pkg_sign_oid=2a864886f70d01010e ;;
    rsa-sha256) pkg_sign_oid=2a864886f70d01010b ;;
    rsa-sha384) pkg_sign_oid=2a864886f70d01010c ;;
    rsa-sha512) pkg_sign_oid=2a864886f70d01010d ;;
    dsa-sha1) pkg_sign_oid=2a8648ce380403 ;;
    dsa-sha224) pkg_sign_oid=608648016503040301 ;;
    dsa-sha256) pkg_sign_oid=608648016503040302 ;;
    *) pkg_fail "a key of the kind $pkg_family can't sign a $pkg_digest digest" ;;
    esac
}

# pkg_content_head KIND: the first fields of a content, after pkg_choose_signature.
pkg_content_head() {
    der_text 12 "$1"
    der_integer 1
    der_hex 6 "$pkg_sign_oid"
}

# pkg_sign_content KEY.pem CONTENT OUT: the package around the file CONTENT, a whole content element.
pkg_sign_content() {
    openssl dgst "-$pkg_digest" -sign "$1" -out "$pkg_work/signature" "$2" 2>"$pkg_work/said" ||
        pkg_fail "openssl could not sign: $(sed -n 1p "$pkg_work/said")"
    { der_file 4 "$pkg_work/signature"; cat -- "$2"; } >"$pkg_work/package"
    der_file 48 "$pkg_work/package" >"$3"
}

# pkg_pad HEX OCTET BLOCK: HEX as octets, each xor OCTET, filled up with OCTET to BLOCK octets.
pkg_pad() {
    pkg_rest=$1
    pkg_left=$3
    while [ "$pkg_left" -gt 0 ]; do
        pkg_tail=${pkg_rest#??}
        pkg_byte=${pkg_rest%"$pkg_tail"}
        der_octet $((0x${pkg_byte:-0} ^ $2))
        pkg_rest=$pkg_tail
        pkg_left=$((pkg_left - 1))
    done
}

# pkg_hmac_file DIGEST KEYHEX FILE: RFC 2104 of the file, octets on stdout. The key is no longer than the digest's block.
pkg_hmac_file() {
    case $1 in
    sha384 | sha512) pkg_block=128 ;;
    *) pkg_block=64 ;;
    esac
    { pkg_pad "$2" 54 "$pkg_block"; cat -- "$3"; } | openssl dgst "-$1" -binary >"$pkg_work/inner"
    { pkg_pad "$2" 92 "$pkg_block"; cat -- "$pkg_work/inner"; } | openssl dgst "-$1" -binary
}

# pkg_openssl_cipher NAME: the name that openssl has for one of ours; fails when there is none.
pkg_openssl_cipher() {
    case $1 in
    AES_CTR) echo aes-256-ctr ;;
    AES_CBC_NOPAD) echo aes-256-cbc ;;
    AES_OFB) echo aes-256-ofb ;;
    AES_CFB_128) echo aes-256-cfb ;;
    *) return 1 ;;
    esac
}

# pkg_openssl_mac NAME: the digest of one of our HMACs; fails when there is none.
pkg_openssl_mac() {
    case $1 in
    HMAC_SHA1 | HMAC_SHA224 | HMAC_SHA256 | HMAC_SHA384 | HMAC_SHA512) echo "sha${1#HMAC_SHA}" ;;
    *) return 1 ;;
    esac
}

# pkg_encrypt CIPHER SALTHEX PASSFILE IN OUT: AES-256 under what PBKDF2 (one round, SHA-256) makes of the password file.
pkg_encrypt() {
    openssl enc -e "-$1" -pbkdf2 -iter 1 -md sha256 -S "$2" -kfile "$3" -in "$4" -out "$5" ||
        pkg_fail "openssl could not encrypt with $1"
    # OpenSSL before 3 puts "Salted__" and the salt in front even when the salt was given.
    pkg_size=$(($(wc -c <"$4")))
    case $1 in
    *-cbc) pkg_size=$(((pkg_size / 16 + 1) * 16)) ;;
    esac
    if [ $(($(wc -c <"$5"))) -eq $((pkg_size + 16)) ]; then
        tail -c +17 "$5" >"$5.bare"
        mv -f -- "$5.bare" "$5"
    fi
}

# pkg_seal CIPHER MAC PUBLIC.der PLAIN OUT: a Sealed element for the holder of the EC key (from pkg_public_key).
pkg_seal() {
    pkg_cipher=$(pkg_openssl_cipher "$1") || pkg_fail "no cipher '$1' (-h lists them)"
    pkg_mac=$(pkg_openssl_mac "$2") || pkg_fail "no MAC '$2' (-h lists them)"
    pkg_curve=$(openssl pkey -pubin -inform DER -in "$3" -noout -text_pub 2>/dev/null | sed -n 's/^ASN1 OID: //p')
    case $pkg_curve in
    prime192v1 | secp224r1 | prime256v1 | secp384r1 | secp521r1) ;;
    *) pkg_fail "the device's key is not an EC key on a NIST curve" ;;
    esac
    openssl genpkey -algorithm EC -pkeyopt "ec_paramgen_curve:$pkg_curve" -pkeyopt ec_param_enc:named_curve \
        -out "$pkg_work/ephemeral.pem" 2>/dev/null || pkg_fail "openssl could not make a key on $pkg_curve"
    openssl pkey -in "$pkg_work/ephemeral.pem" -pubout -outform DER -out "$pkg_work/ephemeral.der"
    openssl pkey -pubin -inform DER -in "$3" -out "$pkg_work/peer.pem"
    openssl pkeyutl -derive -inkey "$pkg_work/ephemeral.pem" -peerkey "$pkg_work/peer.pem" -out "$pkg_work/z" ||
        pkg_fail "openssl could not agree on a secret"
    openssl rand -out "$pkg_work/random" 32
    pkg_random=$(pkg_hex <"$pkg_work/random")
    # ANSI X9.63: SHA-256 of Z, a counter and the shared information.
    for pkg_count in 1 2; do
        { cat -- "$pkg_work/z"; der_unhex "0000000$pkg_count"; cat -- "$pkg_work/random" "$pkg_work/ephemeral.der"; } |
            openssl dgst -sha256 -binary >"$pkg_work/s$pkg_count"
    done
    pkg_hex <"$pkg_work/s1" >"$pkg_work/pass"
    pkg_salt=${pkg_random%????????????????????????????????????????????????}
    pkg_encrypt "$pkg_cipher" "$pkg_salt" "$pkg_work/pass" "$4" "$pkg_work/ciphertext"
    {
        openssl dgst -sha256 -binary "$3" >"$pkg_work/recipient"
        der_file 4 "$pkg_work/recipient"
        cat -- "$pkg_work/ephemeral.der"
        der_file 4 "$pkg_work/random"
        der_text 12 "$1"
        der_text 12 "$2"
        der_file 4 "$pkg_work/ciphertext"
    } >"$pkg_work/authentic"
    pkg_hmac_file "$pkg_mac" "$(pkg_hex <"$pkg_work/s2")" "$pkg_work/authentic" >"$pkg_work/tag"
    { cat -- "$pkg_work/authentic"; der_file 4 "$pkg_work/tag"; } >"$pkg_work/sealed"
    der_file 48 "$pkg_work/sealed" >"$5"
}

# pkg_retag TAG FILE: an element with a header of two octets, under another tag.
pkg_retag() {
    der_octet "$1"
    tail -c +2 "$2"
}

# pkg_integer TAG N: a non-negative INTEGER under another tag.
pkg_integer() {
    der_integer "$2" >"$pkg_work/integer"
    pkg_retag "$1" "$pkg_work/integer"
}

# pkg_sha256 HEX: fails unless it is the hex of a SHA-256.
pkg_sha256() {
    case $1 in
    *[!0-9a-f]*) pkg_fail "'$1' is not a SHA-256 in lower-case hex" ;;
    esac
    [ ${#1} -eq 64 ] || pkg_fail "'$1' is not a SHA-256 in lower-case hex"
}

# Rules for opaque objects, as pkg_options takes them and as pkg_object_rule keeps them: 0 or '' where nothing is said.
# shellcheck disable=SC2034 # for the scripts that source this
pkg_object_rules='--not-before --not-after --max-opens --executable'
pkg_not_before=0 pkg_not_after=0 pkg_max_opens=0 pkg_executable=''

# pkg_object_rule OPTION VALUE: takes one of them.
pkg_object_rule() {
    case $1 in
    --executable) pkg_sha256 "$2" && pkg_executable=$2 ;;
    *) pkg_number "$1" "$2" 999999999999999 ;;
    esac
    case $1 in
    --not-before) pkg_not_before=$2 ;;
    --not-after) pkg_not_after=$2 ;;
    --max-opens) pkg_max_opens=$2 ;;
    esac
}

# pkg_object_policy: what was taken as an ObjectPolicy on stdout; nothing where nothing is said.
pkg_object_policy() {
    {
        [ "$pkg_not_before" -eq 0 ] || pkg_integer 128 "$pkg_not_before"
        [ "$pkg_not_after" -eq 0 ] || pkg_integer 129 "$pkg_not_after"
        [ "$pkg_max_opens" -eq 0 ] || pkg_integer 130 "$pkg_max_opens"
        [ -z "$pkg_executable" ] || der_hex 131 "$pkg_executable"
    } >"$pkg_work/object_policy"
    [ ! -s "$pkg_work/object_policy" ] || der_file 48 "$pkg_work/object_policy"
}

# pkg_certificate_command KEY DIGEST OPERATION SEQUENCE DEVICE NAME TIME BODY OUT: a signed certificate command; '' for a field that it does
# not have. KEY and DEVICE are files, the latter with the public key of the only device that is to obey; OPERATION is a number.
pkg_certificate_command() {
    [ -z "$4" ] || pkg_sequence "the sequence (-s)" "$4"
    [ -z "$7" ] || pkg_sequence "the time (-t)" "$7"
    pkg_private_key "$1" "$pkg_work/key.pem"
    pkg_choose_signature "$pkg_work/key.pem" "$2"
    case $pkg_family-$pkg_digest in
    ec-sha256 | ec-sha384 | ec-sha512) pkg_least=256 ;;
    rsa-sha256 | rsa-sha384 | rsa-sha512) pkg_least=2048 ;;
    *) pkg_fail "a command is signed by an EC or RSA key with SHA-256, SHA-384 or SHA-512" ;;
    esac
    pkg_bits=$(printf '%s\n' "$pkg_text" | sed -n 's/^[^(]*(\([0-9]*\) bit.*/\1/p')
    [ "$pkg_bits" -ge $pkg_least ] || pkg_fail "a key of $pkg_bits bits is too weak to sign commands: $pkg_least is the least"
    [ -z "$5" ] || pkg_public_key "$5" "$pkg_work/device.der"
    {
        pkg_content_head keymoor-certificate-command
        pkg_integer 10 "$3"
        [ -z "$4" ] || pkg_integer 128 "$4"
        [ -z "$5" ] || der_hex 129 "$(openssl dgst -sha256 -binary "$pkg_work/device.der" | pkg_hex)"
        [ -z "$6" ] || der_text 130 "$6"
        [ -z "$7" ] || pkg_integer 131 "$7"
        der_file 4 "$8"
    } >"$pkg_work/fields"
    der_file 48 "$pkg_work/fields" >"$pkg_work/content"
    pkg_sign_content "$pkg_work/key.pem" "$pkg_work/content" "$pkg_work/command"
    pkg_publish "$pkg_work/command" "$9" 644
}
