#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Opaque keys and objects from the factory's scripts, and from a second maker written from docs/formats.md, into a device; each
# opens what the other made; and every way in which they must be refused, with its code.
set -eu
build=$(cd "$1" && pwd)
source=$(cd "$(dirname "$0")/../.." && pwd)
if [ "${2:-}" != inside ]; then
    exec "$build/bin/keymoor" dev "$0" "$build" inside
fi

# shellcheck source=SCRIPTDIR/../lib.sh
. "$source/tests/lib.sh"

factory=$build/factory
client=$build/tests/opaque_client
peer=$source/tests/interop/package_peer.py
work=$KEYMOOR_DEV_DIR/work
mkdir "$work"
cd "$work"
n=0

fail() { echo "FAILED: $1" >&2; exit 1; }

# is CODE WHAT WORD...: the client's result, in the last line.
is() {
    local code=$1 what=$2 got
    shift 2
    got=$("$client" "$@" 2>said | tail -n 1)
    [ "$got" = "$code" ] || { cat said >&2; fail "$what: $got instead of $code"; }
    n=$((n + 1))
}
ok=0x00000000 bad_format=0xffff0003 too_large=0xffff0005 not_found=0xffff0008 exists=0xffff0009 not_supported=0xffff000a
denied=0xffff0101 expired=0xffff0106 used_up=0xffff0107 signature=0xffff0108 mac=0xffff0109
other_device=0xffff0181 not_yet=0xffff0182 other_object=0xffff0183 file=0xffff0180

oem=$KEYMOOR_DEV_DIR/pki/oem_root_key.pem
openssl pkey -in "$oem" -outform DER -out oem.key.der
openssl pkey -in "$oem" -pubout -outform DER -out oem.der
keymoor key export-public com.seqlabs.oem_device_pub_key --out device.der
# A device in software, whose private key is at hand; and somebody else.
for name in soft stranger; do
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -pkeyopt ec_param_enc:named_curve -out $name.pem
    openssl pkey -in $name.pem -pubout -outform DER -out $name.der
done

# key_package OUT WORD...: with the OEM's key for the device, unless the words say otherwise
key_package() {
    local out=$1
    shift
    "$factory/make_opaque_key_package.sh" -S oem.key.der -D device.der -o "$out" "$@"
}

# ---- keys: scripts and device ----

openssl ecparam -name prime256v1 -genkey -noout -outform DER -out ec.der
openssl ec -inform DER -in ec.der -pubout -outform DER -out ec.pub 2>/dev/null
ec_hex=$(od -An -v -tx1 <ec.pub | tr -d ' \n')
for cipher in AES_CTR AES_CBC_NOPAD AES_OFB AES_CFB_128; do
    for hmac in HMAC_SHA1 HMAC_SHA224 HMAC_SHA256 HMAC_SHA384 HMAC_SHA512; do
        key_package key.pkg -n "$cipher $hmac" -t KEY_ECDSA_KEYPAIR -K ec.der -c $cipher -m $hmac
        openssl asn1parse -inform DER -in key.pkg >parsed || fail "openssl can't parse the package"
        grep -q ":keymoor-opaque-key" parsed || fail "not the package's kind"
        grep -q ":ecdsa-with-SHA256" parsed || fail "not the package's algorithm"
        is $ok "$cipher $hmac" save key.pkg
        "$client" show "$cipher $hmac" | grep -qx "$ec_hex" || fail "$cipher $hmac: another key"
        # The second maker reads it, where the private key is at hand.
        key_package soft.pkg -D soft.der -n "$cipher" -t KEY_ECDSA_KEYPAIR -K ec.der -c $cipher -m $hmac
        [ "$("$peer" open-key soft.pkg oem.der soft.pem data)" = "KEY_ECDSA_KEYPAIR $cipher" ] || fail "peer: $cipher $hmac"
        openssl pkcs8 -topk8 -nocrypt -inform DER -in ec.der -outform DER | cmp - data
    done
    # What the second maker made opens on the device, and the other way round for the scripts' reader: the device.
    "$peer" make-key "peer $cipher" KEY_ECDSA_KEYPAIR ec.der "$oem" device.der $cipher HMAC_SHA384 peer.pkg usage=4 maxUses=9 notAfter=4000000000
    is $ok "peer's package, $cipher" save peer.pkg
    "$client" show "peer $cipher" | grep -qx "KEY_ECDSA_KEYPAIR 256 usage=4 attributes=0 maxUses=9 notAfter=4000000000" ||
        fail "peer's rules"
done

# every type that the script packs
head -c 32 /dev/urandom >octets
printf '12478;=>@CEFIJLOabdghkmn' >des3 # of odd parity
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa.pem 2>/dev/null
openssl genpkey -genparam -algorithm DSA -pkeyopt dsa_paramgen_bits:2048 -pkeyopt dsa_paramgen_q_bits:256 \
    -out dsa.params 2>/dev/null
openssl genpkey -paramfile dsa.params -out dsa.pem
openssl genpkey -algorithm DH -pkeyopt group:ffdhe2048 -out dh.pem
openssl genpkey -algorithm ED25519 -out ed.pem
openssl genpkey -algorithm X25519 -out x.pem
openssl genpkey -algorithm ED448 -out ed448.pem
openssl genpkey -algorithm X448 -out x448.pem
openssl pkey -in ec.der -inform DER -out ec.pem
for key in rsa dsa dh ed x ed448 x448 ec; do openssl pkey -in $key.pem -pubout -out $key.pub.pem; done
while read -r type key; do
    key_package key.pkg -n "$type" -t "$type" -K "$key" --usage "$(case $type in
        *ECDSA_PUBLIC | *DSA_PUBLIC | *DUAL_PUBLIC | *ED25519_PUBLIC | *ED448_PUBLIC | *RSA_PUBLIC) echo verify ;;
        *SA_KEYPAIR | *DUAL_KEYPAIR | *ED25519_KEYPAIR | *ED448_KEYPAIR) echo sign ;;
        *ECDH_PUBLIC | *DH_PUBLIC | *X25519_PUBLIC | *X448_PUBLIC) echo '' ;;
        *DH_KEYPAIR | *X25519_KEYPAIR | *X448_KEYPAIR | *SECRET) echo derive ;;
        *HMAC) echo mac ;;
        *) echo encrypt,decrypt ;;
    esac)" 2>said || key_package key.pkg -n "$type" -t "$type" -K "$key"
    is $ok "$type" save key.pkg
    "$client" show "$type" | grep -q "^$type " || fail "$type is not what was saved"
done <<'TYPES'
KEY_AES octets
KEY_HMAC octets
KEY_GENERIC_SECRET octets
KEY_CHACHA20 octets
KEY_DES3 des3
KEY_RSA_KEYPAIR rsa.pem
KEY_RSA_PUBLIC rsa.pub.pem
KEY_DSA_KEYPAIR dsa.pem
KEY_DSA_PUBLIC dsa.pub.pem
KEY_ECDSA_KEYPAIR ec.der
KEY_ECDSA_PUBLIC ec.pub
KEY_ECDH_KEYPAIR ec.pem
KEY_ECDH_PUBLIC ec.pub.pem
KEY_EC_DUAL_KEYPAIR ec.der
KEY_EC_DUAL_PUBLIC ec.pub
KEY_DH_KEYPAIR dh.pem
KEY_DH_PUBLIC dh.pub.pem
KEY_ED25519_KEYPAIR ed.pem
KEY_ED25519_PUBLIC ed.pub.pem
KEY_X25519_KEYPAIR x.pem
KEY_X25519_PUBLIC x.pub.pem
KEY_ED448_KEYPAIR ed448.pem
KEY_ED448_PUBLIC ed448.pub.pem
KEY_X448_KEYPAIR x448.pem
KEY_X448_PUBLIC x448.pub.pem
TYPES

# the rules that the script can set
exe=$(openssl dgst -sha256 "$client" | sed 's/.* //')
key_package key.pkg -n rules -t KEY_ECDSA_KEYPAIR -K ec.der --usage sign,verify --audit-each-use --max-uses 300 \
    --not-after 4294967296 --grant "uid=0,gid=4294967295" --grant "exe=$exe,unit=x.service"
is $ok "a package with all rules" save key.pkg
"$client" show rules | grep -qx "KEY_ECDSA_KEYPAIR 256 usage=12 attributes=4 maxUses=300 notAfter=4294967296" || fail "the rules"

# passwords, other device keys
is $ok password password "PW:secret"
key_package key.pkg -n "with password" -t KEY_AES -K octets
is $ok "under a password" save key.pkg -p "PW:secret"
is 0xffff0102 "without the password" show "with password"
is $ok "with the password" show "with password" -p "PW:secret"
is $ok "a device key of our own" create own
keymoor key export-public own --out own.der
key_package key.pkg -n "to our own" -t KEY_AES -K octets -D own.der
is $other_device "for our own key, opened with the device's" save key.pkg
is $ok "for our own key" save key.pkg -d own

# refusals
is $exists "the same again" save key.pkg -d own
key_package key.pkg -n refused -t KEY_AES -K octets -S stranger.pem
is $signature "a stranger's" save key.pkg
key_package key.pkg -n refused -t KEY_AES -K octets -D stranger.der
is $other_device "a stranger's device" save key.pkg
key_package key.pkg -n refused -t KEY_AES -K ec.der
is $not_supported "no AES key" save key.pkg
key_package key.pkg -n refused -t KEY_AES -K octets
# Sealed octets that change although the OEM signs them: the last one is the tag's.
python3 - key.pkg <<'PY'
import sys
sys.path.insert(0, "")
data = open(sys.argv[1], "rb").read()
at = 4 + 2 + data[5]
content = bytearray(data[at:])
content[-1] ^= 1
open("content", "wb").write(content)
PY
openssl dgst -sha256 -sign "$oem" -out signed content
# shellcheck source=factory/der.sh
( . "$factory/der.sh"; { der_file 4 signed; cat content; } >both; der_file 48 both >key.mac )
is $mac "another tag" save key.mac
head -c 100 key.pkg >short
is $bad_format "cut short" save short
head -c 8193 /dev/zero >long
is $too_large "too long" save long
is $not_found "nothing of the refused is there" show refused
if key_package key.pkg -n n -t KEY_FISH -K octets 2>said; then fail "KEY_FISH is packed"; fi
grep -q "no key type 'KEY_FISH'" said || fail "KEY_FISH: $(cat said)"

# DES3: neither script packs a key that the device would refuse, and the device refuses one that another packed
unfit() { # OCTETS SENTENCE RESULT
    printf %s "$1" >unfit
    rm -f key.pkg
    if key_package key.pkg -n n -t KEY_DES3 -K unfit 2>said; then fail "packed: $1"; fi
    grep -q "$2" said || fail "$1: $(cat said)"
    [ ! -e key.pkg ] || fail "$1 left a package"
    if "$factory/make_manifest.sh" -k oem.key.der -r "$KEYMOOR_DEV_DIR/pki/oem_root_cert.pem" -p device.der -n door -s 1 \
        -K n=KEY_DES3:unfit -o manifest.out 2>said; then fail "in a manifest: $1"; fi
    grep -q "$2" said || fail "$1 in a manifest: $(cat said)"
    "$peer" make-key unfit KEY_DES3 unfit "$oem" device.der AES_CTR HMAC_SHA256 peer.pkg
    is "$3" "$1" save peer.pkg
}
unfit 0123456789abcdefABCDEFGH "odd parity" $bad_format
unfit '12478;=>@CEFIJLo' "odd parity" $bad_format
unfit '12478;=>12478;=>' "parts that all differ" $bad_format
unfit '12478;=>@CEFIJLO12478;=>' "parts that all differ" $bad_format
unfit '12478;=>' "16 or 24 octets" $not_supported
is $not_found "nothing of these either" show unfit

# ---- objects ----

object_for() { # OUT.oid CONFIG WORD...
    local out=$1 config=$2
    shift 2
    "$factory/make_opaque_object_identifier.sh" -i "$config" -S oem.key.der -D device.der -o "$out" "$@"
}
head -c 1500001 /dev/urandom >data
: >empty
for cipher in AES_CTR AES_CBC_NOPAD AES_OFB AES_CFB_128; do
    for what in data empty; do
        "$factory/make_opaque_object.sh" -i $what -c $cipher
        [ "$(stat -c %a $what.oocfg)" = 600 ] || fail "others can read the .oocfg"
        openssl asn1parse -inform DER -in $what.oocfg >/dev/null || fail "openssl can't parse the .oocfg"
        object_for $what.oid $what.oocfg -c $cipher -m HMAC_SHA224
        is $ok "$what, $cipher" open $what.oid $what.enc out
        cmp $what out
        object_for soft.oid $what.oocfg -D soft.der --max-opens 3
        "$peer" open-object soft.oid oem.der soft.pem $what.enc out2 >said || fail "peer: $what, $cipher"
        grep -q "maxOpens=3" said || fail "peer: rules"
        cmp $what out2
    done
    "$peer" make-object data $cipher peer.enc peer.oocfg
    "$peer" make-id peer.oocfg "$oem" device.der $cipher HMAC_SHA256 peer.oid
    is $ok "peer's object, $cipher" open peer.oid peer.enc out
    cmp data out
done

# believed only when all of it is right; until then there is no file, and no leftover
rm out
for change in 0 700000 1500000; do
    cp data.enc changed
    printf 'x' | dd of=changed bs=1 seek=$change conv=notrunc 2>/dev/null
    cmp -s data.enc changed && printf 'y' | dd of=changed bs=1 seek=$change conv=notrunc 2>/dev/null
    is $other_object "an octet at $change" open data.oid changed out
done
head -c 1500000 data.enc >changed
is $other_object "too short" open data.oid changed out
{ cat data.enc; printf x; } >changed
is $other_object "too long" open data.oid changed out
[ ! -e out ] || fail "a wrong object left a file"
[ -z "$(find . -name '.km-*')" ] || fail "a temporary file was left"
is $file "no such file" open data.oid missing out
is $file "no such folder" open data.oid data.enc missing/out

# other signers: a stored EC, RSA or DSA key, and our own device key
for signer in stranger rsa dsa; do
    openssl pkey -in $signer.pem -pubout -outform DER -out signer.der
    is $ok "$signer's public key" public signer.der "signer $signer"
    object_for other.oid data.oocfg -S $signer.pem -D own.der
    is $signature "$signer's, by the OEM's key" open other.oid data.enc out
    is $other_device "$signer's, with the device's key" open other.oid data.enc out -v "signer $signer"
    is $ok "$signer's" open other.oid data.enc out -v "signer $signer" -d own
    cmp data out
done
# Somebody signs what was sealed for the device anew, to have a count of his own.
python3 - data.oid stranger.pem <<PY
import sys
sys.path.insert(0, "$source/tests/interop")
import package_peer as p
content = p.verify(p.load("data.oid"), "keymoor-object-id")
old = content.contents(4)
sealed = content.element(0x30)[2]
p.store("again.oid", p.sign(lambda oid: p.sequence(p.text("keymoor-object-id"), p.integer(1), oid, p.octets(old), sealed), "stranger.pem"))
PY
is $signature "signed anew" open again.oid data.enc out -v "signer stranger"

# times, count, program
object_for timed.oid data.oocfg --not-before 4000000000
is $not_yet "too early" open timed.oid data.enc out
object_for timed.oid data.oocfg --not-after 1000000000
is $expired "too late" open timed.oid data.enc out
object_for exe.oid data.oocfg --executable "$exe" --max-opens 1
cp "$client" other_client
printf x >>other_client
[ "$(./other_client open exe.oid data.enc out 2>/dev/null)" = $denied ] || fail "another program opened it"
if "$build/bin/clrc_opaque_objects_demo" -k exe.oid -i data.enc -o demo.out 2>said; then fail "the demo opened it"; fi
grep -q "not allowed" said || fail "the demo: $(cat said)"
[ ! -e demo.out ] || fail "the demo left a file"
is $ok "the program that may" open exe.oid data.enc out
is $used_up "only once" open exe.oid data.enc out

object_for counted.oid data.oocfg --max-opens 3 --object-id 00112233445566778899aabbccddeeff
is $ok "first" open counted.oid data.enc out
# An opening counts when the object was opened, whatever became of who opened it.
"$client" hold counted.oid >held &
holder=$!
until_true test -s held
[ "$(head -n 1 held)" = $ok ] || fail "not held"
kill -9 $holder
wait $holder 2>/dev/null || true
# The service is killed and comes back with its store.
kill -9 "$KEYMOOR_DEV_SERVICE_PID"
until_true has_ended "$KEYMOOR_DEV_SERVICE_PID"
rm -f "$KEYMOOR_SOCKET"
"$KEYMOOR_DEV_DIR/serve" &
service=$!
trap 'kill $service 2>/dev/null; wait $service 2>/dev/null || true' EXIT
until_true test -S "$KEYMOOR_SOCKET"
is $ok "third, after the kill" open counted.oid data.enc out
is $used_up "fourth" open counted.oid data.enc out
object_for counted.oid data.oocfg --max-opens 3 --object-id 00112233445566778899aabbccddeeff
is $used_up "a new identifier with the same number" open counted.oid data.enc out
object_for counted.oid data.oocfg --max-opens 4 --object-id 00112233445566778899aabbccddeeff
is $ok "one more was allowed" open counted.oid data.enc out
is $used_up "and no more" open counted.oid data.enc out

"$peer" examples "$source/docs/formats.md" >/dev/null || fail "the examples of docs/formats.md do not open"
echo "$n results were as they should be"
