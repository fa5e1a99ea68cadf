#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The user guide's 9.4.8 with a whole cloud: sli_test registers the device by its first contact, exchanges messages with the control
# plane, and keeps an LED in the device's shadow. Usage: test_sli_test.sh BUILD_DIR
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
set -eu
device "$@"
# shellcheck source=tests/cloud/lib.sh
. "$(dirname "$0")/lib.sh"
cd "$dir"
pki=$KEYMOOR_DEV_DIR/pki
sli() { "$build/bin/sli_test" -h localhost -p "$port" "$@"; }

# 9.4.6, with the root that the device has already; its cloud certificate becomes the one of this cloud.
cloud_up
code=$(aws iot get-registration-code --query registrationCode --output text)
verification "$pki/oem_root_cert.pem" "$pki/oem_root_key.pem" "$code" verification.crt
ok "the root is registered, active, and registers" aws iot register-ca-certificate --ca-certificate "file://$pki/oem_root_cert.pem" \
    --verification-certificate file://verification.crt --set-as-active --allow-auto-registration
ca=$(sed -n 's/.*"certificateId": "\([0-9a-f]*\)".*/\1/p' out)
refused "a cloud of another authority" "no known authority issued" sli -t1
ok "STP" "$source/factory/make_named_cert_stp.sh" -k "$pki/oem_command_key.pem" -n com.seqlabs.oem_cloud_cert -c "$cloud/server_ca.pem" -o cloud.stp -s 1
ok "the cloud's certificate in the TEE" "$build/bin/clrsc_example" n cloud.stp

# 1: there is no policy, function or rule yet
keymoor cert show com.seqlabs.oem_device_cert --pem --out device.pem
id=$(openssl x509 -in device.pem -noout -ext subjectKeyIdentifier | tail -n 1 | tr -d ' :\n' | tr A-F a-f)
device_id="Device Certificate:$id"
thing="Device_Certificate:$id"
first="AWS IoT SDK Version 3.0.1- [Device ID: $device_id]"
refused "nobody activates the device" "not registered, not active, or may not connect" sli -t1
same "it waits" PENDING_ACTIVATION "$(status_of device.pem)"
registration_function "$ca"
ok "-t1: registered, and connected" sli -t1
cp out one
same "what it prints" "$first
Connecting...
Continuing...
Disconnecting" "$(cat one)"
same "its state" ACTIVE "$(status_of device.pem)"
same "its thing" "$thing" "$(aws iot list-things --query 'things[0].thingName' --output text)"

# The user guide's appendix B names topics where the API has things. Over MQTT these two actions count for nothing, but it is a policy all the same.
# shellcheck disable=SC2016 # the policy's own variable
sed 's|:thing/${iot:ClientId}|:topic/$aws/things/${iot:ClientId}/shadow/*|' policy.json >appendix.json
same "what is changed" 1 "$(diff policy.json appendix.json | grep -c '^>')"
ok "a policy as printed" aws iot create-policy-version --policy-name GlobalDevicePolicy --policy-document file://appendix.json --set-as-default

# 2
topic="\$aws/things/$device_id/TestSubPub"
started two "$build/bin/sli_test" -h localhost -p "$port" -t2
two=$started
until_true grep -q 'Payload - { "message" : "Publishing message on: QOS1" }' two
ok "the cloud says something" aws iot-data publish --topic "$topic" --qos 1 --cli-binary-format raw-in-base64-out \
    --payload '{ "message": "Hello from AWS IoT console" }'
until_true grep -qx 'Payload - { "message": "Hello from AWS IoT console" }' two

# 3
ok "-t3" sli -t3
same "its last line" Disconnecting "$(tail -n 1 out)"
# shadow FIELD: of the shadow as the control plane has it
shadow() {
    aws iot-data get-thing-shadow --thing-name "$thing" "$dir/shadow" >/dev/null
    python3 -c 'import functools, json, sys
print(functools.reduce(lambda at, name: at[name], sys.argv[2].split("."), json.load(open(sys.argv[1]))["state"]))' "$dir/shadow" "$1"
}
same "what the cloud has" "$device_id" "$(shadow reported.device)"

# 4
echo 1 >led
mkfifo keys
started four sh -c "exec '$build/bin/sli_test' -h localhost -p $port -t4 -l led <keys"
four=$started
exec 7>keys
asked() { [ "$(grep -cF "Please enter the desired state [1,0] - or x to exit:" four)" -ge "$1" ]; }
until_true asked 1
same "reported" 1 "$(shadow reported.led_state)"
printf 0 >&7
until_true asked 2
same "the LED, what is wished for, what is reported" "0 0 0" "$(cat led) $(shadow desired.led_state) $(shadow reported.led_state)"
ok "somebody else wishes" aws iot-data update-thing-shadow --thing-name "$thing" --cli-binary-format raw-in-base64-out \
    --payload '{"state":{"desired":{"led_state":1}}}' "$dir/updated"
until_true asked 3
same "the LED, what is reported" "1 1" "$(cat led) $(shadow reported.led_state)"
printf x >&7
ok "x ends it" wait "$four"
exec 7>&-
ok "begin with what is wished for" sh -c "echo 0 >led; '$build/bin/sli_test' -h localhost -p $port -t4 -l led </dev/null"
same "the LED" 1 "$(cat led)"

# A device that is shut out is put off at once.
certificate=$(openssl x509 -in device.pem -outform DER | sha256sum | cut -d' ' -f1)
ok "deactivated" aws iot update-certificate --certificate-id "$certificate" --new-status INACTIVE
status=0
wait "$two" || status=$?
same "-t2 ends" 1 "$status"
ok "and says why" grep -q "the broker closed the connection" two.err
ok "down" keymoor-cloud down
done_testing
