#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Jobs with Debian's aws and mosquitto's clients, from create-thing to SUCCEEDED: a template, a job made of it, a device that carries
# it out, what a listener is told; with "all" also jobs at a rate, on schedule, tried again, given up, and with more targets.
# Usage: test_jobs_cli.sh BUILD_DIR [all]
# shellcheck disable=SC2016 # the $ is that of topics
set -eu
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
device "$@"
# shellcheck source=tests/cloud/lib.sh
. "$(dirname "$0")/lib.sh"
cd "$dir"
cloud_up
head="arn:aws:iot:$region:$account"

# iot COMMAND...: must succeed; what --query asks for is in out.
iot() { ok "$1" aws iot "$@" --output text; }
# is WHAT EXPECTED COMMAND...: the answer of a call.
is() {
    local what=$1 expected=$2
    shift 2
    iot "$@"
    same "$what" "$expected" "$(cat out)"
}
job_is() { [ "$(aws iot describe-job --job-id "$1" --query job.status --output text)" = "$2" ]; }

# A thing, its certificate, and what it may do: its own jobs.
iot create-thing --thing-name lamp-1
iot create-keys-and-certificate --set-as-active --certificate-pem-outfile lamp.pem --private-key-outfile lamp.key --query certificateArn
certificate=$(cat out)
cat >own.json <<END
{"Version":"2012-10-17","Statement":[
 {"Effect":"Allow","Action":"iot:Connect","Resource":"$head:client/\${iot:Connection.Thing.ThingName}"},
 {"Effect":"Allow","Action":["iot:Publish","iot:Receive"],"Resource":"$head:topic/\$aws/things/\${iot:Connection.Thing.ThingName}/jobs/*"},
 {"Effect":"Allow","Action":"iot:Subscribe","Resource":"$head:topicfilter/\$aws/things/\${iot:Connection.Thing.ThingName}/jobs/*"}]}
END
iot create-policy --policy-name OwnJobs --policy-document file://own.json
iot attach-policy --policy-name OwnJobs --target "$certificate"
iot attach-thing-principal --thing-name lamp-1 --principal "$certificate"

# Somebody who listens to what is told of jobs.
iot create-keys-and-certificate --set-as-active --certificate-pem-outfile ear.pem --private-key-outfile ear.key --query certificateArn
listener=$(cat out)
cat >listen.json <<END
{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:*","Resource":"*"}]}
END
iot create-policy --policy-name Listen --policy-document file://listen.json
iot attach-policy --policy-name Listen --target "$listener"
iot update-event-configurations --event-configurations '{"JOB":{"Enabled":true},"JOB_EXECUTION":{"Enabled":true}}'
is "events of jobs" "$(printf 'True\tTrue\tFalse')" describe-event-configurations --query 'eventConfigurations.[JOB.Enabled,JOB_EXECUTION.Enabled,THING.Enabled]'
ear=(--cafile "$cloud/server_ca.pem" --cert ear.pem --key ear.key -h "$host" -p "$port" -q 1)
mosquitto_sub "${ear[@]}" -i ear -v -t ping -t '$aws/events/job/#' -t '$aws/events/jobExecution/#' >heard 2>ear.log &
helpers="$helpers $!"
ear_hears() { mosquitto_pub "${ear[@]}" -i mouth -t ping -m x && grep -q '^ping' heard; }
until_true ear_hears

# The job.
iot create-job-template --job-template-id reboot --description "once more" --document '{"operation":"reboot"}' \
    --timeout-config inProgressTimeoutInMinutes=5 --query jobTemplateArn
same "arn of the template" "$head:jobtemplate/reboot" "$(cat out)"
is "arn of the job" "$head:job/first" create-job --job-id first --targets "$head:thing/lamp-1" \
    --job-template-arn "$head:jobtemplate/reboot" --query jobArn
is "a new job" "$(printf 'IN_PROGRESS\tonce more\t5')" describe-job --job-id first --query 'job.[status,description,timeoutConfig.inProgressTimeoutInMinutes]'
is "its execution" QUEUED describe-job-execution --job-id first --thing-name lamp-1 --query execution.status

# The device.
lamp=(--cafile "$cloud/server_ca.pem" --cert lamp.pem --key lamp.key -h "$host" -p "$port" -q 1 -i lamp-1)
jobs="\$aws/things/lamp-1/jobs"
ok "the device starts it" mosquitto_rr "${lamp[@]}" -t "$jobs/start-next" -e "$jobs/start-next/accepted" -m '{"statusDetails":{"step":"1"}}'
same "the document" '"jobDocument":{"operation":"reboot"}' "$(grep -o '"jobDocument":{[^}]*}' out)"
is "the execution" "$(printf 'IN_PROGRESS\t1')" describe-job-execution --job-id first --thing-name lamp-1 --query 'execution.[status,statusDetails.detailsMap.step]'
ok "the device has done it" mosquitto_rr "${lamp[@]}" -t "$jobs/first/update" -e "$jobs/first/update/accepted" \
    -m '{"status":"SUCCEEDED","statusDetails":{"step":"2"}}'
is "the execution" "$(printf 'SUCCEEDED\t3')" describe-job-execution --job-id first --thing-name lamp-1 --query 'execution.[status,versionNumber]'
is "the job" "$(printf 'COMPLETED\t1')" describe-job --job-id first --query 'job.[status,jobProcessDetails.numberOfSucceededThings]'
until_true grep -q '^$aws/events/jobExecution/first/succeeded {.*"statusDetails":{"step":"2"}' heard
until_true grep -q '^$aws/events/job/first/completed {.*"status":"COMPLETED".*"numberOfSucceededThings":1' heard

if [ "${2:-}" != all ]; then
    done_testing
    exit
fi

# More of them.
iot create-thing-group --thing-group-name lamps
for n in 2 3 4; do
    iot create-thing --thing-name "lamp-$n"
    iot add-thing-to-thing-group --thing-group-name lamps --thing-name "lamp-$n"
done
iot create-job --job-id slow --targets "$head:thinggroup/lamps" --document '{}' --target-selection CONTINUOUS \
    --job-executions-rollout-config '{"maximumPerMinute":1}' --query jobId
is "one has got it" 1 describe-job --job-id slow --query job.jobProcessDetails.numberOfQueuedThings
iot update-job --job-id slow --job-executions-rollout-config '{"maximumPerMinute":1000}'
iot associate-targets-with-job --job-id slow --targets "$head:thing/lamp-1" --query jobId
is "its targets" "$(printf '%s\t%s' "$head:thing/lamp-1" "$head:thinggroup/lamps")" describe-job --job-id slow --query job.targets

iot create-job --job-id stubborn --targets "$head:thing/lamp-1" --document '{}' \
    --job-executions-retry-config '{"criteriaList":[{"failureType":"FAILED","numberOfRetries":1}]}' \
    --abort-config '{"criteriaList":[{"failureType":"FAILED","action":"CANCEL","thresholdPercentage":100,"minNumberOfExecutedThings":1}]}'
fails() { ok "it fails" mosquitto_rr "${lamp[@]}" -t "$jobs/stubborn/update" -e "$jobs/stubborn/update/accepted" -m '{"status":"FAILED"}'; }
fails
is "it is tried again" "$(printf 'QUEUED\t2')" describe-job-execution --job-id stubborn --thing-name lamp-1 --query 'execution.[status,executionNumber]'
fails
is "it is given up" "$(printf 'CANCELED\tABORT_CRITERIA_MET')" describe-job --job-id stubborn --query 'job.[status,reasonCode]'
until_true grep -q '^$aws/events/job/stubborn/canceled {' heard
same "it was told twice that it failed" 2 "$(grep -c '^$aws/events/jobExecution/stubborn/failed {' heard)"

start=$(date -u -d '+5 seconds' '+%Y-%m-%d %H:%M:%S')
iot create-job --job-id later --targets "$head:thinggroup/lamps" --document '{}' --scheduling-config "{\"startTime\":\"$start\"}"
until_true job_is later IN_PROGRESS
is "all have got it" 3 describe-job --job-id later --query job.jobProcessDetails.numberOfQueuedThings
iot delete-job --job-id later --force
refused "a job that is gone" ResourceNotFoundException aws iot describe-job --job-id later
until_true grep -q '^$aws/events/job/later/deleted {' heard
is "jobs" "$(printf 'first\tslow\tstubborn')" list-jobs --query 'jobs[].jobId'
is "templates" reboot list-job-templates --query 'jobTemplates[].jobTemplateId'
iot delete-job-template --job-template-id reboot
refused "presigned URLs" "resignedUrlConfig is not offered" aws iot create-job --job-id s3 --targets "$head:thing/lamp-1" --document '{}' \
    --presigned-url-config expiresInSec=60
done_testing
