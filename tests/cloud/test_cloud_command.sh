#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# keymoor-cloud: up, down and up again, status, who the devices are and why one is refused, events, keys, a copy taken while it runs
# and a cloud started from the copy; and functions called by Debian's aws.
# Usage: test_cloud_command.sh BUILD_DIR
set -eu
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
device "$@"
# shellcheck source=tests/cloud/lib.sh
. "$(dirname "$0")/lib.sh"
cd "$dir"
cloud_up
json() { python3 -c "import json,sys; data=json.load(sys.stdin); print($1)"; }

# ---- the command line ----
ok "help" keymoor-cloud --help
grep -q 'keymoor-cloud device why' "$dir/out"
ok "version" keymoor-cloud --version
ok "help of up" keymoor-cloud up --help
grep -q -- '--http-port' "$dir/out"
refused "no such command" "no command 'devices'" keymoor-cloud devices
refused "no such verb" "no command 'device lost'" keymoor-cloud device lost
refused "an option of another command" "does not take that option" keymoor-cloud ca list --follow
refused "an operand too many" "takes no operand" keymoor-cloud ca list x
refused "an operand too few" "takes one DEVICE" keymoor-cloud device show
refused "a folder without a cloud" "registry" keymoor-cloud status --dir "$dir/nowhere"
refused "no number" "count" keymoor-cloud events --count x
refused "an option that up does not know" "no option --x" keymoor-cloud up --x
refused "a second one in the same folder" "runs in .* already" keymoor-cloud up --dir "$cloud"
for program in rules control; do ok "help of $program" keymoor-cloud-$program --help; done
refused "rules without a registry" "registry is missing" keymoor-cloud-rules --account 123456789012
refused "an account that is none" "12 digits" keymoor-cloud-rules --registry sqlite:x --key-file x --account 1 --region r --state x

# ---- what is there ----
ok "status" keymoor-cloud status --json
same "all three run" "True True True" "$(json '"%s %s %s" % (data["broker"], data["control"], data["rules"])' <"$dir/out")"
same "where devices go over HTTPS" "$KEYMOOR_CLOUD_DEVICES" "$(json 'data["deviceEndpoint"]' <"$dir/out")"
same "endpoint" "$endpoint" "$(json 'data["endpoint"]' <"$dir/out")"
ok "accounts" keymoor-cloud account list --json
same "one account" "123456789012" "$(json 'data[0]["id"]' <"$dir/out")"
refused "an account that exists" exists keymoor-cloud account create 123456789012
ok "a key" keymoor-cloud key create somebody --json
key=$(json 'data["AccessKeyId"]' <"$dir/out")
secret=$(json 'data["SecretAccessKey"]' <"$dir/out")
as_somebody() { AWS_ACCESS_KEY_ID=$key AWS_SECRET_ACCESS_KEY=$secret aws sts get-caller-identity --query Arn --output text; }
same "it works" "arn:aws:iam::$account:user/somebody" "$(as_somebody)"
ok "it goes" keymoor-cloud key delete "$key"
refused "it no longer works" InvalidClientTokenId as_somebody
ok "the list shows no secret" keymoor-cloud key list
not grep -q "$secret" "$dir/out"

# ---- devices ----
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/O=Test/CN=Lamp 7" -keyout lamp.key -out lamp.pem 2>/dev/null
ok "certificate" aws iot register-certificate-without-ca --certificate-pem file://lamp.pem --status INACTIVE
id=$(json 'data["certificateId"]' <"$dir/out")
arn=$(json 'data["certificateArn"]' <"$dir/out")
ok "thing" aws iot create-thing --thing-name lamp-7
ok "attached" aws iot attach-thing-principal --thing-name lamp-7 --principal "$arn"
why() { keymoor-cloud device why "$1" --json | json '" / ".join(data["because"])'; }
connect() {
    mosquitto_pub --cafile "$cloud/server_ca.pem" --cert lamp.pem --key lamp.key -h "$host" -p "$port" -q 1 -i "${1:-lamp-7}" -t t -m m
}
refused "an inactive device" "connection was lost" connect
why lamp-7 | grep 'INACTIVE.*no policy' >/dev/null
# The record is written beside the broker's loop.
refusal_is_known() { keymoor-cloud device why lamp-7 | grep -q 'refused  Connect  client lamp-7 .*INACTIVE'; }
until_true refusal_is_known
ok "activated" aws iot update-certificate --certificate-id "$id" --new-status ACTIVE
same "a policy is missing" 1 "$(why lamp-7 | grep -c '^no policy')"
printf '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:*","Resource":"*"}]}' >all.json
ok "policy" aws iot create-policy --policy-name all --policy-document file://all.json
ok "attached" aws iot attach-policy --policy-name all --target "$arn"
until_true connect
same "nothing is wrong any more" "" "$(why "$id")"
ok "by thing" keymoor-cloud device show lamp-7 --json
same "by certificate the same" "$(cat "$dir/out")" "$(keymoor-cloud device show "$id" --json)"
same "subject" "CN=Lamp 7,O=Test" "$(json 'data["subject"]' <"$dir/out")"
same "policies" "['all']" "$(json 'data["policies"]' <"$dir/out")"
until_true connect 'odd client'
known_by_client() { keymoor-cloud device show 'odd client' --json | grep -q "$id"; }
until_true known_by_client
refused "nobody" "no certificate, thing or client" keymoor-cloud device show nobody
keymoor-cloud device why nobody | grep 'no registered certificate' >/dev/null
ok "list" keymoor-cloud device list --json
same "things in the list" "['lamp-7']" "$(json 'data[0]["things"]' <"$dir/out")"
refused "a CA that is none" "not-found" keymoor-cloud ca show "$id"
ok "no CAs" keymoor-cloud ca list --json
same "none" "[]" "$(cat "$dir/out")"

# ---- events ----
keymoor-cloud events --follow --json >followed &
follower=$!
helpers="$helpers $follower"
ok "something happens" aws iot create-thing --thing-name another
until_true grep -q '"operation":"CreateThing"' followed
kill "$follower"
python3 -c 'import json; [json.loads(line) for line in open("followed")]'

# ---- functions by aws ----
printf 'def handler(event, context):\n    print("said", event["a"])\n    return event["a"] + 1\n' >plus.py
code_archive plus.zip plus.py
ok "function" aws lambda create-function --function-name plus --runtime python3.9 --handler plus.handler --timeout 20 \
    --role "arn:aws:iam::$account:role/r" --zip-file fileb://plus.zip
invoke() { aws lambda invoke --cli-binary-format raw-in-base64-out --payload "$1" "${@:2}" answer; }
ok "invoke" invoke '{"a":41}' --function-name plus --log-type Tail
same "its answer" 42 "$(cat answer)"
json '__import__("base64").b64decode(data["LogResult"]).decode()' <"$dir/out" | grep '^said 41$' >/dev/null
ok "one that fails" invoke '{}' --function-name plus
same "said so" Unhandled "$(json 'data["FunctionError"]' <"$dir/out")"
grep -q '"errorType": "KeyError"' answer
ok "asynchronous" invoke '{"a":1}' --function-name plus --invocation-type Event
ran() { keymoor-cloud function log plus | grep -q '^said 1$'; }
until_true ran
refused "no such function" ResourceNotFoundException invoke '{}' --function-name minus
refused "a log of nobody" "has not run" keymoor-cloud function log minus
refused "a log elsewhere" "not a function" keymoor-cloud function log ../../x

# ---- copies ----
ok "a copy while it runs" keymoor-cloud backup "$dir/copy"
same "nobody else can read it" 700 "$(stat -c %a "$dir/copy")"
same "not its key either" 600 "$(stat -c %a "$dir/copy/registry.key")"
refused "never over another" "exists" keymoor-cloud backup "$dir/copy"
ok "thing after the copy" aws iot create-thing --thing-name later
ok "down" keymoor-cloud down
refused "down twice" "no cloud was started" keymoor-cloud down
ok "restored" keymoor-cloud restore "$dir/copy" --dir "$dir/second"
refused "not over the old one" "exists" keymoor-cloud restore "$dir/copy" --dir "$cloud"
cloud=$dir/second
cloud_up
same "what was in it" "lamp-7 another" "$(aws iot list-things --query 'things[].thingName' --output text | tr '\t' ' ' |
    tr ' ' '\n' | sort -r | tr '\n' ' ' | sed 's/ $//')"
until_true connect
ok "its functions" invoke '{"a":1}' --function-name plus
same "work" 2 "$(cat answer)"
ok "down" keymoor-cloud down

# A first start that was killed before its end, and a process id that is somebody else's by now.
rm "$cloud/settings"
mkdir -p "$cloud/run"
echo $$ >"$cloud/run/broker.pid"
ok "up once more" keymoor-cloud up --dir "$cloud" --port 0 --http-port 0
ok "the old account" keymoor-cloud status --dir "$cloud"
ok "down" keymoor-cloud down --dir "$cloud"

# A temporary one goes away.
ok "temporary" keymoor-cloud up --port 0 --http-port 0
place=$(sed -n 's/^The cloud runs in //p' "$dir/out")
[ -d "$place" ]
ok "down" keymoor-cloud down --dir "$place"
[ ! -d "$place" ]
echo "keymoor-cloud: $passed checks passed"
