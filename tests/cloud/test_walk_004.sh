#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The starter kit's guide, what of it meets the cloud: 4.4.1 (a CA and its registration), 4.4.2 (the device's key in the token, its
# certificate), 4.6.1 (the certificate registered for the thing), 4.6.2 (the policy), with Debian's aws, openssl,
# p11tool and mosquitto's clients through the engine pkcs11. Then a second key of the token whose certificate registers by itself.
# Usage: test_walk_004.sh BUILD_DIR
set -eu
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
device "$@"
# shellcheck source=tests/cloud/lib.sh
. "$(dirname "$0")/lib.sh"
cd "$dir"
cloud_up

# ---- 4.4.1.1: the CA ----
ok "key of the CA" openssl genrsa -out rootCA.key 2048
ok "the CA" openssl req -x509 -new -nodes -key rootCA.key -sha256 -days 1024 -subj "/C=IN/O=ARROW/CN=Gateway CA" -out rootCA.pem

# ---- 4.4.1.2: steps 1 to 6, with the API that stands behind the console's pages ----
code=$(aws iot get-registration-code --query registrationCode --output text)
ok "step 1" openssl genrsa -out verificationCert.key 2048
cat >questions.cnf <<'END'
[req]
distinguished_name = names
[names]
countryName = Country Name (2 letter code)
stateOrProvinceName = State or Province Name (full name)
localityName = Locality Name (eg, city)
0.organizationName = Organization Name (eg, company)
organizationalUnitName = Organizational Unit Name (eg, section)
commonName = Common Name (e.g. server FQDN or YOUR name)
emailAddress = Email Address
END
answers() { printf '%s\n' "$@"; }
request() { answers IN GUJARAT AHM ARROW KB "$code" "" | openssl req -new -config questions.cnf -key verificationCert.key -out verificationCert.csr; }
ok "step 3: the code is the common name" request
ok "step 4" openssl x509 -req -in verificationCert.csr -CA rootCA.pem -CAkey rootCA.key -CAcreateserial -out verificationCert.pem -days 500 -sha256
ok "steps 5 and 6, both boxes ticked" aws iot register-ca-certificate --ca-certificate file://rootCA.pem \
    --verification-certificate file://verificationCert.pem --set-as-active --allow-auto-registration
ca=$(openssl x509 -in rootCA.pem -outform DER | sha256sum | cut -d' ' -f1)
same "the CA is in the list" "$ca" "$(aws iot list-ca-certificates --query 'certificates[0].certificateId' --output text)"

# ---- 4.4.2: token and key; the engine as steps 11 to 13 have it ----
export PKCS11_MODULE_PATH=$build/pkcs11/libkeymoor_pkcs11.so KEYMOOR_PKCS11_CONF=$dir/pkcs11.conf
printf '%s\n' 'manufacturer = Infineon' 'model = SLB9670' 'serial = 0000000000000000' 'hardware-slot = yes' >pkcs11.conf
token() { pkcs11-tool --module "$PKCS11_MODULE_PATH" "$@"; }
ok "the token" token --init-token --slot-index 1 --label greengrass --so-pin 1234
ok "its PIN" token --token-label greengrass --init-pin --so-pin 1234 --pin 1234
ok "greenkey" token --token-label greengrass --login --pin 1234 --keypairgen --key-type rsa:2048 --label greenkey --id 01
ok "another on P-256" token --token-label greengrass --login --pin 1234 --keypairgen --key-type EC:prime256v1 --label ecckey --id 02
listed() { GNUTLS_PIN=1234 p11tool --provider "$PKCS11_MODULE_PATH" --login --list-privkeys "pkcs11:manufacturer=Infineon;token=greengrass"; }
ok "step 10" listed
grep -q 'object=greenkey' "$dir/out"
uri() { echo "pkcs11:model=SLB9670;manufacturer=Infineon;token=greengrass;object=$1;type=private;pin-value=1234"; }
# device_certificate KEY NAME OUT: steps 14 and 15
device_certificate() {
    answers IN GUJARAT AHM EC2 KB "$2" "" | openssl req -config questions.cnf -engine pkcs11 -new -key "$(uri "$1")" -keyform engine -out deviceCert.csr &&
        openssl x509 -req -in deviceCert.csr -CA rootCA.pem -CAkey rootCA.key -CAcreateserial -out "$3" -days 500 -sha256
}
ok "steps 14 and 15" device_certificate greenkey SSK aws_device_cert.pem
id=$(openssl x509 -in aws_device_cert.pem -outform DER | sha256sum | cut -d' ' -f1)

# say CERTIFICATE KEY CLIENT COMMAND...: an MQTT client with the token's key, and the CA's certificate behind the device's.
# Debian's mosquitto clients look for a file of the key's name before they ask the engine: an empty one is there.
say() {
    : >"$(uri "$2")"
    cat "$1" rootCA.pem >chain.pem
    "$4" --cafile "$cloud/server_ca.pem" --cert chain.pem --tls-engine pkcs11 --keyform engine --key "$(uri "$2")" -h "$host" -p "$port" -q 1 -i "$3" "${@:5}"
}
hello() { say "$1" "$2" "$3" mosquitto_pub -t "$4" -m "Hello from the gateway"; }

# ---- 4.6: the thing; 4.6.1: its certificate, "Activate all" ----
thing=MyFirstGroup_TPM_Core
ok "the thing" aws iot create-thing --thing-name $thing
ok "the CA is found again" aws iot describe-ca-certificate --certificate-id "$ca"
ok "the certificate" aws iot register-certificate --certificate-pem file://aws_device_cert.pem --ca-certificate-pem file://rootCA.pem --status ACTIVE
grep -q "$id" "$dir/out"
principal="arn:aws:iot:$region:$account:cert/$id"
ok "for the thing" aws iot attach-thing-principal --thing-name $thing --principal "$principal"
same "an active certificate" ACTIVE "$(status_of aws_device_cert.pem)"
refused "no policy yet" "connection was lost" hello aws_device_cert.pem greenkey gateway demo/up

# ---- 4.6.2 ----
cat >policy.json <<'END'
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": ["iot:Publish", "iot:Subscribe", "iot:Connect", "iot:Receive"],
      "Resource": ["*"]
    },
    {
      "Effect": "Allow",
      "Action": ["iot:GetThingShadow", "iot:UpdateThingShadow", "iot:DeleteThingShadow"],
      "Resource": ["*"]
    },
    {
      "Effect": "Allow",
      "Action": ["greengrass:*"],
      "Resource": ["*"]
    }
  ]
}
END
sed 's,greengrass:[*],greengrass:/*,' policy.json >scanned.json
refused "as it came out of the scanner" MalformedPolicy aws iot create-policy --policy-name scanned --policy-document file://scanned.json
ok "the policy" aws iot create-policy --policy-name MyFirstGroup_TPM_Core-policy --policy-document file://policy.json
ok "attached" aws iot attach-policy --policy-name MyFirstGroup_TPM_Core-policy --target "$principal"
connects() { hello aws_device_cert.pem greenkey gateway demo/up; }
until_true connects

# ---- 4.6.3: what config.json wants to know ----
same "thingArn" "arn:aws:iot:$region:$account:thing/$thing" "$(aws iot describe-thing --thing-name $thing --query thingArn --output text)"
same "iotHost" "$host:$port" "$(aws iot describe-endpoint --endpoint-type iot:Data-ATS --query endpointAddress --output text)"

# ---- there and back: what it hears comes by its own key, too ----
say aws_device_cert.pem greenkey gateway mosquitto_sub -t demo/down -C 1 >heard 2>sub.err &
helpers="$helpers $!"
# Until it has subscribed nobody hears.
is_heard() {
    aws iot-data publish --topic demo/down --qos 1 --cli-binary-format raw-in-base64-out --payload '{"message": "Hello from AWS IoT console"}' &&
        grep -q 'Hello from AWS IoT console' heard
}
until_true is_heard
ok "its shadow" say aws_device_cert.pem greenkey gateway mosquitto_pub -t "\$aws/things/$thing/shadow/update" -m '{"state":{"reported":{"led":"on"}}}'
ok "seen by the operator" aws iot-data get-thing-shadow --thing-name $thing shadow.json
grep -q '"led":"on"' shadow.json

# ---- a key of the token whose certificate nobody has registered ----
registration_function "$ca" demo/up
ok "its certificate" device_certificate ecckey SSK-2 second.pem
refused "the first connect" "connection was lost" hello second.pem ecckey second demo/up
until_true has_status second.pem ACTIVE
ok "the second connect" hello second.pem ecckey second demo/up
ok "why not at first" keymoor-cloud device why second
grep -q PENDING_ACTIVATION "$dir/out"

# ---- the operator takes the first one back ----
ok "revoked" aws iot update-certificate --certificate-id "$id" --new-status REVOKED
refused "no more" "connection was lost" connects
ok "down" keymoor-cloud down
echo "walk 004: $passed checks passed"
