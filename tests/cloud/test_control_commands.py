#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every operation of the control plane by Debian's AWS CLI as it is: the program's own entry, called again and again in one process."""
import base64
import contextlib
import glob
import io
import json
import os
import re
import subprocess
import unittest
import zipfile

for name, value in {"AWS_PAGER": "", "AWS_CONFIG_FILE": "/dev/null", "AWS_EC2_METADATA_DISABLED": "true"}.items():
    os.environ[name] = value

import awscli.clidriver  # noqa: E402  (reads what was just set)

from control_bus import Broker
from control_rig import ACCOUNT, BUILD, KEY, OTHER, OTHER_KEY, REGION, Control, Pki, main

PREFIX = f"arn:aws:iot:{REGION}:{ACCOUNT}:"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/r"
SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../cloud/control")
ANY = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iot:*", "Resource": "*"}]})
TEMPLATE = json.dumps({
    "Parameters": {"Id": {"Type": "String"}},
    "Resources": {"lamp": {"Type": "AWS::IoT::Thing", "Properties": {"ThingName": "by-template"}},
                  "cert": {"Type": "AWS::IoT::Certificate", "Properties": {"CertificateId": {"Ref": "Id"}}}}})


class Commands(unittest.TestCase):
    def setUp(self):
        self.control = Control("--bus", "{dir}/bus", "--functions", "{dir}/runner", "--account", ACCOUNT)
        self.addCleanup(self.control.remove)
        self.broker = Broker(f"{self.control.dir}/bus")
        self.addCleanup(self.broker.end)
        runner = subprocess.Popen([f"{BUILD}/tests/control_runner", f"{self.control.dir}/runner"])
        self.addCleanup(runner.wait)
        self.addCleanup(runner.kill)
        self.pki = Pki(self.control.dir)
        self.called, self.wrong = set(), []
        self.drivers = {key: self.driver(key) for key in (KEY, OTHER_KEY)}
        self.control.start()
        self.addCleanup(self.control.stop)

    def driver(self, key):
        driver = awscli.clidriver.create_clidriver()
        driver.session.set_credentials(*key)
        driver.session.register("after-call", self.note)
        return driver

    def note(self, model, http_response, **_):
        """What came back is of the status that the service's model has for it."""
        if http_response.status_code < 300:
            self.called.add(f"{model.service_model.service_name}.{model.name}")
            if http_response.status_code != model.http.get("responseCode", 200):
                self.wrong.append((model.name, http_response.status_code))

    def run_command(self, arguments, key):
        out, error = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(error):
            code = self.drivers[key].main([*arguments, "--endpoint-url", self.control.url, "--region", REGION, "--output", "json",
                                     "--cli-binary-format", "raw-in-base64-out"])
        return code, out.getvalue(), error.getvalue()

    def aws(self, command, *more, key=KEY):
        """The command's words, and behind them arguments that may have blanks; its answer."""
        code, out, error = self.run_command([*command.split(), *more], key)
        self.assertEqual((code, error), (0, ""), command)
        return json.loads(out) if out.strip() else {}

    def no(self, exception, command, *more, key=KEY):
        code, _, error = self.run_command([*command.split(), *more], key)
        self.assertEqual(code, 254, command)
        self.assertIn(f"An error occurred ({exception})", error, command)

    def path(self, name, content=None):
        path = self.pki.path(name)
        if content is not None:
            with open(path, "wb" if isinstance(content, bytes) else "w") as stream:
                stream.write(content)
        return "file://" + path

    def test_all(self):
        for part in (self.authorities, self.certificates, self.transfers, self.policies, self.things, self.groups, self.rules,
                     self.templates, self.account, self.tags, self.jobs, self.data, self.functions):
            with self.subTest(part.__name__):
                part()
        self.assertEqual(self.wrong, [])
        services = {"IOT": "iot", "DATA": "iot-data", "JOBS": "iot-jobs-data", "LAMBDA": "lambda", "STS": "sts"}
        offered = {f"{services[service]}.{operation}" for path in glob.glob(f"{SOURCE}/*.c") if "iot_job" not in path
                   for operation, service in re.findall(r'\{"(\w+)",\s*KM_SERVICE_(\w+)', open(path, encoding="ascii").read())
                   # The provider of credentials is asked by devices, and a WebSocket is opened by MQTT clients.
                   if service in services and operation != "OpenWebSocket"}
        self.assertGreater(len(offered), 100)
        self.assertEqual(offered - self.called, set())

    def ca(self, name):
        self.pki.ca(name)
        code = self.aws("iot get-registration-code")["registrationCode"]
        self.pki.leaf(f"{name}-proof", name, subject=f"/CN={code}")
        return self.aws("iot register-ca-certificate --ca-certificate", self.path(f"{name}.pem"), "--verification-certificate",
                        self.path(f"{name}-proof.pem"), "--set-as-active", "--allow-auto-registration")["certificateId"]

    def authorities(self):
        ca = self.ca("ca")
        self.no("ResourceAlreadyExistsException", "iot register-ca-certificate --ca-certificate", self.path("ca.pem"),
                "--verification-certificate", self.path("ca-proof.pem"))
        told = self.aws(f"iot describe-ca-certificate --certificate-id {ca}")["certificateDescription"]
        self.assertEqual((told["status"], told["autoRegistrationStatus"]), ("ACTIVE", "ENABLE"))
        self.aws(f"iot update-ca-certificate --certificate-id {ca} --new-auto-registration-status DISABLE")
        listed = self.aws("iot list-ca-certificates --page-size 1 --ascending-order")["certificates"]
        self.assertEqual([one["certificateId"] for one in listed], [ca])
        spare = self.ca("spare")
        self.no("CertificateStateException", f"iot delete-ca-certificate --certificate-id {spare}")
        self.aws(f"iot update-ca-certificate --certificate-id {spare} --new-status INACTIVE")
        self.aws(f"iot delete-ca-certificate --certificate-id {spare}")
        self.aws("iot delete-registration-code")

    def certificates(self):
        ca = self.pki.identity("ca")
        self.pki.leaf("one", "ca")
        one = self.aws("iot register-certificate --status ACTIVE --certificate-pem", self.path("one.pem"), "--ca-certificate-pem",
                       self.path("ca.pem"))["certificateId"]
        self.pki.ca("far")
        self.pki.leaf("two", "far")
        two = self.aws("iot register-certificate-without-ca --certificate-pem", self.path("two.pem"))["certificateId"]
        made = self.aws("iot create-keys-and-certificate --set-as-active")["certificateId"]
        signed = self.aws("iot create-certificate-from-csr --certificate-signing-request", self.path("one.csr"))["certificateId"]
        self.assertEqual(self.aws(f"iot describe-certificate --certificate-id {one}")["certificateDescription"]["status"], "ACTIVE")
        listed = self.aws("iot list-certificates")["certificates"]
        self.assertEqual({each["certificateId"] for each in listed}, {one, two, made, signed})
        listed = self.aws(f"iot list-certificates-by-ca --ca-certificate-id {ca}")["certificates"]
        self.assertEqual([each["certificateId"] for each in listed], [one])
        self.no("CertificateStateException", f"iot delete-certificate --certificate-id {one}")
        self.aws(f"iot update-certificate --certificate-id {one} --new-status REVOKED")
        self.aws(f"iot delete-certificate --certificate-id {one} --force-delete")

    def transfers(self):
        one = self.aws("iot create-keys-and-certificate")["certificateId"]
        there = f"--certificate-id {one} --target-aws-account {OTHER}"
        self.aws(f"iot transfer-certificate {there} --transfer-message", "for you")
        self.assertEqual(len(self.aws("iot list-outgoing-certificates")["outgoingCertificates"]), 1)
        self.aws(f"iot cancel-certificate-transfer --certificate-id {one}")
        self.aws(f"iot transfer-certificate {there}")
        self.aws(f"iot reject-certificate-transfer --certificate-id {one} --reject-reason", "not wanted", key=OTHER_KEY)
        self.no("TransferAlreadyCompletedException", f"iot cancel-certificate-transfer --certificate-id {one}")
        self.aws(f"iot transfer-certificate {there}")
        self.aws(f"iot accept-certificate-transfer --certificate-id {one}", key=OTHER_KEY)
        self.no("TransferAlreadyCompletedException", f"iot reject-certificate-transfer --certificate-id {one}", key=OTHER_KEY)

    def policies(self):
        name = "--policy-name May"
        arn = self.aws("iot create-keys-and-certificate --set-as-active")["certificateArn"]
        self.aws(f"iot create-policy {name} --policy-document", ANY)
        self.aws(f"iot create-policy-version {name} --set-as-default --policy-document", ANY)
        self.assertEqual(len(self.aws(f"iot list-policy-versions {name}")["policyVersions"]), 2)
        self.aws(f"iot set-default-policy-version {name} --policy-version-id 1")
        self.no("DeleteConflictException", f"iot delete-policy {name}")
        self.assertTrue(self.aws(f"iot get-policy-version {name} --policy-version-id 1")["isDefaultVersion"])
        self.aws(f"iot delete-policy-version {name} --policy-version-id 2")
        self.assertEqual(self.aws(f"iot get-policy {name}")["policyDocument"], ANY)
        self.assertEqual(len(self.aws("iot list-policies --page-size 1")["policies"]), 1)
        self.aws(f"iot attach-policy {name} --target {arn}")
        self.assertEqual(len(self.aws(f"iot list-attached-policies --recursive --target {arn}")["policies"]), 1)
        self.assertEqual(self.aws(f"iot list-targets-for-policy {name}")["targets"], [arn])
        self.assertEqual(len(self.aws(f"iot get-effective-policies --principal {arn}")["effectivePolicies"]), 1)
        told = self.aws(f"iot test-authorization --principal {arn} --client-id c --auth-infos",
                        json.dumps([{"actionType": "CONNECT", "resources": [PREFIX + "client/c"]}]))
        self.assertEqual(told["authResults"][0]["authDecision"], "ALLOWED")
        self.no("DeleteConflictException", f"iot delete-policy {name}")
        self.aws(f"iot detach-policy {name} --target {arn}")
        self.aws(f"iot attach-principal-policy {name} --principal {arn}")
        self.assertEqual(len(self.aws(f"iot list-principal-policies --principal {arn}")["policies"]), 1)
        self.assertEqual(self.aws(f"iot list-policy-principals {name}")["principals"], [arn])
        self.aws(f"iot detach-principal-policy {name} --principal {arn}")
        self.aws(f"iot delete-policy {name}")

    def things(self):
        arn = self.aws("iot create-keys-and-certificate --set-as-active")["certificateArn"]
        name = "--thing-name OEM:0a1b"
        kind = "--thing-type-name lamp"
        self.aws(f"iot create-thing-type {kind} --thing-type-properties", '{"thingTypeDescription":"a lamp"}')
        self.aws(f"iot describe-thing-type {kind}")
        self.assertEqual(len(self.aws("iot list-thing-types")["thingTypes"]), 1)
        self.aws(f"iot create-thing {name} {kind} --attribute-payload", '{"attributes":{"a":"1"}}')
        self.assertEqual(self.aws(f"iot describe-thing {name}")["attributes"], {"a": "1"})
        self.no("VersionConflictException", f"iot update-thing {name} --expected-version 7")
        self.aws(f"iot update-thing {name} --expected-version 1 --attribute-payload", '{"attributes":{"b":"2"},"merge":true}')
        listed = self.aws("iot list-things --attribute-name b --attribute-value 2 --page-size 1")["things"]
        self.assertEqual([one["thingName"] for one in listed], ["OEM:0a1b"])
        self.aws(f"iot attach-thing-principal {name} --principal {arn}")
        self.assertEqual(self.aws(f"iot list-thing-principals {name}")["principals"], [arn])
        self.assertEqual(self.aws(f"iot list-principal-things --principal {arn}")["things"], ["OEM:0a1b"])
        self.aws(f"iot detach-thing-principal {name} --principal {arn}")
        self.aws(f"iot delete-thing {name}")
        self.aws(f"iot deprecate-thing-type {kind}")
        self.aws(f"iot delete-thing-type {kind}")

    def groups(self):
        self.aws("iot create-thing --thing-name member")
        self.aws("iot create-thing-group --thing-group-name all")
        self.aws("iot create-thing-group --thing-group-name some --parent-group-name all")
        self.aws("iot describe-thing-group --thing-group-name some")
        self.aws("iot update-thing-group --thing-group-name some --thing-group-properties", '{"thingGroupDescription":"some of them"}')
        listed = self.aws("iot list-thing-groups --recursive --parent-group all")["thingGroups"]
        self.assertEqual([one["groupName"] for one in listed], ["some"])
        self.aws("iot add-thing-to-thing-group --thing-group-name some --thing-name member")
        self.assertEqual(len(self.aws("iot list-thing-groups-for-thing --thing-name member")["thingGroups"]), 1)
        self.assertEqual(self.aws("iot list-things-in-thing-group --thing-group-name some")["things"], ["member"])
        self.aws("iot remove-thing-from-thing-group --thing-group-name some --thing-name member")
        self.aws("iot delete-thing-group --thing-group-name some --expected-version 2")

    def rules(self):
        payload = self.path("rule.json", json.dumps({"sql": "SELECT * FROM 'a/b'", "actions": [
            {"lambda": {"functionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"}}]}))
        self.aws("iot create-topic-rule --rule-name Rule --topic-rule-payload", payload)
        self.no("ResourceAlreadyExistsException", "iot create-topic-rule --rule-name Rule --topic-rule-payload", payload)
        self.aws("iot disable-topic-rule --rule-name Rule")
        self.assertTrue(self.aws("iot get-topic-rule --rule-name Rule")["rule"]["ruleDisabled"])
        self.aws("iot enable-topic-rule --rule-name Rule")
        self.aws("iot replace-topic-rule --rule-name Rule --topic-rule-payload", payload)
        self.assertEqual(len(self.aws("iot list-topic-rules --topic a/b")["rules"]), 1)
        self.aws("iot delete-topic-rule --rule-name Rule")
        self.no("UnauthorizedException", "iot get-topic-rule --rule-name Rule")

    def templates(self):
        name = "--template-name fleet"
        self.aws(f"iot create-provisioning-template {name} --provisioning-role-arn {ROLE} --enabled --template-body", TEMPLATE)
        self.aws(f"iot describe-provisioning-template {name}")
        self.aws(f"iot update-provisioning-template {name} --description", "what it makes")
        self.assertEqual(len(self.aws("iot list-provisioning-templates")["templates"]), 1)
        self.aws(f"iot create-provisioning-template-version {name} --template-body", TEMPLATE)
        self.aws(f"iot describe-provisioning-template-version {name} --version-id 2")
        self.assertEqual(len(self.aws(f"iot list-provisioning-template-versions {name}")["versions"]), 2)
        self.aws(f"iot delete-provisioning-template-version {name} --version-id 2")
        self.assertIn("keyPair", self.aws(f"iot create-provisioning-claim {name}"))
        self.aws(f"iot delete-provisioning-template {name}")
        one = self.aws("iot create-keys-and-certificate")["certificateId"]
        made = self.aws("iot register-thing --template-body", TEMPLATE, "--parameters", f"Id={one}")
        self.assertEqual(made["resourceArns"]["lamp"], PREFIX + "thing/by-template")

    def account(self):
        self.assertEqual(self.aws("sts get-caller-identity")["Account"], ACCOUNT)
        self.assertIn("endpointAddress", self.aws("iot describe-endpoint --endpoint-type iot:Data-ATS"))
        self.aws("iot update-event-configurations --event-configurations", '{"THING":{"Enabled":true}}')
        told = self.aws("iot describe-event-configurations")["eventConfigurations"]
        self.assertEqual(told["THING"], {"Enabled": True})
        self.aws(f"iot create-role-alias --role-alias Role --role-arn {ROLE} --credential-duration-seconds 900")
        self.aws("iot update-role-alias --role-alias Role --credential-duration-seconds 1800")
        self.assertEqual(self.aws("iot describe-role-alias --role-alias Role")["roleAliasDescription"]["credentialDurationSeconds"], 1800)
        self.assertEqual(self.aws("iot list-role-aliases")["roleAliases"], ["Role"])
        self.aws("iot delete-role-alias --role-alias Role")
        self.no("NotConfiguredException", "iot get-v2-logging-options")
        self.aws("iot set-logging-options --logging-options-payload", f"roleArn={ROLE},logLevel=INFO")
        self.assertEqual(self.aws("iot get-logging-options")["logLevel"], "INFO")
        self.aws(f"iot set-v2-logging-options --role-arn {ROLE} --default-log-level WARN")
        self.assertEqual(self.aws("iot get-v2-logging-options")["defaultLogLevel"], "WARN")
        self.aws("iot set-v2-logging-level --log-level DEBUG --log-target targetType=CLIENT_ID,targetName=dev")
        self.assertEqual(len(self.aws("iot list-v2-logging-levels")["logTargetConfigurations"]), 2)  # and the default
        self.aws("iot delete-v2-logging-level --target-type CLIENT_ID --target-name dev")

    def tags(self):
        arn = PREFIX + "thinggroup/all"
        self.aws(f"iot tag-resource --resource-arn {arn} --tags Key=room,Value=9")
        self.assertEqual(self.aws(f"iot list-tags-for-resource --resource-arn {arn}")["tags"], [{"Key": "room", "Value": "9"}])
        self.aws(f"iot untag-resource --resource-arn {arn} --tag-keys room")

    def jobs(self):
        thing = "--thing-name member"
        target = PREFIX + "thing/member"
        for job in ("first", "second", "third"):
            self.aws(f"iot create-job --job-id {job} --targets {target} --document", '{"do":"it"}')
        self.aws("iot describe-job --job-id first")
        self.assertEqual(len(self.aws("iot list-jobs")["jobs"]), 3)
        self.aws(f"iot describe-job-execution --job-id first {thing}")
        self.assertEqual(len(self.aws("iot list-job-executions-for-job --job-id first")["executionSummaries"]), 1)
        self.assertEqual(len(self.aws(f"iot list-job-executions-for-thing {thing}")["executionSummaries"]), 3)
        self.assertEqual(len(self.aws(f"iot-jobs-data get-pending-job-executions {thing}")["queuedJobs"]), 3)
        self.assertEqual(self.aws(f"iot-jobs-data start-next-pending-job-execution {thing}")["execution"]["jobId"], "first")
        self.aws(f"iot-jobs-data describe-job-execution --job-id first {thing}")
        self.aws(f"iot-jobs-data update-job-execution --job-id first --status SUCCEEDED {thing}")
        self.aws(f"iot cancel-job-execution --job-id second {thing}")
        self.aws(f"iot delete-job-execution --job-id second {thing} --execution-number 1")
        self.aws("iot cancel-job --job-id third")
        self.aws("iot delete-job --job-id third")

    def data(self):
        out = self.pki.path("out")
        thing = "--thing-name OEM:0a1b"

        def answer():
            with open(out, encoding="utf-8") as stream:
                return json.load(stream)
        self.aws(f"iot-data update-thing-shadow {thing} --payload", '{"state":{"desired":{"led":1}}}', out)
        self.aws(f"iot-data update-thing-shadow {thing} --shadow-name config --payload", '{"state":{"reported":{"a":"ü"}}}', out)
        self.assertEqual(self.aws(f"iot-data list-named-shadows-for-thing {thing}")["results"], ["config"])
        self.aws(f"iot-data get-thing-shadow {thing}", out)
        self.assertEqual(answer()["state"]["delta"], {"led": 1})
        self.no("ConflictException", f"iot-data update-thing-shadow {thing} --payload", '{"state":{},"version":9}', out)
        self.aws(f"iot-data delete-thing-shadow {thing}", out)
        self.no("ResourceNotFoundException", f"iot-data get-thing-shadow {thing}", out)
        with self.broker.changed:
            self.broker.frames = []
        self.aws("iot-data publish --topic a/b --qos 1 --payload", "Hello")
        self.assertEqual(self.broker.published(1)[0]["payload"], b"Hello")
        self.control.query("INSERT INTO retained (account, topic, qos, modified_ms, size, payload) VALUES"
                           f" ('{ACCOUNT}', 'kept', 1, 1, 5, X'48656c6c6f')")
        self.assertEqual(self.aws("iot-data list-retained-messages")["retainedTopics"][0]["topic"], "kept")
        told = self.aws("iot-data get-retained-message --topic kept")
        self.assertEqual(base64.b64decode(told["payload"]), b"Hello")

    def functions(self):
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w") as files:
            files.writestr("main.py", "def handler(event, context):\n    return event\n")
        self.path("code.zip", data.getvalue())
        archive, name, out = "fileb://" + self.pki.path("code.zip"), "--function-name echo", self.pki.path("out")
        made = self.aws(f"lambda create-function {name} --runtime python3.9 --role {ROLE} --handler main.handler --zip-file {archive}")
        self.aws(f"lambda wait function-active-v2 {name}")
        self.aws(f"lambda get-function {name}")
        self.aws(f"lambda get-function-configuration {name}")
        self.aws(f"lambda update-function-configuration {name} --timeout 9")
        self.aws(f"lambda update-function-code {name} --zip-file {archive}")
        self.assertEqual(len(self.aws("lambda list-functions")["Functions"]), 1)
        self.assertEqual(self.aws(f"lambda invoke {name} --payload", '{"a":1}', out)["StatusCode"], 200)
        with open(out, encoding="utf-8") as stream:
            self.assertEqual(stream.read(), '{"a":1}')
        self.assertEqual(self.aws(f"lambda publish-version {name}")["Version"], "1")
        self.assertEqual(len(self.aws(f"lambda list-versions-by-function {name}")["Versions"]), 2)
        self.aws(f"lambda create-alias {name} --name live --function-version 1")
        self.aws(f"lambda get-alias {name} --name live")
        self.aws(f"lambda update-alias {name} --name live --function-version $LATEST")
        self.assertEqual(len(self.aws(f"lambda list-aliases {name}")["Aliases"]), 1)
        self.aws(f"lambda delete-alias {name} --name live")
        may = f"{name} --statement-id iot"
        self.aws(f"lambda add-permission {may} --action lambda:InvokeFunction --principal iot.amazonaws.com")
        self.no("ResourceConflictException", f"lambda add-permission {may} --action lambda:InvokeFunction --principal iot.amazonaws.com")
        self.assertEqual(json.loads(self.aws(f"lambda get-policy {name}")["Policy"])["Statement"][0]["Sid"], "iot")
        self.aws(f"lambda remove-permission {may}")
        self.aws("lambda tag-resource --tags room=9 --resource", made["FunctionArn"])
        self.assertEqual(self.aws("lambda list-tags --resource", made["FunctionArn"])["Tags"], {"room": "9"})
        self.aws("lambda untag-resource --tag-keys room --resource", made["FunctionArn"])
        self.aws(f"lambda delete-function {name}")
        self.no("ResourceNotFoundException", f"lambda get-function {name}")


if __name__ == "__main__":
    main()
