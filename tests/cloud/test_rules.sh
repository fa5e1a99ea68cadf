#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Rules over real messages: republish with substitution, functions and who may call them, logs, errorAction, Basic Ingest, rules
# that feed each other, and what a killed or stopped program loses: nothing that was accepted.
# Usage: test_rules.sh BUILD_DIR
set -eu
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
device "$@"
# shellcheck source=tests/cloud/lib.sh
. "$(dirname "$0")/lib.sh"
cd "$dir"
cloud_up

# A device that may do anything, registered without a CA.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=one -keyout one.key -out one.pem 2>/dev/null
ok "certificate" aws iot register-certificate-without-ca --certificate-pem file://one.pem --status ACTIVE
arn=$(python3 -c 'import json,sys; print(json.load(sys.stdin)["certificateArn"])' <"$dir/out")
printf '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:*","Resource":"*"}]}' >all.json
ok "policy" aws iot create-policy --policy-name all --policy-document file://all.json
ok "attached" aws iot attach-policy --policy-name all --target "$arn"
mqtt=(--cafile "$cloud/server_ca.pem" --cert one.pem --key one.key -h "$host" -p "$port" -q 1)
publish() { mosquitto_pub "${mqtt[@]}" -i publisher -t "$1" -m "$2"; }
mosquitto_sub "${mqtt[@]}" -i listener -v -t 'out/#' -t 'ping' -t 'pong' >heard 2>sub.log &
helpers="$helpers $!"

n_rules=0
# rule NAME SQL ACTIONS [ERROR ACTION]
rule() {
    printf '{"sql":"%s","awsIotSqlVersion":"2016-03-23","actions":[%s]%s}' "$2" "$3" "${4:+,\"errorAction\":$4}" >rule.json
    ok "rule $1" aws iot create-topic-rule --rule-name "$1" --topic-rule-payload file://rule.json
    n_rules=$((n_rules + 1))
    until_true grep -q ": $n_rules rules" "$cloud/log/rules.log"
}
to() { printf '{"republish":{"topic":"%s","roleArn":"arn:aws:iam::%s:role/r","qos":1}}' "$1" "$account"; }
lambda() { printf '{"lambda":{"functionArn":"arn:aws:lambda:%s:%s:function:%s"}}' "$region" "$account" "$1"; }
function_of() {
    printf '%s\n' "$2" >"$1.py"
    code_archive "$1.zip" "$1.py"
    ok "function $1" aws lambda create-function --function-name "$1" --runtime python3.9 --handler "$1.handler" \
        --role "arn:aws:iam::$account:role/r" --timeout 20 --zip-file "fileb://$1.zip"
}
permit() {
    ok "permission" aws lambda add-permission --function-name "$1" --statement-id "$2" --action lambda:InvokeFunction \
        --principal iot.amazonaws.com --source-arn "arn:aws:iot:$region:$account:rule/$2"
}

# shellcheck disable=SC2016 # the $ is the rule's
rule hot "SELECT t AS temperature, topic(2) AS room, clientid() AS who FROM 'in/+' WHERE t > 30" "$(to 'out/${topic(2)}')"
hot_is_heard() { publish in/attic '{"t":31}' && grep -qxF 'out/attic {"temperature":31,"room":"attic","who":"publisher"}' heard; }
until_true hot_is_heard
publish in/cellar '{"t":12}'
publish in/attic 'no JSON'

# Functions have to permit it; the failure goes to errorAction, and is on record.
function_of keeps 'def handler(event, context):
    print("kept", event["n"])'
rule calls "SELECT * FROM 'call'" "$(lambda keeps)" "$(to out/failed)"
failure_is_told() { publish call '{"n":1}' && grep -q '"failedAction":"LambdaAction"' heard; }
until_true failure_is_told
grep -q 'out/failed .*"ruleName":"calls".*does not permit iot.amazonaws.com' heard
grep -q '"base64OriginalPayload":"eyJuIjoxfQ=="' heard
ok "events" keymoor-cloud events --json --count 200
grep -q '"kind":"RuleExecution","success":false' "$dir/out"
permit keeps calls
publish call '{"n":2}'
kept() { keymoor-cloud function log keeps 2>/dev/null | grep -q "^kept $1\$"; }
until_true kept 2
publish call 'not JSON'
until_true grep -q 'the message is no JSON' heard

# A log, and Basic Ingest: the rule alone sees it.
rule logs "SELECT v FROM 'nobody/publishes/here'" '{"cloudwatchLogs":{"logGroupName":"/my/group","roleArn":"arn:aws:iam::1:role/r"}}'
# shellcheck disable=SC2016 # the $ is the topic's
publish '$aws/rules/logs/some/topic' '{"v":7}'
logged() { grep -qx '{"v":7}' "$cloud/functions/log/$account/_my_group.log"; }
until_true logged

# Two rules that feed each other end.
rule ping "SELECT * FROM 'ping'" "$(to pong)"
rule pong "SELECT * FROM 'pong'" "$(to ping)"
publish ping 1
until_true grep -q 'republished it' "$cloud/log/rules.log"
ok "it is over" sleep 0.2
[ "$(grep -c '^p.ng ' heard)" -le 10 ]

# A rule that is disabled rests.
ok "disable" aws iot disable-topic-rule --rule-name hot
n_rules=$((n_rules - 1))
rests() { grep ': [0-9]* rules' "$cloud/log/rules.log" | tail -n 1 | grep -q ": $n_rules rules"; }
until_true rests
publish in/attic '{"t":99}'
publish call '{"n":3}'
until_true kept 3
not grep -q '"temperature":99' heard

# Killed in the middle of runs it goes on with them when it starts again.
function_of slow 'import time
def handler(event, context):
    time.sleep(event["s"])
    print("ran", event["n"])'
rule slow "SELECT * FROM 'slow'" "$(lambda slow)"
permit slow slow
for n in 1 2 3 4 5 6; do publish slow "{\"s\":2,\"n\":$n}"; done
spooled() { [ "$(find "$cloud/functions/spool" -name '*.ev' | wc -l)" -ge "$1" ]; }
until_true spooled 6
pid=$(cat "$cloud/run/rules.pid")
tr '\0' '\n' <"/proc/$pid/cmdline" >rules.cmd
kill -KILL "$pid"
until has_ended "$pid"; do sleep 0.01; done
not_running() { not pgrep -f "keymoor-function-host.*$pid"; }
until_true not_running
mapfile -t again <rules.cmd
"${again[@]}" </dev/null >>"$cloud/log/rules.log" 2>&1 &
echo $! >"$cloud/run/rules.pid"
helpers="$helpers $!"
for n in 1 2 3 4 5 6; do
    ran() { keymoor-cloud function log slow 2>/dev/null | grep -q "^ran $n\$"; }
    until_true ran
done
done_with() { [ "$(find "$cloud/functions/spool" -name '*.ev' | wc -l)" = 0 ]; }
until_true done_with

# The broker ended and began again: the rules find it.
old=$(cat "$cloud/run/broker.pid")
mapfile -d '' -t settings <"/proc/$old/environ"
tr '\0' '\n' <"/proc/$old/cmdline" >broker.cmd
kill "$old"
until has_ended "$old"; do sleep 0.01; done
mapfile -t again <broker.cmd
env -i "${settings[@]}" "${again[@]}" </dev/null >>"$cloud/log/broker.log" 2>&1 &
echo $! >"$cloud/run/broker.pid"
helpers="$helpers $!"
publish_again() { publish call '{"n":4}' && kept 4; }
until_true publish_again
ok "down" keymoor-cloud down
echo "rules: $passed checks passed"
