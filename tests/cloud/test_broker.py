#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Debian's mosquitto with the plugin, and every outcome that a device can meet there. Runs on Debian's python3, which has its paho.

Usage: test_broker.py BUILD_DIR GROUP...     GROUP is a class below; KM_TEST_REGISTRY names another registry than SQLite
"""
import contextlib
import json
import os
import re
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import threading
import time
import unittest

import paho.mqtt.client as paho

from broker_bus import ANSWER, COPY, MESSAGE, Bus
from broker_rig import ANYTHING, Client, Rig, policy, run, until

BUILD = ""
CLOSED = None  # without CONNACK


def open_files(folder):
    """What a thread has open; one that is closed meanwhile is none."""
    names = set()
    for fd in os.listdir(folder):
        try:
            names.add(os.readlink(f"{folder}/{fd}"))
        except FileNotFoundError:
            pass
    return names


class Base(unittest.TestCase):
    options = {}

    def setUp(self):
        self.rig = Rig(BUILD, os.path.dirname(os.path.abspath(__file__)), os.environ.get("KM_TEST_REGISTRY"))
        self.addCleanup(self.rig.close)
        self.rig.registry("policy", "Anything", ANYTHING)
        self.broker = self.rig.broker(**self.options)


class Contacts(Base):
    def setUp(self):
        super().setUp()
        self.watch = self.broker.observer("$aws/events/certificates/registered/#")

    def first_contact(self, device, client_id="dev", **options):
        self.assertIs(self.broker.client(device, client_id, **options).connected(), CLOSED)


class Registration(Contacts):

    def test_pending_twice_then_active(self):
        ca = self.rig.ca("ca")
        device = self.rig.pki.issue("dev-1", ca)
        self.first_contact(device, "dev-1")
        topic, event = self.watch.event()
        self.assertEqual(topic, f"$aws/events/certificates/registered/{ca.id}")
        self.assertEqual(event["certificateId"], device.id)
        self.assertEqual(event["caCertificateId"], ca.id)
        self.assertEqual(event["certificateStatus"], "PENDING_ACTIVATION")
        self.assertEqual(event["awsAccountId"], "123456789012")
        self.assertIs(type(event["timestamp"]), int)
        self.assertIs(type(event["certificateRegistrationTimestamp"]), str)
        self.assertEqual(self.rig.registry("certificate-show", device.id), f"PENDING_ACTIVATION {ca.id}")

        self.first_contact(device, "dev-1")
        again = self.watch.event()[1]
        self.assertEqual(again["certificateRegistrationTimestamp"], event["certificateRegistrationTimestamp"])
        self.assertGreaterEqual(again["timestamp"], event["timestamp"])
        self.assertEqual(self.rig.registry("certificate-count"), "1")
        self.assertEqual(len(self.rig.expect_event(kind="Register", certificate=device.id)), 1)
        self.assertEqual(len(self.rig.expect_event(2, kind="Connect", reason="PENDING_ACTIVATION")), 2)

        self.rig.registry("attach", "Anything", device.id)
        self.rig.registry("certificate-set", device.id, "ACTIVE")
        self.assertTrue(self.broker.connect(device, "dev-1").answered())
        self.rig.expect_event(kind="Connect", success="1", client="dev-1", certificate=device.id)

    def test_tls_versions(self):
        ca = self.rig.ca("ca")
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            device = self.rig.pki.issue(f"dev-{version.name}", ca)
            self.first_contact(device, tls=version)
            self.assertEqual(self.watch.event()[1]["certificateId"], device.id)

    def test_unknown_ca(self):
        stranger = self.rig.pki.issue("stranger-ca", is_ca=True)
        device = self.rig.pki.issue("stranger", stranger)
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            self.first_contact(device, tls=version)  # the handshake is complete, as with any other
        self.rig.expect_event(kind="Connect", success="0", certificate=device.id,
                              reason="its certificate is not registered, and neither is its issuer")
        self.first_contact(stranger)
        self.assertEqual(self.rig.registry("certificate-count"), "0")

    def test_dates_and_purpose(self):
        ca = self.rig.ca("ca")
        self.first_contact(self.rig.pki.issue("old", ca, days=-1))
        self.rig.expect_event(reason="its certificate has expired")
        old = self.rig.device("old-too", ca, policies=["Anything"], days=-1)
        self.first_contact(old)
        self.assertEqual(len(until(lambda: self.rig.events(reason="has expired")[1:], "again")), 1)
        self.first_contact(self.rig.pki.issue("server-only", ca, extra="extendedKeyUsage=serverAuth"))
        self.rig.expect_event(reason="not for clients")
        self.first_contact(self.rig.pki.issue("dev", self.rig.ca("old-ca", days=-1)))
        self.rig.expect_event(reason="its CA's certificate has expired")
        self.assertEqual(self.rig.registry("certificate-count"), "1")

    def test_key_of_somebody_else(self):  # what TLS still proves
        device = self.rig.device("dev", self.rig.ca("ca"), policies=["Anything"])
        thief = self.rig.pki.issue("thief")
        thief.pem, thief.chain = device.pem, device.chain
        run("openssl", "x509", "-in", device.pem, "-out", thief.pem)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        with self.assertRaises(ssl.SSLError):
            context.load_cert_chain(thief.pem, thief.key)  # a sound client does not even try
        server = subprocess.run(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{self.broker.port}", "-cert", device.pem, "-key",
             thief.key, "-tls1_2"], input=b"", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        self.assertNotEqual(server.returncode, 0)

    def test_ca_that_does_not_register(self):
        ca = self.rig.ca("ca", "active", "manual")
        device = self.rig.pki.issue("dev", ca)
        self.first_contact(device)
        self.rig.expect_event(reason="its CA does not register by itself")
        self.rig.registry("ca-set", ca.id, "inactive", "auto")
        self.first_contact(device)
        self.rig.expect_event(reason="its CA is not active")
        self.assertEqual(self.rig.registry("certificate-count"), "0")
        self.rig.registry("ca-set", ca.id, "active", "auto")  # the broker goes on as it is
        self.first_contact(device)
        self.assertEqual(self.watch.event()[1]["certificateId"], device.id)

    def test_ca_that_was_removed(self):
        ca = self.rig.ca("ca")
        self.first_contact(self.rig.pki.issue("dev-1", ca))
        self.watch.event()
        kept = self.rig.device("kept", ca, policies=["Anything"])
        self.rig.registry("ca-set", ca.id, "inactive", "manual")
        self.rig.registry("ca-delete", ca.id)
        late = self.rig.pki.issue("dev-2", ca)
        self.first_contact(late)
        self.rig.expect_event(certificate=late.id, reason="neither is its issuer")
        self.assertEqual(self.rig.registry("certificate-count"), "2")
        self.broker.connect(kept, "kept")  # what was registered stays so

    def test_waiting_under_a_ca_that_was_switched_off(self):
        ca = self.rig.ca("ca")
        device = self.rig.pki.issue("dev", ca)
        self.first_contact(device)
        self.watch.event()
        for state, registers, why in (("inactive", "auto", "is not active"), ("active", "manual", "by itself")):
            self.rig.registry("ca-set", ca.id, state, registers)
            self.first_contact(device)
            self.rig.expect_event(certificate=device.id, reason=f"PENDING_ACTIVATION, and its CA .*{why}")
        self.rig.registry("ca-set", ca.id, "active", "auto")
        other = self.rig.pki.issue("other", ca)
        self.first_contact(other)
        self.assertEqual(self.watch.event()[1]["certificateId"], other.id)  # there was none in between
        self.first_contact(device)
        self.assertEqual(self.watch.event()[1]["certificateId"], device.id)

    def test_intermediate_ca_without_its_root(self):
        root = self.rig.pki.issue("root", is_ca=True)
        middle = self.rig.pki.issue("middle", root, is_ca=True)
        middle.registered = self.rig.registry("ca-add", middle.der, "active", "auto")
        both = self.rig.pki.issue("both", middle)
        alone = self.rig.pki.issue("alone", middle)
        alone.chain = alone.pem  # sends no issuer
        for device in (both, alone):
            self.first_contact(device)
            event = self.watch.event()[1]
            self.assertEqual((event["certificateId"], event["caCertificateId"]), (device.id, middle.id))

    def test_sibling_ca_of_the_same_name(self):
        ca = self.rig.ca("ca", subject="/CN=Same")
        sibling = self.rig.pki.issue("sibling", subject="/CN=Same", is_ca=True)
        device = self.rig.pki.issue("dev", sibling)
        self.first_contact(device)
        self.rig.expect_event(reason="neither is its issuer")
        second = self.rig.registry("ca-add", sibling.der, "active", "auto")
        self.first_contact(device)
        self.assertEqual(self.watch.event()[1]["caCertificateId"], second)
        own = self.rig.pki.issue("own", ca)
        self.first_contact(own)
        self.assertEqual(self.watch.event()[1]["caCertificateId"], ca.id)

    def test_certificate_without_a_ca(self):
        issuer = self.rig.pki.issue("elsewhere", is_ca=True)
        device = self.rig.pki.issue("single", issuer)
        device.chain = device.pem
        self.rig.registry("certificate-add", device.der, "-", "ACTIVE")
        self.rig.registry("attach", "Anything", device.id)
        self.broker.connect(device, "single")

    def test_many_at_once(self):
        ca = self.rig.ca("ca")
        device = self.rig.pki.issue("dev", ca)
        results = []
        threads = [threading.Thread(target=lambda i=i: results.append(
            self.broker.client(device, f"c{i}").connected())) for i in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(results, [CLOSED] * 12)
        self.watch.event()
        until(lambda: len(self.rig.events(kind="Connect", certificate=device.id)) == 12, "all are recorded")
        self.assertEqual(len(self.rig.events(kind="Register")), 1)
        self.assertEqual(self.rig.registry("certificate-count"), "1")

    def test_not_seen_by_a_bare_wildcard(self):
        plain = self.broker.observer("#")
        ca = self.rig.ca("ca")
        self.first_contact(self.rig.pki.issue("dev", ca))
        self.watch.event()
        plain.publish("last")
        self.assertEqual(plain.message()[0], "last")

    def test_no_certificate(self):
        client = None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(self.rig.server_ca.pem)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with self.assertRaises(OSError):
            client = type(self.watch)(("127.0.0.1", self.broker.port), "x", context)
        self.assertIsNone(client)


class Provisioning(Contacts):
    def template(self, ca, **changes):
        name = "AWS::IoT::Certificate::"
        document = policy(("Allow", "iot:Connect iot:Publish", "*"))
        template = {
            "Parameters": {name + p: {"Type": "String"} for p in ("Id", "CommonName", "Country")},
            "Resources": {
                "thing": {"Type": "AWS::IoT::Thing", "Properties": {
                    "ThingName": {"Ref": name + "CommonName"},
                    "AttributePayload": {"country": {"Fn::Join": ["-", ["in", {"Ref": name + "Country"}]]}}}},
                "certificate": {"Type": "AWS::IoT::Certificate", "Properties": {
                    "CertificateId": {"Ref": name + "Id"}, "Status": "ACTIVE"}},
                "policy": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyDocument": document}}}}
        template["Resources"].update(changes)
        self.rig.registry("ca-template", ca.id, json.dumps({"templateBody": json.dumps(template), "roleArn": "r"}))

    def test_template(self):
        ca = self.rig.ca("ca")
        self.template(ca)
        device = self.rig.pki.issue("lamp", ca, subject="/C=DE/CN=lamp")
        self.first_contact(device, "lamp")  # dropped, as without a template
        self.rig.expect_event(kind="Provision", success="1", certificate=device.id)
        self.assertEqual(self.rig.registry("certificate-show", device.id).split()[0], "ACTIVE")
        self.assertEqual(self.rig.registry("thing-show", "lamp"), "country=in-DE")
        client = self.broker.connect(device, "lamp")
        client.publish("t", qos=1)
        self.assertTrue(client.pubacked())
        second = self.rig.pki.issue("second", ca, subject="/C=DE/CN=second")  # with the policy that is there now
        self.first_contact(second, "second")
        self.rig.expect_event(kind="Provision", success="1", certificate=second.id)
        self.broker.connect(second, "second")

    def test_template_fails(self):
        ca = self.rig.ca("ca")
        self.template(ca)
        device = self.rig.pki.issue("lamp", ca)  # has no country
        self.first_contact(device, "lamp")
        self.assertEqual(self.watch.event()[1]["certificateId"], device.id)  # somebody else may decide
        self.rig.expect_event(kind="Provision", success="0", reason="Country has no value")
        self.assertEqual(self.rig.registry("certificate-show", device.id).split()[0], "PENDING_ACTIVATION")

    def test_template_of_a_ca_that_was_switched_off(self):
        ca = self.rig.ca("ca")
        device = self.rig.pki.issue("lamp", ca, subject="/C=DE/CN=lamp")
        self.first_contact(device, "lamp")
        self.watch.event()
        self.template(ca)
        self.rig.registry("ca-set", ca.id, "inactive", "auto")
        self.first_contact(device, "lamp")
        self.rig.expect_event(certificate=device.id, reason="its CA is not active")
        self.assertEqual(self.rig.registry("certificate-show", device.id).split()[0], "PENDING_ACTIVATION")

    def test_half_a_template_is_none(self):
        ca = self.rig.ca("ca")
        self.template(ca, zlast={"Type": "AWS::IoT::Policy", "Properties": {"PolicyName": "Missing"}})
        device = self.rig.pki.issue("lamp", ca, subject="/C=DE/CN=lamp")
        self.first_contact(device, "lamp")
        self.rig.expect_event(kind="Provision", success="0", reason="its policy: .*Missing")
        self.assertEqual(self.rig.registry("certificate-show", device.id).split()[0], "PENDING_ACTIVATION")
        with self.assertRaises(AssertionError):
            self.rig.registry("thing-show", "lamp")
        self.rig.registry("policy", "Missing", ANYTHING)
        self.first_contact(device, "lamp")  # the next attempt does better
        self.rig.expect_event(kind="Provision", success="1")
        self.broker.connect(device, "lamp")


class Life(Base):
    def setUp(self):
        super().setUp()
        self.ca = self.rig.ca("ca")

    def test_revoked_while_connected(self):
        watch = self.broker.observer("$aws/events/presence/disconnected/+")
        device = self.rig.device("dev", self.ca, policies=["Anything"])
        other = self.broker.connect(self.rig.device("other", self.ca, policies=["Anything"]), "other")
        first = self.broker.connect(device, "dev-a")
        second = self.broker.connect(device, "dev-b")
        self.rig.registry("certificate-set", device.id, "REVOKED")
        self.assertIsNone(first.packet())
        self.assertIsNone(second.packet())
        self.assertTrue(other.answered())
        events = [watch.event()[1] for _ in range(2)]
        self.assertEqual({e["clientId"] for e in events}, {"dev-a", "dev-b"})
        self.assertEqual({e["disconnectReason"] for e in events}, {"SERVER_INITIATED_DISCONNECT"})
        self.assertEqual(len(self.rig.expect_event(2, kind="Disconnect", certificate=device.id)), 2)
        self.assertIs(self.broker.client(device, "dev-a").connected(), CLOSED)
        self.rig.expect_event(kind="Connect", success="0", reason="its certificate is REVOKED")

    def test_inactive_and_back(self):
        device = self.rig.device("dev", self.ca, policies=["Anything"])
        client = self.broker.connect(device, "dev")
        self.rig.registry("certificate-set", device.id, "INACTIVE")
        self.assertIsNone(client.packet())
        self.assertIs(self.broker.client(device, "dev").connected(), CLOSED)
        self.rig.expect_event(kind="Connect", success="0", reason="its certificate is INACTIVE")
        self.rig.registry("certificate-set", device.id, "ACTIVE")
        self.broker.connect(device, "dev")

    def test_deleted(self):
        device = self.rig.device("dev", self.ca, policies=["Anything"])
        client = self.broker.connect(device, "dev")
        self.rig.registry("certificate-set", device.id, "INACTIVE")
        self.assertIsNone(client.packet())
        self.rig.registry("certificate-delete", device.id)
        watch = self.broker.observer("$aws/events/certificates/registered/#")
        self.assertIs(self.broker.client(device, "dev").connected(), CLOSED)
        self.assertEqual(watch.event()[1]["certificateId"], device.id)  # it begins anew

    def test_session_of_a_barred_device(self):
        device = self.rig.device("dev", self.ca, policies=["Anything"])
        sender = self.broker.observer()
        client = self.broker.connect(device, "dev", clean=False)
        self.assertEqual(client.subscribed("news"), [1])
        client.disconnect()
        until(lambda: "Client dev disconnected" in self.broker.text(), "it has gone")
        sender.publish("news", "before", qos=1)
        self.assertTrue(sender.pubacked())
        bystander = self.broker.connect(device, "bystander")
        self.rig.registry("certificate-set", device.id, "INACTIVE")
        self.assertIsNone(bystander.packet())
        # Facts are asked for in one go and come in order, so the session knows when a later change has arrived.
        marker = self.rig.device("marker", self.ca, policies=["Anything"])
        marked = self.broker.connect(marker, "marker")
        self.rig.registry("certificate-set", marker.id, "INACTIVE")
        self.assertIsNone(marked.packet())
        sender.publish("news", "meanwhile", qos=1)
        self.assertTrue(sender.pubacked())
        self.rig.registry("certificate-set", device.id, "ACTIVE")
        client = self.broker.connect(device, "dev", clean=False)
        sender.publish("news", "after", qos=1)
        self.assertEqual([client.message()[1] for _ in range(2)], [b"before", b"after"])

    def test_restart_in_the_middle(self):
        device = self.rig.pki.issue("dev", self.ca)
        self.assertIs(self.broker.client(device, "dev").connected(), CLOSED)
        self.broker.stop()  # what it was given it carries out
        self.assertEqual(self.rig.registry("certificate-show", device.id).split()[0], "PENDING_ACTIVATION")
        self.broker.start()
        watch = self.broker.observer("$aws/events/certificates/registered/#")
        self.assertIs(self.broker.client(device, "dev").connected(), CLOSED)
        self.assertEqual(watch.event()[1]["certificateId"], device.id)
        self.assertEqual(self.rig.registry("certificate-count"), "1")

    def test_killed_in_the_middle(self):
        devices = [self.rig.pki.issue(f"dev-{i}", self.ca) for i in range(4)]
        for device in devices:
            self.assertIs(self.broker.client(device, "dev").connected(), CLOSED)
        self.broker.process.kill()
        self.broker.process.wait()
        self.broker.start()
        watch = self.broker.observer("$aws/events/certificates/registered/#")
        for device in devices:
            self.assertIs(self.broker.client(device, "dev").connected(), CLOSED)
            self.assertEqual(watch.event()[1]["certificateId"], device.id)
        self.assertEqual(self.rig.registry("certificate-count"), "4")


    @unittest.skipIf("tsan" in os.environ.get("KM_TEST_PRELOAD", ""), "ThreadSanitizer knows one table of files a process")
    def test_files_of_its_own(self):
        self.broker.connect(self.rig.device("dev", self.ca, policies=["Anything"]), "dev")
        tasks = f"/proc/{self.broker.process.pid}/task"
        files = {task: open_files(f"{tasks}/{task}/fd") for task in os.listdir(tasks)}
        brokers = files.pop(str(self.broker.process.pid))
        self.assertGreaterEqual(len(files), 3)
        for plugins in files.values():
            self.assertTrue(any(name.startswith("socket:") for name in plugins))
            shared = plugins & brokers - {self.broker.log, "/dev/null"}
            self.assertEqual(shared, {"anon_inode:[eventfd]", "anon_inode:[eventpoll]"})

    @unittest.skipIf(os.environ.get("KM_TEST_REGISTRY"), "a lock of SQLite's")
    def test_registry_is_locked(self):  # who writes makes the scribe wait, not the broker, and nothing is lost
        watch = self.broker.observer("$aws/events/certificates/registered/#")
        device = self.rig.device("dev", self.ca, policies=["Anything"])
        fresh = self.rig.pki.issue("fresh", self.ca)
        with contextlib.closing(sqlite3.connect(self.rig.url.removeprefix("sqlite:"), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            self.assertIs(self.broker.client(fresh, "fresh").connected(), CLOSED)
            clients = [self.broker.connect(device, f"dev-{i}") for i in range(3)]
            self.assertEqual(clients[0].subscribed("t"), [1])
            clients[1].publish("t", "goes on", qos=1)
            self.assertEqual(clients[0].message(), ("t", b"goes on"))
            self.assertEqual(self.rig.registry("certificate-count"), "1")
            other.execute("ROLLBACK")
        self.assertEqual(watch.event()[1]["certificateId"], fresh.id)
        self.assertEqual(self.rig.registry("certificate-count"), "2")

    def test_policy_that_does_not_compile(self):  # so it is not known what the device may not do
        self.rig.registry("policy", "Broken", '{"Version":"2012-10-17"}')
        device = self.rig.device("dev", self.ca, policies=["Anything", "Broken"])
        self.assertIs(self.broker.client(device, "dev").connected(), CLOSED)
        self.rig.expect_event(kind="Connect", success="0", reason="policy Broken can't be used")
        self.rig.registry("policy", "Broken", ANYTHING)
        client = self.broker.connect(device, "dev")
        self.rig.registry("policy", "Broken", '{"Version":"2012-10-17"}')
        self.assertIsNone(client.packet())
        self.rig.expect_event(kind="Disconnect", reason="policy Broken can't be used")


class Policy(Base):
    def setUp(self):
        super().setUp()
        self.ca = self.rig.ca("ca")
        self.n = 0

    def device(self, *statements, client_id="dev", subject=None, connect=True):
        """A device with a policy of these statements, and connected."""
        self.n += 1
        if connect:
            statements += (("Allow", "iot:Connect", "client/*"),)
        self.rig.registry("policy", f"P{self.n}", policy(*statements))
        device = self.rig.device(f"dev-{self.n}", self.ca, policies=[f"P{self.n}"], subject=subject)
        return self.broker.connect(device, client_id)

    def test_connect(self):
        self.rig.registry("policy", "Own", policy(("Allow", "iot:Connect", "client/mine")))
        device = self.rig.device("dev", self.ca, policies=["Own"])
        none = self.rig.device("none", self.ca)
        self.broker.connect(device, "mine")
        self.assertIs(self.broker.client(device, "other").connected(), CLOSED)
        self.assertIs(self.broker.client(none, "none").connected(), CLOSED)
        self.rig.expect_event(kind="Connect", success="0", client="other",
                              reason="no policy allows iot:Connect on client/other")

    def test_publish_denied(self):
        for qos in (0, 1):
            client = self.device(("Allow", "iot:Publish", "topic/ok"), client_id=f"dev-{qos}")
            client.publish("ok", qos=1)
            self.assertTrue(client.pubacked())
            client.publish("no", qos=qos)
            self.assertIsNone(client.packet())
            self.rig.expect_event(kind="Publish-In", client=f"dev-{qos}", reason="iot:Publish on topic/no")

    def test_subscribe_denied(self):
        may = ("Allow", "iot:Subscribe", "topicfilter/ok")
        self.assertEqual(self.device(may).subscribed("ok"), [1])
        self.assertIsNone(self.device(may).subscribed("no"))
        self.assertIsNone(self.device(may).subscribed("ok", "no"))
        self.assertIsNone(self.device(("Allow", "iot:Subscribe", "topicfilter/a/b")).subscribed("a/+"))
        self.rig.expect_event(kind="Subscribe", reason=r"topicfilter/a/\+")

    def test_receive_denied_is_silent(self):
        client = self.device(("Allow", "iot:Subscribe", "topicfilter/*"), ("Allow", "iot:Receive", "topic/a/good"))
        self.assertEqual(client.subscribed("a/#"), [1])
        sender = self.broker.observer()
        for topic in ("a/bad", "a/bad", "a/good"):
            sender.publish(topic, topic, qos=1)
            self.assertTrue(sender.pubacked())
        self.assertEqual(client.message(), ("a/good", b"a/good"))
        self.assertTrue(client.answered())
        self.assertEqual(len(self.rig.expect_event(kind="Publish-Out", reason="iot:Receive on topic/a/bad")), 1)

    def test_explicit_deny(self):
        client = self.device(("Allow", "iot:*", "*"), ("Deny", "iot:Publish", "topic/secret"))
        client.publish("secret")
        self.assertIsNone(client.packet())
        self.rig.expect_event(reason="statement 1 of policy P1 denies iot:Publish on topic/secret")

    def test_changes_count_at_once(self):
        client = self.device(("Allow", "iot:Publish", "topic/a"), ("Allow", "iot:Subscribe", "topicfilter/in"),
                             ("Allow", "iot:Receive", "topic/in"))
        sender = self.broker.observer()
        self.assertEqual(client.subscribed("in"), [1])
        sender.publish("in", "1")
        self.assertEqual(client.message(), ("in", b"1"))
        connect = ("Allow", "iot:Connect", "client/*")
        self.rig.registry("policy", "P1", policy(connect, ("Allow", "iot:Publish", "topic/b")))

        def is_withheld():
            before = len(self.rig.events(kind="Publish-Out"))
            sender.publish("in", "2")
            return before > 0
        until(is_withheld, "Receive was taken away from an open subscription")
        client.buffer = b""
        client.publish("b", qos=1)
        while True:  # what came before the change
            packet = client.packet()
            self.assertIsNotNone(packet)
            if packet[0] == 4:
                break
        client.publish("a")
        while packet is not None:
            packet = client.packet()
        self.rig.expect_event(kind="Publish-In", reason="topic/a")

    def test_attach_and_detach(self):
        client = self.device(("Allow", "iot:Subscribe", "topicfilter/x"))
        device = self.rig.events(kind="Connect", success="1") or self.rig.expect_event(kind="Connect", success="1")
        certificate = device[0]["certificate"]
        self.rig.registry("policy", "More", policy(("Allow", "iot:Publish", "topic/more")))
        self.rig.registry("attach", "More", certificate)
        marker = self.device(("Allow", "iot:Publish", "topic/x"), client_id="marker")
        marked = self.rig.expect_event(kind="Connect", success="1", client="marker")[0]["certificate"]
        self.rig.registry("certificate-set", marked, "INACTIVE")
        self.assertIsNone(marker.packet())  # so the attachment before it has arrived as well
        client.publish("more", qos=1)
        self.assertTrue(client.pubacked())
        self.rig.registry("detach", "More", certificate)

        def is_closed():
            client.publish("more", qos=1)
            return client.packet() is None
        until(is_closed, "the policy no longer counts")

    def test_client_ids_are_no_wildcards(self):
        rights = (("Allow", "iot:Publish", "topic/dt/${iot:ClientId}/up"),
                  ("Allow", "iot:Subscribe", "topicfilter/dt/${iot:ClientId}/down"))
        for client_id in ("*", "+", "#", "?", "a*"):
            client = self.device(*rights, client_id=client_id)
            client.publish("dt/abc/up")
            self.assertIsNone(client.packet(), client_id)
        for client_id in ("+", "#"):
            client = self.device(*rights, client_id=client_id)
            self.assertIsNone(client.subscribed("dt/+/down"), client_id)
        client = self.device(*rights, client_id="abc")
        client.publish("dt/abc/up", qos=1)
        self.assertTrue(client.pubacked())
        self.assertEqual(client.subscribed("dt/abc/down"), [1])

    def test_names_in_certificates_are_no_wildcards(self):
        rights = ("Allow", "iot:Publish", "topic/dt/${iot:Certificate.Subject.CommonName}/up")
        for name in ("*", "+", "?"):
            client = self.device(rights, subject=f"/CN={name}", client_id="x")
            client.publish("dt/abc/up")
            self.assertIsNone(client.packet(), name)
        client = self.device(rights, subject="/CN=abc", client_id="y")
        client.publish("dt/abc/up", qos=1)
        self.assertTrue(client.pubacked())

    def test_things_and_groups(self):
        name = "${iot:Connection.Thing.ThingName}"
        self.rig.registry("policy", "ByThing", policy(
            ("Allow", "iot:Connect", f"client/{name}"),
            ("Allow", "iot:Publish", f"topic/dt/{name} topic/room/${{iot:Connection.Thing.Attributes[room]}}")))
        self.rig.registry("policy", "OfGroup", policy(("Allow", "iot:Publish", "topic/group")))
        device = self.rig.device("dev", self.ca, policies=["ByThing"])
        self.rig.registry("thing", "lamp", "room=kitchen")
        self.assertIs(self.broker.client(device, "lamp").connected(), CLOSED)  # not attached
        self.rig.registry("thing-attach", "lamp", device.id)
        self.rig.registry("group", "lamps", "lamp", "OfGroup")
        self.assertIs(self.broker.client(device, "other").connected(), CLOSED)
        client = self.broker.connect(device, "lamp")
        for topic in ("dt/lamp", "room/kitchen", "group"):
            client.publish(topic, qos=1)
            self.assertTrue(client.pubacked(), topic)
        client.publish("room/cellar")
        self.assertIsNone(client.packet())

    def test_reserved_topics(self):
        for topic in ("$aws/events/presence/connected/x", "$aws/things/t/shadow/update/accepted", "$SYS/x"):
            client = self.device(("Allow", "iot:*", "*"))
            watch = self.broker.observer(topic)
            client.publish(topic)
            if not topic.startswith("$SYS"):  # which the broker itself drops
                self.assertIsNone(client.packet(), topic)
            watch.publish("nothing-came")
            self.assertTrue(watch.answered())
        self.assertIsNone(self.device(("Allow", "iot:*", "*")).subscribed("$SYS/#"))
        client = self.device(("Allow", "iot:*", "*"))
        watch = self.device(("Allow", "iot:*", "*"), client_id="watch")
        self.assertEqual(watch.subscribed("$aws/rules/#", "end"), [1, 1])
        client.publish("$aws/rules/r/dt", qos=1)
        self.assertTrue(client.pubacked())
        client.publish("end")
        self.assertEqual(watch.message()[0], "end")

    def test_retained(self):
        both = ("Allow", "iot:Connect iot:Publish iot:RetainPublish", "*")
        client = self.device(both)
        client.publish("kept", "v", qos=1, retain=True)
        self.assertTrue(client.pubacked())
        client.disconnect()
        reader = self.device(("Allow", "iot:*", "*"), client_id="reader")
        reader.subscribe("kept")
        self.assertEqual(reader.message(), ("kept", b"v"))
        client = self.device(("Allow", "iot:Publish", "*"))
        client.publish("kept", retain=True)
        self.assertIsNone(client.packet())
        self.rig.expect_event(reason="iot:RetainPublish on topic/kept")

    def test_retained_and_wildcards(self):
        """Who subscribes with a wildcard gets what is published from then on, with the flag or without."""
        anything = ("Allow", "iot:*", "*")
        sender = self.device(anything, client_id="sender")
        sender.publish("kept/1", "old", qos=1, retain=True)
        self.assertTrue(sender.pubacked())
        reader = self.device(anything, client_id="reader")
        self.assertEqual(reader.subscribed("kept/+", "#"), [1, 1])
        sender.publish("kept/1", "new", qos=1, retain=True)
        self.assertTrue(sender.pubacked())
        self.assertEqual(reader.message(), ("kept/1", b"new"))
        plain = self.device(anything, client_id="plain")
        self.assertEqual(plain.subscribed("kept/#", "kept/1"), [1, 1])
        self.assertEqual(plain.message(), ("kept/1", b"new"))
        local = self.broker.observer()
        local.subscribe("kept/#")
        self.assertEqual(local.message(), ("kept/1", b"new"))

    def test_will(self):
        watch = self.broker.observer("will/+")
        self.rig.registry("policy", "Will", policy(("Allow", "iot:Connect", "client/*"),
                                                   ("Allow", "iot:Publish", "topic/will/yes")))
        device = self.rig.device("dev", self.ca, policies=["Will"])
        self.broker.connect(device, "a", will=("will/no", "n")).close()
        self.rig.expect_event(kind="Publish-In", client="a", reason="topic/will/no")
        self.broker.connect(device, "b", will=("will/yes", "y")).close()
        self.assertEqual(watch.message(), ("will/yes", b"y"))


class Attack(Base):
    """What a device with a good certificate may try beside the plain ways."""

    def setUp(self):
        super().setUp()
        self.ca = self.rig.ca("ca")
        self.watch = self.broker.observer("#")

    def device(self, name, *statements):
        self.rig.registry("policy", name, policy(("Allow", "iot:Connect", "client/*"), *statements))
        return self.rig.device(name, self.ca, policies=[name])

    def nothing_more(self, watch=None):
        watch = watch or self.watch
        watch.publish("end", "")
        self.assertEqual(watch.message()[0], "end")

    def ends(self, client):
        packet = client.packet()
        while packet is not None:
            self.assertNotIn(packet[0], (3, 4, 9), packet)  # neither a message nor that something was taken
            packet = client.packet()

    def test_bridges_are_clients(self):  # bit 7 of the version, by which mosquitto knows a bridge
        device = self.device("dev", ("Allow", "iot:Subscribe", "topicfilter/ok"))
        for client_id, attempt in (("a", lambda c: c.publish("no", qos=1)), ("b", lambda c: c.subscribe("no"))):
            client = self.broker.connect(device, client_id, version=0x84)
            attempt(client)
            self.ends(client)
        self.nothing_more()

    def test_topic_alias(self):
        device = self.device("dev", ("Allow", "iot:Publish", "topic/ok"))
        alias = b"\x03\x23\0\1"
        client = self.broker.connect(device, "dev", version=5)
        for topic in ("ok", ""):  # named once, then by its alias
            client.send(0x32, client.text(topic) + b"\0\1" + alias + topic.encode())
            self.assertTrue(client.pubacked())
            self.assertEqual(self.watch.message(), ("ok", topic.encode()))
        client.send(0x32, client.text("no") + b"\0\1" + alias)
        self.ends(client)
        client = self.broker.connect(device, "dev", version=5)
        client.send(0x30, client.text("no") + alias)
        client.send(0x32, client.text("") + b"\0\1" + alias)
        self.ends(client)
        self.nothing_more()

    def test_session_of_another_certificate(self):
        owner = self.device("owner", ("Allow", "iot:Subscribe iot:Receive", "topicfilter/secret topic/secret"))
        thief = self.device("thief", ("Allow", "iot:Subscribe iot:Receive iot:Publish", "topicfilter/end topic/end"))
        sender = self.broker.observer()
        client = self.broker.connect(owner, "dev", clean=False)
        self.assertEqual(client.subscribed("secret"), [1])
        sender.publish("secret", "on its way", qos=1)
        self.assertTrue(sender.pubacked())
        self.assertEqual(client.packet()[0], 3)  # not acknowledged, so that it comes again
        client.close()
        until(lambda: "Client dev closed its connection" in self.broker.text(), "it has gone")
        sender.publish("secret", "queued", qos=1)
        self.assertTrue(sender.pubacked())
        client = self.broker.connect(thief, "dev", clean=False)
        sender.publish("secret", "now", qos=1)
        self.assertTrue(sender.pubacked())
        self.assertEqual(client.subscribed("end"), [1])
        self.nothing_more(client)

    def test_right_taken_from_a_session(self):
        receive = ("Allow", "iot:Subscribe iot:Receive", "topicfilter/* topic/*")
        device = self.device("dev", receive)
        marker = self.device("marker")
        marked = self.broker.connect(marker, "marker")
        sender = self.broker.observer()
        client = self.broker.connect(device, "dev", clean=False)
        self.assertEqual(client.subscribed("secret"), [1])
        client.disconnect()
        until(lambda: "Client dev disconnected" in self.broker.text(), "it has gone")
        sender.publish("secret", "queued", qos=1)
        self.assertTrue(sender.pubacked())
        self.rig.registry("policy", "dev", policy(("Allow", "iot:Connect", "client/*"),
                                                  ("Allow", "iot:*", "topicfilter/end topic/end")))
        self.rig.registry("certificate-set", marker.id, "INACTIVE")
        self.assertIsNone(marked.packet())  # so what was changed before has arrived as well
        client = self.broker.connect(device, "dev", clean=False)
        self.assertEqual(client.subscribed("end"), [1])
        self.nothing_more(client)

    def test_retained_needs_receive(self):
        sender = self.broker.observer()
        sender.publish("kept", "v", qos=1, retain=True)
        self.assertTrue(sender.pubacked())
        client = self.broker.connect(self.device("dev", ("Allow", "iot:Subscribe", "*"),
                                                 ("Allow", "iot:Receive iot:Publish", "topic/end")), "dev")
        self.assertEqual(client.subscribed("kept", "end"), [1, 1])
        self.nothing_more(client)

    def test_user_name(self):  # is nobody's
        device = self.device("dev")
        client = self.broker.connect(device, "dev")
        with client.socket, client.socket.context.wrap_socket(
                socket.create_connection(("127.0.0.1", self.broker.port), timeout=60), server_hostname="localhost") as named:
            client.socket, client.buffer = named, b""
            client.send(0x10, client.text("MQTT") + b"\4\xc2\0\x3c" + client.text("other") + client.text("root") + client.text("x"))
            self.assertEqual(client.connected(), 0)
            client.publish("no", qos=1)
            self.ends(client)
        self.rig.expect_event(kind="Publish-In", client="other", certificate=device.id, reason="topic/no")


class DeniedConnack(Base):
    options = {"denied_connect": "connack"}

    def test_connack(self):
        device = self.rig.device("dev", self.rig.ca("ca"))
        self.assertEqual(self.broker.client(device, "dev").connected(), 5)
        self.rig.registry("certificate-set", device.id, "REVOKED")
        self.assertIs(self.broker.client(device, "dev").connected(), CLOSED)


class Logging(Base):
    """What is recorded follows the account's logging options."""

    def setUp(self):
        super().setUp()
        self.ca = self.rig.ca("ca")
        self.device = self.rig.device("dev", self.ca, policies=["Anything"])
        self.barred = self.rig.device("barred", self.ca, state="REVOKED")
        self.n_marks = 0

    def mark(self):
        """When a connect with its own level is recorded, all before it are."""
        self.n_marks += 1
        name = f"mark-{self.n_marks}"
        self.broker.connect(self.device, name).close()
        self.rig.expect_event(kind="Connect", client=f"^{name}$")

    def settle(self):
        """Until the options hold: a connect that they do not want is not recorded."""
        for number in range(self.n_marks + 1, self.n_marks + 30):
            self.rig.registry("log-level", "2", f"mark-{number}", "3")

        def is_quiet():
            name = f"quiet-{self.n_marks}"
            self.broker.connect(self.device, name).close()
            self.mark()
            return not self.rig.events(kind="Connect", client=f"^{name}$")
        until(is_quiet, "the options hold")

    def try_both(self, name):
        self.broker.connect(self.device, name).close()
        self.assertIs(self.broker.client(self.barred, name).connected(), CLOSED)

    def recorded(self):
        self.mark()
        return {(event["client"], event["success"]) for event in self.rig.events(kind="Connect")
                if not event["client"].startswith(("mark", "quiet"))}

    def test_levels(self):
        self.rig.registry("logging", "3")
        self.try_both("info")
        self.mark()
        for level, name in (("1", "error"), ("0", "disabled")):
            self.rig.registry("logging", level)
            self.settle()
            self.try_both(name)
        self.assertEqual(self.recorded(), {("info", "1"), ("info", "0"), ("error", "0")})

    def test_targets(self):
        self.rig.registry("thing", "grouped")
        self.rig.registry("group", "group", "grouped", "Anything")
        self.rig.registry("logging", "0")
        self.rig.registry("log-level", "1", "group", "1")
        self.rig.registry("log-level", "2", "named", "3")
        listed = self.rig.device("listed", self.ca, state="REVOKED")
        self.rig.registry("log-level", "4", listed.id, "1")
        self.settle()
        for name in ("grouped", "named", "other"):
            self.try_both(name)
        self.assertIs(self.broker.client(listed, "listed").connected(), CLOSED)
        self.assertEqual(self.recorded(), {("grouped", "0"), ("named", "1"), ("named", "0"), ("listed", "0")})


class Presence(Base):
    def setUp(self):
        super().setUp()
        self.ca = self.rig.ca("ca")
        self.device = self.rig.device("dev", self.ca, policies=["Anything"])
        self.watch = self.broker.observer("$aws/events/presence/#", "$aws/events/subscriptions/#")

    def expect(self, kind, client_id, **wanted):
        topic, event = self.watch.event()
        family = "subscriptions" if kind.endswith("scribed") else "presence"
        self.assertEqual(topic, f"$aws/events/{family}/{kind}/{client_id}")
        self.assertEqual((event["clientId"], event["eventType"], event["principalIdentifier"]),
                         (client_id, kind, self.device.id))
        for key, value in wanted.items():
            self.assertEqual(event[key], value)
        return event

    def test_come_and_go(self):
        numbers = []
        for _ in range(2):
            client = self.broker.connect(self.device, "dev")
            begin = self.expect("connected", "dev", ipAddress="127.0.0.1")
            self.assertEqual(client.subscribed("a/+"), [1])
            self.expect("subscribed", "dev", topics=["a/+"])
            client.unsubscribed("a/+")
            self.expect("unsubscribed", "dev", topics=["a/+"])
            client.disconnect()
            end = self.expect("disconnected", "dev", clientInitiatedDisconnect=True,
                              disconnectReason="CLIENT_INITIATED_DISCONNECT")
            self.assertEqual(begin["sessionIdentifier"], end["sessionIdentifier"])
            self.assertEqual(begin["versionNumber"], end["versionNumber"])
            numbers.append(begin["versionNumber"])
        self.assertLess(numbers[0], numbers[1])

    def test_end_of_an_impossible_subscription(self):
        client = self.broker.connect(self.device, "dev")
        self.expect("connected", "dev")
        for topic_filter in ("x" * 60000, "x" * 257, "a/b/c/d/e/f/g/h/i"):
            client.unsubscribed(topic_filter)
        client.unsubscribed("possible")
        self.expect("unsubscribed", "dev", topics=["possible"])

    def test_takeover(self):
        old = self.broker.connect(self.device, "dev")
        first = self.expect("connected", "dev")
        self.broker.connect(self.device, "dev")
        self.assertIsNone(old.packet())
        end = self.expect("disconnected", "dev", disconnectReason="DUPLICATE_CLIENTID",
                          clientInitiatedDisconnect=False)
        self.assertEqual(end["sessionIdentifier"], first["sessionIdentifier"])
        second = self.expect("connected", "dev")
        self.assertGreater(second["versionNumber"], first["versionNumber"])
        self.watch.publish("$aws/events/presence/end", "{}")
        self.assertEqual(self.watch.message()[0], "$aws/events/presence/end")

    def test_lost(self):
        self.broker.connect(self.device, "dev", will=("w", "x")).close()
        self.expect("connected", "dev")
        self.expect("disconnected", "dev", disconnectReason="CONNECTION_LOST", clientInitiatedDisconnect=False)

    def test_reasons(self):
        """What the broker says in its log alone."""
        def garbage(client):
            client.send(0xf1, b"")

        def silence(client):
            self.assertIsNone(client.packet())  # until one and a half of its seconds are over

        for ending, reason, keepalive in ((Client.close, "CONNECTION_LOST", 60), (silence, "MQTT_KEEP_ALIVE_TIMEOUT", 1),
                                          (garbage, "CLIENT_ERROR", 60), (Client.disconnect, "CLIENT_INITIATED_DISCONNECT", 60)):
            client = self.broker.connect(self.device, "a: Client b", keepalive=keepalive)
            self.expect("connected", "a: Client b")
            ending(client)
            self.expect("disconnected", "a: Client b", disconnectReason=reason,
                        clientInitiatedDisconnect=reason == "CLIENT_INITIATED_DISCONNECT")

    def test_forbidden(self):
        client = self.broker.connect(self.device, "dev")
        self.expect("connected", "dev")
        client.publish("$aws/events/x")
        self.expect("disconnected", "dev", disconnectReason="FORBIDDEN_ACCESS", clientInitiatedDisconnect=False)

    def test_wildcards_get_none(self):
        self.broker.connect(self.device, "a+b").disconnect()
        self.broker.connect(self.device, "a#").disconnect()
        self.broker.connect(self.device, "plain")
        self.expect("connected", "plain")


class Limits(Base):
    options = {"publishes_per_s": 5, "octets_per_s": 200000, "subscriptions": 3}

    def setUp(self):
        super().setUp()
        self.device = self.rig.device("dev", self.rig.ca("ca"), policies=["Anything"])

    def connect(self):
        return self.broker.connect(self.device, "dev")

    def test_messages_a_second(self):
        client = self.connect()
        for _ in range(200):
            client.publish("t")
        self.assertIsNone(client.packet())
        self.rig.expect_event(kind="Publish-In", reason="more than 5 messages within a second")

    def test_octets_a_second(self):
        client = self.connect()
        for _ in range(40):
            client.publish("t", b"x" * 100000)
        self.assertIsNone(client.packet())
        self.rig.expect_event(reason="more than 200000 octets within a second")

    def test_subscriptions(self):
        client = self.connect()
        for i in range(3):
            self.assertEqual(client.subscribed(f"t{i}"), [1])
        self.assertIsNone(client.subscribed("t3"))
        self.rig.expect_event(reason="more than 3 subscriptions")

    def test_filters_a_second(self):
        """Those of SUBSCRIBE and of UNSUBSCRIBE, in one packet or in many; others are served meanwhile."""
        broker = self.rig.broker("filters", subscribes_per_s=20, subscriptions=0)
        other = broker.connect(self.device, "other")
        # mosquitto loses memory when a filter is subscribed to once more.
        for ask in (lambda c, i: c.subscribe(f"t{i}"), lambda c, i: c.subscribe(*[f"{i}/{j}" for j in range(50)]),
                    lambda c, i: c.send(0xa2, b"\0\1" + c.text("t"))):
            client = broker.connect(self.device, "dev")
            for i in range(600):
                ask(client, i)
            while client.packet() is not None:
                pass
        self.assertTrue(other.answered())
        for kind in ("Subscribe", "Unsubscribe"):
            self.rig.expect_event(kind=kind, client="dev", reason="more than 20 topic filters")
        self.assertIn("Unsubscribe of dev: more than 20 topic filters", broker.text())

    def test_forms(self):
        for topic, payload, reason in (("a/b/c/d/e/f/g/h/i", b"", "slashes"), ("x" * 257, b"", "256 octets"),
                                       ("t", b"x" * 131073, "131073")):
            client = self.connect()
            client.publish(topic, payload)
            self.assertIsNone(client.packet())
            self.rig.expect_event(kind="Publish-In", reason=reason)

    def test_packets(self):  # as long as a length can say, by somebody whom nobody knows
        stranger = self.rig.pki.issue("stranger")
        client = self.broker.client(stranger, "stranger")
        self.assertIs(client.connected(), CLOSED)
        for length in (b"\xff\xff\xff\x7f", b"\x80\x80\x0c"):
            with socket.create_connection(("127.0.0.1", self.broker.port), timeout=60) as plain:
                with client.socket.context.wrap_socket(plain, server_hostname="localhost") as unfinished:
                    unfinished.sendall(b"\x10" + length + b"\0\4MQTT\4\2\0\x3c\0\1a")
                    with contextlib.suppress(ConnectionResetError, ssl.SSLEOFError):
                        self.assertEqual(unfinished.recv(1), b"")
        client = self.connect()
        client.publish("t", b"x" * 131072, qos=1)
        self.assertTrue(client.pubacked())
        client.publish("t", b"x" * 196608, qos=1)
        self.assertIsNone(client.packet())

    def test_qos2(self):
        client = self.connect()
        client.publish("t", qos=2)
        self.assertIsNone(client.packet())
        self.assertIsNone(self.connect().subscribed("t", qos=2))
        self.rig.expect_event(kind="Subscribe", reason="QoS 2")

    def test_client_id(self):
        self.broker.connect(self.device, "x" * 128)
        self.assertIs(self.broker.client(self.device, "x" * 129).connected(), CLOSED)
        self.rig.expect_event(reason="client id")


class WildcardRetained(Base):
    options = {"wildcard_retained": "deliver"}

    def test_delivered(self):
        self.broker.observer().publish("kept/1", "v", retain=True)
        client = self.broker.connect(self.rig.device("dev", self.rig.ca("ca"), policies=["Anything"]), "dev")
        client.subscribe("kept/#")
        self.assertEqual(client.message(), ("kept/1", b"v"))


class Haste(Base):
    """Who comes too fast is not let in; later it is."""

    def crowd(self, name):
        outcomes = []
        threads = [threading.Thread(target=lambda i=i: outcomes.append(self.broker.client(self.device, name(i)).connected()))
                   for i in range(30)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return CLOSED in outcomes

    def judge(self, name, **options):
        self.broker = self.rig.broker("hasty", **options)
        self.device = self.rig.device("dev", self.rig.ca("ca"), policies=["Anything"])
        until(lambda: self.crowd(name), "some of those who come together are not let in")
        self.rig.expect_event(kind="Connect", success="0", client="dev", reason="connects come too fast")
        until(lambda: self.broker.client(self.device, "dev").connected() == 0, "one that comes alone is")

    def test_one_client(self):
        self.judge(lambda i: "dev", client_connects_per_s=1)

    def test_all_together(self):
        self.judge(lambda i: f"dev-{i}", connects_per_s=1)


class Shadow(Base):
    def setUp(self):
        super().setUp()
        self.device = self.rig.device("dev", self.rig.ca("ca"), policies=["Anything"])
        self.client = self.broker.connect(self.device, "dev")

    def ask(self, prefix, request, payload=""):
        self.client.publish(f"{prefix}/{request}", payload if isinstance(payload, str) else json.dumps(payload), qos=1)

    def expect(self, topic):
        seen, document = self.client.event()
        self.assertEqual(seen, topic)
        return document

    def test_classic_and_named(self):
        for prefix in ("$aws/things/lamp/shadow", "$aws/things/lamp/shadow/name/color"):
            self.assertEqual(self.client.subscribed(f"{prefix}/update/+", f"{prefix}/get/+", f"{prefix}/delete/+"),
                             [1, 1, 1])
            self.ask(prefix, "get")
            self.assertEqual(self.expect(f"{prefix}/get/rejected")["code"], 404)
            self.ask(prefix, "update", {"state": {"desired": {"on": True}, "reported": {"on": False}},
                                        "clientToken": "t1"})
            accepted = self.expect(f"{prefix}/update/accepted")
            self.assertEqual((accepted["version"], accepted["clientToken"]), (1, "t1"))
            self.assertEqual(self.expect(f"{prefix}/update/delta")["state"], {"on": True})
            self.assertEqual(self.expect(f"{prefix}/update/documents")["current"]["version"], 1)
            self.ask(prefix, "update", {"state": {"reported": {"on": True}}, "version": 7})
            self.assertEqual(self.expect(f"{prefix}/update/rejected")["code"], 409)
            self.ask(prefix, "update", {"state": {"reported": {"on": True}}, "version": 1})
            self.assertEqual(self.expect(f"{prefix}/update/accepted")["version"], 2)
            self.expect(f"{prefix}/update/documents")
            self.ask(prefix, "get")
            self.assertEqual(self.expect(f"{prefix}/get/accepted")["state"],
                             {"desired": {"on": True}, "reported": {"on": True}})
            self.ask(prefix, "delete")
            self.assertEqual(self.expect(f"{prefix}/delete/accepted")["version"], 2)
            self.ask(prefix, "update", {"state": {"desired": {"on": True}}})
            self.assertEqual(self.expect(f"{prefix}/update/accepted")["version"], 3)
            self.expect(f"{prefix}/update/delta")
            self.expect(f"{prefix}/update/documents")
            self.client.unsubscribed(f"{prefix}/update/+")

    def test_the_request_is_seen_too(self):
        prefix = "$aws/things/lamp/shadow"
        self.assertEqual(self.client.subscribed(f"{prefix}/#"), [1])
        self.ask(prefix, "update", "no json")
        self.assertEqual(self.client.message(), (f"{prefix}/update", b"no json"))
        self.assertEqual(self.expect(f"{prefix}/update/rejected")["code"], 400)

    def test_too_many_at_once(self):
        prefix = "$aws/things/lamp/shadow"
        self.assertEqual(self.client.subscribed(f"{prefix}/update/accepted", f"{prefix}/update/rejected"), [1, 1])
        n = 100
        for i in range(n):
            self.ask(prefix, "update", {"state": {"reported": {"i": i}}})
        answers = [self.client.event() for _ in range(n)]
        accepted = [a[1]["version"] for a in answers if a[0].endswith("accepted")]
        codes = {a[1]["code"] for a in answers if a[0].endswith("rejected")}
        self.assertEqual(accepted, list(range(1, len(accepted) + 1)))
        self.assertLessEqual(codes, {429})
        self.assertEqual(int(self.rig.registry("shadow", "lamp", "").split()[0]), len(accepted))

    @unittest.skipIf(os.environ.get("KM_TEST_REGISTRY"), "a lock of SQLite's")
    def test_ten_wait(self):
        """While the registry is held ten requests of a thing wait, and the eleventh is refused at once; another thing's is not."""
        broker = self.rig.broker("patient", write_timeout_ms=60000)
        client = broker.connect(self.rig.device("dev-2", self.rig.ca("ca-2"), policies=["Anything"]), "dev")
        lamp, other = "$aws/things/lamp/shadow/update", "$aws/things/other/shadow/update"
        self.assertEqual(client.subscribed(f"{lamp}/+", f"{other}/+"), [1, 1])
        with contextlib.closing(sqlite3.connect(self.rig.url.removeprefix("sqlite:"), isolation_level=None)) as holder:
            holder.execute("BEGIN IMMEDIATE")
            for number in range(11):
                client.publish(lamp, json.dumps({"state": {"reported": {"n": number}}, "clientToken": f"t{number}"}))
            topic, told = client.event()
            self.assertEqual((topic, told["code"], told["clientToken"]), (f"{lamp}/rejected", 429, "t10"))
            client.publish(other, json.dumps({"state": {"reported": {"n": 0}}}))
            self.assertTrue(client.answered())
            holder.execute("ROLLBACK")
        answers = [client.event() for _ in range(22)]  # accepted and documents of each
        told = [event["clientToken"] for topic, event in answers if topic == f"{lamp}/accepted"]
        self.assertEqual(told, [f"t{number}" for number in range(10)])
        self.assertEqual([topic for topic, _ in answers if topic.startswith(other)], [f"{other}/accepted", f"{other}/documents"])
        client.publish(lamp, json.dumps({"state": {"reported": {"n": 11}}}))
        self.assertEqual(client.event()[0], f"{lamp}/accepted")  # there is room again

    def test_from_the_bus(self):
        prefix = "$aws/things/lamp/shadow"
        self.assertEqual(self.client.subscribed(f"{prefix}/update/accepted"), [1])
        bus = Bus(self.broker.bus, "test")
        self.addCleanup(bus.close)
        bus.publish(f"{prefix}/update", json.dumps({"state": {"desired": {"x": 1}}}).encode(), hops=1)
        self.assertEqual(self.expect(f"{prefix}/update/accepted")["version"], 1)


class Retained(Base):
    """What is retained is in the registry, whoever published it."""

    def listed(self, *wanted):
        def fits():
            return self.rig.registry("retained") == "\n".join(wanted)
        until(fits, f"{wanted} is retained, not {self.rig.registry('retained')}")

    def test_life(self):
        device = self.rig.device("dev", self.rig.ca("ca"), policies=["Anything"])
        client = self.broker.connect(device, "dev")
        client.publish("a/b", "12345", qos=1, retain=True)
        client.pubacked()
        client.publish("plain", "x", qos=1)
        client.pubacked()
        client.publish("zero", "x", retain=True)
        self.listed("a/b 1 5", "zero 0 1")
        client.publish("a/b", "123", retain=True)
        self.listed("a/b 0 3", "zero 0 1")
        client.publish("zero", "", retain=True)
        self.listed("a/b 0 3")
        willing = self.broker.connect(device, "willing", will=("the/will", "gone", "retain"))
        willing.close()
        self.listed("a/b 0 3", "the/will 1 4")

    def test_over_the_bus(self):
        with contextlib.closing(Bus(self.broker.bus, "test")) as bus:
            bus.publish("bus", b"1234", qos=1, retain=True)
            self.listed("bus 1 4")
            bus.publish("bus", b"", retain=True)
            self.listed("")


class OnTheBus(Base):
    def setUp(self):
        super().setUp()
        self.device = self.rig.device("dev", self.rig.ca("ca"), policies=["Anything"])
        self.bus = Bus(self.broker.bus, "test")
        self.addCleanup(self.bus.close)

    def watch(self, topic_filter, client):
        """The broker's thread learns of a filter a moment later: messages are sent until one arrives."""
        self.bus.watch(topic_filter)
        probe = topic_filter.replace("#", "probe").replace("+", "probe")

        def is_there():
            client.publish(probe, "probe")
            client.answered()
            return self.bus.has_more()
        until(is_there, "the filter is known")
        client.publish(probe, "done")
        while self.bus.message()["payload"] != b"done":
            pass

    def test_requests_to_shadows(self):
        """The control plane serves those that come to it, and each must count once; those of rules are served here."""
        prefix = "$aws/things/lamp/shadow"
        reader = self.broker.connect(self.device, "dev")
        self.assertEqual(reader.subscribed(f"{prefix}/update", f"{prefix}/update/accepted"), [1, 1])
        self.bus.publish(f"{prefix}/update", b'{"state":{"reported":{"by":"control"}}}')
        self.assertEqual(reader.event(), (f"{prefix}/update", {"state": {"reported": {"by": "control"}}}))
        self.bus.publish(f"{prefix}/update", b'{"state":{"reported":{"by":"rule"}}}', hops=1)
        self.assertEqual(reader.event()[0], f"{prefix}/update")
        topic, accepted = reader.event()
        self.assertEqual((topic, accepted["version"]), (f"{prefix}/update/accepted", 1))
        self.assertEqual(accepted["state"], {"reported": {"by": "rule"}})

    def test_answers_to_rules(self):
        """They carry what the request had, and the program that asked gets them for the other brokers."""
        prefix = "$aws/things/lamp/shadow/update"
        self.watch(f"{prefix}/accepted", self.broker.observer())
        other = Bus(self.broker.bus, "other")
        self.addCleanup(other.close)
        other.publish("probe", b"")
        self.bus.publish(prefix, b'{"state":{"reported":{"by":"rule"}}}', hops=3, number=77)
        seen, answers = {}, []
        while not answers or not seen:
            frame = self.bus.receive()
            if frame["kind"] == MESSAGE:
                seen = frame
            else:
                answers.append(frame)
        self.assertEqual((seen["topic"], seen["hops"], seen["number"]), (f"{prefix}/accepted", 3, 77))
        while answers[-1]["topic"] != f"{prefix}/documents":
            answers.append(self.bus.receive())
        self.assertEqual({a["kind"] for a in answers}, {ANSWER})
        self.assertEqual([a["topic"] for a in answers], [f"{prefix}/accepted", f"{prefix}/documents"])
        self.assertEqual(json.loads(answers[0]["payload"])["version"], 1)
        self.assertFalse(other.has_more())

    def test_copies(self):
        """For clients alone: no program sees them, nobody serves them, and the registry keeps nothing of them."""
        reader = self.broker.connect(self.device, "dev")
        self.assertEqual(reader.subscribed("in/#", "$aws/things/lamp/shadow/update"), [1, 1])
        self.watch("in/#", self.broker.observer())
        while reader.message() != ("in/probe", b"done"):
            pass
        self.bus.send(COPY, topic="in/a", payload=b"one", qos=1, retain=1)
        self.bus.send(COPY, topic="$aws/things/lamp/shadow/update", payload=b'{"state":{"reported":{"a":1}}}')
        self.bus.publish("in/b", b"two", qos=1)
        self.assertEqual(self.bus.message()["topic"], "in/b")
        self.assertEqual(reader.message(), ("in/a", b"one"))
        self.assertEqual(reader.message()[0], "$aws/things/lamp/shadow/update")
        self.assertEqual(reader.message(), ("in/b", b"two"))
        late = self.broker.connect(self.device, "late")
        self.assertEqual(late.subscribed("in/a"), [1])
        self.assertEqual(late.message(), ("in/a", b"one"))
        self.bus.publish("$aws/things/lamp/shadow/update", b'{"state":{"reported":{"a":2}}}', hops=1)
        until(lambda: self.rig.registry("shadow", "lamp", "").startswith("1 "), "the shadow is at its first version")
        self.assertEqual(self.rig.registry("retained"), "")

    def test_messages_and_publishes(self):
        client = self.broker.connect(self.device, "dev")
        self.watch("in/#", client)
        client.publish("elsewhere", "no", qos=1)
        client.publish("in/a", "yes", qos=1)
        seen = self.bus.message()
        self.assertEqual((seen["topic"], seen["payload"], seen["qos"], seen["hops"]), ("in/a", b"yes", 1, 0))
        self.assertEqual((seen["client"], seen["principal"], seen["address"]), ("dev", self.device.id, "127.0.0.1"))
        reader = self.broker.connect(self.device, "reader")
        self.assertEqual(reader.subscribed("out"), [1])
        self.bus.publish("out", b"answer", qos=1, hops=1)
        self.assertEqual(reader.message(), ("out", b"answer"))
        self.bus.publish("in/b", b"again", hops=3)  # what programs publish others see too
        seen = self.bus.message()
        self.assertEqual((seen["topic"], seen["hops"], seen["client"]), ("in/b", 3, ""))
        self.bus.publish("in/c", b"loop", hops=9)
        self.bus.publish("in/d", b"after", hops=8)
        self.assertEqual(self.bus.message()["topic"], "in/d")

    def test_will(self):
        local = self.broker.observer()
        self.watch("will/#", local)
        self.watch("$aws/things/#", local)
        for topic in ("$aws/things/dev/shadow/update", "will/a"):  # a service takes none for a request
            self.broker.connect(self.device, "dev", will=(topic, "{}")).close()
        seen = self.bus.message()
        self.assertEqual((seen["topic"], seen["payload"]), ("will/a", b"{}"))
        self.assertEqual((seen["client"], seen["principal"]), ("dev", self.device.id))
        self.assertEqual(self.rig.registry("shadow", "dev", "").split()[:1], ["0"])

    def test_events(self):
        local = self.broker.observer()
        self.watch("$aws/events/presence/#", local)
        self.broker.connect(self.device, "dev")
        self.assertEqual(self.bus.message()["topic"], "$aws/events/presence/connected/dev")
        self.bus.watch("$aws/events/certificates/registered/+")
        self.watch("x", local)
        fresh = self.rig.pki.issue("fresh", self.rig.ca("second"))
        self.assertIs(self.broker.client(fresh, "fresh").connected(), CLOSED)
        self.assertEqual(json.loads(self.bus.message()["payload"])["certificateId"], fresh.id)

    def test_kick(self):
        one = self.broker.connect(self.device, "one")
        other = self.broker.connect(self.device, "other")
        third = self.broker.connect(self.rig.device("third", self.rig.ca("ca-3"), policies=["Anything"]), "third")
        self.bus.kick(client="one")
        self.assertIsNone(one.packet())
        self.assertTrue(other.answered())
        again = self.broker.connect(self.device, "one")
        self.bus.kick(principal=self.device.id)
        self.assertIsNone(again.packet())
        self.assertIsNone(other.packet())
        self.assertTrue(third.answered())
        self.broker.connect(self.device, "one")  # a kick is no ban


class SlowFeed(Base):
    options = {"feed_ms": 60000}

    def test_hint(self):  # without it nothing would be looked at before the test ends
        device = self.rig.device("dev", self.rig.ca("ca"), policies=["Anything"])
        client = self.broker.connect(device, "dev")
        bus = Bus(self.broker.bus, "test")
        self.addCleanup(bus.close)
        self.rig.registry("certificate-set", device.id, "REVOKED")
        bus.changed(1)
        self.assertIsNone(client.packet())


class Two(Base):
    """Two brokers on one registry."""

    def setUp(self):
        super().setUp()
        self.brokers = [self.broker, self.rig.broker("second")]
        self.ca = self.rig.ca("ca")

    def test_one_registration(self):
        watches = [b.observer("$aws/events/certificates/registered/#") for b in self.brokers]
        n = 10
        for i in range(n):
            device = self.rig.pki.issue(f"dev-{i}", self.ca)
            barrier = threading.Barrier(len(self.brokers))
            outcomes = []

            def contact(broker, certificate=device, start=barrier, into=outcomes):
                start.wait()
                into.append(broker.client(certificate, "dev").connected())
            threads = [threading.Thread(target=contact, args=(b,)) for b in self.brokers]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(outcomes, [CLOSED, CLOSED])
        until(lambda: len(self.rig.events(kind="Connect")) == 2 * n, "all contacts are recorded")
        self.assertEqual(self.rig.registry("certificate-count"), str(n))
        registered = self.rig.events(kind="Register")
        self.assertEqual(len(registered), n)
        self.assertEqual(len({e["certificate"] for e in registered}), n)
        # Each was told of by the broker that registered it, or again to who came after that.
        for watch in watches:
            watch.publish("$aws/events/certificates/registered/end", "{}")
        told = []
        for watch in watches:
            while True:
                topic, event = watch.event()
                if topic.endswith("/end"):
                    break
                told.append(event["certificateId"])
        self.assertEqual(set(told), {e["certificate"] for e in registered})

    def test_revoked_on_both(self):
        device = self.rig.device("dev", self.ca, policies=["Anything"])
        clients = [b.connect(device, "dev") for b in self.brokers]
        self.rig.registry("certificate-set", device.id, "REVOKED")
        for client in clients:
            self.assertIsNone(client.packet())

    def test_one_shadow(self):
        device = self.rig.device("dev", self.ca, policies=["Anything"])
        prefix = "$aws/things/t/shadow"
        clients = [b.connect(device, "dev") for b in self.brokers]
        for client in clients:
            self.assertEqual(client.subscribed(f"{prefix}/update/accepted", f"{prefix}/update/rejected"), [1, 1])
        n = 20
        versions = []
        for i in range(n):
            for client in clients:
                client.publish(f"{prefix}/update", json.dumps({"state": {"reported": {"i": i}}}), qos=1)
            for client in clients:
                topic, event = client.event()
                self.assertTrue(topic.endswith("accepted"), event)
                versions.append(event["version"])
        self.assertEqual(sorted(versions), list(range(1, 2 * n + 1)))


@unittest.skipUnless(os.environ.get("KM_TEST_POSTGRES"), "needs a server that may be held")
class Silence(Base):
    """KM_TEST_POSTGRES is the process of the server."""
    options = {"read_timeout_ms": 1000}

    def connect(self, device, client_id):
        """Until the registry, which is given little time, answers within that."""
        def connected():
            client = self.broker.client(device, client_id)
            return client if client.connected() == 0 else None
        return until(connected, f"{client_id} is connected")

    def signal(self, number):
        server = int(os.environ["KM_TEST_POSTGRES"])
        with open(f"/proc/{server}/task/{server}/children", encoding="ascii") as children:
            for pid in [str(server), *children.read().split()]:
                os.kill(int(pid), number)

    def test_silent_server(self):
        ca = self.rig.ca("ca")
        device = self.rig.device("dev", ca, policies=["Anything"])
        fresh = self.rig.pki.issue("fresh", ca)
        clients = [self.connect(device, f"dev-{i}") for i in range(2)]
        self.assertEqual(clients[0].subscribed("t"), [1])
        self.signal(signal.SIGSTOP)
        try:
            for i in range(20):  # each in turn, so that all of them would wait if it were not for the pause between questions
                self.assertIs(self.broker.client(device, "late").connected(), CLOSED)
                clients[1].publish("t", str(i), qos=1)
                self.assertTrue(clients[1].pubacked())
                self.assertEqual(clients[0].message(), ("t", str(i).encode()))
            self.assertIs(self.broker.client(fresh, "fresh").connected(), CLOSED)
        finally:
            self.signal(signal.SIGCONT)
        until(lambda: self.broker.client(device, "late").connected() == 0, "the registry answers again")
        self.rig.expect_event(kind="Connect", success="0", client="late", reason=".")
        watch = self.broker.observer("$aws/events/certificates/registered/#")
        until(lambda: self.broker.client(fresh, "fresh").connected() is CLOSED and
              self.rig.registry("certificate-count") == "2", "the device is registered at one of its attempts")
        self.assertEqual(watch.event()[1]["certificateId"], fresh.id)
        self.rig.registry("certificate-set", device.id, "REVOKED")  # the feed is followed again
        self.assertIsNone(clients[1].packet())


class SlowRelay:
    """Between a broker and its database's server: each piece of an answer comes `delay` seconds late."""

    def __init__(self, path, server):
        self.server, self.delay = server, 0
        self.lock, self.halves = threading.Lock(), {}  # of a connection, those that have ended
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client = self.listener.accept()[0]
                server = socket.socket(socket.AF_UNIX)
                server.connect(self.server)
                for source, sink, is_answer in (client, server, False), (server, client, True):
                    threading.Thread(target=self.carry, args=(source, sink, is_answer), daemon=True).start()

    def carry(self, source, sink, is_answer):
        with contextlib.suppress(OSError):
            while octets := source.recv(65536):
                if is_answer:
                    time.sleep(self.delay)
                sink.sendall(octets)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)
        with self.lock:
            self.halves[source] = self.halves[sink] = self.halves.get(source, 0) + 1
            if self.halves[source] == 2:
                source.close()
                sink.close()


class SlowServer(Base):
    """A server that answers each question in time, and all of a connect's together too late."""

    def setUp(self):
        super().setUp()
        folder = os.path.join(self.rig.folder, "relay")
        os.mkdir(folder)
        server = re.search(r"host=(\S+)", self.rig.url).group(1)
        self.relay = SlowRelay(os.path.join(folder, ".s.PGSQL.5432"), os.path.join(server, ".s.PGSQL.5432"))
        self.addCleanup(self.relay.listener.close)
        self.slow = self.rig.broker("slow", registry=re.sub(r"host=\S+", "host=" + folder, self.rig.url),
                                    read_timeout_ms=5000)

    def test_one_limit_for_a_connect(self):
        device = self.rig.device("dev", self.rig.ca("ca"), policies=["Anything"])
        self.slow.connect(device, "before")  # its statements are prepared now
        self.relay.delay = 2
        self.assertIs(self.slow.client(device, "dev-1").connected(), CLOSED)
        self.rig.expect_event(kind="Connect", success="0", client="dev-1", reason="can't read")
        self.relay.delay = 0
        until(lambda: self.slow.client(device, "dev-1").connected() == 0, "it answers quickly again")


class RealClients(Base):
    def setUp(self):
        super().setUp()
        self.ca = self.rig.ca("ca")

    def mosquitto(self, program, device, *arguments):
        return [program, "-h", "localhost", "-p", str(self.broker.port), "--cafile", self.rig.server_ca.pem,
                "--cert", device.chain, "--key", device.key, *arguments]

    def test_mosquitto_pub_from_first_contact(self):
        device = self.rig.pki.issue("dev", self.ca)
        command = self.mosquitto("mosquitto_pub", device, "-i", "dev", "-q", "1", "-t", "hello/world", "-m", "Hello")
        first = subprocess.run(command, stderr=subprocess.PIPE, check=False, timeout=60)
        self.assertNotEqual(first.returncode, 0)
        self.assertIn(b"The connection was lost", first.stderr)
        until(lambda: self.rig.registry("certificate-count") == "1", "it is registered")
        self.rig.registry("attach", "Anything", device.id)
        self.rig.registry("certificate-set", device.id, "ACTIVE")
        watch = self.broker.observer("hello/#")
        run(*command)
        self.assertEqual(watch.message(), ("hello/world", b"Hello"))

    def test_paho(self):
        device = self.rig.device("dev", self.ca, policies=["Anything"])
        got = []
        done = threading.Event()
        client = paho.Client("paho-1")
        client.tls_set(self.rig.server_ca.pem, device.chain, device.key)
        client.on_connect = lambda c, *_: c.subscribe("echo/#", 1)
        client.on_subscribe = lambda c, *_: c.publish("echo/1", "ping", 1)
        client.on_message = lambda c, _, message: (got.append((message.topic, message.payload)), done.set())
        client.connect("localhost", self.broker.port)
        client.loop_start()
        self.assertTrue(done.wait(60))
        client.disconnect()
        client.loop_stop()
        self.assertEqual(got, [("echo/1", b"ping")])

    def test_paho_5(self):
        device = self.rig.device("dev", self.ca, policies=["Anything"])
        done = threading.Event()
        client = paho.Client("paho-5", protocol=paho.MQTTv5)
        client.tls_set(self.rig.server_ca.pem, device.chain, device.key)
        client.on_connect = lambda c, *_: c.subscribe("echo/#", 1)
        client.on_subscribe = lambda c, *_: c.publish("echo/1", "ping", 1)
        client.on_message = lambda *_: done.set()
        client.connect("localhost", self.broker.port)
        client.loop_start()
        self.assertTrue(done.wait(60))
        client.disconnect()
        client.loop_stop()


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    BUILD = os.path.abspath(sys.argv[1])
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]], verbosity=2)
