#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The kit: laid out as the user guide prints it, and its printed commands run from the printed folders.
set -eu
# shellcheck source=tests/kit.sh
. "$(dirname "$0")/../kit.sh"
kit "$1"

kit_has corelockr_crypto/lib/libseqr_corelockr_crypto.so corelockr_crypto/include/corelockr_crypto.h \
    corelockr_crypto/ta/138A1951-2A00-BF5A-A463E61F402EBE1D.stp corelockr_crypto/README.txt corelockr_crypto/COPYRIGHT \
    corelockr_crypto/example/seq_oem_ca_key.der corelockr_cert/lib/libseqr_corelockr_cert.so \
    corelockr_cert/include/clrsc_ta_commands.h corelockr_cert/ta/222A521C-62CB-0653-BCE5DD727660FAF0.stp \
    corelockr_ssl/ssl_engine/libclrc.so corelockr_payload_verification/lib/libclrpv.a \
    corelockr_payload_verification/lib/libclrpv_x86_64.a corelockr_payload_verification/include/clrpv.h \
    corelockr_payload_verification/docs/clrpv.md corelockr_payload_verification/bin/make_payload_package.sh \
    corelockr_payload_verification/payload_package_format.txt corelockr_payload_verification/README.txt \
    corelockr_storage/lib/libclrf.a corelockr_storage/include/clrf.h \
    corelockr_storage/ta/5840EE82-131E-4259-BB1F2A9286DA48A8.stp corelockr_storage/docs/clrf.md \
    corelockr_storage/README.txt corelockr_storage/COPYRIGHT corelockr_payload_verification/COPYRIGHT corelockr_payload_verification/example/seq_payload_ca.key \
    corelockr_payload_verification/example/seq_payload_ca_key.der corelockr_payload_verification/example/test-payload \
    corelockr_payload_verification/example_key_utility/ecdsa.der corelockr_tlsio/lib/libseqr_corelockr_tlsio.so \
    corelockr_tlsio/include/clrtls.h corelockr_tlsio/ta/A37F954E-303F-6D5D-B81685157929ADA2.stp corelockr_tlsio/docs/clrtls.md \
    corelockr_tlsio/README.txt corelockr_tlsio/COPYRIGHT corelockr_tlsio/example/client/README.txt \
    corelockr_tlsio/example/client/demo_client.conf.prov corelockr_tlsio/example/client/demo_client.conf.ext \
    corelockr_tlsio/example/client/certs/ca-ext.crt corelockr_tlsio/example/server/demo_server.conf.prov

# The service takes the trusted applications under their printed names, too.
mkdir "$kit/ta"
cp "$kit"/corelockr/*/ta/*.stp "$kit/ta/"
export KEYMOOR_DEV_TA_DIR=$kit/ta

walk <<'WALK'
set -eu
# refused COMMAND...: it must fail with status 1.
refused() {
    status=0
    "$@" || status=$?
    [ "$status" -eq 1 ] || { echo "FAILED: status $status of $*" >&2; exit 1; }
}
cd "$KEYMOOR_KIT/corelockr/corelockr_crypto/example"
./clrc_demo -k seq_oem_ca_key.der -p com.seqlabs.oem_pub_key
cd ../example_key_store_with_password
./clrc_key_store_password
./clrc_key_store_password >again
clrc_demo -k "$KEYMOOR_KIT/corelockr/corelockr_crypto/example/seq_oem_ca_key.der" >/dev/null

# 6.1.2: in either of the two folders that the guide may mean
cd "$KEYMOOR_KIT/corelockr/corelockr_payload_verification/bin"
./make_payload_package.sh -k seq_payload_ca.key -d sha1 -p test-payload -o signed-on-server-payload
mv signed-on-server-payload ../example/from-bin
cd ../example
./make_payload_package.sh -k seq_payload_ca.key -d sha1 -p test-payload -o signed-on-server-payload
./clrpv_demo -E -p test-payload -k seq_payload_ca.key -s encoded-pkg
./clrpv_demo -V -k com.seqlabs.oem_payload_pub_key -s signed-on-server-payload -p new-payload
./clrpv_demo -V -k com.seqlabs.oem_payload_pub_key -s encoded-pkg -p new-payload2
diff test-payload new-payload
diff test-payload new-payload2
./clrpv_demo -V -k com.seqlabs.oem_payload_pub_key -s from-bin -p new-payload3
./clrpv_demo -E -p test-payload -k seq_payload_ca_key.der -s encoded-der
./clrpv_demo -V -k seq_payload_ca_key.der -s encoded-der -p new-payload4
refused ./clrpv_demo -V -k com.seqlabs.oem_pub_key -s encoded-pkg -p refused 2>err
grep -q "signature does not fit" err
[ ! -e refused ] # the payload, not a word of this script
make -s server
./clrpv_demo_x86_64 -E -p test-payload -k seq_payload_ca.key -s encoded-server -d sha256
KEYMOOR_SOCKET=/nonexistent ./clrpv_demo_x86_64 -V -k seq_payload_ca.key -s encoded-server -p new-payload5
./clrpv_demo -V -k com.seqlabs.oem_payload_pub_key -s encoded-server -p new-payload6
for n in 3 4 5 6; do cmp test-payload new-payload$n; done

# 6.2.2
cd ../example_key_utility
./clrpv_key_utility -S -p "MyPW:mypassword"
./clrpv_key_utility -S -n "MyEcdsaKey" -t KEY_ECDSA_KEYPAIR -k ecdsa.der -p "MyPW:mypassword"
./clrpv_key_utility -P -n "MyEcdsaKey" -p "MyPW:mypassword" >printed
./clrpv_key_utility -E -n "MyEcdsaKey" -p "MyPW:mypassword" -k ecdsa-pub.der
./clrpv_key_utility -L -n "MyEcdsaKey"
./clrpv_key_utility -L -p "MyPW:mypassword"
refused ./clrpv_key_utility -P -n "MyEcdsaKey" -p "MyPW:wrong"
refused ./clrpv_key_utility -P -n "MyEcdsaKey"
refused ./clrpv_key_utility -D -p "MyPW:mypassword"
./clrpv_key_utility -D -n "MyEcdsaKey" -p "MyPW:mypassword"
./clrpv_key_utility -D -p "MyPW:mypassword"
./clrpv_key_utility -E -n "com.seqlabs.oem_device_pub_key" -k device_pub_key.der
openssl ec -inform DER -in ecdsa.der -pubout -outform DER -out expected.der 2>/dev/null
cmp expected.der ecdsa-pub.der
grep -q "public value x: $(tail -c 64 expected.der | head -c 32 | od -An -v -tx1 | tr -d ' \n')\$" printed
openssl pkey -pubin -inform DER -in device_pub_key.der -noout -text >/dev/null
# 4.2
cp device_pub_key.der ../../corelockr_opaque_keys/
cd ../../corelockr_opaque_keys
./make_opaque_key_package.sh -n "opaque.ecdsa256.test1" \
    -t KEY_ECDSA_KEYPAIR -K ecdsa256.der \
    -S ../corelockr_crypto/example/seq_oem_ca_key.der \
    -D device_pub_key.der -c AES_CTR -m HMAC_SHA256 \
    -o opaque_key.dat
cp opaque_key.dat ../corelockr_payload_verification/example_key_utility/
./clrpv_key_utility -E -n "com.seqlabs.oem_device_pub_key" -k again.der
cmp again.der device_pub_key.der
openssl ec -inform DER -in ecdsa256.der -pubout -outform DER -out expected.der 2>/dev/null
cp expected.der ../corelockr_payload_verification/example_key_utility/
cd ../corelockr_payload_verification/example_key_utility
./clrpv_key_utility -S -p "OKMyPW:myokpassword"
./clrpv_key_utility -O -k "opaque_key.dat" -p "OKMyPW:myokpassword"
./clrpv_key_utility -P -n "opaque.ecdsa256.test1" -p "OKMyPW:myokpassword" >printed
grep -q "public value x: $(tail -c 64 expected.der | head -c 32 | od -An -v -tx1 | tr -d ' \n')\$" printed
refused ./clrpv_key_utility -O -k "opaque_key.dat" -p "OKMyPW:myokpassword"
./clrpv_key_utility -D -n "opaque.ecdsa256.test1" -p "OKMyPW:myokpassword"
./clrpv_key_utility -D -p "OKMyPW:myokpassword"
# The safer ways to tell a password, each type of key, and what is refused.
printf 'from a file\n' >pw
./clrpv_key_utility -S -p PW2 -w pw 2>quiet
[ ! -s quiet ]
head -c 16 /dev/urandom >pw16
printf 'from a file\n' | ./clrpv_key_utility -S -n raw -t KEY_AES -k pw16 -p PW2 -w -
./clrpv_key_utility -L -n raw
./clrpv_key_utility -S -n dual -t KEY_EC_DUAL_KEYPAIR -k ecdsa.der
./clrpv_key_utility -S -n public -t KEY_ECDH_PUBLIC -k ecdsa-pub.der
./clrpv_key_utility -P -k ecdsa.der
printf '12478;=>@CEFIJLOabdghkmn' >pw24 # of odd parity
head -c 32 /dev/urandom >pw32
./clrpv_key_utility -S -n des3 -t KEY_DES3 -k pw24
./clrpv_key_utility -S -n chacha -t KEY_CHACHA20 -k pw32
./clrpv_key_utility -S -n hmac -t KEY_HMAC -k pw32
./clrpv_key_utility -S -n secret -t KEY_GENERIC_SECRET -k pw32
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out RSA.pem 2>/dev/null
openssl genpkey -algorithm ED25519 -out ED25519.pem
openssl genpkey -algorithm X25519 -out X25519.pem
openssl genpkey -algorithm ED448 -out ED448.pem
openssl genpkey -algorithm X448 -out X448.pem
openssl genpkey -algorithm DH -pkeyopt group:ffdhe2048 -out DH.pem 2>/dev/null
openssl dsaparam -genkey 2048 2>/dev/null | openssl pkey -out DSA.pem
for type in RSA ED25519 X25519 ED448 X448 DH DSA; do
    openssl pkey -in $type.pem -pubout -out $type.pub.pem
    ./clrpv_key_utility -S -n $type -t KEY_${type}_KEYPAIR -k $type.pem
    ./clrpv_key_utility -S -n $type.pub -t KEY_${type}_PUBLIC -k $type.pub.pem
    ./clrpv_key_utility -P -n $type >pair.txt
    ./clrpv_key_utility -P -n $type.pub >pub.txt
    [ "$(grep -c ': [0-9a-f]*$' pair.txt)" -ge 1 ]
    # What is public of both is the same.
    grep -v '^name:\|^type:\|^usage:\|^private' pair.txt >pair.public
    grep -v '^name:\|^type:\|^usage:\|^private' pub.txt | cmp - pair.public
    ./clrpv_key_utility -E -n $type -k $type.out.der
    openssl pkey -pubin -in $type.pub.pem -outform DER -out $type.expected.der
    cmp $type.expected.der $type.out.der
done
refused ./clrpv_key_utility -S -n wrong -t KEY_ECDSA_PUBLIC -k ecdsa.der
refused ./clrpv_key_utility -S -n wrong -t KEY_NOTHING -k ecdsa.der
refused ./clrpv_key_utility -S -n raw -t KEY_AES -k pw16
refused ./clrpv_key_utility -D -n com.seqlabs.oem_device_key
refused ./clrpv_key_utility -O -k ecdsa.der
./clrpv_key_utility -L
# 10.1.2
cd "$KEYMOOR_KIT/corelockr/corelockr_storage/example"
./storage_example w myfilename "This is a secret" mypassword
./storage_example w myfilename2 "This is a new secret"
refused ./storage_example w myfilename "This is a secret"
./storage_example r myfilename mypassword
refused ./storage_example r myfilename
./storage_example r myfilename2

# 7.1: the server of the TLS demonstrations, at another port, and a client with OpenSSL in the place of the demonstration's.
cd "$KEYMOOR_KIT/corelockr/corelockr_ssl/example"
make -s clean
make -s
cd server
port=$("$KM_FREE_PORT")
sed "s/^port = 11111$/port = $port/" demo_server.conf >here.conf
./clrc_ssl_demo_server -f here.conf >server.txt 2>&1 &
server=$!
pki=$KEYMOOR_KIT/pki/demo
tries=0
until { printf 'Hi from client!'; sleep 1; } | openssl s_client -connect "localhost:$port" -CAfile certs/ca-ext.crt -quiet \
    -verify_return_error -no_ign_eof -cert "$pki/client-ext.crt" -key "$pki/client-ext.key" >answer.txt 2>client.txt; do
    tries=$((tries + 1))
    [ $tries -lt 1200 ] || { cat server.txt client.txt >&2; exit 1; }
done
[ "$(cat answer.txt)" = "Hi from server!" ] || { echo "FAILED: the server answers $(cat answer.txt)" >&2; exit 1; }
# What the server says may come after what it answers.
tries=0
until grep -qx 'Got chat: Hi from client!' server.txt; do
    tries=$((tries + 1))
    [ $tries -lt 1200 ] || { cat server.txt >&2; exit 1; }
    sleep 0.05
done
kill "$server"
# 8.1, scenario 1: all of it in one folder, as on the board, and at another port
cd ../../../corelockr_tlsio/example
make -s clean
make -s
mkdir board
cp -R client/clr_tls_demo_client client/demo_client.conf.* server/clrc_ssl_demo_server server/demo_server.conf.* server/certs board/
cp client/certs/* board/certs/
cd board
sed -i "s/^port = 11112$/port = $port/" demo_server.conf.prov demo_client.conf.prov
LD_LIBRARY_PATH=../../lib
export LD_LIBRARY_PATH
./clrc_ssl_demo_server -f demo_server.conf.prov >server.txt 2>&1 &
server=$!
tries=0
until ./clr_tls_demo_client -o demo_client.conf.prov >answer.txt 2>client.txt; do
    tries=$((tries + 1))
    [ $tries -lt 1200 ] || { cat server.txt client.txt >&2; exit 1; }
    sleep 0.05
done
grep -qx 'Got chat response: Hi from server!' answer.txt
kill "$server"

WALK
[ "$(grep -c '^Package creation returned 0 (0x00000000)$' "$kit/out")" -eq 3 ] || { echo "FAILED: creations" >&2; cat "$kit/out" >&2; exit 1; }
[ "$(grep -c '^Verification returned 0 (0x00000000)$' "$kit/out")" -eq 6 ] || { echo "FAILED: verifications" >&2; cat "$kit/out" >&2; exit 1; }
[ "$(grep -c 'warning: others can read a password' "$kit/out")" -ge 11 ] || { echo "FAILED: no warning" >&2; exit 1; }
cat >"$kit/expected" <<'LINES'
Creating ECDSA key
Printing out ECDSA key attributes
Signing with the created key
Creating password object "ecc-256-pw" in the store
Saving key in the key store
    Saved named key "ecc-256-key" in the key store,
    with associated password object "ecc-256-pw"
ECDSA verifying using key loaded from the key store
Deleting "ecc-256-key" from the key store
Deleting password object "ecc-256-pw" from the store
Secret written to: myfilename
Secret written to: myfilename2
Could not open myfilename: 0xffff0102
Secret retrieved: This is a secret
Could not open myfilename: 0xffff0102
Secret retrieved: This is a new secret
LINES
grep -xFf "$kit/expected" "$kit/out" >"$kit/got" || true
diff -u "$kit/expected" "$kit/got" || { echo "FAILED: the printed lines differ" >&2; cat "$kit/out" >&2; exit 1; }
echo "the kit's printed commands work"
