#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# keymoor-fleet: what it makes opens on a device, is octet for octet what the scripts make, and is made once; bad rows are told.
set -eu
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
device "$@"
cd "$dir"
pki=$KEYMOOR_DEV_DIR/pki
factory=$source/factory
fleet=$build/bin/keymoor-fleet
sign=$pki/oem_root_key.pem

ok "device key" keymoor key export-public com.seqlabs.oem_device_pub_key --pem --out dev.pub
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out own.pem 2>/dev/null
openssl pkey -in own.pem -pubout -out own.pub
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out pair.pem 2>/dev/null
openssl pkey -in pair.pem -outform DER -out pair.der
head -c 32 /dev/urandom >secret.bin
printf '12478;=>@CEFIJLOabdghkmn' >des3.bin # of odd parity
printf '12478;=>@CEFIJLOabdghkmo' >even.bin
printf '12478;=>12478;=>' >alike.bin
printf 'the object' >object.txt
ok "object" "$factory/make_opaque_object.sh" -i object.txt

cat >run.csv <<END
# a production run
device,device_key,make,name,type,key,rules,public_out,object,device_class,sequence,update,certificates,keys,output
d1,dev.pub,opaque-key,fleet.aes,KEY_AES,generate,usage=encrypt+decrypt shared,,,,,,,,aes.opaque
d1,dev.pub,opaque-key,fleet.ec,KEY_ECDSA_KEYPAIR,generate:384,,ec.pub,,,,,,,ec.opaque
d1,dev.pub,opaque-key,"fleet ""quoted"", name",KEY_HMAC,secret.bin,max_uses=7,,,,,,,,hmac.opaque
d1,dev.pub,object-id,,,,max_opens=2,,object.txt.oocfg,,,,,,object.oid
c1,own.pub,manifest,,,,,,,door,5,no,com.seqlabs.oem_cloud_cert=$pki/oem_cloud_cert.pem; com.example.ca=$pki/emp_root_cert.pem,"w=KEY_HMAC:secret.bin,shared,max_uses=9;g=KEY_AES:generate",door.manifest

d2,nothing.pub,opaque-key,a,KEY_AES,generate,,,,,,,,,bad1
d3,dev.pub,opaque-key,a,KEY_NONSENSE,generate,,,,,,,,,bad2
d4,dev.pub,opaque-key,a,KEY_AES,generate,color=blue,,,,,,,,bad3
d5,dev.pub,teapot,a,KEY_AES,generate,,,,,,,,,bad4
d6,dev.pub,opaque-key,a,KEY_AES,generate,,,,,,,,,aes.opaque
d7,dev.pub,opaque-key
d8,dev.pub,opaque-key,a "b",KEY_AES,generate,,,,,,,,,bad5
d9,dev.pub,opaque-key,,KEY_AES,generate,,,,,,,,,bad6
d10,dev.pub,opaque-key,$(printf 'x%.0s' $(seq 64)),KEY_AES,generate,,,,,,,,,bad7
d11,$pki/oem_root_cert.pem,opaque-key,a,KEY_AES,generate,,,,,,,,,bad8
d12,dev.pub,opaque-key,a,KEY_DES3,even.bin,,,,,,,,,bad9
d13,own.pub,manifest,,,,,,,door,6,no,com.example.ca=$pki/emp_root_cert.pem,w=KEY_DES3:alike.bin,bad10
d14,dev.pub,opaque-key,a,KEY_DES3,secret.bin,,,,,,,,,bad11
d15,dev.pub,opaque-key,fleet.des3,KEY_DES3,des3.bin,,,,,,,,,des3.opaque
END
status=0
"$fleet" --sign "$sign" --oem-root "$pki/oem_root_cert.pem" run.csv >table.csv 2>err || status=$?
same "some rows failed" 1 "$status"
same "made" 6 "$(grep -c ',made,' table.csv)"
same "failed" 13 "$(grep -c ',failed,' table.csv)"
told() { # LINE TEXT: the row of that line has that sentence
    grep -q "^$1,.*failed.*$2" table.csv || { echo "FAILED: line $1 is not told '$2':" >&2; cat table.csv >&2; exit 1; }
    passed=$((passed + 1))
}
told 9 nothing.pub
told 10 "no key type 'KEY_NONSENSE'"
told 11 "color=blue"
told 12 teapot
told 13 "line 3 writes the same output"
told 14 "3 fields"
told 15 "quote"
told 16 "1 to 63 octets"
told 17 "1 to 63 octets"
told 18 "no public key"
told 19 "odd parity"
told 20 "parts that all differ"
told 21 "16 or 24 octets, not 32"
for bad in bad1 bad2 bad3 bad4 bad5 bad6 bad7 bad8 bad9 bad10 bad11; do [ ! -e $bad ] || { echo "FAILED: $bad was made" >&2; exit 1; }; done

ok "again" sh -c "'$fleet' --sign '$sign' --oem-root '$pki/oem_root_cert.pem' --json run.csv >table.json || [ \$? -eq 1 ]"
same "nothing is made twice" "0 6 13" \
    "$(python3 -c 'import json; t = json.load(open("table.json")); print(t["made"], t["there"], t["failed"])')"
rm aes.opaque
"$fleet" --sign "$sign" --oem-root "$pki/oem_root_cert.pem" run.csv >table.csv 2>err || true
same "what is gone is made again" 1 "$(grep -c ',made,' table.csv)"
sed -i 's/max_uses=7/max_uses=8/' run.csv
"$fleet" --sign "$sign" --oem-root "$pki/oem_root_cert.pem" run.csv >table.csv 2>err || true
same "what changed is made again" 1 "$(grep -c ',made,' table.csv)"

# The device takes them.
for package in aes ec hmac des3; do
    same "the device takes $package" 0x00000000 "$("$build/tests/opaque_client" save $package.opaque)"
done
same "its rules" "8.0" "$(keymoor key show 'fleet "quoted", name' --json | python3 -c 'import json,sys; print(float(json.load(sys.stdin)["uses_left"]))')"
same "the generated pair" "$(openssl pkey -pubin -in ec.pub -pubout)" "$(keymoor key export-public fleet.ec --pem)"
ok "the object opens" "$build/bin/clrc_opaque_objects_demo" -k object.oid -i object.txt.enc -o opened.txt
ok "it is the object" cmp object.txt opened.txt

# Given the same lots, the scripts' packages and ours are the same octets.
same_octets() { # WHAT FILE
    ok "$1" "$build/tests/fleet_same" own.pem "$2"
}
ok "script: opaque key" "$factory/make_opaque_key_package.sh" -n k -t KEY_AES -K secret.bin -S "$sign" -D own.pub -o s1 \
    --usage encrypt,decrypt --shared --max-uses 300
ok "script: key pair" "$factory/make_opaque_key_package.sh" -n k -t KEY_ECDSA_KEYPAIR -K pair.der -S "$sign" -D own.pub -o s2
ok "script: object id" "$factory/make_opaque_object_identifier.sh" -i object.txt.oocfg -S "$sign" -D own.pub -o s3 --max-opens 9
ok "script: manifest" "$factory/make_manifest.sh" -k "$sign" -r "$pki/oem_root_cert.pem" -p own.pub -n door -s 300 -d "$pki" \
    -K w=KEY_HMAC:secret.bin,usage=mac,shared,max_uses=200,not_after=4000000000 -K p=KEY_ECDSA_KEYPAIR:pair.pem -o s4
for file in s1 s2 s3 s4; do same_octets "the scripts' $file" $file; done
cat >own.csv <<END
device,device_key,make,name,type,key,rules,object,output
,own.pub,opaque-key,k,KEY_AES,secret.bin,usage=encrypt+decrypt shared max_uses=300,,f1
,own.pub,object-id,,,,max_opens=9,object.txt.oocfg,f3
END
ok "ours" "$fleet" --sign "$sign" own.csv
same_octets "our f1" f1
same_octets "our f3" f3
same_octets "our manifest" door.manifest
same "the same size" "$(($(wc -c <s1) / 8))" "$(($(wc -c <f1) / 8))"

# Certificate commands: the same content as the scripts' and as a second builder's, whoever it is for.
builder=$source/tests/system/command_builder.py
openssl genrsa -out command_rsa.pem 2048 2>/dev/null
openssl genrsa -out command_weak.pem 1024 2>/dev/null
: >index.txt
echo 01 >crlnumber
printf '[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\ndefault_md=sha256\ndefault_crl_days=30\ncrlnumber=crlnumber\n' >crl.conf
ok "a revocation list" openssl ca -config crl.conf -gencrl -keyfile "$sign" -cert "$pki/oem_root_cert.pem" -out list.crl
openssl crl -in list.crl -outform DER -out list.der
openssl x509 -in "$pki/oem_root_cert.pem" -outform DER -out root.der
openssl pkey -pubin -in own.pub -outform DER -out own.der
cat >commands.csv <<END
make,operation,name,certificate,sequence,device_key,time,output
command,addAuthority,,root.der,,,,c1
command,updateAuthority,,$pki/oem_root_cert.pem,300,own.pub,,c2
command,deleteAuthority,,root.der,9223372036854775807,,,c3
command,addRevocation,,root.der,128,,,c4
command,addCrl,,list.crl,1,,,c5
command,updateNamed,com.seqlabs.oem_root_cert,root.der,5,own.der,,c6
command,numbersOnly,,,7,,,c7
command,setTime,,,8,own.pub,4000000000,c8
command,addNothing,,root.der,,,,bad1
command,addAuthority,a,root.der,,,,bad2
command,updateNamed,,root.der,,,,bad3
command,updateNamed,x_csr,root.der,,,,bad4
command,numbersOnly,,,,,,bad5
command,setTime,,,8,,4000000000,bad6
command,addAuthority,,list.crl,,,,bad7
command,addAuthority,,root.der,0,,,bad8
command,addCrl,,root.der,,,,bad9
END
script=$factory/make_certificate_command.sh
for key in pair.pem command_rsa.pem; do
    status=0
    "$fleet" --no-journal --sign $key commands.csv >table.csv 2>err || status=$?
    same "commands made, and not" "1 8 9" "$status $(grep -c ',made,' table.csv) $(grep -c ',failed,' table.csv)"
    for bad in bad1 bad2 bad3 bad4 bad5 bad6 bad7 bad8 bad9; do [ ! -e $bad ] || { echo "FAILED: $bad was made" >&2; exit 1; }; done
    ok "script 1" "$script" -k $key -a addAuthority -c "$pki/oem_root_cert.pem" -o s1
    ok "script 2" "$script" -k $key -a updateAuthority -c root.der -s 300 -d own.der -o s2
    ok "script 3" "$script" -k $key -a deleteAuthority -c root.der -s 9223372036854775807 -o s3
    ok "script 4" "$script" -k $key -a addRevocation -c root.der -s 128 -o s4
    ok "script 5" "$script" -k $key -a addCrl -c list.der -s 1 -o s5
    ok "script 6" "$factory/make_named_cert_stp.sh" -k $key -n com.seqlabs.oem_root_cert -c root.der -s 5 -d own.pub -o s6
    ok "script 7" "$script" -k $key -a numbersOnly -s 7 -o s7
    ok "script 8" "$script" -k $key -a setTime -s 8 -d own.pub -t 4000000000 -o s8
    ok "builder 1" "$builder" build $key addAuthority p1 body=root.der
    ok "builder 2" "$builder" build $key updateAuthority p2 sequence=300 device=own.der body=root.der
    ok "builder 3" "$builder" build $key deleteAuthority p3 sequence=9223372036854775807 body=root.der
    ok "builder 4" "$builder" build $key addRevocation p4 sequence=128 body=root.der
    ok "builder 5" "$builder" build $key addCrl p5 sequence=1 body=list.der
    ok "builder 6" "$builder" build $key updateNamed p6 sequence=5 device=own.der name=com.seqlabs.oem_root_cert body=root.der
    ok "builder 7" "$builder" build $key numbersOnly p7 sequence=7
    ok "builder 8" "$builder" build $key setTime p8 sequence=8 device=own.der time=4000000000
    openssl pkey -in $key -pubout -out command.pub
    for i in 1 2 3 4 5 6 7 8; do
        for who in c s p; do
            "$builder" read $who$i >$who$i.fields
            ok "$who$i is signed" openssl dgst "-$(sed -n 's/^digest //p' $who$i.fields)" -verify command.pub \
                -signature $who$i.signature $who$i.content
        done
        ok "one content, c$i s$i" cmp c$i.content s$i.content
        ok "one content, c$i p$i" cmp c$i.content p$i.content
    done
done
same "fields" "digest sha256
operation updateNamed
sequence 5
device $(openssl dgst -sha256 -r own.der | cut -d ' ' -f 1)
name com.seqlabs.oem_root_cert" "$(cat c6.fields)"
told 10 "'addNothing', which is none"
told 11 "has one too many"
told 14 "lacks a column"
told 16 "no certificate"
told 17 "2^63"
"$fleet" --no-journal --sign command_weak.pem commands.csv >table.csv 2>err || true
told 2 "too weak"
refused "a weak key" "too weak" "$script" -k command_weak.pem -a numbersOnly -s 1 -o x
refused "SHA-1" "SHA-256" "$script" -k pair.pem -g sha1 -a numbersOnly -s 1 -o x
refused "no sequence" "needs -s" "$script" -k pair.pem -a numbersOnly -o x
refused "a time too many" "has no -t" "$script" -k pair.pem -a addAuthority -c root.der -t 5 -o x
refused "a name too many" "has no -n" "$script" -k pair.pem -a addAuthority -c root.der -n x -o x
refused "a sequence of 0" "9223372036854775807" "$script" -k pair.pem -a numbersOnly -s 0 -o x
refused "too high a sequence" "9223372036854775807" "$script" -k pair.pem -a numbersOnly -s 9223372036854775808 -o x
refused "a name of a request" "signing request" "$factory/make_named_cert_stp.sh" -k pair.pem -n com.seqlabs.oem_device_csr -c root.der -o x
refused "no certificate" "not a certificate" "$factory/make_named_cert_stp.sh" -k pair.pem -n x -c list.der -o x
refused "no device key" "not a public key" "$factory/make_named_cert_stp.sh" -k pair.pem -n x -c root.der -d root.der -o x
[ ! -e x ] || { echo "FAILED: x was made" >&2; exit 1; }

# The example of the formats page: it reads, and its signer signed it.
ok "the page's example" "$builder" example "$source/docs/formats.md" page.stp page.der
ok "it reads" "$builder" read page.stp
ok "its signer" openssl pkey -pubin -inform DER -in page.der -out page.pub
ok "its signature" openssl dgst -sha256 -verify page.pub -signature page.stp.signature page.stp.content
ok "its certificate" openssl x509 -inform DER -in page.stp.body -noout

# Who signs: a token, Keymoor.
cat >verify.py <<'END'
import subprocess, sys
def header(data, at):
    n, at = data[at + 1], at + 2
    if n & 0x80:
        count = n & 0x7f
        n, at = int.from_bytes(data[at:at + count], "big"), at + count
    return at, n
data = open(sys.argv[2], "rb").read()
at, _ = header(data, 0)
start, length = header(data, at)
open("sig.bin", "wb").write(data[start:start + length])
open("content.bin", "wb").write(data[start + length:])
sys.exit(subprocess.call(["openssl", "dgst", "-" + sys.argv[3], "-verify", sys.argv[1], "-signature", "sig.bin", "content.bin"]))
END
printf 'device,device_key,make,name,type,key,output\nx,own.pub,opaque-key,k,KEY_AES,secret.bin,signed.out\n' >one.csv
ok "a key in Keymoor" keymoor key create fleet.signer --type KEY_ECDSA_KEYPAIR --bits 256
keymoor key export-public fleet.signer --pem --out signer.pub
ok "signs" "$fleet" --no-journal --sign clrc:fleet.signer --provider-path "$build/ossl-modules" one.csv
ok "Keymoor's signature holds" python3 verify.py signer.pub signed.out sha256
refused "no such key in Keymoor" "no key in Keymoor" "$fleet" --no-journal --sign clrc:nobody --provider-path "$build/ossl-modules" one.csv
module=$(for lib in /usr/lib/softhsm/libsofthsm2.so /usr/lib/*/softhsm/libsofthsm2.so; do [ ! -e "$lib" ] || echo "$lib"; done | head -1)
if [ -n "$module" ] && command -v softhsm2-util >/dev/null; then
    mkdir tokens
    echo "directories.tokendir = $dir/tokens" >softhsm.conf
    export SOFTHSM2_CONF=$dir/softhsm.conf
    printf 1234 >pin
    ok "token" softhsm2-util --init-token --free --label factory --so-pin 1234 --pin 1234
    openssl genrsa -out rsa.pem 2048 2>/dev/null
    for pair in "01 ec pair sha384" "02 rsa rsa sha256"; do
        # shellcheck disable=SC2086 # words on purpose
        set -- $pair
        openssl pkcs8 -topk8 -nocrypt -in "$3.pem" -out "$3.p8"
        ok "import $2" softhsm2-util --import "$3.p8" --token factory --label "sign-$2" --id "$1" --pin 1234
        openssl pkey -in "$3.pem" -pubout -out "$3.pub"
        ok "the token's $2 key signs" "$fleet" --no-journal \
            --sign "pkcs11:token=factory;object=sign-$2?module-path=$module&pin-source=file:$dir/pin" one.csv
        ok "its signature holds" python3 verify.py "$3.pub" signed.out "$4"
    done
    refused "no such key in the token" "holds no private key" "$fleet" --no-journal \
        --sign "pkcs11:token=factory;object=other?module-path=$module&pin-source=file:$dir/pin" one.csv
    printf 4321 >pin
    refused "a wrong PIN" "login" "$fleet" --no-journal \
        --sign "pkcs11:token=factory;object=sign-ec?module-path=$module&pin-source=file:$dir/pin" one.csv
else
    echo "without SoftHSM no token is tried"
fi

# Interrupted, and begun again: nothing that the journal names is made again, nothing is half made.
mkdir many
{
    echo device,device_key,make,name,type,key,output
    for i in $(seq 6000); do echo "d$i,own.pub,opaque-key,k$i,KEY_AES,generate,many/$i"; done
} >many.csv
"$fleet" --sign "$sign" --quiet many.csv 2>err &
run=$!
until [ "$(find many -type f | wc -l)" -gt 2500 ]; do sleep 0.02; done
kill -KILL $run
wait $run 2>/dev/null || true
noted=$(wc -l <many.csv.journal)
if [ "$noted" -eq 0 ] || [ "$noted" -ge 6000 ]; then
    echo "FAILED: the journal has $noted rows" >&2
    exit 1
fi
(cd many && find . -type f ! -name '*.km-new' -exec sha256sum {} +) >before
ok "the rest" "$fleet" --sign "$sign" --json --results many.json many.csv
same "what was noted is there" "$noted" "$(python3 -c 'import json; print(json.load(open("many.json"))["there"])')"
same "all are there" 6000 "$(find many -type f ! -name '*.km-new' | wc -l)"
(cd many && find . -type f ! -name '*.km-new' -exec sha256sum {} +) >after
kept=$(sort before after | uniq -d | wc -l)
[ "$kept" -ge "$noted" ] || { echo "FAILED: only $kept of $noted were kept" >&2; exit 1; }
ok "one of them opens" "$build/tests/fleet_same" own.pem many/6000
refused "an unknown column" "no column 'colour'" sh -c "printf 'device,colour\n' >c.csv; '$fleet' --sign '$sign' c.csv"
refused "an empty file" "no head" sh -c ": >c.csv; '$fleet' --sign '$sign' c.csv"
refused "no signer" "sign" "$fleet" one.csv
refused "a signer that is none" "no private key" "$fleet" --sign own.pub one.csv
ok "help" "$fleet" --help
done_testing
