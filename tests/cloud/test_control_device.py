#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The endpoint for devices: HTTPS with a client certificate, by curl and boto3."""
import json
import os
import shutil
import socket
import ssl
import subprocess
import time

import botocore
import botocore.client
import botocore.session

from broker_rig import until
from control_bus import PUBLISH
from control_rig import ACCOUNT, OTHER_KEY, REGION, Case, Control, main, run
from device_rig import ARN, DEVICES, OWN, DeviceCase, policy


class Devices(DeviceCase):
    def test_publish(self):
        self.device("p1", policy(("Allow", "iot:Publish", f"topic/dt/{OWN}/*"), ("Allow", "iot:RetainPublish", "topic/dt/p1/kept")))
        status, answer = self.curl("p1", "POST", "/topics/dt%2Fp1%2Fa?qos=1", b"\x01\x02")
        self.assertEqual((status, answer["message"], len(answer["traceId"])), (200, "OK", 36))
        (frame,) = self.broker.published(1)
        self.assertEqual((frame["topic"], frame["qos"], frame["retain"], frame["payload"]), (b"dt/p1/a", 1, 0, b"\x01\x02"))
        self.assertEqual(self.curl("p1", "POST", "/topics/dt/p1/kept?qos=0&retain=true", b"x")[0], 200)
        self.assertEqual(self.broker.published(1)[0]["retain"], 1)
        self.forbidden("p1", "POST", "/topics/dt/p1/a?retain=true", "no policy allows iot:RetainPublish on topic/dt/p1/a")
        self.forbidden("p1", "POST", "/topics/dt/p2/a", "no policy allows iot:Publish on topic/dt/p2/a", b"x")
        for path in ("/topics/dt/p1/%2B", "/topics/dt/p1/a?qos=2"):
            self.assertEqual(self.curl("p1", "POST", path)[0], 400)
        self.assertEqual([one for one in self.broker.frames if one["kind"] == PUBLISH], [])

    def test_lengths(self):
        self.device("l1", policy(("Allow", "iot:Publish", "topic/l")))
        self.assertEqual(self.curl("l1", "POST", "/topics/l", b"x" * 131072)[0], 200)
        self.assertEqual(len(self.broker.published(1)[0]["payload"]), 131072)
        self.assertEqual(self.curl("l1", "POST", "/topics/l", b"x" * 131073)[0], 413)

    def test_reserved(self):
        self.device("r1", policy(("Allow", "iot:*", "*")))
        for topic in ("$aws/events/presence/connected/x", "$SYS/x", "$aws/things/r1/shadow/update/accepted"):
            self.forbidden("r1", "POST", f"/topics/{topic}", "is reserved")
        self.forbidden("r1", "POST", "/topics/$aws/things/r1/shadow/update?retain=true", "is reserved")
        self.assertEqual(self.curl("r1", "POST", "/topics/$aws/rules/r/x", b"x")[0], 200)
        self.assertEqual(self.curl("r1", "POST", "/topics/$aws/things/r1/shadow/update", b'{"state":{"reported":{"a":1}}}')[0], 200)
        self.assertEqual(self.curl("r1", "GET", "/things/r1/shadow")[1]["state"], {"reported": {"a": 1}})

    def test_shadow(self):
        self.device("s1", policy(("Allow", "iot:GetThingShadow iot:UpdateThingShadow iot:DeleteThingShadow", f"thing/{OWN} thing/{OWN}/*"),
                                 ("Allow", "iot:ListNamedShadowsForThing", f"thing/{OWN}"),
                                 ("Deny", "iot:DeleteThingShadow", "thing/s1/config")))
        self.device("s2", policy(("Allow", "iot:GetThingShadow", "thing/s2")))
        self.assertEqual(self.curl("s1", "GET", "/things/s1/shadow")[0], 404)
        status, answer = self.curl("s1", "POST", "/things/s1/shadow", b'{"state":{"desired":{"led":1}}}')
        self.assertEqual((status, answer["version"]), (200, 1))
        self.assertEqual(self.broker.published(3)[0]["topic"], b"$aws/things/s1/shadow/update/accepted")
        self.assertEqual(self.curl("s1", "POST", "/things/s1/shadow?name=config", b'{"state":{"desired":{}}}')[0], 200)
        self.assertEqual(self.curl("s1", "GET", "/api/things/shadow/ListNamedShadowsForThing/s1")[1]["results"], ["config"])
        self.forbidden("s1", "DELETE", "/things/s1/shadow?name=config", "statement 2 of policy s1 denies iot:DeleteThingShadow on thing/s1/config")
        self.assertEqual(self.curl("s1", "DELETE", "/things/s1/shadow")[0], 200)
        self.forbidden("s1", "GET", "/things/s2/shadow", "no policy allows iot:GetThingShadow on thing/s2")
        self.forbidden("s2", "GET", "/things/s1/shadow?name=config", "no policy allows iot:GetThingShadow on thing/s1/config")
        self.forbidden("s2", "POST", "/things/s2/shadow", "iot:UpdateThingShadow on thing/s2", b'{"state":{}}')
        self.forbidden("s2", "GET", "/api/things/shadow/ListNamedShadowsForThing/s2", "iot:ListNamedShadowsForThing")
        self.assertEqual(self.curl("s2", "GET", "/things/s2/shadow?name=a%2Fb")[0], 403)

    def test_a_shadow_is_named_for_shadows_alone(self):
        """A right to a thing's shadows is none to the thing, whatever else stands in the query."""
        self.device("s3", policy(("Allow", "iot:*", f"thing/{OWN}/*")))
        self.assertEqual(self.curl("s3", "GET", "/things/s3/shadow?name=x")[0], 404)
        for path in ("/things/s3/jobs?name=x", "/things/s3/jobs/$next?name=x", "/api/things/shadow/ListNamedShadowsForThing/s3?name=x"):
            self.forbidden("s3", "GET", path, "on thing/s3")

    def test_jobs(self):
        every = "iot:GetPendingJobExecutions iot:DescribeJobExecution iot:StartNextPendingJobExecution iot:UpdateJobExecution"
        self.device("m1", policy(("Allow", every, f"thing/{OWN}")))
        self.device("m2", policy(("Allow", "iot:GetPendingJobExecutions", "thing/m1"), ("Allow", "iot:UpdateJobExecution", "thing/m2")))
        self.iot.create_thing(thingName="m1")
        self.assertEqual(self.curl("m1", "GET", "/things/m1/jobs"), (200, {"inProgressJobs": [], "queuedJobs": []}))
        self.iot.create_job(jobId="reboot", targets=[ARN + "thing/m1"], document='{"operation":"reboot"}')
        for name in ("m1", "m2"):
            self.assertEqual(self.curl(name, "GET", "/things/m1/jobs")[1]["queuedJobs"][0]["jobId"], "reboot")
        for method, path in (("GET", "/things/m1/jobs/reboot"), ("PUT", "/things/m1/jobs/$next"), ("POST", "/things/m1/jobs/reboot")):
            self.forbidden("m2", method, path, "JobExecution on thing/m1", b"{}" if method != "GET" else b"")
        waiting = self.curl("m1", "GET", "/things/m1/jobs/$next")[1]["execution"]
        self.assertEqual((waiting["status"], waiting["jobDocument"]), ("QUEUED", '{"operation":"reboot"}'))
        self.assertNotIn("jobDocument", self.curl("m1", "GET", "/things/m1/jobs/reboot?includeJobDocument=false")[1]["execution"])
        status, answer = self.curl("m1", "PUT", "/things/m1/jobs/$next", b'{"statusDetails":{"step":"1"}}')
        self.assertEqual((status, answer["execution"]["status"], answer["execution"]["versionNumber"]), (200, "IN_PROGRESS", 2))
        status, answer = self.curl("m1", "POST", "/things/m1/jobs/reboot", b'{"status":"SUCCEEDED","expectedVersion":1}')
        self.assertEqual((status, answer["executionState"]["versionNumber"], len(answer["traceId"])), (409, 2, 36))
        self.assertEqual(self.curl("m1", "POST", "/things/m1/jobs/reboot", b'{"status":"SUCCEEDED","expectedVersion":2}')[0], 200)
        self.assertEqual(self.iot.describe_job_execution(jobId="reboot", thingName="m1")["execution"]["status"], "SUCCEEDED")
        self.assertEqual(self.curl("m1", "GET", "/things/m1/jobs/reboot")[0], 410)
        self.assertEqual(self.curl("m1", "POST", "/things/m1/jobs/reboot", b"{")[0], 400)

    def test_retained(self):
        octets = "X'00ff'" if self.control.registry.startswith("sqlite:") else r"'\x00ff'"
        for topic in ("kept/e1", "kept/other"):
            self.control.query("INSERT INTO retained (account, topic, qos, modified_ms, size, payload) VALUES"
                               f" ('{ACCOUNT}', '{topic}', 1, 1700000000123, 2, {octets})")
        self.device("e1", policy(("Allow", "iot:GetRetainedMessage", f"topic/kept/{OWN}"), ("Allow", "iot:ListRetainedMessages", "=*")))
        self.device("e2", policy(("Allow", "iot:GetRetainedMessage", "=*"), ("Allow", "iot:ListRetainedMessages", "topic/*")))
        self.assertEqual(self.curl("e1", "GET", "/retainedMessage/kept%2Fe1"), (200, {
            "topic": "kept/e1", "payload": "AP8=", "qos": 1, "lastModifiedTime": 1700000000123}))
        self.forbidden("e1", "GET", "/retainedMessage/kept/other", "no policy allows iot:GetRetainedMessage on topic/kept/other")
        self.assertEqual([one["topic"] for one in self.curl("e1", "GET", "/retainedMessage?maxResults=2")[1]["retainedTopics"]],
                         ["kept/e1", "kept/other"])
        self.assertEqual(self.curl("e2", "GET", "/retainedMessage/kept/none")[0], 404)
        self.forbidden("e2", "GET", "/retainedMessage", "no policy allows iot:ListRetainedMessages")

    def test_variables(self):
        """There is no client id, so there is no thing; the certificate's own are there."""
        for name, variable in (("v1", "${iot:ClientId}"), ("v2", "${iot:Connection.Thing.ThingName}")):
            made = self.device(name, policy(("Allow", "iot:Publish", f"topic/v/{variable}")))
            self.iot.create_thing(thingName=name)
            self.iot.attach_thing_principal(thingName=name, principal=made["certificateArn"])
            self.forbidden(name, "POST", f"/topics/v/{name}", f"no policy allows iot:Publish on topic/v/{name}")
            self.forbidden(name, "POST", "/topics/v/", "no policy allows")

    def test_state_counts_at_once(self):
        made = self.device("c1", policy(("Allow", "iot:Publish", "topic/c")))
        for status, code in (("ACTIVE", 200), ("INACTIVE", 403), ("ACTIVE", 200), ("REVOKED", 403)):
            self.iot.update_certificate(certificateId=made["certificateId"], newStatus=status)
            if code == 403:
                self.forbidden("c1", "POST", "/topics/c", f"its certificate is {status}")
            else:
                self.assertEqual(self.curl("c1", "POST", "/topics/c")[0], 200)
        made = self.device("c2")
        self.forbidden("c2", "POST", "/topics/c", "no policy allows iot:Publish on topic/c")
        self.iot.attach_policy(policyName="c1", target=made["certificateArn"])
        self.assertEqual(self.curl("c2", "POST", "/topics/c")[0], 200)
        self.iot.detach_policy(policyName="c1", target=made["certificateArn"])
        self.forbidden("c2", "POST", "/topics/c", "no policy allows iot:Publish on topic/c")

    def test_registration_on_first_contact(self):
        ca = self.register_ca("jitr", setAsActive=True, allowAutoRegistration=True)
        self.pki.leaf("j1", "jitr")
        told = []
        for _ in range(2):
            self.forbidden("j1", "POST", "/topics/j", "its certificate is PENDING_ACTIVATION")
            (frame,) = self.broker.published(1)
            self.assertEqual(frame["topic"].decode(), f"$aws/events/certificates/registered/{ca['certificateId']}")
            told.append(json.loads(frame["payload"]))
        self.assertEqual(told[0]["certificateId"], self.pki.identity("j1"))
        self.assertEqual((told[0]["awsAccountId"], told[0]["certificateStatus"]), (ACCOUNT, "PENDING_ACTIVATION"))
        self.assertEqual(told[0]["certificateRegistrationTimestamp"], told[1]["certificateRegistrationTimestamp"])
        ((n,),) = self.control.query("SELECT count(*) FROM event WHERE kind = 'Register' "
                                   f"AND certificate_id = '{self.pki.identity('j1')}'")
        self.assertEqual(n, "1")
        one = self.iot.describe_certificate(certificateId=told[0]["certificateId"])["certificateDescription"]
        self.assertEqual((one["status"], one["caCertificateId"]), ("PENDING_ACTIVATION", ca["certificateId"]))
        self.iot.update_certificate(certificateId=one["certificateId"], newStatus="ACTIVE")
        self.iot.create_policy(policyName="j1", policyDocument=policy(("Allow", "iot:Publish", "topic/j")))
        self.iot.attach_policy(policyName="j1", target=one["certificateArn"])
        self.assertEqual(self.curl("j1", "POST", "/topics/j")[0], 200)
        self.iot.update_ca_certificate(certificateId=ca["certificateId"], newAutoRegistrationStatus="DISABLE")
        self.pki.leaf("j2", "jitr")
        self.forbidden("j2", "POST", "/topics/j", "its CA does not register by itself")

    def test_provisioning_on_first_contact(self):
        number = "AWS::IoT::Certificate::Id"
        name = "AWS::IoT::Certificate::CommonName"
        template = {"Parameters": {number: {"Type": "String"}, name: {"Type": "String"}}, "Resources": {
            "thing": {"Type": "AWS::IoT::Thing", "Properties": {"ThingName": {"Ref": name}}},
            "certificate": {"Type": "AWS::IoT::Certificate", "Properties": {"CertificateId": {"Ref": number}, "Status": "ACTIVE"}},
            "policy": {"Type": "AWS::IoT::Policy", "Properties": {
                "PolicyDocument": policy(("Allow", "iot:UpdateThingShadow", f"thing/{OWN}"))}}}}
        self.register_ca("jitp", setAsActive=True, allowAutoRegistration=True, registrationConfig={
            "templateBody": json.dumps(template), "roleArn": f"arn:aws:iam::{ACCOUNT}:role/r"})
        self.pki.leaf("t1", "jitp")
        self.forbidden("t1", "POST", "/things/t1/shadow", "its certificate is PENDING_ACTIVATION", b'{"state":{}}')
        self.assertEqual(self.curl("t1", "POST", "/things/t1/shadow", b'{"state":{"reported":{"on":1}}}')[0], 200)
        self.assertEqual(self.iot.list_thing_principals(thingName="t1")["principals"], [f"{ARN}cert/{self.pki.identity('t1')}"])

    def test_certificates_that_do_not_count(self):
        if not os.path.exists(self.pki.path("jitx.pem")):
            self.register_ca("jitx", setAsActive=True, allowAutoRegistration=True)
        self.pki.leaf("old", "jitx", days=-1)
        self.forbidden("old", "POST", "/topics/x", "its certificate has expired")
        self.pki.ca("stranger")
        self.pki.leaf("unknown", "stranger")
        self.forbidden("unknown", "POST", "/topics/x", "its certificate is not registered, and neither is its issuer")
        self.pki.leaf("weak", "jitx", kind=("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"))
        self.forbidden("weak", "POST", "/topics/x", "PENDING_ACTIVATION")
        self.assertEqual(self.iot.list_certificates_by_ca(caCertificateId=self.pki.identity("jitx"))["certificates"][0]["certificateId"],
                         self.pki.identity("weak"))
        status, answer = self.curl(None, "POST", "/topics/x")
        self.assertEqual((status, answer["message"]), (403, "Missing client certificate"))

    def test_of_another_account(self):
        pem = self.pki.leaf("theirs", "anchor")
        other = self.control.client("iot", OTHER_KEY)
        other.register_certificate_without_ca(certificatePem=pem, status="ACTIVE")
        self.forbidden("theirs", "POST", "/topics/x", "its certificate is not registered")

    def test_nothing_else_is_open(self):
        self.device("n1", policy(("Allow", "iot:*", "*")))
        for method, path in (("GET", "/things"), ("GET", "/certificates"), ("POST", "/2015-03-31/functions")):
            status, answer = self.curl("n1", method, path)
            self.assertEqual(status, 403, path)
            self.assertIn("is not open to devices", answer["message"])
        self.assertEqual(self.curl("n1", "GET", "/console/")[0], 404)

    def test_boto3_as_a_device(self):
        self.device("b1", policy(("Allow", "iot:Publish", "topic/b"), ("Allow", "iot:GetThingShadow", "thing/b1")))
        data = botocore.session.Session().create_client(
            "iot-data", region_name=REGION, endpoint_url=f"https://127.0.0.1:{self.port_of(self.control)}", verify=False,
            config=botocore.client.Config(signature_version=botocore.UNSIGNED, retries={"max_attempts": 0}, client_cert=(
                self.pki.path("b1.pem"), self.pki.path("b1.key"))))
        data.publish(topic="b", qos=1, payload=b"x")
        self.assertEqual(self.broker.published(1)[0]["payload"], b"x")
        self.refused("ForbiddenException", data.publish, topic="c")
        self.refused("ResourceNotFoundException", data.get_thing_shadow, thingName="b1")

    def test_it_names_no_authorities(self):
        """Clients that send a certificate of the CAs named only would send none."""
        for version in ("-tls1_2", "-tls1_3"):
            seen = subprocess.run(["openssl", "s_client", version, "-connect", f"127.0.0.1:{self.port_of(self.control)}"],
                                  input=b"", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False).stdout
            self.assertIn(b"No client certificate CA names sent", seen)
            self.assertIn(b"Requested Signature Algorithms", seen)

    def test_two_control_planes(self):
        self.device("w1", policy(("Allow", "iot:Publish", "topic/w"), ("Allow", "iot:UpdateThingShadow", "thing/w1")))
        ca = self.register_ca("jitw", setAsActive=True, allowAutoRegistration=True)
        second = Control.__new__(Control)
        second.__dict__.update(self.control.__dict__)
        second.dir = os.path.join(self.control.dir, "second")
        os.mkdir(second.dir)
        for name in ("seal", "issuer.pem"):
            shutil.copy(self.pki.path(name), second.dir)
        second.options = [one.replace("/device.port", "/second/device.port") for one in second.options]
        second.start()
        try:
            for number, control in ((1, self.control), (2, second), (3, self.control)):
                status, answer = self.curl("w1", "POST", "/things/w1/shadow", b'{"state":{"reported":{"n":%d}}}' % number, control)
                self.assertEqual((status, answer["version"]), (200, number))
            self.pki.leaf("w2", "jitw")
            for control in (second, self.control):
                self.forbidden("w2", "POST", "/topics/w", "PENDING_ACTIVATION", control=control)
            self.assertEqual(len(self.iot.list_certificates_by_ca(caCertificateId=ca["certificateId"])["certificates"]), 1)
            self.iot.detach_policy(policyName="w1", target=f"{ARN}cert/{self.pki.identity('w1')}")
            self.forbidden("w1", "POST", "/topics/w", "no policy allows", control=second)
        finally:
            self.assertEqual(second.stop(), 0)


class Slow(Devices):
    """A client that does not go on is not waited for, and holds up nobody meanwhile."""
    options = (*DEVICES, "--request-timeout", "6")

    def test_slow(self):
        self.device("z1", policy(("Allow", "iot:Publish", "topic/z")))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.load_cert_chain(self.pki.path("z1.pem"), self.pki.path("z1.key"))
        address = ("127.0.0.1", self.port_of(self.control))
        silent = socket.create_connection(address, timeout=60)
        with context.wrap_socket(socket.create_connection(address, timeout=60)) as slow:
            slow.sendall(b"POST /topics/z HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf")
            self.assertEqual(self.curl("z1", "POST", "/topics/z")[0], 200)
            try:
                self.assertEqual(slow.recv(4096), b"")
            except ssl.SSLError:  # it does not say goodbye either
                pass
        while silent.recv(4096):  # an alert of TLS before the end
            pass
        silent.close()


# What Devices holds is its own.
for _name in [name for name in dir(Devices) if name.startswith("test_")]:
    setattr(Slow, _name, None)


class Logging(DeviceCase):
    """What devices do is recorded as the account's logging options have it."""

    def events(self):
        """Which device did what, and how it ended."""
        return {(certificate, kind, success == "1") for certificate, kind, success in self.control.query(
            "SELECT certificate_id, kind, is_success FROM event WHERE certificate_id IS NOT NULL")}

    def test_levels(self):
        document = policy(("Allow", "iot:Publish", "topic/g"))
        names = {name: self.device(name, document)["certificateId"] for name in ("none", "errors", "all")}
        self.register_ca("jitg", setAsActive=True, allowAutoRegistration=True)
        for name in ("quiet", "told"):
            self.pki.leaf(name, "jitg")
            names[name] = self.pki.identity(name)
        self.iot.set_v2_logging_options(roleArn=f"arn:aws:iam::{ACCOUNT}:role/r", defaultLogLevel="DISABLED")
        for name, level in (("errors", "ERROR"), ("told", "WARN"), ("all", "INFO")):
            self.iot.set_v2_logging_level(logTarget={"targetType": "PRINCIPAL_ID", "targetName": names[name]}, logLevel=level)
        for name in ("quiet", "told"):
            self.assertEqual(self.curl(name, "POST", "/topics/g")[0], 403)
        for name in ("none", "errors", "all"):
            self.assertEqual(self.curl(name, "POST", "/topics/h")[0], 403)
            self.assertEqual(self.curl(name, "POST", "/topics/g")[0], 200)
        # Written in the order in which they came.
        until(lambda: (names["all"], "Api", True) in self.events(), "the last one is recorded")
        self.assertEqual(self.events(), {(names["told"], "Register", True), (names["told"], "Api", False), (names["errors"], "Api", False),
                                         (names["all"], "Api", False), (names["all"], "Api", True)})
        ((n,),) = self.control.query("SELECT count(*) FROM event WHERE detail LIKE '%SetV2LoggingLevel%'")
        self.assertEqual(n, "3")


class Starts(Case):
    """What can't be meant is refused."""
    options = ("--account", ACCOUNT)

    def test_options(self):
        for options, text in (
                (("--device-port", "0"), "--account must be given with --device-port"),
                (("--device-port", "0", "--account", ACCOUNT), "--device-port needs a certificate"),
                (("--device-listen", "127.0.0.1"), "--device-port must be given"),
                (("--device-port", "0", "--account", ACCOUNT, "--device-key", "k"), "--device-certificate and --device-key go together")):
            with self.assertRaises(subprocess.CalledProcessError) as caught:
                run(f"{os.environ['KM_TEST_BUILD']}/bin/keymoor-cloud-control", "--registry", "sqlite:/nowhere", "--key", "k", *options)
            self.assertIn(text, caught.exception.stderr.decode())


if __name__ == "__main__":
    main()
