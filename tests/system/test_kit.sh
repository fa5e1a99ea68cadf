#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The kit: laid out as the user guide prints it, and its printed commands run from the printed folders.
set -eu
build=$(cd "$1" && pwd)
source=$(cd "$(dirname "$0")/../.." && pwd)
kit=$(mktemp -d)
trap 'rm -rf "$kit"' EXIT
"$source/scripts/make-kit" "$build" "$kit" >"$kit/log" 2>&1 || { cat "$kit/log" >&2; exit 1; }

for file in corelockr_crypto/lib/libseqr_corelockr_crypto.so corelockr_crypto/include/corelockr_crypto.h \
    corelockr_crypto/ta/138A1951-2A00-BF5A-A463E61F402EBE1D.stp corelockr_crypto/README.txt corelockr_crypto/COPYRIGHT \
    corelockr_crypto/example/seq_oem_ca_key.der corelockr_cert/lib/libseqr_corelockr_cert.so \
    corelockr_cert/include/clrsc_ta_commands.h corelockr_cert/ta/222A521C-62CB-0653-BCE5DD727660FAF0.stp \
    corelockr_ssl/ssl_engine/libclrc.so; do
    [ -s "$kit/corelockr/$file" ] || { echo "FAILED: the kit has no $file" >&2; exit 1; }
done

export KEYMOOR_KIT=$kit
cat >"$kit/walk" <<'WALK'
set -eu
cd "$KEYMOOR_KIT/corelockr/corelockr_crypto/example"
./clrc_demo -k seq_oem_ca_key.der -p com.seqlabs.oem_pub_key
cd ../example_key_store_with_password
./clrc_key_store_password
./clrc_key_store_password >again
clrc_demo -k "$KEYMOOR_KIT/corelockr/corelockr_crypto/example/seq_oem_ca_key.der" >/dev/null
WALK
# The service takes the trusted applications under their printed names, too.
mkdir "$kit/ta"
cp "$kit"/corelockr/*/ta/*.stp "$kit/ta/"
KEYMOOR_DEV_TA_DIR=$kit/ta "$build/bin/keymoor" dev sh "$kit/walk" >"$kit/out" 2>&1 || { cat "$kit/out" >&2; exit 1; }
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
LINES
grep -xFf "$kit/expected" "$kit/out" >"$kit/got" || true
diff -u "$kit/expected" "$kit/got" || { echo "FAILED: the printed lines differ" >&2; cat "$kit/out" >&2; exit 1; }
echo "the kit's printed commands work"
