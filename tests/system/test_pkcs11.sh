#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What a device was provisioned with, through the PKCS#11 module.
# shellcheck source=SCRIPTDIR/../lib.sh
. "$(dirname "$0")/../lib.sh"
device "$@"

module=$build/pkcs11/libkeymoor_pkcs11.so
name=com.seqlabs.oem_device
id_of() { grep -A9 "label: *$1\$" "$dir/list" | sed -n 's/^ *ID: *//p' | head -1; }

ok "list" pkcs11-tool --module "$module" -O
cp "$dir/out" "$dir/list"
same "certificate and key have one id" "$(id_of ${name}_key)" "$(id_of ${name}_cert)"
id=$(id_of ${name}_key)
ok "read the certificate" pkcs11-tool --module "$module" --read-object --type cert --id "$id" -o "$dir/device.der"
ok "in PEM" openssl x509 -inform DER -in "$dir/device.der" -pubkey -noout -out "$dir/device.pem"
openssl x509 -inform DER -in "$dir/device.der" -pubkey -noout >"$dir/device.pem"
echo text >"$dir/text"
ok "sign" pkcs11-tool --module "$module" --sign -m ECDSA-SHA256 --signature-format openssl --id "$id" -i "$dir/text" -o "$dir/signature"
ok "the certificate verifies it" openssl dgst -sha256 -verify "$dir/device.pem" -signature "$dir/signature" "$dir/text"
refused "delete a provisioned key" "(0x1b)" pkcs11-tool --module "$module" --delete-object --type privkey --id "$id"
done_testing
