#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The user guide's walks 9.3.2 (certificate authorities), 9.4.3 to 9.4.5 (a root and a device certificate of one's own) and, with a stock
# broker, 9.4.6 to 9.4.8 (the device connects with them), from the kit's folders as printed.
set -eu
# shellcheck source=tests/kit.sh
. "$(dirname "$0")/../kit.sh"
kit "$1"

kit_has corelockr_cert/bin/make_named_cert_stp.sh corelockr_cert/bin/make_certificate_command.sh corelockr_cert/docs/clrsc.md \
    corelockr_cert/include/clrsc.h corelockr_cert/include/clrsc_ta_commands.h corelockr_cert/lib/libseqr_corelockr_cert.so \
    corelockr_cert/ta/222A521C-62CB-0653-BCE5DD727660FAF0.stp corelockr_cert/README.txt corelockr_cert/COPYRIGHT \
    corelockr_cert/README_named_certificates.txt corelockr_cert/examples/README.txt corelockr_cert/examples/Makefile \
    corelockr_cert/examples/certs/clrsc_example_ca_key.pem corelockr_cert/examples/certs/clrsc_example_command_key.pem \
    examples/AWS/tools/conf/ca.conf examples/AWS/tools/README.txt examples/AWS/README.txt \
    examples/AWS/aws-iot-c/samples/linux/sli_dev/aws_iot_config.h examples/AWS/aws-iot-c/samples/linux/sli_dev/README.txt
grep -q "CommandContent ::= SEQUENCE" "$kit/corelockr/corelockr_cert/README_named_certificates.txt"
for key in ca command; do
    [ "$(stat -c %a "$kit/corelockr/corelockr_cert/examples/certs/clrsc_example_${key}_key.pem")" = 600 ]
done

walk <<'WALK'
set -eu
# failed COMMAND...: it must fail with status 1.
failed() {
    status=0
    "$@" || status=$?
    [ "$status" -eq 1 ] || { echo "FAILED: status $status of $*" >&2; exit 1; }
}
# 9.3.1: built where it lies; then to a directory of the board, certs beside it
cd "$KEYMOOR_KIT/corelockr/corelockr_cert/examples"
make -s clean
make -s
board=$KEYMOOR_DEV_DIR/board
mkdir "$board"
cp clrsc_example "$board"
cp -R certs "$board"
LD_LIBRARY_PATH=$KEYMOOR_KIT/corelockr/corelockr_cert/lib
export LD_LIBRARY_PATH
cd "$board"

# 9.3.2
failed ./clrsc_example v certs/clrsc_example_ca_cert.pem
./clrsc_example a certs/clrsc_example_ca_cert.pem
./clrsc_example v certs/clrsc_example_ca_cert.pem
./clrsc_example v certs/clrsc_example_server_01.pem
./clrsc_example v certs/clrsc_example_server_02.pem
./clrsc_example r certs/clrsc_example_server_01.pem
failed ./clrsc_example v certs/clrsc_example_server_01.pem
# "an attempt to add it to the TEE again will return an error"
failed ./clrsc_example a certs/clrsc_example_server_01.pem 2>err
grep -q "revocation list (0xffff0122)" err
failed ./clrsc_example r certs/clrsc_example_server_01.pem 2>err
grep -q 0xffff0009 err
failed ./clrsc_example a certs/clrsc_example_ca_cert.pem 2>err
grep -q 0xffff0009 err
./clrsc_example u certs/clrsc_example_server_02.pem
# "simply prevents the CA from being verified, but certificates issued with such CA still verify"
./clrsc_example r certs/clrsc_example_ca_cert.pem
failed ./clrsc_example v certs/clrsc_example_ca_cert.pem
./clrsc_example v certs/clrsc_example_server_02.pem
./clrsc_example d certs/clrsc_example_ca_cert.pem
failed ./clrsc_example v certs/clrsc_example_server_02.pem
failed ./clrsc_example d certs/clrsc_example_ca_cert.pem 2>err
grep -q 0xffff0008 err
for id in 0 1 2 3 4 5 6 7 8 9; do ./clrsc_example g $id; done
for pair in oem_cloud_cert:oem_cloud_cert oem_cert:oem_root_cert oem_payload_cert:oem_payload_cert oem_command_cert:oem_command_cert \
    device_cert:oem_device_cert emp_cloud_cert:emp_cloud_cert emp_root_cert:emp_root_cert emp_device_cert:emp_device_cert; do
    keymoor cert show com.seqlabs.${pair#*:} --pem --out expected.pem
    cmp expected.pem "clrsc_${pair%:*}.pem"
done
keymoor cert show com.seqlabs.oem_device_csr --out expected.der
cmp expected.der clrsc_oem_device_csr.der
openssl req -in clrsc_emp_device_csr.der -inform DER -noout -verify
status=0
./clrsc_example g 10 2>err || status=$?
[ "$status" -eq 2 ]
failed ./clrsc_example a nothing.pem
mv certs/clrsc_example_command_key.pem elsewhere.pem
failed ./clrsc_example a certs/clrsc_example_server_02.pem 2>err
grep -q "no command key" err
ln -s elsewhere.pem clrsc_command_signing_key.pem
./clrsc_example u certs/clrsc_example_server_02.pem
rm clrsc_command_signing_key.pem
# From another folder, as 8.1 has it: the key beside the program.
(cd / && "$KEYMOOR_KIT/corelockr/corelockr_cert/examples/clrsc_example" u "$board/certs/clrsc_example_server_02.pem")

# 9.4.3
./clrsc_example g 5
tools=$KEYMOOR_KIT/corelockr/examples/AWS/tools
cp clrsc_oem_device_csr.der "$tools"
# 9.4.4
cd "$tools"
openssl ecparam -out aws_custom_ca_key.pem -name prime256v1 -genkey
openssl req -x509 -config conf/ca.conf -newkey ec:aws_custom_ca_key.pem -sha256 -nodes -out aws_custom_ca_cert.pem -outform PEM
openssl req -in clrsc_oem_device_csr.der -inform DER -out clrsc_oem_device_csr.pem -outform PEM
printf 'y\ny\n' | openssl ca -verbose -config conf/ca.conf -policy signing_policy -extensions signing_req -out new_device_cert.pem -infiles clrsc_oem_device_csr.pem
ln -s ../../../../corelockr_cert/examples/certs/clrsc_example_command_key.pem clrsc_command_signing_key.pem
../../../../corelockr_cert/bin/make_named_cert_stp.sh -k clrsc_command_signing_key.pem -n "com.seqlabs.oem_root_cert" -c aws_custom_ca_cert.pem -o new_oem_root_cert.stp
../../../../corelockr_cert/bin/make_named_cert_stp.sh -k clrsc_command_signing_key.pem -n "com.seqlabs.oem_device_cert" -c new_device_cert.pem -o new_oem_device_cert.stp
openssl verify -x509_strict -purpose sslclient -CAfile aws_custom_ca_cert.pem new_device_cert.pem
openssl x509 -in new_device_cert.pem -noout -ext subjectKeyIdentifier | grep -q :
# 9.4.5: where the example is, in the folder that the guide names
cp new_oem_root_cert.stp new_oem_device_cert.stp "$KEYMOOR_KIT/corelockr/corelockr_cert/examples"
cd "$KEYMOOR_KIT/corelockr/corelockr_cert/examples"
cp certs/clrsc_example_command_key.pem .
ln -s clrsc_example_command_key.pem clrsc_command_signing_key.pem
./clrsc_example n new_oem_root_cert.stp
./clrsc_example n new_oem_device_cert.stp
./clrsc_example g 1
./clrsc_example g 4
openssl x509 -in "$tools/aws_custom_ca_cert.pem" | cmp - clrsc_oem_cert.pem
openssl x509 -in "$tools/new_device_cert.pem" | cmp - clrsc_device_cert.pem
openssl x509 -in clrsc_oem_cert.pem -noout -pubkey >expected.pub
keymoor key export-public com.seqlabs.oem_pub_key --pem | cmp - expected.pub
./clrsc_example v clrsc_device_cert.pem
keymoor cert verify clrsc_device_cert.pem --purpose client
# Both outlive the service.
kill "$KEYMOOR_DEV_SERVICE_PID"
while grep -qs '^State:.[^ZX]' "/proc/$KEYMOOR_DEV_SERVICE_PID/status"; do sleep 0.01; done
"$KEYMOOR_DEV_DIR/serve" &
service=$!
trap 'kill $service; wait $service || true' EXIT
until [ -S "$KEYMOOR_SOCKET" ]; do sleep 0.01; done
./clrsc_example g 1
openssl x509 -in "$tools/aws_custom_ca_cert.pem" | cmp - clrsc_oem_cert.pem
keymoor key export-public com.seqlabs.oem_pub_key --pem | cmp - expected.pub
./clrsc_example v clrsc_device_cert.pem

# 9.4.6, steps 1, 3 and 4: what proves to the cloud who has the root's key. -CAserial wants a file: -CAcreateserial is meant.
cd "$tools"
openssl genrsa -out verificationCert.key 2048
printf '\n\n\n\n\n1364cc4695ed6195cb3b2d28e4d691f8398337c2845f6b2f6de48a60c017\n\n\n\n' | openssl req -new -key verificationCert.key -out verificationCert.csr
openssl x509 -req -in verificationCert.csr -CA aws_custom_ca_cert.pem -CAkey aws_custom_ca_key.pem -CAcreateserial -out verificationCert.crt -days 500 -sha256
openssl verify -CAfile aws_custom_ca_cert.pem verificationCert.crt
# 9.4.7: host and port into the configuration; built where it lies; to a directory of the board
port=$("$KM_FREE_PORT")
cd "$KEYMOOR_KIT/corelockr/examples/AWS/aws-iot-c/samples/linux/sli_dev"
sed -i "s/^\(#define AWS_IOT_MQTT_HOST\) .*/\1 \"localhost\"/; s/^\(#define AWS_IOT_MQTT_PORT\) .*/\1 $port/" aws_iot_config.h
make -s clean
make -s
cp sli_test "$board"
LD_LIBRARY_PATH=$KEYMOOR_KIT/corelockr/corelockr_tlsio/lib:$LD_LIBRARY_PATH
cd "$board"
# 9.4.8: the broker knows the new root, and its own certificate comes from the OEM cloud certificate's authority.
pki=$KEYMOOR_DEV_DIR/pki
printf 'subjectAltName=DNS:localhost\nextendedKeyUsage=serverAuth\n' >broker.cnf
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout broker.key -subj /CN=localhost -out broker.csr
openssl x509 -req -in broker.csr -CA "$pki/oem_cloud_cert.pem" -CAkey "$pki/oem_cloud_key.pem" -set_serial 1 -extfile broker.cnf -out broker.crt
cat >broker.conf <<CONF
listener $port 127.0.0.1
cafile $tools/aws_custom_ca_cert.pem
certfile $board/broker.crt
keyfile $board/broker.key
require_certificate true
use_identity_as_username true
allow_anonymous false
persistence false
user $(id -un)
CONF
PATH=$PATH:/usr/sbin mosquitto -c broker.conf >broker.log 2>&1 &
broker=$!
trap 'kill $service $broker; wait $service $broker || true' EXIT
until grep -q running broker.log; do sleep 0.01; done
./sli_test -t1
./sli_test -t2 >messages.txt &
two=$!
until grep -q '^Payload - { "message" : "Publishing message on: QOS1" }$' messages.txt; do sleep 0.01; done
kill $two
wait $two
cat messages.txt
WALK

# counted TIMES LINE: the whole line, as the guide prints it.
counted() {
    [ "$(grep -cxF "$2" "$kit/out")" -eq "$1" ] || { echo "FAILED: not $1 times '$2'" >&2; cat "$kit/out" >&2; exit 1; }
}
counted 1 "Successfully saved certificate to TEE"
counted 6 "Result of CLRSC verify function is: 1. Certificate is: VERIFIED"
counted 4 "Result of CLRSC verify function is: 0. Certificate is: NOT VERIFIED"
counted 2 "Successfully add certificate to CRL in TEE"
counted 3 "Successfully updated certificate in TEE"
counted 2 "Successfully updated the named certificate"
counted 2 "Connecting..."
counted 2 "Continuing..."
counted 2 "Disconnecting"
counted 1 "Looping for subscriptions..."
[ "$(grep -cx 'AWS IoT SDK Version 3.0.1- \[Device ID: Device Certificate:[0-9a-f]\{40\}\]' "$kit/out")" -eq 2 ]
echo "the printed commands of 9.3.2 and 9.4.3 to 9.4.8 work"
