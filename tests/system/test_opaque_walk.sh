#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The user guide's walks 4.2 (opaque keys) and 5.2.1 (opaque objects), from the kit's folders as printed. Where the build has
# clrpv_key_utility, its commands are run as printed, too; without it the same is done with what there is.
set -eu
# shellcheck source=tests/kit.sh
. "$(dirname "$0")/../kit.sh"
kit "$1"

kit_has corelockr_opaque_keys/opaque_key_package_format.txt corelockr_opaque_keys/README.txt corelockr_opaque_keys/ecdsa256.der \
    corelockr_opaque_keys/make_opaque_key_package.sh corelockr_opaque_objects/make_opaque_object.sh \
    corelockr_opaque_objects/make_opaque_object_identifier.sh corelockr_opaque_objects/README.txt \
    corelockr_opaque_objects/opaque_object_identifier_package_format.txt clrc_opaque_objects/example/README.txt \
    clrc_opaque_objects/example/clrc_opaque_objects_demo
grep -q "OpaqueKey ::= SEQUENCE" "$kit/corelockr/corelockr_opaque_keys/opaque_key_package_format.txt"
grep -q "OOSecret ::= SEQUENCE" "$kit/corelockr/corelockr_opaque_objects/opaque_object_identifier_package_format.txt"

utility=$kit/corelockr/corelockr_payload_verification/example_key_utility/clrpv_key_utility
[ -x "$utility" ] || utility=$build/bin/clrpv_key_utility
[ -x "$utility" ] || utility=''
export CLIENT=$build/tests/opaque_client UTILITY=$utility
walk <<'WALK'
set -eu
board=$KEYMOOR_DEV_DIR/board
mkdir "$board"
# 4.2 a: on the device, its public key
cd "$board"
if [ -n "$UTILITY" ]; then
    cp "$UTILITY" ./clrpv_key_utility
    LD_LIBRARY_PATH=$KEYMOOR_KIT/corelockr/corelockr_crypto/lib:$KEYMOOR_KIT/corelockr/corelockr_payload_verification/lib
    export LD_LIBRARY_PATH
    ./clrpv_key_utility -E -n "com.seqlabs.oem_device_pub_key" -k device_pub_key.der
    ./clrpv_key_utility -E -n "com.seqlabs.oem_device_pub_key" -k dev-pub.der
    cmp device_pub_key.der dev-pub.der
else
    keymoor key export-public com.seqlabs.oem_device_pub_key --out device_pub_key.der
    cp device_pub_key.der dev-pub.der
fi
# 4.2 a: off the device
cd "$KEYMOOR_KIT/corelockr/corelockr_opaque_keys"
cp "$board/device_pub_key.der" .
openssl ec -in ecdsa256.der -text -noout -inform DER >text 2>/dev/null
./make_opaque_key_package.sh -n "opaque.ecdsa256.test1" \
-t KEY_ECDSA_KEYPAIR -K ecdsa256.der \
-S ../corelockr_crypto/example/seq_oem_ca_key.der \
-D device_pub_key.der -c AES_CTR -m HMAC_SHA256 \
-o opaque_key.dat
./make_opaque_key_package.sh -h | grep -q HMAC_SHA512
# 4.2 b, c: on the device
cp opaque_key.dat "$board"
public=$(openssl ec -in ecdsa256.der -inform DER -pubout -outform DER 2>/dev/null | od -An -v -tx1 | tr -d ' \n')
cd "$board"
if [ -n "$UTILITY" ]; then
    ./clrpv_key_utility -S -p "OKMyPW:myokpassword"
    ./clrpv_key_utility -O -k "opaque_key.dat" -p "OKMyPW:myokpassword"
    ./clrpv_key_utility -P -n "opaque.ecdsa256.test1" -p "OKMyPW:myokpassword" >printed
    x=$(printf %s "$public" | tail -c 128 | head -c 64)
    tr -d ' :\n' <printed | tr A-F a-f | grep -q "$x" || { cat printed; echo "FAILED: another key is printed"; exit 1; }
else
    [ "$("$CLIENT" password "OKMyPW:myokpassword")" = 0x00000000 ]
    [ "$("$CLIENT" save opaque_key.dat -p "OKMyPW:myokpassword")" = 0x00000000 ]
fi
"$CLIENT" show "opaque.ecdsa256.test1" -p "OKMyPW:myokpassword" | grep -qx "$public"
[ "$("$CLIENT" show "opaque.ecdsa256.test1" 2>/dev/null)" = 0xffff0102 ]

# 5.2.1 c to g: off the device
cd "$KEYMOOR_KIT/corelockr/clrc_opaque_objects/example/"
cp "$board/dev-pub.der" .
make -s
../make_opaque_object.sh -i README.txt
../make_opaque_object.sh -h >/dev/null
../make_opaque_object_identifier.sh -i README.txt.oocfg \
-S ../../corelockr_crypto/example/seq_oem_ca_key.der \
-D dev-pub.der
../make_opaque_object_identifier.sh -h | grep -q HMAC_SHA512
# 5.2.1 h to j: on the device
./clrc_opaque_objects_demo -k README.txt.oid -i README.txt.enc \
-o README.txt.dec
cmp README.txt README.txt.dec
WALK
if [ -n "$utility" ]; then
    echo "the walks work, with clrpv_key_utility"
else
    echo "the walks work; this build has no clrpv_key_utility"
fi
