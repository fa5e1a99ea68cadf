#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # functions are called by check and refuse
# Java's SunPKCS11: the token as a key store of keytool and jarsigner.
# shellcheck source=SCRIPTDIR/pkcs11_lib.sh
. "$(dirname "$0")/pkcs11_lib.sh"

make_token
test_ca
printf '%s\n' 'name = Keymoor' "library = $module" 'slotListIndex = 1' >java.cfg
store=(-keystore NONE -storetype PKCS11 -storepass 1234 -providerClass sun.security.pkcs11.SunPKCS11 -providerArg java.cfg)
keytool_() { "${loaded[@]}" keytool "$@" "${store[@]}"; }
signer() { "${loaded[@]}" jarsigner "${store[@]}" "$@"; }

keytool -importcert -noprompt -alias ca -file ca.crt -keystore ca.p12 -storepass changeit 2>/dev/null || exit 1
keytool -genkeypair -alias file -keyalg RSA -dname CN=file -keystore file.p12 -storepass changeit 2>/dev/null || exit 1

# A key counts for Java with a certificate that has its id.
id=0
for name in rsa ecc; do
    kind=rsa:2048 algorithm=SHA256withRSA block=RSA.RSA
    [ $name = rsa ] || kind=EC:prime256v1 algorithm=SHA256withECDSA block=ECC.EC
    id=$((id + 1))
    check "$name: a key" mine --keypairgen --key-type $kind --label $name --id 0$id
    check "$name: a certificate" env PKCS11_MODULE_PATH="$module" "${loaded[@]}" openssl req -x509 -engine pkcs11 -keyform engine \
        -key "pkcs11:token=greengrass;object=$name;type=private;pin-value=1234" -subj "/CN=first-$name" -days 2 -outform DER -out $name.der
    check "$name: on the token" mine --write-object $name.der --type cert --label $name --id 0$id
    check "$name: keytool -list" says "^$name, PrivateKeyEntry" keytool_ -list
    check "$name: keytool -exportcert" keytool_ -exportcert -alias $name -file exported.der
    check "$name: is that" cmp exported.der $name.der
    check "$name: keytool -certreq" keytool_ -certreq -alias $name -dname "CN=java-$name" -file $name.csr
    check "$name: verifies" says "verify OK" openssl req -in $name.csr -verify -noout
    check "$name: has the name" says "CN = java-$name" openssl req -in $name.csr -noout -subject
    issue $name.csr $name.crt
    cat $name.crt ca.crt >$name.chain
    check "$name: keytool -importcert" keytool_ -importcert -noprompt -alias $name -file $name.chain
    check "$name: a chain of two" says "Certificate chain length: 2" keytool_ -list -v -alias $name
    echo "the message" >message
    rm -f $name.jar
    jar cf $name.jar message
    check "$name: jarsigner" signer -sigalg $algorithm "$name.jar" $name
    check "$name: verifies" says "jar verified" jarsigner -verify $name.jar
    check "$name: and is trusted" jarsigner -verify -strict -keystore ca.p12 -storepass changeit $name.jar
    mkdir $name && (cd $name && jar xf ../$name.jar)
    check "$name: openssl verifies the signature" openssl cms -verify -inform DER -in $name/META-INF/$block -content $name/META-INF/${block%.*}.SF -binary \
        -CAfile ca.crt -purpose any
done
refuse "a signature of something else" "verification failure" openssl cms -verify -inform DER -in rsa/META-INF/RSA.RSA -content message -binary -CAfile ca.crt -purpose any
check "keytool -importkeystore" "${loaded[@]}" keytool -importkeystore -srckeystore file.p12 -srcstorepass changeit -srcalias file -deststoretype PKCS11 \
    -destkeystore NONE -deststorepass 1234 -providerClass sun.security.pkcs11.SunPKCS11 -providerArg java.cfg
check "has brought the key" says "^file, PrivateKeyEntry" keytool_ -list
check "which signs" signer ecc.jar file
check "keytool -genkeypair" keytool_ -genkeypair -alias made -keyalg RSA -keysize 2048 -dname CN=made
check "is there" says "^made, PrivateKeyEntry" keytool_ -list
check "keytool -genkeypair, EC" keytool_ -genkeypair -alias made-ec -keyalg EC -groupname secp256r1 -dname CN=made-ec
check "is there" says "^made-ec, PrivateKeyEntry" keytool_ -list
check "which signs" signer rsa.jar made-ec
check "keytool -delete" keytool_ -delete -alias made
refuse "what was deleted" "file" says "^made," keytool_ -list
refuse "a wrong PIN" "" keytool -list "${store[@]/1234/9999}"
done_with_module
