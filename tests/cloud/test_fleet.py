#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Fleet provisioning: Debian's mosquitto with the plugin, the control plane that serves it, devices with claims, boto3 for operators."""
import json
import os
import signal
import ssl
import subprocess
import tempfile
import time
import unittest

import botocore.client
import botocore.session
import cbor2
import paho.mqtt.client as paho
from botocore.exceptions import ClientError

from broker_rig import Client, Pki, run, until
from console_rig import BUILD, Cloud

CREATE, CSR = "$aws/certificates/create/json", "$aws/certificates/create-from-csr/json"
CBOR = "$aws/certificates/create/cbor"
ID = "AWS::IoT::Certificate::Id"
THROTTLED = 429


def provision(template, form="json"):
    return f"$aws/provisioning-templates/{template}/provision/{form}"


class Device:
    """A connection that asks, and hears what comes for it."""

    def __init__(self, cloud, certificate, key, client_id):
        context = ssl.create_default_context(cafile=f"{cloud.dir}/server_ca.pem")
        context.check_hostname = False
        context.load_cert_chain(certificate, key)
        self.client = Client(("127.0.0.1", cloud.broker_port), client_id, context)
        self.code = self.client.connected()
        self.heard = set()

    def listen(self, *filters):
        for one in set(filters) - self.heard:
            codes = self.client.subscribed(one)
            assert codes == [1], (one, codes)
            self.heard.add(one)

    def ask_once(self, topic, payload):
        is_cbor = topic.endswith("/cbor")
        self.listen(topic + "/accepted", topic + "/rejected")
        self.client.publish(topic, payload if isinstance(payload, bytes) else (cbor2.dumps if is_cbor else json.dumps)(payload))
        where, answer = self.client.message()
        answer = (cbor2.loads if is_cbor else json.loads)(answer)
        assert where.rsplit("/", 1)[0] == topic, where
        return where.rsplit("/", 1)[1], answer

    def ask(self, topic, payload):
        """Asked again as long as there are too many."""
        how, answer = self.ask_once(topic, payload)
        while answer.get("statusCode") == THROTTLED:
            time.sleep(0.2)
            how, answer = self.ask_once(topic, payload)
        return how, answer

    def accepted(self, topic, payload):
        how, answer = self.ask(topic, payload)
        assert how == "accepted", answer
        return answer

    def close(self):
        self.client.close()


class Fleet(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cloud = Cloud()
        with open(f"{cls.cloud.dir}/access_key", encoding="ascii") as stream:
            keys = dict(line.strip().split("=", 1) for line in stream if "=" in line)
        settings = dict(line.split("=", 1) for line in cls.cloud.read("settings").split("\n"))
        cls.arn = f"arn:aws:iot:{settings['region']}:{settings['account']}:"
        cls.iot = botocore.session.Session().create_client(
            "iot", region_name=settings["region"], endpoint_url=cls.cloud.url, aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"], config=botocore.client.Config(retries={"max_attempts": 0}))
        cls.pki = Pki(tempfile.mkdtemp(dir=cls.cloud.dir))
        cls.iot.create_policy(policyName="Claims", policyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "iot:*", "Resource": "*"}]}))
        cls.iot.create_policy(policyName="Devices", policyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": ["iot:Connect", "iot:Publish", "iot:Subscribe", "iot:Receive"], "Resource": "*"}]}))
        cls.claim = cls.register("claim")
        cls.template("fleet")

    @classmethod
    def tearDownClass(cls):
        cls.cloud.close()

    @classmethod
    def register(cls, name):
        made = cls.pki.issue(name)
        with open(made.pem, encoding="ascii") as pem:
            answer = cls.iot.register_certificate_without_ca(certificatePem=pem.read(), status="ACTIVE")
        cls.iot.attach_policy(policyName="Claims", target=answer["certificateArn"])
        return made

    @classmethod
    def template(cls, name, policy=None, kind="FLEET_PROVISIONING", enabled=True):
        body = {"Parameters": {ID: {"Type": "String"}, "Serial": {"Type": "String"}, "Place": {"Type": "String", "Default": "none"}},
                "Resources": {
                    "thing": {"Type": "AWS::IoT::Thing", "Properties": {
                        "ThingName": {"Fn::Join": ["-", [name, {"Ref": "Serial"}]]},
                        "AttributePayload": {"place": {"Ref": "Place"}}}},
                    "certificate": {"Type": "AWS::IoT::Certificate", "Properties": {"CertificateId": {"Ref": ID}, "Status": "ACTIVE"}},
                    "policy": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyName": policy or "Devices"}}},
                "DeviceConfiguration": {"url": {"Fn::Join": ["", ["https://example/", {"Ref": "Serial"}]]}, "level": "1"}}
        cls.iot.create_provisioning_template(templateName=name, templateBody=json.dumps(body), enabled=enabled, type=kind,
                                             provisioningRoleArn="arn:aws:iam::123456789012:role/r")

    def device(self, certificate=None, client_id=None, key=None):
        certificate = certificate or self.claim
        pem, own = (certificate.pem, certificate.key) if key is None else (certificate, key)
        device = Device(self.cloud, pem, own, client_id or self.id().rsplit(".", 1)[1])
        self.addCleanup(device.close)
        return device

    def keep(self, name, text):
        path = os.path.join(self.pki.folder, name)
        with open(path, "w", encoding="ascii") as stream:
            stream.write(text)
        return path

    def status(self, certificate):
        return self.iot.describe_certificate(certificateId=certificate)["certificateDescription"]["status"]

    def things(self):
        return {one["thingName"] for one in self.iot.list_things()["things"]}

    def rejected(self, device, topic, payload, status, code):
        how, answer = device.ask(topic, payload)
        self.assertEqual((how, answer.get("statusCode"), answer.get("errorCode")), ("rejected", status, code), answer)
        self.assertTrue(answer["errorMessage"])
        return answer["errorMessage"]

    def test_keys(self):
        asking = self.device()
        made = asking.accepted(CREATE, b"")
        self.assertEqual(set(made), {"certificateId", "certificatePem", "certificateOwnershipToken", "privateKey"})
        self.assertEqual(self.status(made["certificateId"]), "PENDING_ACTIVATION")
        pem, key = self.keep("keys.pem", made["certificatePem"]), self.keep("keys.key", made["privateKey"])
        self.assertIsNone(self.device(pem, "too-early", key).code)
        got = asking.accepted(provision("fleet"), {"certificateOwnershipToken": made["certificateOwnershipToken"],
                                                   "parameters": {"Serial": "k1", "Place": "cellar"}})
        self.assertEqual(got, {"thingName": "fleet-k1", "deviceConfiguration": {"url": "https://example/k1", "level": "1"}})
        self.assertEqual(self.status(made["certificateId"]), "ACTIVE")
        self.assertEqual(self.iot.list_thing_principals(thingName="fleet-k1")["principals"], [f"{self.arn}cert/{made['certificateId']}"])
        self.assertEqual(self.iot.describe_thing(thingName="fleet-k1")["attributes"], {"place": "cellar"})
        device = until(lambda: next((one for one in [self.device(pem, "fleet-k1", key)] if one.code == 0), None), "it is let in")
        self.assertTrue(device.client.answered())

    def test_csr_by_paho(self):
        run("openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=own", "-keyout",
            f"{self.pki.folder}/own.key", "-out", f"{self.pki.folder}/own.csr")
        with open(f"{self.pki.folder}/own.csr", encoding="ascii") as stream:
            csr = stream.read()
        answers = []
        client = paho.Client("paho-1")
        client.tls_set(f"{self.cloud.dir}/server_ca.pem", self.claim.pem, self.claim.key)
        client.tls_insecure_set(True)
        client.on_message = lambda _client, _data, message: answers.append((message.topic, json.loads(message.payload)))
        client.connect("127.0.0.1", self.cloud.broker_port)
        client.loop_start()
        ready = []
        client.on_subscribe = lambda *_: ready.append(1)
        client.subscribe([(CSR + "/+", 1), (provision("fleet") + "/+", 1)])
        until(lambda: ready, "subscribed")
        client.publish(CSR, json.dumps({"certificateSigningRequest": csr}), qos=1)
        until(lambda: answers, "an answer")
        topic, made = answers.pop()
        self.assertEqual((topic, set(made)), (CSR + "/accepted", {"certificateId", "certificatePem", "certificateOwnershipToken"}))
        client.publish(provision("fleet"), json.dumps({"certificateOwnershipToken": made["certificateOwnershipToken"],
                                                       "parameters": {"Serial": "p1"}}), qos=1)
        until(lambda: answers, "an answer")
        self.assertEqual(answers.pop()[1]["thingName"], "fleet-p1")
        client.disconnect()
        client.loop_stop()
        pem = self.keep("own.pem", made["certificatePem"])
        until(lambda: self.device(pem, "fleet-p1", f"{self.pki.folder}/own.key").code == 0, "it is let in")

    def test_cbor(self):
        """The same in CBOR, with Debian's cbor2 at the device."""
        asking = self.device()
        made = asking.accepted(CBOR, b"")
        self.assertEqual(set(made), {"certificateId", "certificatePem", "certificateOwnershipToken", "privateKey"})
        self.assertEqual(self.status(made["certificateId"]), "PENDING_ACTIVATION")
        run("openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=short", "-keyout",
            f"{self.pki.folder}/short.key", "-out", f"{self.pki.folder}/short.csr")
        with open(f"{self.pki.folder}/short.csr", encoding="ascii") as stream:
            made = asking.accepted("$aws/certificates/create-from-csr/cbor", {"certificateSigningRequest": stream.read()})
        self.assertEqual(set(made), {"certificateId", "certificatePem", "certificateOwnershipToken"})
        token = made["certificateOwnershipToken"]
        self.rejected(asking, provision("fleet", "cbor"), {"certificateOwnershipToken": "0" * 64}, 400, "InvalidCertificateOwnershipToken")
        # As encoders do it that don't know how much there will be.
        endless = b"\xbf" + cbor2.dumps("certificateOwnershipToken") + cbor2.dumps(token) + cbor2.dumps("parameters") + \
            b"\xbf" + cbor2.dumps("Serial") + cbor2.dumps("c1") + b"\xff\xff"
        got = asking.accepted(provision("fleet", "cbor"), endless)
        self.assertEqual(got, {"thingName": "fleet-c1", "deviceConfiguration": {"url": "https://example/c1", "level": "1"}})
        pem = self.keep("short.pem", made["certificatePem"])
        until(lambda: self.device(pem, "fleet-c1", f"{self.pki.folder}/short.key").code == 0, "it is let in")

    def test_token(self):
        asking, other = self.device(), self.device(self.register("other-claim"), "other-claim")
        made = asking.accepted(CREATE, {})
        request = {"certificateOwnershipToken": made["certificateOwnershipToken"], "parameters": {"Serial": "t1"}}
        wrong = "InvalidCertificateOwnershipToken"
        self.rejected(other, provision("fleet"), request, 400, wrong)
        self.rejected(asking, provision("fleet"), {**request, "certificateOwnershipToken": "0" * 64}, 400, wrong)
        self.assertNotIn("fleet-t1", self.things())
        asking.accepted(provision("fleet"), request)
        self.rejected(asking, provision("fleet"), request, 400, wrong)
        revoked = asking.accepted(CREATE, {})
        self.iot.update_certificate(certificateId=revoked["certificateId"], newStatus="REVOKED")
        self.rejected(asking, provision("fleet"), {**request, "certificateOwnershipToken": revoked["certificateOwnershipToken"]}, 400, wrong)

    def test_others_hear_nothing(self):
        """Not even those with the same certificate, neither answers nor requests."""
        asking, other = self.device(), self.device(client_id="listener")
        other.listen("$aws/certificates/#", "$aws/provisioning-templates/#", "end")
        made = asking.accepted(CREATE, {})
        asking.accepted(provision("fleet"), {"certificateOwnershipToken": made["certificateOwnershipToken"], "parameters": {"Serial": "o1"}})
        self.rejected(asking, CREATE, b"[]", 400, "InvalidPayload")
        asking.client.publish("end")
        self.assertEqual(other.client.message(), ("end", b"x"))

    def test_nothing_half_done(self):
        self.template("broken", policy="NoSuchPolicy")
        asking = self.device()
        made = asking.accepted(CREATE, {})
        request = {"certificateOwnershipToken": made["certificateOwnershipToken"], "parameters": {"Serial": "h1"}}
        self.rejected(asking, provision("broken"), request, 400, "ResourceRegistrationFailure")
        self.assertNotIn("broken-h1", self.things())
        self.assertEqual(self.status(made["certificateId"]), "PENDING_ACTIVATION")
        self.rejected(asking, provision("fleet"), {**request, "parameters": {}}, 400, "InvalidParameters")
        self.assertEqual(asking.accepted(provision("fleet"), request)["thingName"], "fleet-h1")

    def test_what_is_refused(self):
        asking = self.device()
        self.template("off", enabled=False)
        self.template("jitp", kind="JITP")
        token = {"certificateOwnershipToken": "x"}
        for template in ("unknown", "off", "jitp"):
            self.rejected(asking, provision(template), token, 404, "TemplateNotFound")
        for topic, payload in ((CSR, b"{"), (CSR, {}), (provision("fleet"), {"parameters": {}}), (CREATE, b"\xff"),
                               (provision("fleet"), {**token, "parameters": {ID: "x"}}), ("$aws/certificates/create/xml", b"\xa0"),
                               (CBOR, b"\xa1"), (CBOR, b"{}"), (CBOR, b"\xa0\x00"), (CBOR, b"\xa1\x61a" + b"\x81" * 1000),
                               (CBOR, b"\xbb" + b"\xff" * 8), (provision("fleet", "cbor"), cbor2.dumps(token) + b"\x00"),
                               (provision("fleet", "cbor"), b"\xa2" + 2 * cbor2.dumps(token)[1:]),
                               (provision("fleet", "cbor"), {**token, "parameters": {ID: "x"}})):
            self.rejected(asking, topic, payload, 400, "InvalidPayload")
        self.rejected(asking, CSR, {"certificateSigningRequest": "no"}, 400, "InvalidCertificateSigningRequest")
        weak = f"{self.pki.folder}/weak"
        run("openssl", "req", "-new", "-newkey", "rsa:1024", "-nodes", "-subj", "/CN=weak", "-keyout", weak + ".key", "-out", weak + ".csr")
        with open(weak + ".csr", encoding="ascii") as stream:
            self.rejected(asking, CSR, {"certificateSigningRequest": stream.read()}, 400, "InvalidCertificateSigningRequest")
        with self.assertRaises(ClientError) as caught:
            self.iot.create_provisioning_claim(templateName="off")
        self.assertEqual(caught.exception.response["Error"]["Code"], "InvalidRequestException")
        with self.assertRaises(ClientError) as caught:
            self.iot.create_provisioning_claim(templateName="unknown")
        self.assertEqual(caught.exception.response["Error"]["Code"], "ResourceNotFoundException")

    def test_temporary_claim(self):
        self.template("mobile")
        made = self.iot.create_provisioning_claim(templateName="mobile")
        left = made["expiration"].timestamp() - time.time()
        self.assertTrue(0 < left <= 300, left)
        pem, key = self.keep("mobile.pem", made["certificatePem"]), self.keep("mobile.key", made["keyPair"]["PrivateKey"])
        self.assertEqual(self.status(made["certificateId"]), "ACTIVE")
        asking = until(lambda: next((one for one in [self.device(pem, "mobile", key)] if one.code == 0), None), "it is let in")
        mine = asking.accepted(CREATE, {})
        got = asking.accepted(provision("mobile"), {"certificateOwnershipToken": mine["certificateOwnershipToken"], "parameters": {"Serial": "1"}})
        self.assertEqual(got["thingName"], "mobile-1")
        self.assertIsNone(self.device(pem, "mobile-2", key).client.subscribed(provision("fleet") + "/accepted"))
        asking.client.publish("anything/else")
        self.assertFalse(asking.client.answered())
        self.assertEqual([one["policyName"] for one in self.iot.list_attached_policies(target=f"{self.arn}cert/{made['certificateId']}")["policies"]],
                         ["ProvisioningClaim-mobile"])

    def test_too_many_at_once(self):
        asking = self.device()
        # Served before, whatever other tests have just asked for, ...
        self.rejected(asking, provision("fleet"), {"certificateOwnershipToken": "x"}, 400, "InvalidCertificateOwnershipToken")
        for _ in range(60):
            asking.client.publish(provision("fleet"), '{"certificateOwnershipToken":"x"}')
        codes = [asking.client.event()[1]["errorCode"] for _ in range(60)]
        # ... too many of a burst are told so, and it is served after.
        self.assertIn("Throttled", codes)
        self.assertLessEqual(set(codes), {"InvalidCertificateOwnershipToken", "Throttled"})
        asking.accepted(CREATE, {})

    def test_recorded(self):
        asking = self.device()
        made = asking.accepted(CREATE, {})
        asking.accepted(provision("fleet"), {"certificateOwnershipToken": made["certificateOwnershipToken"], "parameters": {"Serial": "e1"}})
        self.rejected(asking, provision("nowhere"), {"certificateOwnershipToken": "x"}, 404, "TemplateNotFound")
        events = [json.loads(line) for line in self.cloud.command("events", "--count", "1000", "--json").stdout.splitlines() if line]
        mine = {(one["kind"], one["success"]): one["reason"] for one in events
                if one.get("certificateId") == made["certificateId"] or (not one["success"] and one.get("clientId") == "test_recorded")}
        self.assertIn("waits to be provisioned", mine["Register", True])
        self.assertIn("provisioned by template fleet", mine["Provision", True])
        self.assertIn("no template of that name", mine["Provision", False])
        self.assertNotIn(made["certificateOwnershipToken"], json.dumps(events))


class Servers(Fleet):
    """One of several control planes serves each request, and when there is none that is told."""

    def second(self):
        directory = self.cloud.dir
        log = open(f"{directory}/log/second.log", "ab")  # pylint: disable=consider-using-with
        process = subprocess.Popen(  # pylint: disable=consider-using-with
            [f"{BUILD}/bin/keymoor-cloud-control", "--registry", f"sqlite:{directory}/registry.db", "--key", f"{directory}/registry.key",
             "--port", "0", "--issuer", f"{directory}/issuer.pem", "--account", "123456789012", "--bus", f"{directory}/run/bus"],
            stderr=log)
        log.close()
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def joined(self):
        return self.cloud.read("log/broker.log").count("the program 'provisioning' is on the bus")

    def left(self):
        return self.cloud.read("log/broker.log").count("the program 'provisioning' leaves the bus")

    def test_servers(self):
        asking = self.device()
        asking.accepted(CREATE, {})
        second = self.second()
        until(lambda: self.joined() == 2, "the second one serves")
        before = len(self.iot.list_certificates()["certificates"])
        for _ in range(5):
            asking.accepted(CREATE, {})
        self.assertEqual(len(self.iot.list_certificates()["certificates"]), before + 5)
        os.kill(int(self.cloud.read("run/control.pid")), signal.SIGTERM)
        until(lambda: self.left() == 1, "the first one goes")
        made = asking.accepted(CREATE, {})
        asking.accepted(provision("fleet"), {"certificateOwnershipToken": made["certificateOwnershipToken"], "parameters": {"Serial": "s1"}})
        second.terminate()
        self.assertEqual(second.wait(), 0)
        until(lambda: self.left() == 2, "the second one goes")
        for topic in (CREATE, CBOR):
            how, answer = asking.ask_once(topic, {})
            self.assertEqual((how, answer["statusCode"], answer["errorCode"]), ("rejected", 503, "ServiceUnavailable"))
            self.assertTrue(answer["errorMessage"])


# What Fleet holds is its own.
for _name in [name for name in dir(Fleet) if name.startswith("test_")]:
    setattr(Servers, _name, None)

if __name__ == "__main__":
    unittest.main(warnings="ignore")
