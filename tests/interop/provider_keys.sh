#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # functions are called by check and refuse
# Keys of all kinds, made through the provider and used by the openssl command line: requests, certificates, an
# authority, CMS, agreement, decryption, the store with its certificates, and keys taken in.
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "$0")/lib.sh"

tool() { with_provider openssl "$@"; }
echo "the message" >message

# ---- made by genpkey, which writes the reference ----
# make NAME ALGORITHM OPTION...
make() {
    local name=$1 algorithm=$2
    shift 2
    check "genpkey $name" tool genpkey -propquery provider=clrc -algorithm "$algorithm" "$@" \
        -pkeyopt "clrc-name:$name" -out "$name.ref"
    check "$name: a reference was written" grep -q "BEGIN KEYMOOR KEY REFERENCE" "$name.ref"
    check "$name: public part" tool pkey -in "$name.ref" -pubout -out "$name.pub"
    check "$name: another OpenSSL reads it" openssl pkey -pubin -in "$name.pub" -outform DER -out "$name.der"
    check "$name: in DER" tool pkey -in "clrc:$name" -pubout -outform DER -out again.der
}
make kinds-ec EC -pkeyopt group:P-256 -pkeyopt clrc-use:both
make ec384 EC -pkeyopt group:P-384
make kinds-rsa RSA
make pss RSA-PSS -pkeyopt rsa_pss_keygen_md:sha256
make ed ED25519
make x X25519
for kind in "ec -pkeyopt group:P-256" ed25519 rsa; do
    name=req-${kind%% *}
    # shellcheck disable=SC2086 # a list of words on purpose
    check "req -newkey $kind" tool req -x509 -newkey $kind -pkeyopt "clrc-name:$name" -propquery provider=clrc -noenc \
        -keyout "$name.ref" -subj "/CN=$name" -out "$name.crt"
    check "req -newkey $kind: the reference fits" tool req -x509 -key "$name.ref" -subj "/CN=$name" -out again.crt
    check "req -newkey $kind: the key is the same" cmp <(openssl x509 -in "$name.crt" -noout -pubkey) \
        <(openssl x509 -in again.crt -noout -pubkey)
done
refuse "genpkey: a taken name" "name is taken\|already" tool genpkey -propquery provider=clrc -algorithm EC \
    -pkeyopt group:P-256 -pkeyopt clrc-name:ed
refuse "genpkey: another curve" "not offered" tool genpkey -propquery provider=clrc -algorithm EC \
    -pkeyopt group:brainpoolP256r1 -pkeyopt clrc-name:bp
refuse "genpkey: without a name there is nothing to write" "stays in the trusted service" tool genpkey \
    -propquery provider=clrc -algorithm ED25519
refuse "a key of the store is not written" "stays in the trusted service" tool pkey -in clrc:ed
refuse "nor one of the new kinds in DER" "stays in the trusted service" tool pkey -in pss.ref -outform DER
check "an RSA-PSS key says what it is bound to" grep -q "PSS parameter restrictions: SHA256" \
    <(tool pkey -in pss.ref -noout -text)
check "and says so to others" grep -q "Minimum Salt Length: 32" \
    <(openssl pkey -pubin -in pss.pub -noout -text)
check "the C program" with_provider "$build/tests/test_provider_kinds"
cat out.txt

# ---- requests, certificates, an authority, CMS ----
cat >ca.cnf <<'CONF'
[ca]
default_ca = test_ca
[test_ca]
database = index.txt
new_certs_dir = .
serial = serial
default_md = default
default_days = 2
policy = any
unique_subject = no
[any]
commonName = supplied
CONF
for name in kinds-ec ec384 kinds-rsa pss ed; do
    uri=clrc:$name
    [ "$name" = pss ] && uri="clrc:pss?pss=sha256"
    check "$name: self-signed" tool req -x509 -new -key "$name.ref" -subj "/CN=$name" -out "$name.crt"
    check "$name: self-signed verifies" openssl verify -check_ss_sig -CAfile "$name.crt" "$name.crt"
    check "$name: request" tool req -new -key "$uri" -subj "/CN=leaf" -out leaf.csr
    check "$name: request verifies" openssl req -in leaf.csr -verify -noout
    check "$name: x509 -CA" tool x509 -req -in leaf.csr -CA "$name.crt" -CAkey "$name.ref" -out leaf.crt
    check "$name: its certificate verifies" openssl verify -CAfile "$name.crt" leaf.crt
    : >index.txt
    echo 01 >serial
    for key in "$uri" "$name.ref"; do
        check "$name: ca with $key" tool ca -batch -config ca.cnf -in leaf.csr -cert "$name.crt" -keyfile "$key" -out leaf.crt
    done
    check "$name: ca's certificate verifies" openssl verify -CAfile "$name.crt" leaf.crt
    # OpenSSL 3.0 can't do CMS with Ed25519, and wants to be told the padding of RSA-PSS keys, also of its own ones.
    padding=""
    case $name in
        ed) continue ;;
        pss) padding="-keyopt rsa_padding_mode:pss" ;;
    esac
    # shellcheck disable=SC2086 # two words, or none
    check "$name: CMS signature" tool cms -sign -binary -in message -signer "$name.crt" -inkey "$name.ref" $padding -out signed.cms
    check "$name: CMS verifies" openssl cms -verify -binary -in signed.cms -CAfile "$name.crt" -purpose any
done
check "a PSS key signs its certificates with PSS" grep -q "Signature Algorithm: rsassaPss" \
    <(openssl x509 -in pss.crt -noout -text)
for name in kinds-ec kinds-rsa; do
    check "$name: CMS encryption" openssl cms -encrypt -binary -aes256 -in message -out enc.cms "$name.crt"
    check "$name: CMS decryption" tool cms -decrypt -in enc.cms -inkey "$name.ref" -recip "$name.crt" -out clear
    check "$name: the message" cmp message clear
done

# ---- pkeyutl ----
head -c 32 /dev/urandom >digest
for name in kinds-ec kinds-rsa; do
    check "$name: pkeyutl -sign" tool pkeyutl -sign -inkey "$name.ref" -in digest -pkeyopt digest:sha256 -out sig
    check "$name: pkeyutl -verify" openssl pkeyutl -verify -pubin -inkey "$name.pub" -in digest -sigfile sig \
        -pkeyopt digest:sha256
done
check "ed: pkeyutl -sign" tool pkeyutl -sign -rawin -inkey ed.ref -in message -out sig
check "ed: pkeyutl -verify" openssl pkeyutl -verify -rawin -pubin -inkey ed.pub -in message -sigfile sig
refuse "ed: another message" "" openssl pkeyutl -verify -rawin -pubin -inkey ed.pub -in digest -sigfile sig
for pair in "kinds-ec EC group:P-256" "x X25519"; do
    read -r name algorithm option <<<"$pair"
    check "$name: a peer" openssl genpkey -algorithm "$algorithm" ${option:+-pkeyopt "$option"} -out peer.pem
    openssl pkey -in peer.pem -pubout -out peer.pub
    check "$name: derive" tool pkeyutl -derive -inkey "$name.ref" -peerkey peer.pub -out one
    check "$name: derive at the peer" openssl pkeyutl -derive -inkey peer.pem -peerkey "$name.pub" -out two
    check "$name: the same" cmp one two
done
refuse "a key that only signs agrees on nothing" "not offered" tool pkeyutl -derive -inkey ec384.ref \
    -peerkey <(openssl genpkey -algorithm EC -pkeyopt group:P-384 2>/dev/null | openssl pkey -pubout)
check "X9.63's KDF" tool pkeyutl -derive -inkey kinds-ec.ref -peerkey <(openssl pkey -in kinds-ec.pub -pubin) -out z

# ---- keys taken in, by configuration ----
sed 's/^\[clrc_sect\]/&\nimport = transfer/' "$provider_conf" >transfer.cnf
check "keys are taken in" with_provider env "OPENSSL_CONF=$work/transfer.cnf" KM_TEST_TRANSFER=1 \
    "$build/tests/test_provider_kinds"
cat out.txt
check "they are there" tool dgst -sha256 -sign clrc:taken-EC -out sig message
openssl genpkey -algorithm EC -pkeyopt group:P-256 -out own.pem
openssl pkey -in own.pem -pubout -out own.pub
# sign_own CONFIGURATION: with a key file, our provider preferred.
sign_own() {
    with_provider env "OPENSSL_CONF=$1" openssl pkeyutl -sign -propquery "?provider=clrc" -inkey own.pem -in digest \
        -pkeyopt digest:sha256 -out sig || return 1
    openssl pkeyutl -verify -pubin -inkey own.pub -in digest -sigfile sig -pkeyopt digest:sha256
}
signatures() { grep -c '"operation":"sign"' audit.log; }
before=$(signatures)
check "a key file's key is left to others" sign_own "$provider_conf"
check "the service had no part in it" test "$(signatures)" -eq "$before"
check "and is taken in where that is configured" sign_own "$work/transfer.cnf"
check "the service has signed" test "$(signatures)" -gt "$before"

# ---- passwords by prompt and by file, also through a reference ----
create locked ec256 "open sesame"
echo "open sesame" >pw
reference clrc:locked locked.ref
reference "clrc:locked?password=file:$work/pw" filed.ref
check "reference, password from the program" tool pkey -in locked.ref -passin file:pw -pubout
check "reference with a password file" tool pkey -in filed.ref -pubout
# Public keys come from strangers: a file that is read as one has no other file opened.
reference "clrc:ed?password=file:$work/pipe" stranger.ref
mkfifo pipe
stranger() { with_provider timeout 120 openssl pkey -pubin -in stranger.ref -noout; }
waited_for() { stranger; test $? -eq 124; }
check "a reference as a public key" tool pkey -pubin -in ed.ref -noout
refuse "a public key that names a password file" "" stranger
refuse "which would be waited for" "" waited_for
refuse "reference, wrong password" "" tool pkey -in locked.ref -passin pass:wrong -pubout

# ---- it is seen by who needs the service; OpenSSL falls back to the key file where it has one ----
stop_keymoord
check "a key file's key without the service" sign_own "$work/transfer.cnf"
refuse "a stored key without the service" "can't be reached" tool dgst -sha256 -sign clrc:ed -out sig message
finish
