#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # functions are called by check and refuse
# NSS, as Firefox and Thunderbird have it: the module in a database, keys and certificates of the token, signatures, TLS.
# shellcheck source=SCRIPTDIR/pkcs11_lib.sh
. "$(dirname "$0")/pkcs11_lib.sh"

make_token
test_ca
echo "the message" >message
echo 1234 >pin
head -c 100 /dev/urandom >noise
mkdir db
nss() { "${loaded[@]}" "$1" -d sql:db "${@:2}"; }
on_token() { nss certutil "$1" -h greengrass -f pin "${@:2}"; }

check "a database" nss certutil -N --empty-password
# FRIENDLY: certificates can be looked for without the PIN.
check "modutil -add" "${loaded[@]}" modutil -dbdir sql:db -add keymoor -libfile "$module" -mechanisms FRIENDLY -force
check "modutil -list shows the module" says "uri: pkcs11:library-manufacturer=Keymoor;library-description=Keymoor%20PKCS%2311" modutil -dbdir sql:db -list
check "and the token" says "uri: pkcs11:token=greengrass;manufacturer=Infineon;serial=0000000000000000;model=SLB9670" modutil -dbdir sql:db -list

check "an RSA key" mine --keypairgen --key-type rsa:2048 --label rsa --id 0a01
check "one on P-256" mine --keypairgen --key-type EC:prime256v1 --label ecc --id 0a02
check "certutil -K" on_token -K
check "lists the RSA key" says "rsa *0a01 *rsa" on_token -K
check "and the other" says "ec *0a02 *ecc" on_token -K
refuse "certutil -K with a wrong PIN" "Incorrect password" nss certutil -K -h greengrass -f noise

check "the CA, trusted" nss certutil -A -n test-ca -t CT,C,C -i ca.crt
for name in rsa ecc; do
    id=0a01
    [ $name = rsa ] || id=0a02
    check "$name: certutil -R" on_token -R -k $id -s "CN=nss-$name,E=nss@example.org" -a -o $name.csr
    check "$name: the request verifies" says "verify OK" openssl req -in $name.csr -verify -noout
    check "$name: has the name" says "CN = nss-$name" openssl req -in $name.csr -noout -subject
    issue $name.csr $name.crt
    # certutil -A gives a certificate the id that NSS has for the key, which others that make keys don't know.
    openssl x509 -in $name.crt -outform DER -out $name.der
    check "$name: a certificate with the key's id" mine --write-object $name.der --type cert --label $name --id $id
    check "$name: certutil -L" says "greengrass:$name  *u,u,u" on_token -L
    check "$name: is that" cmp <(openssl x509 -in $name.crt) <(on_token -L -n "greengrass:$name" -a 2>/dev/null | openssl x509)
    check "$name: certutil -V" says "certificate is valid" nss certutil -V -f pin -n "greengrass:$name" -u C
    check "$name: cmsutil -S" nss cmsutil -S -f pin -N "greengrass:$name" -i message -o signed.cms
    check "$name: which verifies" openssl cms -verify -inform DER -binary -in signed.cms -out opened -CAfile ca.crt -purpose any
    check "$name: the message" cmp opened message
done
openssl cms -encrypt -aes256 -outform DER -in message -out sealed.cms rsa.crt
check "cmsutil -D deciphers" nss cmsutil -D -f pin -i sealed.cms -o opened
check "the message" cmp <(tr -d '\r' <opened) message

# ---- keys that NSS makes there ----
check "certutil -S makes a key and its certificate" on_token -S -n self -s CN=self -x -t ,, -k rsa -g 2048 -z noise -m 77
check "they are there" says "rsa .*greengrass:self" on_token -K
check "signed by it" openssl verify -CAfile <(on_token -L -n greengrass:self -a 2>/dev/null) <(on_token -L -n greengrass:self -a 2>/dev/null)
check "certutil -R with a new key" on_token -R -k ec -q nistp384 -s CN=new -z noise -a -o new.csr
check "verifies" says "verify OK" openssl req -in new.csr -verify -noout
issue new.csr new.crt
check "certutil -A puts its certificate there" on_token -A -n new -t ,, -i new.crt
check "and finds the key for it" says "greengrass:new  *u,u,u" on_token -L
check "certutil -F deletes key and certificate" on_token -F -n greengrass:self
refuse "what was deleted" "rsa  *0a01" says "greengrass:self" on_token -K

# ---- TLS ----
for name in rsa ecc; do
    tls_server server.crt -key server.key
    check "tstclnt with $name" shows_client "nss-$name" tstclnt -d sql:db -W pin -h 127.0.0.1 -p "$port" -a localhost -n "greengrass:$name"
    stopped "$server"
done
done_with_module
