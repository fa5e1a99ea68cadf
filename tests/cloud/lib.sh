# Sourced by the walks: a cloud in $dir/cloud, and Debian's aws at its endpoint. Needs tests/lib.sh and $dir before it.
# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # some come from tests/lib.sh, some are for the walks

cloud=$dir/cloud
up_options=()
# shellcheck disable=SC2317 # called by the trap
end_cloud() {
    keymoor-cloud down --dir "$cloud" >/dev/null 2>&1 || true
    end_helpers
}

# cloud_up: starts it, with ${up_options[@]}; sets $endpoint, $account, $region, $host, $port.
cloud_up() {
    trap end_cloud EXIT
    ok "the cloud starts" keymoor-cloud up --dir "$cloud" --port 0 --http-port 0 --retry-ms 100 "${up_options[@]}"
    # shellcheck disable=SC1091 # made by the line above
    . "$cloud/aws.env"
    endpoint=$KEYMOOR_CLOUD_ENDPOINT
    region=$AWS_DEFAULT_REGION
    account=$(sed -n 's/^account=//p' "$cloud/settings")
    host=$(cut -d: -f1 "$cloud/run/broker")
    port=$(cut -d: -f2 "$cloud/run/broker")
    export AWS_PAGER="" AWS_MAX_ATTEMPTS=1 AWS_EC2_METADATA_DISABLED=true
    # Nobody's own settings, and not the device's provider for every program.
    export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null
}

# aws ARGUMENTS...: Debian's, as it is.
aws() { /usr/bin/aws --endpoint-url "$endpoint" "$@"; }

# verification CA KEY CODE OUT: the certificate that proves who has the CA's key, as document 001 makes it.
verification() {
    openssl ecparam -genkey -name prime256v1 -out "$dir/VerificationKeys.pem" 2>/dev/null
    openssl req -new -key "$dir/VerificationKeys.pem" -subj "/CN=$3" -out "$dir/VerificationCSR.pem"
    openssl x509 -req -in "$dir/VerificationCSR.pem" -CA "$1" -CAkey "$2" -CAcreateserial -out "$4" -days 365 -sha256 2>/dev/null
}

# code_archive OUT FILE...: files as functions' code, without their folders.
code_archive() {
    python3 -c 'import sys, zipfile
with zipfile.ZipFile(sys.argv[1], "w", zipfile.ZIP_DEFLATED) as z:
    for name in sys.argv[2:]: z.write(name, name.rsplit("/", 1)[-1])' "$@"
}

# registration_function CA [TOPIC]: policy, function and rule for just-in-time registration of that CA's devices, which may
# publish to TOPIC as well.
registration_function() {
    local example=$source/examples/AWS/just_in_time
    sed "s/REGION/$region/; s/ACCOUNT/$account/" "$example/policy.json" >"$dir/policy.json"
    [ -z "${2:-}" ] || python3 -c 'import json, sys
policy = json.load(open(sys.argv[1]))
policy["Statement"].append({"Effect": "Allow", "Action": "iot:Publish", "Resource": sys.argv[2]})
json.dump(policy, open(sys.argv[1], "w"))' "$dir/policy.json" "arn:aws:iot:$region:$account:topic/$2"
    code_archive "$dir/just_in_time.zip" "$example/lambda_function.py"
    ok "policy" aws iot create-policy --policy-name GlobalDevicePolicy --policy-document "file://$dir/policy.json"
    ok "function" aws lambda create-function --function-name just_in_time --runtime python3.8 --timeout 30 \
        --handler lambda_function.lambda_handler --role "arn:aws:iam::$account:role/just_in_time" --zip-file "fileb://$dir/just_in_time.zip"
    cat >"$dir/rule.json" <<RULE
{"sql": "SELECT * FROM '\$aws/events/certificates/registered/$1'", "awsIotSqlVersion": "2016-03-23",
 "actions": [{"lambda": {"functionArn": "arn:aws:lambda:$region:$account:function:just_in_time"}}]}
RULE
    ok "rule" aws iot create-topic-rule --rule-name JITR_CA --topic-rule-payload "file://$dir/rule.json"
    ok "permission" aws lambda add-permission --function-name just_in_time --statement-id iot --action lambda:InvokeFunction \
        --principal iot.amazonaws.com --source-arn "arn:aws:iot:$region:$account:rule/JITR_CA"
    until_true grep -q '[ >]1 rules' "$cloud/log/rules.log"
}

# status_of CERTIFICATE_PEM: of a device's certificate in the registry, "" when it is not there.
status_of() {
    local id
    id=$(openssl x509 -in "$1" -outform DER | sha256sum | cut -d' ' -f1)
    aws iot describe-certificate --certificate-id "$id" --query certificateDescription.status --output text 2>/dev/null || true
}
has_status() { [ "$(status_of "$1")" = "$2" ]; }
not() { ! "$@"; }
