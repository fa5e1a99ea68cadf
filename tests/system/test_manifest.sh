#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A device is provisioned by a manifest, as a factory does it: what is installed, refused, mended after kills, and nowhere readable.
set -eu
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
build=$(cd "$1" && pwd)
source=$(cd "$(dirname "$0")/../.." && pwd)
factory=$source/factory
dir=$(mktemp -d "${TMPDIR:-/tmp}/keymoor-manifest.XXXXXX")
chmod 700 "$dir"
cd "$dir"
PATH=$build/bin:$PATH
KEYMOOR_SOCKET=$dir/keymoord.sock
export PATH KEYMOOR_SOCKET
keymoord=""
# shellcheck disable=SC2317 # called by the trap
finish() {
    [ -z "$keymoord" ] || { kill "$keymoord" 2>/dev/null; wait "$keymoord" 2>/dev/null; } || true
    rm -rf "$dir"
}
trap finish EXIT
trap 'exit 1' INT TERM

up() {
    keymoord --state-dir "$dir/state" --socket "$KEYMOOR_SOCKET" --ta-dir "$build/ta" --ta-key "$build/ta-keys" \
        --root "soft:$dir/state/root.secret" --audit "$dir/audit.log" 2>>log &
    keymoord=$!
    until [ -S "$KEYMOOR_SOCKET" ] && keymoor status >/dev/null 2>&1; do
        kill -0 "$keymoord" || { cat log >&2; exit 1; }
        sleep 0.01
    done
}
down() { # SIGNAL
    kill "-$1" "$keymoord" 2>/dev/null || true
    wait "$keymoord" 2>/dev/null || true
    keymoord=""
    rm -f "$KEYMOOR_SOCKET"
}
# new_device: one that was never provisioned.
new_device() {
    [ -z "$keymoord" ] || down TERM
    rm -rf state
    mkdir -m 700 state
    up
}
# said TEXT FILE: the last command said it; FILE is out or err.
said() { grep -q -- "$1" "$2" || { echo "FAILED: nothing says '$1'" >&2; exit 1; }; }
keys() { keymoor key list --json | python3 -c 'import json,sys; print(len(json.load(sys.stdin)))'; }
certs() { keymoor cert list --json | python3 -c 'import json,sys; print(len(json.load(sys.stdin)))'; }

# sign_both DIR: the device certificates for the requests in it.
sign_both() {
    local which
    for which in oem emp; do
        ok "sign $which" "$factory/sign_device_csr.sh" -k "pki/${which}_root_key.pem" -c "pki/${which}_root_cert.pem" \
            -i "$1/${which}_device.csr.pem" -o "$1/${which}_device_cert.pem"
    done
}
# killed_at_seal DIR [OPTION ...]: keymoor init comes to the second of the two seals and no further; it takes no other certificate then.
killed_at_seal() {
    [ -e "$build/tests/kill_at_seal.so" ] || return 0
    local pki=$1
    shift
    same "killed at the second seal" 137 \
        "$(LD_PRELOAD=$build/tests/kill_at_seal.so keymoor init --pki "$pki" "$@" >/dev/null 2>&1; echo $?)"
    mkdir kept
    mv "$pki"/*_device_cert.pem kept
    sign_both "$pki"
    refused "other certificates then" 0xffff000d keymoor init --pki "$pki" "$@"
    mv kept/* "$pki"
    rmdir kept
}

"$factory/make_evaluation_pki.sh" -o pki >/dev/null 2>&1
"$factory/make_evaluation_pki.sh" -o strange >/dev/null 2>&1
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out class.pem 2>/dev/null
openssl pkey -in class.pem -pubout -out class.pub
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out pair.pem 2>/dev/null
printf 'A-SECRET-THAT-MUST-NOT-BE-FOUND!' >secret.bin
# manifest SEQUENCE OUT [OPTION ...]
manifest() {
    local number=$1 out=$2
    shift 2
    "$factory/make_manifest.sh" -k pki/oem_root_key.pem -r pki/oem_root_cert.pem -p class.pub -n door -s "$number" -o "$out" "$@"
}
manifest 1 m1 -d pki -c com.example.ca=strange/emp_root_cert.pem -K com.example.wifi=KEY_HMAC:secret.bin,shared,max_uses=100 \
    -K com.example.pair=KEY_ECDSA_KEYPAIR:pair.pem
manifest 2 m2 -U -K com.example.wifi=KEY_HMAC:secret.bin,shared -c com.seqlabs.oem_cloud_cert=strange/oem_cloud_cert.pem
manifest 1 other -d pki

new_device
root=pki/oem_root_cert.pem
refused "no class key" "no class key yet" keymoor init --manifest m1 --oem-root $root
ok "class key" keymoor init --class-key class.pem
said "destroy class.pem" err
ok "class key again" keymoor init --class-key class.pem --class-key-out out.pub
ok "its public half" cmp class.pub out.pub
refused "another class key" 0xffff0009 keymoor init --class-key pki/emp_root_key.pem
refused "it is not exported" 0xffff0104 keymoor key export org.keymoor.class_key --out stolen.der
refused "whom to trust is asked" "oem-root" keymoor init --manifest m1
refused "another root" 0xffff0111 keymoor init --manifest m1 --oem-root strange/oem_root_cert.pem
refused "an update of nothing" 0xffff000d keymoor init --manifest m2 --oem-root $root
refused "no certificate" "holds no certificate" keymoor init --manifest m1 --oem-root class.pub
same "nothing was changed" "1 0" "$(keys) $(certs)"
ok "installed" keymoor init --manifest m1 --oem-root $root
same "keys" 9 "$(keys)"
same "certificates" 7 "$(certs)"
ok "again" keymoor init --manifest m1
said "nothing was changed" out
same "the certificate" "$(openssl x509 -in pki/oem_cloud_cert.pem -outform DER | sha256sum)" \
    "$(keymoor cert show com.seqlabs.oem_cloud_cert --pem | openssl x509 -outform DER | sha256sum)"
same "the public key" "$(openssl x509 -in pki/oem_payload_cert.pem -noout -pubkey)" \
    "$(keymoor key export-public com.seqlabs.oem_payload_pub_key --pem)"
same "the key pair" "$(openssl pkey -in pair.pem -pubout)" "$(keymoor key export-public com.example.pair --pem)"
refused "a key of the manifest is not exported" 0xffff0104 keymoor key export com.example.pair --out stolen.der
refused "another manifest" 0xffff0009 keymoor init --manifest other
ok "device keys" keymoor init --pki pki
sign_both pki
killed_at_seal pki
ok "sealed" keymoor init --pki pki
said provisioned out
ok "whom it obeys" keymoor cert store list
said "Commands without one are refused" out
"$factory/make_certificate_command.sh" -k pki/oem_command_key.pem -a addAuthority -c strange/emp_root_cert.pem -o unnumbered
refused "a command without a sequence" 0xffff0121 keymoor cert command unnumbered
"$factory/make_certificate_command.sh" -k pki/oem_command_key.pem -a addAuthority -c strange/emp_root_cert.pem -s 1 -o numbered
ok "one with" keymoor cert command numbered
same "keys after the seal" 13 "$(keys)"
ok "again after the seal" keymoor init --manifest m1
refused "another after the seal" 0xffff0009 keymoor init --manifest other
refused "deletion" 0xffff0105 keymoor key delete com.example.wifi
ok "update" keymoor init --manifest m2
same "the certificate changed" "$(openssl x509 -in strange/oem_cloud_cert.pem -outform DER | sha256sum)" \
    "$(keymoor cert show com.seqlabs.oem_cloud_cert --pem | openssl x509 -outform DER | sha256sum)"
down TERM
up
refused "back to the first" 0xffff0009 keymoor init --manifest m1
manifest 1 old -U
refused "a lower sequence" 0xffff0110 keymoor init --manifest old
"$factory/make_manifest.sh" -k strange/oem_root_key.pem -r strange/oem_root_cert.pem -p class.pub -n door -s 9 -U -o foreign
refused "another signer" 0xffff0111 keymoor init --manifest foreign --trust-first
"$factory/make_manifest.sh" -k pki/oem_root_key.pem -r $root -p class.pub -n gate -s 9 -U -o gate
refused "another class" 0xffff0181 keymoor init --manifest gate
"$factory/make_manifest.sh" -k pki/oem_root_key.pem -r $root -p out.pub -n door -s 9 -U -e AES_CBC_NOPAD -m HMAC_SHA384 -o cbc
ok "another cipher and MAC" keymoor init --manifest cbc
ok "the audit has it" grep -q '"operation":"manifest","subject":"door"' audit.log
down TERM

# Nothing of it is readable in the state directory: names, certificates, secrets, the class.
cat >scan.py <<'END'
import os, subprocess, sys
def der(path):
    return subprocess.run(["openssl", "x509", "-in", path, "-outform", "DER"], stdout=subprocess.PIPE, check=True).stdout
wanted = [b"A-SECRET-THAT-MUST", b"com.example.wifi", b"com.seqlabs", b"class_key", b"Evaluation OEM", b"door"]
for name in ("oem_root", "oem_payload", "emp_root"):
    data = der("pki/%s_cert.pem" % name)
    wanted += [data[-24:], data[len(data) // 2:len(data) // 2 + 24]]
scalar = subprocess.run(["openssl", "pkey", "-in", "class.pem", "-outform", "DER"], stdout=subprocess.PIPE, check=True).stdout
wanted.append(scalar[36:60])
found = 0
for folder, _, files in os.walk(sys.argv[1]):
    for name in files:
        data = open(os.path.join(folder, name), "rb").read()
        found += 1
        for octets in wanted:
            if octets in data or octets in name.encode():
                sys.exit("%r is readable in %s" % (octets, name))
        print(name, len(data))
sys.exit(0 if found >= 2 else "nothing was looked at")
END
ok "nothing is readable" python3 scan.py state
mkdir control
cat m1 secret.bin >control/a
cp m1 control/b
refused "the same scan finds what is there" "readable" python3 scan.py control

# A second builder, from the description alone.
new_device
ok "class key inside" keymoor init --class-key-out class2.pub
openssl x509 -in $root -noout -pubkey >root.pub
ok "second builder" "$source/tests/system/build_manifest.py" pki/oem_root_key.pem class2.pub door 4294967296 0 m3 \
    cert com.seqlabs.oem_root_cert $root key com.seqlabs.oem_pub_key KEY_EC_DUAL_PUBLIC root.pub key k KEY_AES secret.bin
ok "its manifest" keymoor init --manifest m3 --trust-first
ok "status" keymoor status
said "class .*door" out
said "4294967296" out
same "its keys" 3 "$(keys)"
ok "its update" "$source/tests/system/build_manifest.py" pki/oem_root_key.pem class2.pub door 4294967297 1 m4 key k KEY_AES secret.bin
ok "its update is taken" keymoor init --manifest m4

# The example of the formats page is one: it opens with the key that the page gives, and its signer signed it.
cat >example.py <<'END'
import re, subprocess, sys
page = open(sys.argv[1], encoding="utf-8").read()
def octets(name):
    block = re.search("```\nexample: " + name + "\n(.*?)```", page, re.S).group(1)
    return bytes.fromhex("".join("".join(re.split("  +", line)[1]) for line in block.strip().splitlines()))
open("example.der", "wb").write(octets("device key"))
open("example.manifest", "wb").write(octets("manifest"))
open("example.body", "wb").write(octets("manifest body"))
END
ok "example" python3 example.py "$source/docs/formats.md"
ok "example key" openssl pkey -inform DER -in example.der -out example.pem
ok "the example is made as the page says" "$build/tests/fleet_same" example.pem example.manifest
ok "what is in it" "$build/tests/fleet_same" example.pem example.manifest example.body

# The fleet's manifest is taken as well.
cat >fleet.csv <<END
device_key,make,device_class,sequence,update,certificates,keys,output
class2.pub,manifest,door,4294967298,yes,com.example.ca=strange/emp_root_cert.pem,k=KEY_AES:generate,m5
END
ok "fleet" keymoor-fleet --sign pki/oem_root_key.pem fleet.csv
ok "the fleet's manifest" keymoor init --manifest m5

# The owner may let a device obey commands without a sequence.
new_device
ok "class key" keymoor init --class-key class.pem
mkdir own
ok "manifest and requests" keymoor init --manifest m1 --oem-root $root --pki own
sign_both own
killed_at_seal own --allow-unnumbered
ok "unnumbered" keymoor init --pki own --allow-unnumbered
said "without a sequence are obeyed" out
ok "a command without a sequence" keymoor cert command unnumbered

# Without a manifest, killed between the two seals.
new_device
rm pki/*_device_cert.pem
ok "device keys of an evaluation" keymoor init --pki pki
sign_both pki
killed_at_seal pki
ok "sealed in the end" keymoor init --pki pki
said provisioned out

# Killed at any instant: a rerun ends it. The audit trail tells how far it went: one record for each key that is installed.
cat >kill_at.py <<'END'
import os, signal, sys
pid, path, n_wanted = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
with open(path, "rb") as trail:
    n = 0
    while n < n_wanted:
        n += trail.read().count(b"\n")
os.kill(pid, signal.SIGKILL)
END
n_under_way=0
for step in $(seq 1 16); do
    new_device
    keymoor init --class-key class.pem 2>/dev/null
    python3 kill_at.py "$keymoord" audit.log $(($(wc -l <audit.log) + step)) &
    killer=$!
    keymoor init --manifest m1 --oem-root $root >/dev/null 2>&1 || true
    # More records than an installation has come from looking at it.
    while kill -0 $killer 2>/dev/null; do keymoor key list >/dev/null 2>&1 || true; done
    down KILL
    up
    case $(keymoor status --json) in *'"complete":	false'*) n_under_way=$((n_under_way + 1)) ;; esac
    ok "ended after a kill" keymoor init --manifest m1 --oem-root $root
    same "all certificates of it" 7 "$(certs)"
    same "all keys of it" 9 "$(keys)"
    ok "its secret" keymoor key show com.example.wifi
done
echo "$n_under_way of 16 kills came while it was under way"
done_testing
