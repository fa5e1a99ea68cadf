#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The credential provider: curl with a certificate gets keys, boto3 and the AWS CLI use them, and never for more than the certificate may."""
import datetime
import json
import os
import ssl
import subprocess
import time

from control_rig import ACCOUNT, OTHER_KEY, REGION, main
from device_rig import OWN, DeviceCase, policy

ROLE = f"arn:aws:iam::{ACCOUNT}:role/plant/lamps"
ASSUME = ("Allow", "iot:AssumeRoleWithCertificate", "rolealias/lamps")


class CredentialsCase(DeviceCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.iot.create_role_alias(roleAlias="lamps", roleArn=ROLE, credentialDurationSeconds=900)

    def ask(self, name, alias="lamps", thing=None):
        return self.curl(name, "GET", f"/role-aliases/{alias}/credentials", headers=() if thing is None else (f"x-amzn-iot-thingname: {thing}",))

    def credentials(self, name, alias="lamps"):
        status, answer = self.ask(name, alias)
        self.assertEqual(status, 200, answer)
        made = answer["credentials"]
        return (made["accessKeyId"], made["secretAccessKey"]), made["sessionToken"]

    def client(self, service, who):
        return self.control.client(service, key=who[0], token=who[1])

    def made(self, name, *statements):
        """A device with these rights, and its credentials."""
        device = self.device(name, policy(ASSUME, *statements))
        return device, self.credentials(name)

    def gone(self, who):
        return self.refused("UnrecognizedClientException", self.client("iot-data", who).publish, topic="t")


class Rights(CredentialsCase):
    """Who gets credentials, and what can be done with them."""

    def test_what_is_answered(self):
        self.device("a1", policy(ASSUME))
        status, answer = self.ask("a1")
        self.assertEqual((status, set(answer), set(answer["credentials"])), (
            200, {"credentials"}, {"accessKeyId", "secretAccessKey", "sessionToken", "expiration"}))
        made = answer["credentials"]
        self.assertRegex(made["accessKeyId"], "^ASIA[A-Z2-7]{16}$")
        end = datetime.datetime.strptime(made["expiration"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.timezone.utc)
        self.assertTrue(0 < end.timestamp() - time.time() <= 900, made["expiration"])
        ((n,),) = self.control.query(f"SELECT count(*) FROM credential WHERE id = '{made['accessKeyId']}'")
        self.assertEqual(n, "1")
        for stored in self.control.query("SELECT * FROM credential") + self.control.query("SELECT * FROM event"):
            self.assertNotIn(made["secretAccessKey"], str(stored))
            self.assertNotIn(made["sessionToken"], str(stored))

    def test_who_gets_none(self):
        denied = self.device("a2", policy(("Allow", "iot:AssumeRoleWithCertificate", "rolealias/lamps-2 rolealias/none"), ("Allow", "iot:Publish", "*")))
        status, answer = self.ask("a2")
        self.assertEqual((status, answer["message"]), (403, "Access Denied"))
        self.expected[answer["traceId"]] = (denied["certificateId"], "no policy allows iot:AssumeRoleWithCertificate on rolealias/lamps")
        status, answer = self.ask("a2", "none")
        self.assertEqual((status, answer["message"]), (404, "Role alias does not exist"))
        self.assertEqual(self.ask("a2", "a.b")[0], 400)
        self.assertEqual(self.curl("a2", "PUT", "/role-aliases/lamps/credentials")[0], 404)
        self.assertEqual(self.ask(None)[0], 403)
        self.iot.update_certificate(certificateId=denied["certificateId"], newStatus="INACTIVE")
        self.forbidden("a2", "GET", "/role-aliases/none/credentials", "its certificate is INACTIVE")

    def test_a_thing_that_is_named(self):
        made = self.device("a3", policy(ASSUME))
        for name in ("a3", "other"):
            self.iot.create_thing(thingName=name)
        self.iot.attach_thing_principal(thingName="a3", principal=made["certificateArn"])
        self.assertEqual(self.ask("a3", thing="a3")[0], 200)
        for thing in ("other", "nobody", "a/b", "x" * 200):
            status, answer = self.ask("a3", thing=thing)
            self.assertEqual((status, answer["message"]), (403, "Invalid thing name passed"), thing)

    def test_what_its_policies_allow(self):
        """The same as over its certificate: messages, shadows, jobs, retained messages."""
        jobs = "iot:GetPendingJobExecutions iot:StartNextPendingJobExecution"
        _, who = self.made("b1", ("Allow", "iot:Publish", f"topic/dt/{OWN}/*"), ("Allow", "iot:GetThingShadow iot:UpdateThingShadow", f"thing/{OWN}"),
                           ("Allow", jobs, f"thing/{OWN}"), ("Allow", "iot:ListRetainedMessages", "=*"))
        self.iot.create_thing(thingName="b1")
        data, jobs = self.client("iot-data", who), self.client("iot-jobs-data", who)
        data.publish(topic="dt/b1/a", qos=1, payload=b"x")
        self.assertEqual(self.broker.published(1)[0]["topic"], b"dt/b1/a")
        data.update_thing_shadow(thingName="b1", payload=b'{"state":{"reported":{"n":1}}}')
        self.assertEqual(json.loads(data.get_thing_shadow(thingName="b1")["payload"].read())["state"], {"reported": {"n": 1}})
        self.assertEqual(data.list_retained_messages()["retainedTopics"], [])
        self.assertEqual(jobs.get_pending_job_executions(thingName="b1")["queuedJobs"], [])
        self.assertNotIn("execution", jobs.start_next_pending_job_execution(thingName="b1"))
        for call, more in ((data.publish, {"topic": "dt/b2/a"}), (data.publish, {"topic": "dt/b1/a", "retain": True}),
                           (data.publish, {"topic": "$aws/events/x"}), (data.delete_thing_shadow, {"thingName": "b1"}),
                           (data.get_thing_shadow, {"thingName": "b2"}), (data.get_thing_shadow, {"thingName": "b1", "shadowName": "x"}),
                           (data.get_retained_message, {"topic": "dt/b1/a"}), (data.list_named_shadows_for_thing, {"thingName": "b1"}),
                           (jobs.describe_job_execution, {"thingName": "b1", "jobId": "$next"}),
                           (jobs.get_pending_job_executions, {"thingName": "b2"})):
            answer = self.refused("ForbiddenException", call, **more)
            self.assertEqual(answer["Error"]["Message"], "Forbidden")

    def test_nothing_of_the_account(self):
        """Not even with a policy that allows everything: those are the account's keys' alone."""
        device = self.device("b3", policy(("Allow", "iot:*", "* =*")))
        who = self.credentials("b3")
        iot, functions = self.client("iot", who), self.client("lambda", who)
        self.iot.create_thing(thingName="b3")
        for call, more in ((iot.list_things, {}), (iot.describe_endpoint, {}), (iot.describe_role_alias, {"roleAlias": "lamps"}),
                           (iot.create_role_alias, {"roleAlias": "mine", "roleArn": ROLE}),
                           (iot.update_role_alias, {"roleAlias": "lamps", "credentialDurationSeconds": 43200}),
                           (iot.attach_policy, {"policyName": "b3", "target": device["certificateArn"]}),
                           (iot.update_certificate, {"certificateId": device["certificateId"], "newStatus": "ACTIVE"}),
                           (iot.create_keys_and_certificate, {}), (iot.set_v2_logging_options, {"roleArn": ROLE, "disableAllLogs": True}),
                           # The same name as one of a device's, and another service's.
                           (iot.describe_job_execution, {"thingName": "b3", "jobId": "j"}),
                           (functions.list_functions, {}), (functions.invoke, {"FunctionName": "f"})):
            self.refused("AccessDeniedException", call, **more)
        headers = self.control.signed("GET", "/role-aliases/lamps/credentials", key=(*who[0], who[1]))
        status, _, body = self.control.send("GET", "/role-aliases/lamps/credentials", headers=headers, sign=False)
        self.assertEqual((status, json.loads(body)["message"]), (404, "There is no operation with this method and path"))
        status, _, body = self.control.send("GET", "/role-aliases/lamps/credentials")
        self.assertEqual(status, 404, body)

    def test_aws_cli(self):
        device, who = self.made("c1", ("Allow", "iot:Publish", "topic/c1"))
        environment = {**os.environ, "AWS_ACCESS_KEY_ID": who[0][0], "AWS_SECRET_ACCESS_KEY": who[0][1], "AWS_SESSION_TOKEN": who[1],
                       "AWS_DEFAULT_REGION": REGION, "HOME": self.control.dir, "AWS_CONFIG_FILE": "/dev/null"}

        def aws(*words):
            return subprocess.run(["/usr/bin/aws", "--endpoint-url", self.control.url, *words], env=environment, check=False,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        told = json.loads(aws("sts", "get-caller-identity").stdout)
        self.assertEqual(told, {"UserId": f"lamps:{device['certificateId']}", "Account": ACCOUNT,
                                "Arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/lamps/{device['certificateId']}"})
        self.assertEqual(aws("iot-data", "publish", "--topic", "c1", "--payload", "eA==").returncode, 0)
        self.assertEqual(self.broker.published(1)[0]["topic"], b"c1")
        self.assertIn(b"ForbiddenException", aws("iot-data", "publish", "--topic", "c2").stderr)
        self.assertIn(b"AccessDeniedException", aws("iot", "list-things").stderr)


class Life(CredentialsCase):
    """Until when they are good."""

    def test_the_token(self):
        _, who = self.made("d1", ("Allow", "iot:Publish", "topic/t"))
        _, other = self.made("d2", ("Allow", "iot:Publish", "topic/t"))
        self.client("iot-data", who).publish(topic="t")
        token = who[1]
        for wrong in (None, "", token[:-1], token + "x", other[1], token.swapcase(), chr(ord(token[0]) ^ 1) + token[1:],
                      token[:-1] + chr(ord(token[-1]) ^ 1)):
            code = "UnrecognizedClientException"
            self.refused(code, self.client("iot-data", (who[0], wrong)).publish, topic="t")
        self.refused("InvalidSignatureException", self.client("iot-data", ((who[0][0], other[0][1]), token)).publish, topic="t")
        self.refused("UnrecognizedClientException", self.client("iot-data", (("ASIA" + "A" * 16, who[0][1]), token)).publish, topic="t")

    def test_they_expire(self):
        _, who = self.made("e1", ("Allow", "iot:Publish", "topic/t"))
        data = self.client("iot-data", who)
        data.publish(topic="t")
        now = int(time.time() * 1000)
        self.control.query(f"UPDATE credential SET expires_ms = {now + 600000} WHERE id = '{who[0][0]}'")
        data.publish(topic="t")
        self.control.query(f"UPDATE credential SET expires_ms = {now} WHERE id = '{who[0][0]}'")
        self.refused("ExpiredTokenException", data.publish, topic="t")

    def test_they_go_with_the_certificate(self):
        for number, status in enumerate(("INACTIVE", "REVOKED")):
            device, who = self.made(f"f{number}", ("Allow", "iot:Publish", "topic/t"))
            self.client("iot-data", who).publish(topic="t")
            self.iot.update_certificate(certificateId=device["certificateId"], newStatus=status)
            self.gone(who)
            if status == "INACTIVE":
                self.iot.update_certificate(certificateId=device["certificateId"], newStatus="ACTIVE")
                self.gone(who)
                self.client("iot-data", self.credentials(f"f{number}")).publish(topic="t")

    def test_rights_count_at_once(self):
        device, who = self.made("g1", ("Allow", "iot:Publish", "topic/t"))
        data = self.client("iot-data", who)
        data.publish(topic="t")
        self.iot.create_policy_version(policyName="g1", policyDocument=policy(ASSUME), setAsDefault=True)
        self.refused("ForbiddenException", data.publish, topic="t")
        self.iot.create_policy_version(policyName="g1", policyDocument=policy(("Allow", "iot:Publish", "topic/t")), setAsDefault=True)
        # Who may no longer ask for them may no longer use them.
        self.refused("AccessDeniedException", data.publish, topic="t")
        self.refused("AccessDenied", self.client("sts", who).get_caller_identity)
        self.iot.create_policy_version(policyName="g1", policyDocument=policy(ASSUME, ("Allow", "iot:Publish", "topic/t")), setAsDefault=True)
        data.publish(topic="t")
        self.iot.detach_policy(policyName="g1", target=device["certificateArn"])
        self.refused("AccessDeniedException", data.publish, topic="t")

    def test_they_go_with_the_alias(self):
        self.iot.create_role_alias(roleAlias="brief", roleArn=ROLE)
        self.device("h1", policy(("Allow", "iot:AssumeRoleWithCertificate", "rolealias/*"), ("Allow", "iot:Publish", "topic/t")))
        brief, kept = self.credentials("h1", "brief"), self.credentials("h1")
        for who in (brief, kept):
            self.client("iot-data", who).publish(topic="t")
        self.iot.delete_role_alias(roleAlias="brief")
        self.gone(brief)
        self.client("iot-data", kept).publish(topic="t")
        self.iot.create_role_alias(roleAlias="brief", roleArn=ROLE)
        self.gone(brief)

    def test_a_certificate_that_expires(self):
        """What counts is the certificate as it is now, not as it was when they were made."""
        device, who = self.made("i1", ("Allow", "iot:Publish", "topic/t"))
        self.client("iot-data", who).publish(topic="t")
        self.pki.leaf("i2", "elsewhere", subject="/CN=i1", days=-1)
        with open(self.pki.path("i2.pem"), encoding="ascii") as stream:
            old = ssl.PEM_cert_to_DER_cert(stream.read()).hex()
        octets = f"X'{old}'" if self.control.registry.startswith("sqlite:") else f"'\\x{old}'"
        self.control.query(f"UPDATE certificate_der SET der = {octets} WHERE id = '{device['certificateId']}'")
        self.refused("ForbiddenException", self.client("iot-data", who).publish, topic="t")

    def test_of_another_account(self):
        self.control.client("iot", OTHER_KEY).create_role_alias(roleAlias="theirs", roleArn=ROLE)
        self.device("k1", policy(("Allow", "iot:AssumeRoleWithCertificate", "rolealias/*")))
        self.assertEqual(self.ask("k1", "theirs")[0], 404)

    def test_recorded(self):
        """As the device's calls, with its certificate."""
        device, who = self.made("l1", ("Allow", "iot:Publish", "topic/t"))
        answer = self.refused("ForbiddenException", self.client("iot-data", who).publish, topic="u")
        self.expected[answer["ResponseMetadata"]["RequestId"]] = (device["certificateId"], "no policy allows iot:Publish on topic/u")
        ((principal, detail),) = self.control.query("SELECT coalesce(principal, ''), detail FROM event WHERE is_success = 1 AND "
                                                    f"certificate_id = '{device['certificateId']}' AND detail LIKE '%AssumeRole%'")
        self.assertEqual((principal, json.loads(detail)["operation"]), ("", "AssumeRoleWithCertificate"))


if __name__ == "__main__":
    main()
