#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Payload packages from four builders (the factory's script, the server's and the board's program, one in Python) held
# against three readers (openssl, server, board), versions that do not go back, and a payload that is larger than memory may be.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
set -eu
device "$@"
here=$(cd "$(dirname "$0")" && pwd)
cd "$dir"
demo=$build/bin/clrpv_demo
server=$build/bin/clrpv_demo_x86_64
script=$source/factory/make_payload_package.sh
python=$here/payload_builder.py
pki=$KEYMOOR_DEV_DIR/pki
payload_key=com.seqlabs.oem_payload_pub_key

openssl ecparam -genkey -name prime256v1 -out ec.key 2>/dev/null # with parameters before the key
openssl ecparam -genkey -name secp384r1 -noout -out ec384.key
openssl ecparam -genkey -name secp224r1 -noout -out ec224.key
openssl genrsa -out rsa.key 2048 2>/dev/null
openssl dsaparam -genkey 2048 2>/dev/null | openssl pkey -out dsa.key
openssl pkey -in ec.key -outform DER -out ec.der
openssl pkey -in ec.key -pubout -out ec.pub.pem
head -c 300000 /dev/urandom >payload
: >empty

# by_openssl PACKAGE HASH KEY: an openssl command verifies what the second reader cut out.
by_openssl() {
    "$python" read "$1" >"$1.fields" && openssl pkey -in "$3" -pubout -out public.pem &&
        openssl dgst "-$2" -verify public.pem -signature "$1.signature" "$1.content" && cmp payload "$1.payload"
}

# agreed BUILDER KEY HASH COMMAND...: makes `package` and lets everybody read it.
agreed() {
    local who=$1 key=$2 hash=$3
    shift 3
    rm -f package got
    ok "$who makes $hash with $key" "$@"
    ok "openssl verifies $who's $hash with $key" by_openssl package "$hash" "$key"
    ok "the server verifies $who's $hash with $key" "$server" -V -k "$key" -s package -p got
    ok "and gets the payload" cmp payload got
    rm -f got
    ok "the board verifies $who's $hash with $key" "$demo" -V -k "$key" -s package -p got
    ok "and gets the payload" cmp payload got
}

for pair in ec.key:sha1 ec.key:sha224 ec.key:sha256 ec384.key:sha384 ec.key:sha512 ec224.key:sha224 rsa.key:md5 rsa.key:sha1 rsa.key:sha256 \
    rsa.key:sha512 dsa.key:sha1 dsa.key:sha256; do
    key=${pair%:*} hash=${pair#*:}
    agreed script "$key" "$hash" "$script" -k "$key" -d "$hash" -p payload -o package
    agreed python "$key" "$hash" "$python" build "$key" "$hash" payload package
    agreed server "$key" "$hash" "$server" -E -k "$key" -d "$hash" -p payload -s package
    agreed board "$key" "$hash" "$demo" -E -k "$key" -d "$hash" -p payload -s package
done

# The three writers agree on every octet but the signature.
"$script" -k ec.key -d sha256 -p payload -v 300 -t door -o a && "$python" read a >a.fields
"$python" build ec.key sha256 payload b 300 door && "$python" read b >b.fields
"$server" -E -k ec.der -d sha256 -p payload -v 300 -t door -s c >/dev/null && "$python" read c >c.fields
"$demo" -E -k ec.der -d sha256 -p payload -v 300 -t door -s d >/dev/null && "$python" read d >d.fields
for other in b c d; do ok "one content" cmp a.content $other.content; done
same "fields" "kind keymoor-payload
hash sha256
version 300
target door" "$(cat a.fields)"

# What the script refuses, in one sentence.
refused "EC and MD5" "can't sign a md5 digest" "$script" -k ec.key -d md5 -p payload -o x
openssl genpkey -algorithm X25519 -out x25519.key
openssl genpkey -algorithm DH -pkeyopt group:ffdhe2048 -out dh.key 2>/dev/null
for key in x25519.key dh.key; do
    refused "$key" "signing key is neither" "$script" -k $key -d sha256 -p payload -o x
    refused "$key on the server" "can't sign" "$server" -E -k $key -d sha256 -p payload -s x
    refused "$key on the board" "can't sign" "$demo" -E -k $key -d sha256 -p payload -s x
done
refused "no payload" "can't read 'none'" "$script" -k ec.key -p none -o x
refused "a bad hash" "no hash 'sha3'" "$script" -k ec.key -d sha3 -p payload -o x
refused "a bad version" "the version (-v)" "$script" -k ec.key -p payload -v -1 -o x
refused "an encrypted key" "not a private key" sh -c "openssl ec -in ec.key -aes128 -passout pass:abcd -out locked.key 2>/dev/null; '$script' -k locked.key -p payload -o x"
[ ! -e x ] || { echo "FAILED: a refusal left a package" >&2; exit 1; }
same "nothing lies about" "" "$(find . -name '*.new.*' -o -name '*.content.[0-9]*' -o -name '.km-*')"

# The worked example of the formats page is one.
# shellcheck disable=SC2016 # dollars and back-quotes are the page's
sed -n '/^## Payload package/,$p' "$source/docs/formats.md" >page
# shellcheck disable=SC2016
sed -n '/^00  30 81 82/,/^```/{/^```/d;p}' page | cut -c5-52 | grep -oE '\b[0-9a-f]{2}\b' | tr -d '\n' >hex
python3 -c 'import sys; open("x.pkg", "wb").write(bytes.fromhex(open("hex").read()))'
# shellcheck disable=SC2016
sed -n 's/^The public key it verifies with: `\([^`]*\)`.*/\1/p' page | openssl base64 -d -A >x.der
printf 'hello\n' >hello
ok "the example" "$server" -V -k x.der -s x.pkg -p got -t radio -v 7
ok "its payload" cmp hello got

# The board: its provisioned key, targets, versions, and what lasts.
sign() { "$script" -k "$pki/oem_payload_key.pem" -d sha256 -p payload "$@"; }
deliver() { "$demo" -V -k "$payload_key" -p got "$@"; }
sign -v 5 -t radio -o v5
sign -v 6 -t radio -o v6
sign -t radio -o v0
sign -v 2 -t door -o door2
ok "version 5" deliver -s v5 -t radio
refused "another target" "for another target" deliver -s door2 -t radio
refused "no target expected" "for another target" deliver -s door2
refused "below what is asked for" "older" deliver -s v5 -t radio -v 6
ok "version 6" deliver -s v6 -t radio
refused "back to 5" "older" deliver -s v5 -t radio
refused "back to none" "older" deliver -s v0 -t radio
ok "another target has versions of its own" deliver -s door2 -t door
"$script" -k ec.key -d sha256 -p payload -v 99 -t radio -o foreign
rm -f got
refused "somebody else's key" "signature does not fit" deliver -s foreign -t radio
[ ! -e got ] || { echo "FAILED: a refusal left a payload" >&2; exit 1; }
ok "and 6 still counts" deliver -s v6 -t radio
stop_service
start_service
refused "after a restart" "older" deliver -s v5 -t radio
ok "after a restart" deliver -s v6 -t radio
"$server" -E -k ec.key -d sha1 -p payload -s weak >/dev/null 2>&1
refused "strict" "MD5 and SHA-1" "$demo" -V -x -k ec.key -s weak -p got
ok "by default with a warning" "$demo" -V -k ec.key -s weak -p got
cp err warned
ok "the warning" grep -q "warning: sha1 is weak" warned
refused "without -d" "EC keys only" "$demo" -E -k rsa.key -p payload -s x

# A payload of 512 MiB that is a hole, with 64 MiB of memory to be had.
truncate -s 512M huge
limited() { (ulimit -v "$1"; shift; "$@"); }
if [ "${KEYMOOR_SANITIZED:-}" != 1 ]; then
    ok "the script takes it" "$script" -k ec.key -d sha256 -p huge -o huge.pkg
    ok "the server verifies it" limited 65536 "$server" -V -k ec.key -s huge.pkg -p huge.out
    ok "the same octets" cmp huge huge.out
    rm -f huge.out
    ok "the board verifies it" limited 262144 "$demo" -V -k ec.key -s huge.pkg -p huge.out
    ok "the same octets" cmp huge huge.out
    rm -f huge.pkg huge.out
    ok "the server makes one" limited 65536 "$server" -E -k ec.key -d sha256 -p huge -s huge.pkg
    rm -f huge.pkg
fi
# Heads with lengths beyond 32 bits, and not the octets: refused at once.
python3 - "$(dirname "$python")" <<'PY'
import sys
sys.path.insert(0, sys.argv[1])
from der import element, number, oid
def header(tag, length):
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([tag, 128 + len(octets)]) + octets
size = 5 << 30
fields = element(12, b"keymoor-payload") + number(2, 1) + oid("1.2.840.10045.4.3.2") + element(12, b"sha256") + header(4, size)
content = header(0x30, len(fields) + size) + fields
signature = element(4, b"none")
head = header(0x30, len(signature) + len(content) + size) + signature + content
with open("long", "wb") as stream:
    stream.write(head)
with open("hole", "wb") as stream:
    stream.write(head)
    stream.truncate(len(head) + size + 1)
PY
refused "5 GiB that are not there" "ends early" "$server" -V -k ec.key -s long -p got
refused "5 GiB and one octet" "something follows" "$server" -V -k ec.key -s hole -p got
rm -f huge hole
done_testing
