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

from control_bus import PUBLISH, Broker
from control_rig import ACCOUNT, OTHER_KEY, REGION, Case, Control, Pki, main, run

ARN = f"arn:aws:iot:{REGION}:{ACCOUNT}:"
DEVICES = ("--device-port", "0", "--device-port-file", "{dir}/device.port", "--device-certificate", "{dir}/server.pem",
           "--device-key", "{dir}/server.key", "--account", ACCOUNT, "--bus", "{dir}/bus")
OWN = "${iot:Certificate.Subject.CommonName}"


def policy(*statements):
    """Each statement: effect, actions, resources (what stands behind arn:aws:iot:REGION:ACCOUNT:)."""
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": effect, "Action": actions.split(), "Resource": [ARN + one for one in resources.split()]}
        for effect, actions, resources in statements]})


class Devices(Case):
    options = DEVICES
    expected = {}

    @classmethod
    def prepare(cls):
        pki = Pki(cls.control.dir)
        pki.ca("anchor")
        pki.leaf("server", "anchor", subject="/CN=127.0.0.1")
        cls.broker = Broker(f"{cls.control.dir}/bus")

    @classmethod
    def tearDownClass(cls):
        try:
            cls.check_recorded()
        finally:
            cls.broker.end()
            super().tearDownClass()

    @classmethod
    def check_recorded(cls):
        """Each refusal is an event of its certificate with the reason; they are written together, a little later."""
        while cls.expected:
            rows = {json.loads(detail)["requestId"]: (certificate, reason) for certificate, reason, detail in cls.control.query(
                "SELECT certificate_id, reason, detail FROM event WHERE kind = 'Api' AND is_success = 0")}
            for trace, (certificate, reason) in list(cls.expected.items()):
                if trace in rows:
                    found = rows[trace]
                    if found[0] != certificate or reason not in found[1]:
                        raise AssertionError(f"{found}, not {certificate}: {reason}")
                    del cls.expected[trace]
            time.sleep(0.05)

    @staticmethod
    def port_of(control):
        with open(f"{control.dir}/device.port", encoding="ascii") as stream:
            return int(stream.read())

    def curl(self, name, method, path, body=b"", control=None):
        """As a device with the certificate of that name (None: without one): status and body."""
        port = self.port_of(control or self.control)
        who = ["--cert", self.pki.path(name + ".pem"), "--key", self.pki.path(name + ".key")] if name else []
        done = subprocess.run(["curl", "-sk", "-w", "\n%{http_code}", "-X", method, "--path-as-is", *who,
                               *(["--data-binary", "@-"] if body else []), f"https://127.0.0.1:{port}{path}"],
                              input=body, check=True, stdout=subprocess.PIPE)
        text, _, status = done.stdout.rpartition(b"\n")
        return int(status), json.loads(text) if text else None

    def forbidden(self, name, method, path, reason, body=b"", control=None):
        """It is refused without a reason, which is in the registry instead."""
        status, answer = self.curl(name, method, path, body, control)
        self.assertEqual((status, answer["message"]), (403, "Forbidden"), reason)
        self.expected[answer["traceId"]] = (self.pki.identity(name), reason)

    def device(self, name, document=None, status="ACTIVE", **more):
        """A certificate that is registered, with a policy of its own."""
        if not os.path.exists(self.pki.path("elsewhere.pem")):
            self.pki.ca("elsewhere")
        pem = self.pki.leaf(name, "elsewhere", **more)
        made = self.iot.register_certificate_without_ca(certificatePem=pem, status=status)
        if document is not None:
            self.iot.create_policy(policyName=name, policyDocument=document)
            self.iot.attach_policy(policyName=name, target=made["certificateArn"])
        return made

    def setUp(self):
        with self.broker.changed:
            self.broker.frames = []

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
    options = (*DEVICES, "--request-timeout", "1")

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
