#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Section 7 of the user guide: its printed commands from the kit's printed folders, and what they print.
set -eu
# shellcheck source=tests/kit.sh
. "$(dirname "$0")/../kit.sh"
kit "$1"

kit_has corelockr_ssl/ssl_engine/libclrc.so corelockr_ssl/lib/libclrc_util.a corelockr_ssl/include/clrc_util.h \
    corelockr_ssl/README.txt corelockr_ssl/COPYRIGHT corelockr_ssl/docs/doors.md corelockr_ssl/example/client/demo_client.conf \
    corelockr_ssl/example/client/certs/client-ext.key corelockr_ssl/example/client/README.txt corelockr_ssl/example_evp/README.txt \
    corelockr_ssl/example_key_store_with_openssl/store_named_key/README.txt \
    corelockr_ssl/example_key_store_with_openssl/clrc_use_named_key/README.txt \
    corelockr_ssl/example_key_store_with_openssl/delete_named_key/README.txt

walk <<'WALK'
set -eu
# same EXPECTED-LINES FILE: the file has these lines in this order, and what the guide leaves open between them.
same() {
    printf '%s\n' "$1" >expected
    grep -xF "$1" "$2" >got || true
    diff -u expected got || { echo "FAILED: what is printed in $2" >&2; cat "$2" >&2; exit 1; }
}
# fails TEXT COMMAND...: with status 1, and says so.
fails() {
    text=$1 status=0
    shift
    "$@" >said 2>&1 || status=$?
    { [ "$status" -eq 1 ] && grep -q "$text" said; } || { cat said >&2; echo "FAILED: status $status of $*" >&2; exit 1; }
}
ssl=$KEYMOOR_KIT/corelockr/corelockr_ssl

# 7.1, at another port
cd "$ssl/example"
make -s clean
make -s
port=$("$KM_FREE_PORT")
sed -i "s/^port = 11111$/port = $port/" server/demo_server.conf client/demo_client.conf
cd server
./clrc_ssl_demo_server >server.txt 2>&1 &
server=$!
cd ../client
tries=0
until ./clrc_ssl_demo_client >client.txt 2>error.txt; do
    tries=$((tries + 1))
    [ $tries -lt 1200 ] || { cat ../server/server.txt error.txt >&2; exit 1; }
    sleep 0.05
done
same 'CoreLockr Cipher Probe started
Starting SSL test
Got chat response: Hi from server!' client.txt
./clrc_ssl_demo_client -p >printed.txt
same '    TLS_AES_256_GCM_SHA384
    ECDHE-ECDSA-AES256-GCM-SHA384
clrc cipher list
    AES-256-CBC
    id-aes256-GCM' printed.txt
tail -n 1 printed.txt | grep -qx 'Got chat response: Hi from server!'
# It is the service that does it: without one nothing goes.
fails "can't be reached" env KEYMOOR_SOCKET=/nonexistent ./clrc_ssl_demo_client
# And with a key that the service keeps, whose certificate the server must take.
fails "no such key" sh -c 'sed "s/^key_file.*/key_file = clrc:nobody/" demo_client.conf >named.conf && ./clrc_ssl_demo_client -f named.conf'
fails "can.t be loaded" sh -c 'sed "s/^engine.*/engine = .\/none.so/" demo_client.conf >none.conf && ./clrc_ssl_demo_client -f none.conf'
clrpv_key_utility -S -n demo-client -t KEY_EC_DUAL_KEYPAIR -k certs/client-ext.key
sed "s/^key_file.*/key_file = clrc:demo-client/" demo_client.conf >named.conf
./clrc_ssl_demo_client -f named.conf | grep -qx 'Got chat response: Hi from server!'
tries=0
until [ "$(grep -c '^Ssl_read: SSL_ERROR_ZERO_RETURN$' ../server/server.txt)" -ge 3 ]; do
    tries=$((tries + 1))
    [ $tries -lt 1200 ] || { cat ../server/server.txt >&2; exit 1; }
    sleep 0.05
done
kill "$server"
head -n 3 ../server/server.txt >first.txt
same 'Got chat: Hi from client!
Sent chat: Hi from server!
Ssl_read: SSL_ERROR_ZERO_RETURN' first.txt

# 7.2
cd "$ssl/example_evp"
make -s clean
make -s
./clrc_evp_sample >printed.txt
same 'RNG
Message digests: SHA256
Encrypt: AES-256-CTR
Decrypt: AES-256-CTR
CMAC-AES-128-CBC' printed.txt
fails "can't be reached" env KEYMOOR_SOCKET=/nonexistent ./clrc_evp_sample
fails "can't be loaded" ./clrc_evp_sample -e ./none.so

# 7.3
named=$ssl/example_key_store_with_openssl
for part in store_named_key clrc_use_named_key delete_named_key; do
    make -s -C "$named/$part" clean
    make -s -C "$named/$part"
done
cd "$named/clrc_use_named_key"
fails "no such key" ./clrc_use_named_key
cd "$named/store_named_key"
./clrc_store_named_key >printed.txt
same 'Creating ECDSA key:
    Printing out ECDSA key attributes
Saving the named key in the key store:
    Successfully saved ECC-256-KEY key in the key store, without password' printed.txt
fails "name is taken" ./clrc_store_named_key
cd "$named/clrc_use_named_key"
./clrc_use_named_key >printed.txt
same 'Load CoreLockr Cryptographic Engine
Successfully loaded private key: ECC-256-KEY
Computed signature using loaded private key
Successfully loaded public key: ECC-256-KEY
Successful signature verification' printed.txt
cd "$named/delete_named_key"
./clrc_delete_named_key >printed.txt
same 'ECC-256-KEY key has been deleted from the key store' printed.txt
fails "no such object" ./clrc_delete_named_key

# 7.4
cd "$ssl"
OPENSSL_ENGINES=$ssl/ssl_engine
export OPENSSL_ENGINES
ln -sf libclrc.so ssl_engine/clrc.so
echo Sample | openssl sha256 -engine clrc >printed.txt
echo Sample | openssl sha256 >soft.txt
cmp soft.txt printed.txt
fails "can't be reached" sh -c 'echo Sample | KEYMOOR_SOCKET=/nonexistent openssl sha256 -engine clrc'
WALK
echo "the printed commands of section 7 work"
