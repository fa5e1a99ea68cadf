#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The user guide's section 9.4: a root and a device certificate of one's own go into the TEE (9.4.3 to 9.4.5, as printed, from the kit's
# folders), the root is registered, policy, function and rule are made (9.4.6), and the device with its stored key comes, registers and uses its shadow:
# sli_test as printed (-t1, -t3), and mosquitto_pub with the same key.
# Usage: test_walk_003_94.sh BUILD_DIR
set -eu
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
if [ "${KEYMOOR_TEST_INSIDE:-}" != 1 ]; then
    # shellcheck source=tests/kit.sh
    . "$(dirname "$0")/../kit.sh"
    kit "$1"
    # shellcheck disable=SC2154 # of kit
    KEYMOOR_TEST_INSIDE=1 "$build/bin/keymoor" dev "$0" "$build"
    exit
fi
device "$@"
# shellcheck source=tests/cloud/lib.sh
. "$(dirname "$0")/lib.sh"

suite=$KEYMOOR_KIT/corelockr
clrsc_example() { LD_LIBRARY_PATH=$suite/corelockr_cert/lib ./clrsc_example "$@"; }

# 9.4.3
cd "$suite/corelockr_cert/examples"
ok "the example builds" make -s
ok "request" clrsc_example g 5
tools=$suite/examples/AWS/tools
cp clrsc_oem_device_csr.der "$tools"
# 9.4.4
cd "$tools"
openssl ecparam -out aws_custom_ca_key.pem -name prime256v1 -genkey
ok "root" openssl req -x509 -config conf/ca.conf -newkey ec:aws_custom_ca_key.pem -sha256 -nodes -out aws_custom_ca_cert.pem -outform PEM
openssl req -in clrsc_oem_device_csr.der -inform DER -out clrsc_oem_device_csr.pem -outform PEM
sign() {
    printf 'y\ny\n' | openssl ca -verbose -config conf/ca.conf -policy signing_policy -extensions signing_req \
        -out new_device_cert.pem -infiles clrsc_oem_device_csr.pem
}
ok "device certificate" sign
ln -s ../../../../corelockr_cert/examples/certs/clrsc_example_command_key.pem clrsc_command_signing_key.pem
for name in root device; do
    file=aws_custom_ca_cert.pem
    [ $name = root ] || file=new_device_cert.pem
    ok "STP of $name" ../../../../corelockr_cert/bin/make_named_cert_stp.sh -k clrsc_command_signing_key.pem \
        -n "com.seqlabs.oem_${name}_cert" -c $file -o new_oem_${name}_cert.stp
done
# 9.4.5
cp new_oem_root_cert.stp new_oem_device_cert.stp "$suite/corelockr_cert/examples"
cd "$suite/corelockr_cert/examples"
ln -s certs/clrsc_example_command_key.pem clrsc_command_signing_key.pem
ok "the root in the TEE" clrsc_example n new_oem_root_cert.stp
ok "the device certificate in the TEE" clrsc_example n new_oem_device_cert.stp
ok "the device certificate" clrsc_example g 4

# 9.4.6: what the console's six steps do, by the API that stands behind them
cd "$dir"
# Devices of the evaluation kit trust the OEM's cloud authority.
up_options=(--server-ca "$KEYMOOR_DEV_DIR/pki/oem_cloud_cert.pem" --server-ca-key "$KEYMOOR_DEV_DIR/pki/oem_cloud_key.pem")
cloud_up
code=$(aws iot get-registration-code --query registrationCode --output text)
openssl genrsa -out verificationCert.key 2048 2>/dev/null
openssl req -new -key verificationCert.key -subj "/CN=$code" -out verificationCert.csr
openssl x509 -req -in verificationCert.csr -CA "$tools/aws_custom_ca_cert.pem" -CAkey "$tools/aws_custom_ca_key.pem" \
    -CAcreateserial -out verificationCert.crt -days 500 -sha256 2>/dev/null
ok "the root is registered, active, and registers" aws iot register-ca-certificate \
    --ca-certificate "file://$tools/aws_custom_ca_cert.pem" --verification-certificate file://verificationCert.crt \
    --set-as-active --allow-auto-registration
ca=$(python3 -c 'import json,sys; print(json.load(sys.stdin)["certificateId"])' <"$dir/out")
registration_function "$ca"

# 9.4.8: thing and client id are the name, with its blanks made good, and the key's identifier
certificate=$suite/corelockr_cert/examples/clrsc_device_cert.pem
name=$(openssl x509 -in "$certificate" -noout -subject -nameopt multiline | sed -n 's/^ *commonName *= //p' | tr ' ' _)
identifier=$(openssl x509 -in "$certificate" -noout -ext subjectKeyIdentifier | tail -n 1 | tr -d ' :\n' | tr A-F a-f)
thing=$name:$identifier
ok "key file" keymoor key reference com.seqlabs.oem_device_key --out oem_device.ref.pem
publish() {
    OPENSSL_CONF=$KEYMOOR_DEV_OPENSSL_CONF mosquitto_pub --cafile "$cloud/server_ca.pem" --cert "$certificate" \
        --key oem_device.ref.pem -h "$host" -p "$port" -q 1 -i "$thing" -t "$1" -m "$2" -d
}
# shellcheck disable=SC2016 # the $ is the topic's
shadow='$aws/things/'$thing/shadow
sli_test() { "$build/bin/sli_test" "$@" -h localhost -p "$port"; }
ok "it comes, is registered, and comes again" sli_test -t1
grep -q 'may be registering this device' "$dir/err"
grep -qx 'Disconnecting' "$dir/out"
until_true has_status "$certificate" ACTIVE
ok "another program of the device" publish "$shadow/update" '{"state":{"reported":{"led":1}}}'
same "the thing" "$thing" "$(aws iot list-things --query 'things[0].thingName' --output text)"
shadow_led() { aws iot-data get-thing-shadow --thing-name "$thing" "$dir/shadow" >/dev/null 2>&1 && grep -q '"led":1' "$dir/shadow"; }
until_true shadow_led
refused "another's shadow" "connection was lost" publish "\$aws/things/other/shadow/update" '{"state":{"reported":{"led":1}}}'
ok "its shadow" sli_test -t3
same "published" 1 "$(grep -c "Shadow published 'update' successfully" "$dir/out")"
ok "keymoor-cloud knows the device" keymoor-cloud device show "$thing"
grep -q '^status  *ACTIVE' "$dir/out"
ok "down" keymoor-cloud down
echo "walk 003, 9.4: $passed checks passed"
