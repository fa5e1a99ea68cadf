#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # functions are called by check and refuse
# The PKCS#11 module with the programs that people use it with.
# shellcheck source=SCRIPTDIR/pkcs11_lib.sh
. "$(dirname "$0")/pkcs11_lib.sh"

echo "the message" >message

# ---- slot 0: no PIN, the service knows who calls ----
create named ec256
check "a key of another door, by its name" says "label:      named" tool -O --type privkey
check "generate EC" tool --keypairgen --key-type EC:prime256v1 --label ec --id 01
check "generate RSA" tool --keypairgen --key-type rsa:2048 --label rsa --id 02
for id in 01 02; do
    case $id in 01) mechanism=ECDSA-SHA256 ;; 02) mechanism=SHA256-RSA-PKCS ;; esac
    check "$mechanism" tool --sign -m "$mechanism" --signature-format openssl --id "$id" -i message -o signature
    check "its public key" tool --read-object --type pubkey --id "$id" -o public.der
    check "as OpenSSL reads it" openssl pkey -pubin -inform DER -in public.der -out public.pem
    check "$mechanism verifies" openssl dgst -sha256 -verify public.pem -signature signature message
done
check "pkcs11-tool --test" says "No errors" tool --test
check "pkcs11-tool --test-fork" tool --test-fork
refuse "a login where there is no PIN" "CKR_USER_PIN_NOT_INITIALIZED" tool --login --pin 1234 -O

openssl ecparam -genkey -name prime256v1 -noout -out peer.pem
openssl pkey -in peer.pem -pubout -outform DER -out peer.der
check "a key for agreement" tool --keypairgen --key-type EC:prime256v1 --label dh --id 03 --usage-derive
check "derive" tool --derive -m ECDH1-DERIVE --id 03 -i peer.der -o ours --extractable
check "our public key" tool --read-object --type pubkey --id 03 -o own.der
check "and in PEM" openssl pkey -pubin -inform DER -in own.der -out own.pem
check "derive at the peer" openssl pkeyutl -derive -inkey peer.pem -peerkey own.pem -out theirs
check "the same" cmp ours theirs

# ---- a token with PINs, as a kit's manual has it ----
check "make a token" tool --init-token --slot-index 1 --label greengrass --so-pin 12345678
refuse "with a user PIN that is not set" "CKR_USER_PIN_NOT_INITIALIZED" token --login --pin 1234 -O
refuse "another SO PIN" "CKR_PIN_INCORRECT" token --init-pin --so-pin 11111111 --pin 1234
check "set the user PIN" token --init-pin --so-pin 12345678 --pin 1234
check "generate under it" mine --keypairgen --key-type rsa:2048 --label greenkey --id 04
tool --token-label greengrass -O --type privkey >hidden.txt 2>&1
refuse "private objects without a login" "" grep -q greenkey hidden.txt
check "public ones are there without a PIN" says "2048 bits" token -O --type pubkey
refuse "a wrong PIN" "CKR_PIN_INCORRECT" token --login --pin 4321 -O
check "sign under it" mine --sign -m SHA256-RSA-PKCS --id 04 -i message -o signature
check "pkcs11-tool --test, logged in" says "No errors" mine --test
check "another PIN" mine --change-pin --new-pin 4321
check "and back" token --login --pin 4321 --change-pin --new-pin 1234
check "forgotten: the SO sets one" token --init-pin --so-pin 12345678 --pin 1234
check "and what is under it is still there" mine --sign -m SHA256-RSA-PKCS --id 04 -i message -o again
check "the same signature" cmp signature again
openssl req -x509 -newkey rsa:2048 -nodes -keyout k.pem -subj /CN=leaf 2>/dev/null | openssl x509 -outform DER -out leaf.der
check "write a certificate" mine --write-object leaf.der --type cert --label leaf --id 04
check "read it" mine --read-object --type cert --id 04 -o read.der
check "it is that one" cmp leaf.der read.der
check "write private data" mine --write-object message --type data --label thing --private
check "read them" mine --read-object --type data --label thing -o read.txt
check "they are those" cmp message read.txt
check "an AES key" mine --keygen --key-type AES:32 --label aes --id 05
check "encrypt" mine --encrypt -m AES-CBC-PAD --iv 00112233445566778899aabbccddeeff --id 05 -i message -o sealed
check "decrypt" mine --decrypt -m AES-CBC-PAD --iv 00112233445566778899aabbccddeeff --id 05 -i sealed -o opened
check "is the message" cmp message opened

# ---- GnuTLS ----
check "p11tool lists the token" says "URL: pkcs11:model=SLB9670;manufacturer=Infineon;serial=0000000000000000;token=greengrass" gnutls --list-tokens
check "p11tool lists its keys" says "object=greenkey;type=private" gnutls --login --list-privkeys pkcs11:manufacturer=Infineon
check "p11tool signs" says "in the token... ok" gnutls --login --test-sign "pkcs11:token=greengrass;object=greenkey"

# ---- OpenSSH: the key of an agent ----
"${loaded[@]}" ssh-keygen -q -D "$module" >keys.pub 2>/dev/null
check "ssh-keygen -D" grep -q " ec$" keys.pub
grep " ec$" keys.pub >ec.pub
sign_by_agent() {
    SSH_ASKPASS=/bin/true SSH_ASKPASS_REQUIRE=force ssh-add -q -s "$module" </dev/null || return 1
    echo x >text
    ssh-keygen -q -Y sign -n file -f ec.pub text
}
# The agent's helper does not begin with a sanitizer in it.
if [ -z "${KM_TEST_PRELOAD:-}" ]; then
    eval "$("${loaded[@]}" ssh-agent -s -P "$(realpath "$module")")" >/dev/null
    daemons="$daemons $SSH_AGENT_PID"
    check "ssh-agent signs with it" sign_by_agent
    check "the signature verifies" says "Good" ssh-keygen -Y check-novalidate -n file -s text.sig <text
fi

# ---- p11-kit ----
export XDG_RUNTIME_DIR=$work
eval "$("${loaded[@]}" p11-kit server --provider "$module" "pkcs11:token=greengrass")"
daemons="$daemons $P11_KIT_SERVER_PID"
client=$(find /usr/lib -name p11-kit-client.so | head -1)
check "through p11-kit server" pkcs11-tool --module "$client" --login --pin 1234 --sign -m SHA256-RSA-PKCS --id 04 -i message -o remote
check "the same signature" cmp signature remote
unset P11_KIT_SERVER_ADDRESS

# ---- gone ----
check "delete" mine --delete-object --type privkey --id 04
mine -O --type privkey >left.txt 2>&1
refuse "the deleted key" "" grep -q greenkey left.txt
check "make the token anew" tool --init-token --slot-index 1 --label empty --so-pin 12345678
refuse "with another SO PIN" "CKR_PIN_INCORRECT" tool --init-token --slot-index 1 --label empty --so-pin 11111111
tool --slot-index 1 -O >left.txt 2>&1
refuse "what the token had" "" grep -q label left.txt
done_with_module
