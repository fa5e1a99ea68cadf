#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The keymoor command: every verb, its JSON, and what it says to bad input.
set -eu
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
device "$@"
cd "$dir"

ok "status" keymoor status
ok "status as JSON" sh -c 'keymoor status --json | python3 -m json.tool'
same "provisioned keys" 10 "$(keymoor key list --json | python3 -c 'import json,sys; print(len(json.load(sys.stdin)))')"
same "provisioned certificates" 10 "$(keymoor cert list --json | python3 -c 'import json,sys; print(len(json.load(sys.stdin)))')"

ok "create" keymoor key create door
ok "show" keymoor key show door
same "not exportable by default" False \
    "$(keymoor key show door --json | python3 -c 'import json,sys; print(json.load(sys.stdin)["exportable"])')"
refused "create again" 0xffff0009 keymoor key create door
refused "export" 0xffff0104 keymoor key export door --out stolen
[ ! -e stolen ] || { echo "FAILED: a refused export left a file" >&2; exit 1; }
ok "export public" keymoor key export-public door --pem --out door.pub.pem
ok "the public key is one" openssl pkey -pubin -in door.pub.pem -noout
ok "request" keymoor csr door --subject '/CN=door 7/O=Example\/Co/C=DE' --pem --out door.csr
ok "the request verifies" openssl req -in door.csr -verify -noout
same "subject" "subject=CN = door 7, O = Example/Co, C = DE" "$(openssl req -in door.csr -noout -subject)"
refused "subject without a type" "not a subject" keymoor csr door --subject 'door' --out x.csr
refused "unknown subject type" "not a subject" keymoor csr door --subject '/XX=door' --out x.csr
ok "reference" keymoor key reference door --out door.ref.pem
ok "the reference is PEM" grep -q "BEGIN KEYMOOR KEY REFERENCE" door.ref.pem
refused "reference with half a password path" "whole path" keymoor key reference door --password-file pw --out x.ref
refused "reference with too long a password path" "too long" keymoor key reference door --out x.ref \
    --password-file "/$(printf '%01100d' 0)"
[ ! -e x.ref ] || { echo "FAILED: a refused reference left a file" >&2; exit 1; }

for kind in "KEY_AES 128" "KEY_AES 256" "KEY_HMAC 256" "KEY_RSA_KEYPAIR 2048" "KEY_ECDSA_KEYPAIR 384" "KEY_ECDSA_KEYPAIR 521" "KEY_ECDH_KEYPAIR 256"; do
    # shellcheck disable=SC2086 # two words on purpose
    set -- $kind
    ok "create $kind" keymoor key create "k-$1-$2" --type "$1" --bits "$2"
    ok "delete $kind" keymoor key delete "k-$1-$2"
done
ok "RSA request" sh -c 'keymoor key create rsa --type KEY_RSA_KEYPAIR && keymoor csr rsa --subject /CN=r --pem | openssl req -verify -noout'

openssl ecparam -name prime256v1 -genkey -noout -outform DER -out ec.der
ok "import" keymoor key import imported --in ec.der --exportable
ok "export what was made exportable" keymoor key export imported --pem --out imported.pem
same "the same key" "$(openssl ec -inform DER -in ec.der -pubout 2>/dev/null)" "$(openssl pkey -in imported.pem -pubout)"
head -c 20 ec.der >cut.der
refused "a cut key" 0xffff0003 keymoor key import cut --in cut.der
refused "a missing file" "no-such-file" keymoor key import cut --in no-such-file

printf 'correct horse' >pw
printf 'wrong horse' >wrong
ok "password" keymoor password create lock --password-file pw
refused "password again" 0xffff0009 keymoor password create lock --password-file pw
ok "key under it" keymoor key create safe --password lock --password-file pw
refused "without a password" 0xffff0102 keymoor key export-public safe --out safe.der
refused "with a wrong one" 0xffff0102 keymoor key export-public safe --out safe.der --password lock --password-file wrong
ok "with the right one" keymoor key export-public safe --out safe.der --password lock --password-file pw
refused "password in use" 0xffff000b keymoor password delete lock --password-file pw
ok "delete the key" keymoor key delete safe --password lock --password-file pw
ok "delete the password" keymoor password delete lock --password-file pw
# typed PROMPT COMMAND...: what is typed right after the prompt is the password, and is not shown.
typed() {
    local prompt=$1
    shift
    ok "typed for $prompt" "$source/tests/typed.py" "$prompt" 'typed horse' "$@"
    ok "it does not show" sh -c "! grep -q horse out"
}
typed "Password of 'lock'" keymoor password create lock
printf 'typed horse' >pw
ok "it is what was typed" keymoor key create safe --password lock --password-file pw
typed "Password of 'lock'" keymoor key delete safe --password lock
typed "Password lock" clrpv_key_utility -S -n safe -t KEY_ECDSA_KEYPAIR -k ec.der -p lock
ok "delete the key" keymoor key delete safe --password lock --password-file pw
ok "delete the password" keymoor password delete lock --password-file pw

refused "unknown key" 0xffff0008 keymoor key show nobody
refused "a provisioned key stays" 0xffff0105 keymoor key delete com.seqlabs.oem_device_key
refused "a name too long" 0xffff0002 keymoor key create "$(printf 'x%.0s' $(seq 64))"
ok "the longest name" keymoor key create "$(printf 'x%.0s' $(seq 63))"
refused "a name not UTF-8" 0xffff0002 keymoor key create "$(printf 'a\377b')"
refused "an empty name" 0xffff0002 keymoor key create ""
refused "unknown type" "no key type" keymoor key create x --type KEY_NONSENSE
refused "unsupported size" 0xffff000a keymoor key create x --type KEY_RSA_KEYPAIR --bits 512
refused "unknown command" "no command" keymoor frobnicate
refused "option of another command" "does not take" keymoor status --pem
refused "no service" "is it running" keymoor --socket "$dir/nobody.sock" status
refused "no service for keys" 0xffff0201 keymoor --socket "$dir/nobody.sock" key list
ok "help" keymoor --help
ok "audit" keymoor audit
ok "audit shows the creation" sh -c 'keymoor audit --json --count 10000 | grep -q door'
ok "bench" keymoor bench --json

ok "certificate" keymoor cert show com.seqlabs.oem_device_cert
ok "certificate as a file" keymoor cert show com.seqlabs.oem_device_cert --pem --out dc.pem
ok "certificate verifies" openssl verify -CAfile "$KEYMOOR_DEV_DIR/pki/oem_root_cert.pem" dc.pem
ok "request of provisioning" sh -c 'keymoor cert show com.seqlabs.oem_device_csr --pem --out dc.csr && openssl req -in dc.csr -verify -noout'
refused "unknown certificate" 0xffff0008 keymoor cert show nobody
refused "provisioning is over" "0x" keymoor init --pki "$KEYMOOR_DEV_DIR/pki"
done_testing
