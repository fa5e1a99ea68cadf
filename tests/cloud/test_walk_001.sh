#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Document 001, chapters 6 to 8, with Debian's aws and mosquitto_pub: an intermediate CA is registered, a device with its key in the
# TEE comes for the first time, is dropped, registered, activated by a function, and publishes.
# Usage: test_walk_001.sh BUILD_DIR
set -eu
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
device "$@"
# shellcheck source=tests/cloud/lib.sh
. "$(dirname "$0")/lib.sh"
cd "$dir"
cloud_up

# The OEM's root signs an intermediate CA, and that one devices.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/O=OEM/CN=OEM root" \
    -addext basicConstraints=critical,CA:TRUE -keyout rootkey.pem -out rootCA.pem 2>/dev/null
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/O=OEM/CN=OEM intermediate" \
    -keyout intCAkey.pem -out int.csr 2>/dev/null
printf 'basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign\nsubjectKeyIdentifier=hash\n' >int.ext
openssl x509 -req -in int.csr -CA rootCA.pem -CAkey rootkey.pem -CAcreateserial -days 30 -extfile int.ext -out intCACertificate.pem 2>/dev/null

# 6.2, 6.3: code, verification certificate, registration
code=$(aws iot get-registration-code --query registrationCode --output text)
same "the code is long-lived" "$code" "$(aws iot get-registration-code --query registrationCode --output text)"
verification intCACertificate.pem intCAkey.pem "$(echo "$code" | tr 0-9a-f 1-9a-f0)" wrong.pem
refused "a verification certificate for another code" RegistrationCodeValidationException aws iot register-ca-certificate \
    --ca-certificate file://intCACertificate.pem --verification-certificate file://wrong.pem
verification intCACertificate.pem intCAkey.pem "$code" Verificationcertificate.pem
ok "registered" aws iot register-ca-certificate --ca-certificate file://intCACertificate.pem \
    --verification-certificate file://Verificationcertificate.pem
ca=$(python3 -c 'import json,sys; print(json.load(sys.stdin)["certificateId"])' <"$dir/out")
same "its id is the digest of its DER" "$(openssl x509 -in intCACertificate.pem -outform DER | sha256sum | cut -d' ' -f1)" "$ca"

# 6.4: off at first, then on
ca_states() {
    aws iot describe-ca-certificate --certificate-id "$ca" --output text \
        --query 'certificateDescription.[status,autoRegistrationStatus]' | tr '\t' ' '
}
same "a registered CA is off" "INACTIVE DISABLE" "$(ca_states)"
ok "activated" aws iot update-ca-certificate --certificate-id "$ca" --new-status ACTIVE
refused "the word that the document prints" "ENABLE or DISABLE" aws iot update-ca-certificate --certificate-id "$ca" \
    --new-auto-registration-status ENABLED
ok "registers by itself" aws iot update-ca-certificate --certificate-id "$ca" --new-auto-registration-status ENABLE
same "a CA in use" "ACTIVE ENABLE" "$(ca_states)"
registration_function "$ca" foo/bar

# 8: the device's key stays in the TEE; its certificate is of version 1, as openssl makes it without extensions
ok "key" keymoor key create walk_001
ok "key file" keymoor key reference walk_001 --out IoTdeviceKey.pem
ok "request" keymoor csr walk_001 --subject "/O=OEM/CN=IoT device 1" --pem --out device.csr
openssl x509 -req -in device.csr -CA intCACertificate.pem -CAkey intCAkey.pem -CAcreateserial -days 30 -sha256 \
    -out IoTdeviceCertificate.pem 2>/dev/null
# 7.1
cat IoTdeviceCertificate.pem intCACertificate.pem >CAandIoTcertificate.pem

# 7.4
publish() {
    OPENSSL_CONF=$KEYMOOR_DEV_OPENSSL_CONF mosquitto_pub --cafile "$cloud/server_ca.pem" --cert CAandIoTcertificate.pem \
        --key IoTdeviceKey.pem -h "$host" -p "$port" -q 1 -t "$1" -i anyclientID --tls-version tlsv1.2 -m Hello -d
}
refused "the first connect" "connection was lost" publish foo/bar
if grep -q CONNACK "$dir/out"; then
    echo "FAILED: the first connect got a CONNACK" >&2
    exit 1
fi
until_true has_status IoTdeviceCertificate.pem ACTIVE
ok "the second connect" publish foo/bar
same "it was heard" 1 "$(grep -c 'received PUBACK' "$dir/out")"
refused "what the policy does not allow" "connection was lost" publish foo/baz

# The same over HTTPS: Debian's curl with the key in the TEE, and somebody who listens at the broker.
post() {
    OPENSSL_CONF=$KEYMOOR_DEV_OPENSSL_CONF curl -sS -w '\n%{http_code}\n' --cacert "$cloud/server_ca.pem" --cert CAandIoTcertificate.pem \
        --key IoTdeviceKey.pem -d 'over HTTPS' "$KEYMOOR_CLOUD_DEVICES/topics/$1?qos=1"
}
openssl req -new -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=Listener" -keyout listener.key \
    -out listener.pem 2>/dev/null
listener=$(aws iot register-certificate-without-ca --certificate-pem file://listener.pem --status ACTIVE --query certificateArn --output text)
printf '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:*","Resource":"*"}]}' >all.json
ok "a policy" aws iot create-policy --policy-name All --policy-document file://all.json
ok "for who listens" aws iot attach-policy --policy-name All --target "$listener"
stdbuf -oL mosquitto_sub --cafile "$cloud/server_ca.pem" --cert listener.pem --key listener.key -h "$host" -p "$port" -q 1 -t foo/bar \
    -i listener -d -C 1 >heard 2>&1 &
helpers="$helpers $!"
until_true grep -q SUBACK heard
ok "over HTTPS" post foo/bar
same "it was taken" 200 "$(tail -n 1 "$dir/out")"
until_true grep -q '^over HTTPS$' heard
ok "what the policy does not allow" post foo/baz
same "is forbidden" 403 "$(tail -n 1 "$dir/out")"

# And with the same key through the ENGINE: nothing is configured, the key goes by its name.
engine_post() {
    OPENSSL_ENGINES=$build/engines curl -sS -w '\n%{http_code}\n' --cacert "$cloud/server_ca.pem" --engine clrc --key-type ENG \
        --key "$2" --cert CAandIoTcertificate.pem -d 'by the engine' "$KEYMOOR_CLOUD_DEVICES/topics/$1?qos=1"
}
stdbuf -oL mosquitto_sub --cafile "$cloud/server_ca.pem" --cert listener.pem --key listener.key -h "$host" -p "$port" -q 1 -t foo/bar \
    -i listener -d -C 1 >heard_engine 2>&1 &
helpers="$helpers $!"
until_true grep -q SUBACK heard_engine
ok "over HTTPS by the engine" engine_post foo/bar walk_001
same "it was taken" 200 "$(tail -n 1 "$dir/out")"
until_true grep -q '^by the engine$' heard_engine
ok "what the policy does not allow, by the engine" engine_post foo/baz walk_001
same "is forbidden" 403 "$(tail -n 1 "$dir/out")"
refused "a key that the service has not" "unable to set private key\|failed to load private key" engine_post foo/bar nobody

# What is known of it afterwards
thing=$(aws iot list-things --query 'things[0].thingName' --output text)
identifier=$(openssl x509 -in IoTdeviceCertificate.pem -noout -pubkey | openssl pkey -pubin -outform DER |
    tail -c 65 | sha1sum | cut -d' ' -f1)
same "its thing is named after its name and key" "IoT_device_1:$identifier" "$thing"
ok "the certificate stands for the thing" aws iot list-thing-principals --thing-name "$thing"
grep -q "cert/$(openssl x509 -in IoTdeviceCertificate.pem -outform DER | sha256sum | cut -d' ' -f1)" "$dir/out"
ok "keymoor-cloud knows it" keymoor-cloud device show "$thing" --json
grep -q '"policies":\["GlobalDevicePolicy"\]' "$dir/out"
ok "and why it was refused" keymoor-cloud device why anyclientID
grep -q 'PENDING_ACTIVATION' "$dir/out"
# The log is kept when the run has ended, which is after the function has activated the certificate.
until_true keymoor-cloud function log just_in_time
ok "the function's log" keymoor-cloud function log just_in_time
grep -q "activated: $thing" "$dir/out"

# Switched off it is let in no more.
id=$(openssl x509 -in IoTdeviceCertificate.pem -outform DER | sha256sum | cut -d' ' -f1)
ok "deactivated" aws iot update-certificate --certificate-id "$id" --new-status INACTIVE
until_true not publish foo/bar
ok "why" keymoor-cloud device why "$id"
grep -q 'INACTIVE' "$dir/out"

ok "status" keymoor-cloud status
ok "down" keymoor-cloud down
ok "nothing runs any more" not keymoor-cloud status
echo "walk 001: $passed checks passed"
