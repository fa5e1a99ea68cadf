#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # functions are called by check and refuse
# Document 004, 4.4.2, steps 8 to 10: p11-kit and p11tool find the installed module by its module file, and list the
# kit's token and key. What the tools of Debian 12 print has a few lines more than the document's.
# shellcheck source=SCRIPTDIR/pkcs11_lib.sh
. "$(dirname "$0")/pkcs11_lib.sh"

# ---- the installed layout: two folders of the system, with what it has of p11-kit itself and what we install ----
configs=$(pkg-config --variable=p11_module_configs p11-kit-1)
modules=$(pkg-config --variable=p11_module_path p11-kit-1)
install_there() {
    DESTDIR=$work/root cmake --install "$build" || return 1
    cp "$configs/p11-kit-trust.module" "$work/root$configs" && cp "$modules/p11-kit-trust.so" "$work/root$modules"
}
check "install" install_there
check "the module where p11-kit looks" test -f "$work/root$modules/libkeymoor_pkcs11.so"
check "its file where p11-kit looks" test -f "$work/root$configs/keymoor.module"

# installed COMMAND...: it sees these two folders in the place of the system's. Root or not, in a mount namespace of its own.
installed() {
    # shellcheck disable=SC2016 # expanded inside
    "${loaded[@]}" GNUTLS_PIN=1234 unshare "$([ "$(id -u)" -eq 0 ] && echo -m || echo -rm)" sh -c \
        'mount --bind "$1$2" "$2" && mount --bind "$1$3" "$3" && shift 3 && exec "$@"' \
        sh "$work/root" "$configs" "$modules" "$@"
}
check "a mount namespace" installed true

check "make a token" tool --init-token --slot-index 1 --label greengrass --so-pin 1234
check "its user PIN" token --init-pin --so-pin 1234 --pin 1234
echo 'free-slot = no' >>pkcs11.conf
# The key of step 6. The kit's shows itself before the login; who wants that says so.
check "a key" gnutls --login --generate-privkey=rsa --bits 2048 --no-mark-private --label greenkey \
    --id 36373630396162366565363934330000 --outfile greenkey.pub "pkcs11:token=greengrass"

# ---- step 8 ----
cat >expected <<'END'
p11-kit-trust: p11-kit-trust.so
    library-description: PKCS#11 Kit Trust Module
    library-manufacturer: PKCS#11 Kit
    library-version: 0.24
    token: System Trust
        manufacturer: PKCS#11 Kit
        model: p11-kit-trust
        serial-number: 1
        hardware-version: 0.24
        flags:
               write-protected
               token-initialized
keymoor: libkeymoor_pkcs11.so
    library-description: Keymoor PKCS#11
    library-manufacturer: Keymoor
    library-version: 0.1
    token: soft root
        manufacturer: Infineon
        model: SLB9670
        serial-number: 0000000000000000
        hardware-version: 1.16
        firmware-version: 7.40
        flags:
               rng
               token-initialized
    token: greengrass
        manufacturer: Infineon
        model: SLB9670
        serial-number: 0000000000000000
        hardware-version: 1.16
        firmware-version: 7.40
        flags:
               rng
               login-required
               user-pin-initialized
               token-initialized
END
check "p11-kit list-modules" prints expected installed p11-kit list-modules

# ---- step 9: token 0 is the system's trust, token 1 what needs no PIN ----
uri="pkcs11:model=SLB9670;manufacturer=Infineon;serial=0000000000000000;token=greengrass"
cat >expected <<END
Token 2:
    URL: $uri
    Label: greengrass
    Type: Hardware token
    Flags: RNG, Requires login
    Manufacturer: Infineon
    Model: SLB9670
    Serial: 0000000000000000
    Module: libkeymoor_pkcs11.so
END
third_token() { installed p11tool --list-tokens | sed -n '/^Token 2:/,$p'; }
check "p11tool --list-tokens" prints expected third_token
check "p11tool --list-token-urls" says "^$uri\$" installed p11tool --list-token-urls

# ---- step 10 ----
cat >expected <<END
Object 0:
    URL: $uri;id=%36%37%36%30%39%61%62%36%65%65%36%39%34%33%00%00;object=greenkey;type=private
    Type: Private key (RSA-2048)
    Label: greenkey
    Flags: CKA_NEVER_EXTRACTABLE; CKA_SENSITIVE;
    ID: 36:37:36:30:39:61:62:36:65:65:36:39:34:33:00:00
END
check "p11tool --list-privkeys" prints expected installed p11tool --list-privkeys pkcs11:manufacturer=Infineon
check "p11tool --login --list-privkeys" prints expected installed p11tool --login --list-privkeys "pkcs11:token=greengrass"

# ---- and the rest of p11tool ----
same_key() { openssl pkey -pubin -in "$1" -pubout -outform DER | cmp - <(openssl pkey -pubin -in "$2" -pubout -outform DER); }
sees() { installed p11tool --login --outfile "$@"; }
key="pkcs11:token=greengrass;object=greenkey"
check "--export-pubkey" sees exported.pub --export-pubkey "$key;type=private"
check "is what was generated" same_key exported.pub greenkey.pub
check "--export" sees exported.pub --export "$key;type=public"
check "is that, too" same_key exported.pub greenkey.pub
check "--test-sign" says "in the token... ok" installed p11tool --login --test-sign "$key;type=private"
check "--test-sign by PSS" says "in the token... ok" installed p11tool --login --test-sign --sign-params rsa-pss --hash sha256 "$key;type=private"
check "--test-sign over SHA-512" says "SHA512... ok" installed p11tool --login --test-sign --hash sha512 "$key;type=private"
check "--generate-ecc" sees ecc.pub --generate-ecc --curve secp256r1 --label ecc --id 0a0b "pkcs11:token=greengrass"
# GnuTLS 3.7 asks for an Ed25519 key by the mechanism of signatures: another tool makes it.
check "an Ed25519 key" mine --keypairgen --key-type EC:edwards25519 --label ed --id 0a0c
check "--export-pubkey of it" sees ed.pub --export-pubkey "pkcs11:token=greengrass;object=ed;type=private"
for object in ecc ed; do
    check "$object signs" says "in the token... ok" installed p11tool --login --test-sign --hash sha512 "pkcs11:token=greengrass;object=$object"
    check "$object's public key" sees again.pub --export "pkcs11:token=greengrass;object=$object;type=public"
    check "is that" same_key again.pub $object.pub
done
test_ca
check "--write a certificate" installed p11tool --login --write --load-certificate ca.crt --label ca "pkcs11:token=greengrass"
check "--export it" sees ca.again --export "pkcs11:token=greengrass;object=ca;type=cert"
check "is that" cmp <(openssl x509 -in ca.crt) <(openssl x509 -in ca.again)
check "--write a private key" installed p11tool --login --write --load-privkey ca.key --label imported "pkcs11:token=greengrass"
check "it signs" says "parameters... ok" installed p11tool --login --test-sign "pkcs11:token=greengrass;object=imported;type=private"
check "it is not to be had" says "CKA_SENSITIVE" installed p11tool --login --info "pkcs11:token=greengrass;object=imported;type=private"
check "--write a secret key" installed p11tool --login --write --secret-key=00112233445566778899aabbccddeeff --label secret \
    "pkcs11:token=greengrass"
listing() { installed p11tool --login --list-all --only-urls pkcs11:token=greengrass | grep -o 'object=.*' | sort; }
printf 'object=%s\n' "ca;type=cert" "ecc;type=private" "ecc;type=public" "ed;type=private" "ed;type=public" \
    "greenkey;type=private" "greenkey;type=public" "imported;type=private" "secret;type=secret-key" >expected
check "--list-all" prints expected listing
check "--set-label" installed p11tool --login --set-label other "pkcs11:token=greengrass;object=ecc;type=private"
check "--set-id" installed p11tool --login --set-id 0d0e "pkcs11:token=greengrass;object=other;type=private"
check "are seen" says "ID: 0d:0e" installed p11tool --login --list-privkeys "pkcs11:token=greengrass;object=other"
check "--delete" installed p11tool --login --batch --delete "pkcs11:token=greengrass;object=other"
refuse "what was deleted" "greenkey" says "object=other" installed p11tool --login --list-privkeys pkcs11:token=greengrass
check "--generate-random" sees random --generate-random=64 "pkcs11:token=greengrass"
check "are 64 octets" test "$(stat -c %s random)" -eq 64
check "certtool finds the key, too" installed certtool --generate-request --load-privkey "$key;type=private" --template <(echo 'cn = "device"') \
    --outfile device.csr
check "the request verifies" says "verify OK" openssl req -in device.csr -verify -noout
check "--list-mechanisms" says "CKM_ECDSA " installed p11tool --list-mechanisms pkcs11:token=greengrass
refuse "a wrong PIN" "PIN" env GNUTLS_PIN=9999 "${loaded[@]}" p11tool --provider "$module" --login --list-privkeys "pkcs11:token=greengrass"

# ---- p11-kit's proxy: several modules as one, ours among them ----
proxy=$(dirname "$modules")/p11-kit-proxy.so
check "the proxy shows it" says "token label *: greengrass" installed pkcs11-tool --module "$proxy" -L
echo "the message" >message
check "and signs" installed pkcs11-tool --module "$proxy" --token-label greengrass --login --pin 1234 --sign -m SHA256-RSA-PKCS \
    --label greenkey -i message -o signature
check "which verifies" openssl dgst -sha256 -verify greenkey.pub -signature signature message
done_with_module
