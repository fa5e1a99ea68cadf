#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # functions are called by check and refuse
# The openssl command line with keys named by URI and by reference file, through the provider.
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "$0")/lib.sh"

create ec ec256
create rsa rsa2048
create locked ec384 "open sesame"
reference clrc:ec ec.ref
reference clrc:rsa rsa.ref
reference "clrc:locked?password=file:pw" locked.ref
echo "open sesame" >pw
echo "the message" >message

tool() { with_provider openssl "$@"; }

check "list providers" tool list -providers
check "the module exports one symbol" test "$(nm -D --defined-only "$modules/ossl-modules/clrc.so" | cut -d" " -f3)" = OSSL_provider_init
check "storeutl" tool storeutl -noout clrc:ec
check "storeutl lists all keys" tool storeutl -noout clrc:

# ---- public parts, with curves by name ----
for key in ec rsa; do
    check "$key: public part" tool pkey -in clrc:$key -pubout -out $key.pub
    check "$key: public part in DER" tool pkey -in clrc:$key -pubout -outform DER -out $key.der
    check "$key: another OpenSSL reads it" openssl pkey -pubin -in $key.pub -pubout -outform DER -out again.der
    check "$key: and writes the same" cmp $key.der again.der
    check "$key: public part by reference file" tool pkey -in $key.ref -pubout -out ref.pub
    check "$key: is the same" cmp $key.pub ref.pub
done
check "curve by name" grep -q prime256v1 <(openssl pkey -pubin -in ec.pub -text -noout)
check "named curve, not explicit parameters" test "$(stat -c %s ec.der)" -eq 91

# ---- signatures ----
for key in ec rsa ec.ref rsa.ref locked.ref; do
    case $key in *.ref) uri=$key ;; *) uri=clrc:$key ;; esac
    tool pkey -in "$uri" -pubout -out pub >/dev/null 2>&1
    for digest in sha1 sha224 sha256 sha384 sha512; do
        check "$key: sign $digest" tool dgst -$digest -sign "$uri" -out sig message
        check "$key: verify $digest" openssl dgst -$digest -verify pub -signature sig message
    done
    check "$key: verify by the provider" tool dgst -sha512 -prverify "$uri" -signature sig message
    check "$key: request" tool req -new -key "$uri" -subj /CN=leaf -out leaf.csr
    check "$key: request verifies" openssl req -in leaf.csr -verify -noout
    check "$key: self-signed" tool req -x509 -key "$uri" -subj /CN=root -out root.crt
    check "$key: self-signed verifies" openssl verify -check_ss_sig -CAfile root.crt root.crt
    check "$key: as a CA" tool x509 -req -in leaf.csr -CA root.crt -CAkey "$uri" -out leaf.crt
    check "$key: its certificate verifies" openssl verify -CAfile root.crt leaf.crt
    check "$key: CMS signature" tool cms -sign -in message -signer root.crt -inkey "$uri" -out signed.cms
    check "$key: CMS verifies" openssl cms -verify -in signed.cms -CAfile root.crt
    refuse "$key: other message" "erification" openssl dgst -sha512 -verify pub -signature sig pw
done
for salt in -1 -2 -3 0 17; do
    check "PSS salt $salt" tool dgst -sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:$salt \
        -sign clrc:rsa -out sig message
    case $salt in -2 | -3) expected=-2 ;; *) expected=$salt ;; esac
    check "PSS salt $salt verifies" openssl dgst -sha256 -sigopt rsa_padding_mode:pss \
        -sigopt rsa_pss_saltlen:$expected -verify rsa.pub -signature sig message
done
check "PSS certificate" tool req -x509 -key clrc:rsa -sigopt rsa_padding_mode:pss \
    -sigopt rsa_pss_saltlen:digest -subj /CN=pss -out pss.crt
check "PSS certificate verifies" openssl verify -check_ss_sig -CAfile pss.crt pss.crt

# ---- agreement and decryption ----
openssl genpkey -algorithm EC -pkeyopt group:P-256 -out peer.pem 2>/dev/null
openssl pkey -in peer.pem -pubout -out peer.pub
check "derive" tool pkeyutl -derive -inkey clrc:ec -peerkey peer.pub -out ours
check "derive at the peer" openssl pkeyutl -derive -inkey peer.pem -peerkey ec.pub -out theirs
check "derived the same" cmp ours theirs
for digest in sha1 sha256 sha512; do
    oaep="-pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:$digest"
    # shellcheck disable=SC2086 # a list of words on purpose
    check "encrypt OAEP $digest" openssl pkeyutl -encrypt -pubin -inkey rsa.pub $oaep -in message -out secret
    # shellcheck disable=SC2086
    check "decrypt OAEP $digest" tool pkeyutl -decrypt -inkey clrc:rsa $oaep -in secret -out clear
    check "decrypted the same" cmp clear message
done
check "encrypt PKCS#1" openssl pkeyutl -encrypt -pubin -inkey rsa.pub -in message -out secret
check "decrypt PKCS#1" tool pkeyutl -decrypt -inkey clrc:rsa -in secret -out clear
check "decrypted the same" cmp clear message
tool req -x509 -key clrc:ec -subj /CN=ec -out ec.crt 2>/dev/null
tool req -x509 -key clrc:rsa -subj /CN=rsa -out rsa.crt 2>/dev/null
check "CMS for the EC key" openssl cms -encrypt -in message -binary -aes128 -out enc.cms ec.crt
check "CMS decrypted by ECDH" tool cms -decrypt -in enc.cms -inkey clrc:ec -recip ec.crt -out clear
check "decrypted the same" cmp clear message
check "CMS for the RSA key, PKCS#1" openssl cms -encrypt -in message -binary -aes128 -out enc.cms rsa.crt
check "CMS decrypted by PKCS#1" tool cms -decrypt -in enc.cms -inkey clrc:rsa -recip rsa.crt -out clear
check "decrypted the same" cmp clear message
check "CMS for the RSA key" openssl cms -encrypt -in message -binary -aes128 -recip rsa.crt \
    -keyopt rsa_padding_mode:oaep -out enc.cms
check "CMS decrypted by OAEP" tool cms -decrypt -in enc.cms -inkey clrc:rsa -recip rsa.crt -out clear
check "decrypted the same" cmp clear message

# ---- what must not come out, and what is asked for wrongly ----
stays="private part of key .* stays in the trusted service"
for key in ec rsa; do
    refuse "$key: private part" "$stays" tool pkey -in clrc:$key
    refuse "$key: private part to a file" "$stays" tool pkey -in clrc:$key -out private.pem
    refuse "$key: private part in DER" "$stays" tool pkey -in clrc:$key -outform DER -out private.der
    refuse "$key: private part, encrypted" "$stays" tool pkey -in clrc:$key -aes128 -passout pass:x
    refuse "$key: private part, traditional" "" tool pkey -in clrc:$key -traditional
    refuse "$key: private part by reference file" "$stays" tool pkey -in $key.ref
    check "$key: as text" tool pkey -in clrc:$key -noout -text
    check "$key: text has no private part" sh -c '! grep -q "^priv:\|^privateExponent\|^prime1" out.txt'
    check "$key: text says where it is" grep -q "in the trusted service" <(tool pkey -in clrc:$key -noout -text)
done
refuse "PKCS#12" "" tool pkcs12 -export -inkey clrc:ec -in ec.crt -passout pass:x
for file in private.pem private.der; do
    check "$file is empty" test ! -s $file
done
refuse "unknown key" "there is no key\|no such key" tool pkey -in clrc:nobody -pubout
refuse "bad URI" "percent sign" tool pkey -in clrc:ec% -pubout
refuse "unknown attribute" "unknown attribute" tool pkey -in "clrc:ec?pin-value=1234" -pubout
refuse "password in the URI" "file:PATH" tool pkey -in "clrc:locked?password=x" -pubout
refuse "wrong password" "assword" tool pkey -in clrc:locked -passin pass:wrong -pubout
check "right password" tool pkey -in clrc:locked -passin "pass:open sesame" -pubout
printf -- '-----BEGIN KEYMOOR KEY REFERENCE-----\nMCMM\n-----END KEYMOOR KEY REFERENCE-----\n' >cut.ref
# Reading files, the openssl program drops what decoders say; the C test looks at that.
refuse "cut reference" "" tool pkey -in cut.ref -pubout
reference clrc:nobody nobody.ref
refuse "reference of nobody" "" tool pkey -in nobody.ref -pubout
refuse "raw RSA" "not offered" tool pkeyutl -sign -inkey clrc:rsa -in pw -pkeyopt rsa_padding_mode:none
refuse "raw RSA decryption" "RSA decryption is" tool pkeyutl -decrypt -inkey clrc:rsa -in secret -pkeyopt rsa_padding_mode:none

# ---- loading the provider changes nothing for keys of the program's own ----
for word in "EC -pkeyopt group:P-256" "RSA" "ED25519" "X25519"; do
    # shellcheck disable=SC2086
    check "genpkey $word" tool genpkey -algorithm $word -out soft.pem
    check "pkey $word" tool pkey -in soft.pem -out soft2.pem
    check "the same" cmp soft.pem soft2.pem
done
# Whatever the order in which the providers are named.
bare() { with_provider env OPENSSL_CONF=/dev/null openssl "$@"; }
for order in "-provider default -provider clrc" "-provider clrc -provider default"; do
    # shellcheck disable=SC2086
    {
        check "$order: a key of the service" bare dgst $order -sha256 -sign clrc:ec -out sig message
        check "$order: a key of the program's own" bare genpkey $order -algorithm EC -pkeyopt group:P-256 -out soft.pem
        check "$order: agreement with it" bare pkeyutl $order -derive -inkey soft.pem -peerkey peer.pub -out ours
    }
done
check "check" tool pkey -in clrc:ec -check -noout
check "check RSA" tool pkey -in clrc:rsa -check -noout
finish
