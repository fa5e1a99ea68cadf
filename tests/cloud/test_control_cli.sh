#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Debian's AWS CLI, as it is, through what a customer does with it: a CA is registered, a policy and a function are made, a rule ties them.
set -eu
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
build=$1
dir=$(mktemp -d)
trap 'end_helpers; rm -rf "$dir"' EXIT
export AWS_ACCESS_KEY_ID=AKIDEXAMPLE000000001 AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY12
export AWS_DEFAULT_REGION=us-east-1 AWS_EC2_METADATA_DISABLED=true AWS_PAGER='' AWS_CONFIG_FILE=/dev/null HOME=$dir
account=123456789012

"$build/tests/control_seed" "sqlite:$dir/registry.db" "$dir/seal" $account "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY"
started "$dir/control" "$build/bin/keymoor-cloud-control" --registry "sqlite:$dir/registry.db" --key "$dir/seal" --port 0 \
    --port-file "$dir/port" --issuer "$dir/issuer.pem" --endpoint localhost
trap 'end_helpers; rm -rf "$dir"' EXIT
until_true test -s "$dir/port"
endpoint=http://127.0.0.1:$(cat "$dir/port")
cd "$dir"

# cli COMMAND...: must succeed; one member of the answer is asked for with --query.
cli() { ok "$1 $2" /usr/bin/aws "$@" --endpoint-url "$endpoint" --output text; }
# not COMMAND CODE...: must be refused with that code.
not() {
    local code=$1
    shift
    refused "$1 $2: $code" "($code" /usr/bin/aws "$@" --endpoint-url "$endpoint" --output text
}

cli sts get-caller-identity --query Account
same "whose account it is" "$account" "$(cat out)"

# A CA, its key proved.
cat >ca.cnf <<END
[req]
distinguished_name = dn
[dn]
[ca]
basicConstraints = critical,CA:TRUE
END
ok "root" openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout root.key -out root.pem -subj /CN=root -days 9 -config ca.cnf -extensions ca
ok "key of the intermediate" openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout int.key -out int.csr -subj "/O=OEM/CN=intermediate" -config ca.cnf
ok "intermediate" openssl x509 -req -in int.csr -CA root.pem -CAkey root.key -CAcreateserial -out intCACertificate.pem -days 9 -extfile ca.cnf -extensions ca
cli iot get-registration-code --query registrationCode
code=$(cat out)
ok "request with the code" openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout v.key -out v.csr -subj "/CN=$code" -config ca.cnf
ok "verification certificate" openssl x509 -req -in v.csr -CA intCACertificate.pem -CAkey int.key -CAcreateserial -out verificationCert.pem -days 9 -sha256
not CertificateValidationException iot register-ca-certificate --ca-certificate file://root.pem --verification-certificate file://verificationCert.pem
cli iot register-ca-certificate --ca-certificate file://intCACertificate.pem --verification-cert file://verificationCert.pem --query certificateId
ca=$(cat out)
same "id of the CA" "$(openssl x509 -in intCACertificate.pem -outform DER | sha256sum | cut -d' ' -f1)" "$ca"
not ResourceAlreadyExistsException iot register-ca-certificate --ca-certificate file://intCACertificate.pem --verification-certificate file://verificationCert.pem
cli iot describe-ca-certificate --certificate-id "$ca" --query 'certificateDescription.[status,autoRegistrationStatus]'
same "a new CA" "$(printf 'INACTIVE\tDISABLE')" "$(cat out)"
cli iot update-ca-certificate --certificate-id "$ca" --new-status ACTIVE
not "InvalidRequestException).*must be ENABLE or DISABLE" iot update-ca-certificate --certificate-id "$ca" --new-auto-registration-status ENABLED
cli iot update-ca-certificate --certificate-id "$ca" --new-auto-registration-status ENABLE
cli iot describe-ca-certificate --certificate-id "$ca" --query 'certificateDescription.[status,autoRegistrationStatus]'
same "an active CA" "$(printf 'ACTIVE\tENABLE')" "$(cat out)"

# A policy, a device's certificate, a thing.
cat >policy.json <<END
{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iot:Connect"],"Resource":["arn:aws:iot:us-east-1:$account:client/\${iot:ClientId}"]}]}
END
cli iot create-policy --policy-name GlobalDevicePolicy --policy-document file://policy.json --query policyArn
same "arn of the policy" "arn:aws:iot:us-east-1:$account:policy/GlobalDevicePolicy" "$(cat out)"
cli iot create-keys-and-certificate --set-as-active --certificate-pem-outfile dev.pem --private-key-outfile dev.key --query certificateArn
arn=$(cat out)
same "key and certificate belong together" "$(openssl x509 -in dev.pem -noout -pubkey)" "$(openssl pkey -in dev.key -pubout)"
cli iot attach-policy --policy-name GlobalDevicePolicy --target "$arn"
cli iot list-attached-policies --target "$arn" --query 'policies[].policyName'
same "attached policies" GlobalDevicePolicy "$(cat out)"
cli iot create-thing --thing-name "OEM:0a1b" --attribute-payload '{"attributes":{"cn":"dev-1"}}'
not InvalidRequestException iot create-thing --thing-name other --attribute-payload '{"attributes":{"cn":"with blank"}}'
cli iot attach-thing-principal --thing-name "OEM:0a1b" --principal "$arn"
cli iot list-thing-principals --thing-name "OEM:0a1b" --query principals
same "principals" "$arn" "$(cat out)"
for n in 1 2 3 4 5; do cli iot create-thing --thing-name "more-$n"; done
cli iot list-things --page-size 2 --query 'length(things)'
same "six things over three pages" 6 "$(awk '{ n += $1 } END { print n }' out)"
cli iot list-things --max-items 2 --query 'things[].thingName'
same "two items of six" "$(printf 'OEM:0a1b\tmore-1')" "$(head -1 out)"
cli iot test-authorization --principal "$arn" --client-id d --auth-infos "actionType=CONNECT,resources=arn:aws:iot:us-east-1:$account:client/d" --query 'authResults[].authDecision'
same "may connect" ALLOWED "$(cat out)"

# A function, and a rule that calls it.
printf 'def handler(event, context):\n    return event\n' >function.py
ok "archive" python3 -m zipfile -c function.zip function.py
cli lambda create-function --function-name JITR --runtime python3.9 --role "arn:aws:iam::$account:role/r" --handler function.handler --zip-file fileb://function.zip --query State
same "state of the function" Active "$(cat out)"
cli lambda wait function-active-v2 --function-name JITR
cli lambda add-permission --function-name JITR --statement-id iot --action lambda:InvokeFunction --principal iot.amazonaws.com
cat >rule.json <<END
{"sql":"SELECT * FROM '\$aws/events/certificates/registered/$ca'","ruleDisabled":false,"awsIotSqlVersion":"2016-03-23",
 "actions":[{"lambda":{"functionArn":"arn:aws:lambda:us-east-1:$account:function:JITR"}}]}
END
cli iot create-topic-rule --rule-name JITRRule --topic-rule-payload file://rule.json
cli iot get-topic-rule --rule-name JITRRule --query 'rule.actions[0].lambda.functionArn'
same "action of the rule" "arn:aws:lambda:us-east-1:$account:function:JITR" "$(cat out)"
not SqlParseException iot create-topic-rule --rule-name bad --topic-rule-payload "{\"sql\":\"SELECT FROM\",\"actions\":[]}"
not UnauthorizedException iot get-topic-rule --rule-name none
cli iot-data update-thing-shadow --thing-name "OEM:0a1b" --cli-binary-format raw-in-base64-out --payload '{"state":{"desired":{"led":1}}}' shadow.out
ok "shadow" grep -q '"version":1' shadow.out
cli iot-data get-thing-shadow --thing-name "OEM:0a1b" shadow.out
ok "delta of the shadow" grep -q '"delta":{"led":1}' shadow.out
cli iot create-topic-rule --rule-name Tagged --topic-rule-payload file://rule.json --tags 'room=9%2F3&kind=rule'
cli iot list-tags-for-resource --resource-arn "arn:aws:iot:us-east-1:$account:rule/Tagged" --query 'tags[1].Value'
same "tag of the rule" 9/3 "$(cat out)"
cli lambda tag-resource --resource "arn:aws:lambda:us-east-1:$account:function:JITR" --tags room=9
cli lambda untag-resource --resource "arn:aws:lambda:us-east-1:$account:function:JITR" --tag-keys room
cli lambda list-tags --resource "arn:aws:lambda:us-east-1:$account:function:JITR" --query 'length(Tags)'
same "tags of the function" 0 "$(cat out)"
not UnknownOperationException iot list-jobs
AWS_SECRET_ACCESS_KEY=wrong not InvalidSignatureException iot list-things
AWS_ACCESS_KEY_ID=AKIDEXAMPLE999999999 not UnrecognizedClientException iot list-things
done_testing
