#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Rules at two brokers of one registry, what a rule that feeds itself may do, and what others have of it meanwhile.

Usage: test_rules_brokers.py BUILD_DIR GROUP...     GROUP is a class below; KM_TEST_REGISTRY names another registry than SQLite
"""
import contextlib
import json
import os
import re
import select
import signal
import sqlite3
import subprocess
import sys
import unittest

from broker_bus import Bus
from broker_rig import ACCOUNT, ANYTHING, REGION, WAIT_S, Rig, until

BUILD = ""


def republish(topic, qos=1):
    return {"republish": {"topic": topic, "roleArn": "arn:aws:iam::1:role/r", "qos": qos}}


class Program:
    """keymoor-cloud-rules."""

    def __init__(self, rig, brokers):
        self.log = os.path.join(rig.folder, "rules.log")
        self.n_starts = 0
        key = os.path.join(rig.folder, "key")
        with open(os.open(key, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as f:
            f.write(b"k" * 32)
        self.command = [os.path.join(BUILD, "bin", "keymoor-cloud-rules"), "--registry", rig.url, "--key-file", key,
                        "--account", ACCOUNT, "--region", REGION, "--state", os.path.join(rig.folder, "state")]
        for broker in brokers:
            self.command += ["--bus", broker.bus]
        self.n_brokers = len(brokers)
        self.process = None
        self.start()

    def text(self):
        with open(self.log, encoding="utf-8", errors="replace") as f:
            return f.read()

    def start(self):
        self.n_starts += 1
        before = self.text().count(": connected") if self.n_starts > 1 else 0
        with open(self.log, "ab") as log:  # pylint: disable=consider-using-with
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        self.connected(before + self.n_brokers)

    def connected(self, n):
        def is_there():
            if self.process.poll() is not None:
                raise AssertionError(f"the rules have ended: {self.text()[-3000:]}")
            return self.text().count(": connected") >= n
        until(is_there, f"the rules are at their brokers: {n}")

    def has_rules(self, n):
        until(lambda: (re.findall(r"(\d+) rules", self.text()) or [""])[-1] == str(n), f"there are {n} rules")

    def kill(self):
        self.process.kill()
        self.process.wait(WAIT_S)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            rc = self.process.wait(WAIT_S)
            assert rc == 0, f"the rules ended with {rc}: {self.text()[-4000:]}"


class Base(unittest.TestCase):
    n_brokers = 1

    def setUp(self):
        self.rig = Rig(BUILD, os.path.dirname(os.path.abspath(__file__)), os.environ.get("KM_TEST_REGISTRY"))
        self.addCleanup(self.rig.close)
        self.brokers = [self.rig.broker(f"broker-{i}") for i in range(self.n_brokers)]
        self.rules = {}
        self.program = Program(self.rig, self.brokers)
        self.addCleanup(self.program.stop)

    def rule(self, name, sql, *actions, **payload):
        payload.update({"awsIotSqlVersion": "2016-03-23", "actions": actions})
        self.rig.registry("rule", name, sql, re.search("FROM '(.*?)'", sql)[1], json.dumps(payload))
        self.rules[name] = sql
        self.program.has_rules(len(self.rules))

    def observers(self, *filters):
        """A client at each broker that has nothing to read; by now rules hear what it publishes. No rule is made after that."""
        self.rule("probe", "SELECT * FROM 'probe/+'", republish("probed/${topic(2)}"))
        clients = [broker.observer("probed/#", *filters) for broker in self.brokers]
        for client in clients:
            self.probe(client, clients)
        return clients

    @staticmethod
    def probe(client, readers):
        def is_heard():
            client.publish("probe/first", "{}")
            return client.buffer or select.select([client.socket], [], [], 0.05)[0]
        until(is_heard, "the rule is known to the broker")
        last = "probe/" + os.urandom(8).hex()
        client.publish(last, "{}")
        for reader in readers:
            while reader.message()[0] != last.replace("probe", "probed"):
                pass


class Brokers(Base):
    n_brokers = 2

    def test_rules_run_once(self):
        """A chain of rules, whichever broker a message comes to: one message at each broker for each that was sent."""
        self.rule("one", "SELECT n FROM 'in'", republish("middle"))
        self.rule("two", "SELECT n, clientid() AS who FROM 'middle'", republish("out"))
        clients = self.observers("out")
        for n in range(10):
            clients[n % 2].publish("in", json.dumps({"n": n}), qos=1)
            for client in clients:
                self.assertEqual(client.event(), ("out", {"n": n, "who": "n/a"}))
        for client in clients:  # and nothing more
            client.publish("in", '{"n":"end"}', qos=1)
        for client in clients:
            self.assertEqual([client.event()[1]["n"] for _ in clients], ["end"] * 2)

    def served(self, clients, sender, version):
        """A rule's request, sent by way of one broker: one version, told once at each broker."""
        clients[sender].publish("in", json.dumps({"n": version}), qos=1)
        for client in clients:
            if client is None:
                continue
            topic, accepted = client.event()
            self.assertEqual((topic, accepted["version"]), (f"{self.prefix}/update/accepted", version))
            self.assertEqual(accepted["state"]["reported"]["n"], version)
            topic, documents = client.event()
            self.assertEqual((topic, documents["current"]["version"]), (f"{self.prefix}/update/documents", version))

    prefix = "$aws/things/lamp/shadow"
    answers = (f"{prefix}/update/accepted", f"{prefix}/update/documents", f"{prefix}/update/rejected")

    def test_a_shadow_is_served_once(self):
        self.rule("shadow", "SELECT VALUE {'state': {'reported': {'n': n}}} FROM 'in'",
                  republish("$" + self.prefix + "/update"))
        clients = self.observers(*self.answers)
        for version in range(1, 9):
            self.served(clients, version % 2, version)
        # One broker is killed: the other serves.
        self.brokers[0].process.kill()
        self.brokers[0].process.wait(WAIT_S)
        for version in range(9, 12):
            self.served([None, clients[1]], 1, version)
        # It comes back, and serves what comes by way of it; both tell.
        self.brokers[0].start()
        self.program.connected(3)
        clients[0] = self.brokers[0].observer("probed/#", *self.answers)
        self.probe(clients[0], clients)
        for version in range(12, 16):
            self.served(clients, version % 2, version)
        # The rules are killed and come back.
        self.program.kill()
        self.program.start()
        for client in clients:
            self.probe(client, clients)
        for version in range(16, 20):
            self.served(clients, version % 2, version)
        self.assertTrue(self.rig.registry("shadow", "lamp", "").startswith("19 "))

    def test_denied_at_one_told_at_both(self):
        """A request that is rejected, and one to jobs."""
        self.rule("bad", "SELECT VALUE 'x' FROM 'bad'", republish("$" + self.prefix + "/update"))
        self.rule("job", "SELECT VALUE {} FROM 'job'", republish("$$aws/things/lamp/jobs/nope/get"))
        clients = self.observers(*self.answers, "$aws/things/lamp/jobs/nope/get/rejected")
        for sender in (0, 1):
            clients[sender].publish("bad", "{}")
            for client in clients:
                self.assertEqual(client.event()[0], f"{self.prefix}/update/rejected")
            clients[sender].publish("job", "{}")
            for client in clients:
                self.assertEqual(client.event()[0], "$aws/things/lamp/jobs/nope/get/rejected")


    def test_a_silent_broker(self):
        """One broker takes nothing: what is republished gets to the clients of the other, all of it."""
        self.rule("large", "SELECT * FROM 'in'", republish("out"))
        clients = self.observers("out")
        n, body = 60, "x" * 100000
        self.brokers[0].process.send_signal(signal.SIGSTOP)
        try:
            for i in range(n):
                clients[1].publish("in", json.dumps({"n": i, "body": body}), qos=1)
            self.assertEqual([clients[1].event()[1]["n"] for _ in range(n)], list(range(n)))
        finally:
            self.brokers[0].process.send_signal(signal.SIGCONT)
        self.assertIn("does not take what is sent to it", self.program.text())
        self.assertEqual(clients[0].event()[1]["n"], 0)  # what had room for it is there, when it goes on


class Fair(Base):
    def test_registry_is_locked(self):
        """A rule that fails all the time: its failures can't be recorded, and the others don't wait for that."""
        self.rule("bad", "SELECT * FROM 'bad'", republish("${missing}"))
        self.rule("calm", "SELECT * FROM 'calm'", republish("calm/out"))
        client = self.observers("calm/out")[0]
        with contextlib.closing(sqlite3.connect(self.rig.url.removeprefix("sqlite:"), timeout=WAIT_S)) as other:
            other.execute("BEGIN IMMEDIATE")
            for n in range(100):
                client.publish("bad", "{}", qos=1)
                client.publish("calm", json.dumps({"n": n}), qos=1)
            self.assertEqual([client.event()[1]["n"] for _ in range(100)], list(range(100)))
            other.rollback()
        self.assertIn("no value for this message", self.program.text())


class Language(Base):
    """What a statement can ask, of a message that a device has sent."""

    def test_of_a_device(self):
        self.rig.registry("policy", "Anything", ANYTHING)
        device = self.rig.device("dev", self.rig.ca("ca"), policies=["Anything"])
        asks = ("SELECT clientid() AS client, principal() AS principal, sourceip() AS address, accountid() AS account, "
                "topic() AS topic, topic(2) AS level, timestamp() > 0 AS time, length(traceid()) AS trace, "
                "get_thing_shadow('lamp', 'r').state.reported.v AS v, get_thing_shadow('lamp', 'fan', 'r').version AS fan, "
                "get_thing_shadow('none', 'r') AS none, aws_lambda('arn:f', 1) AS lambda")
        self.rule("ask", f"{asks} FROM 'ask/+'", republish("out"))
        self.rule("raw", "SELECT encode(*, 'base64') AS data, v AS v FROM 'raw'", republish("out"))
        client = self.observers("out", "$aws/things/lamp/shadow/update/accepted",
                                "$aws/things/lamp/shadow/name/fan/update/accepted")[0]
        for where in ("", "/name/fan"):
            client.publish(f"$aws/things/lamp/shadow{where}/update", '{"state":{"reported":{"v":3}}}')
            client.event()
        sender = self.brokers[0].connect(device, "dev-1")
        expected = {"client": "dev-1", "principal": device.id, "address": "127.0.0.1", "account": ACCOUNT, "time": True,
                    "trace": 36, "v": 3, "fan": 1}
        for topic, seen in (("ask/a", "ask/a"), ("$aws/rules/ask/x/a/b", "x/a/b")):  # by its filter, and Basic Ingest
            sender.publish(topic, "{}", qos=1)
            self.assertEqual(client.event(), ("out", {**expected, "topic": seen, "level": "a"}))
        sender.publish("raw", b"\0no JSON\xff", qos=1)
        self.assertEqual(client.event(), ("out", {"data": "AG5vIEpTT07/"}))


class Bomb(Base):
    def test_it_ends(self):
        """Ten republish actions onto a rule's own filter; and rules of others, which miss nothing."""
        budget, n_calm = 1000, 300
        self.rule("bomb", "SELECT * FROM 'bomb'", *[republish("bomb")] * 10, errorAction=republish("failed"))
        self.rule("calm", "SELECT n FROM 'calm'", republish("calm/out"))
        client = self.observers("calm/out", "failed")[0]
        bus = Bus(self.brokers[0].bus, "counter")
        self.addCleanup(bus.close)
        bus.watch("bomb")
        bus.watch("calm")  # in force with it

        def is_watched():
            client.publish("calm", '{"n":-1}')
            return bus.has_more()
        until(is_watched, "the bus is watched")
        client.publish("bomb", "{}")
        for n in range(n_calm):
            client.publish("calm", json.dumps({"n": n}), qos=1)
        seen, failures = [], 0
        while not seen or seen[-1] != n_calm - 1:
            topic, event = client.event()
            if topic == "failed":
                failures += 1
                self.assertEqual(event["failures"][0]["failedAction"], "RepublishAction")
                self.assertIn(f"{budget} times", event["failures"][0]["errorMessage"])
            elif event["n"] >= 0:
                seen.append(event["n"])
        self.assertEqual(seen, list(range(n_calm)))
        n_bombs = 0
        while n_bombs < 1 + budget:
            n_bombs += bus.message()["topic"] == "bomb"
        self.rig.expect_event(kind="RuleExecution", reason=f"{budget} times")
        client.publish("calm", '{"n":-2}')
        topic, event = client.event()
        while event.get("n") != -2:
            failures += topic == "failed"
            topic, event = client.event()
        self.assertGreaterEqual(failures, 1)
        self.assertLessEqual(failures, 10)
        while bus.has_more():
            self.assertEqual(bus.message()["topic"], "calm")
        self.assertEqual(len(self.rig.events(kind="RuleExecution")), 1)
        self.assertEqual(self.program.text().count(f"{budget} times"), 1)

    def test_through_a_shadow(self):
        """A rule that answers each answer of a shadow ends as well."""
        prefix = "aws/things/lamp/shadow/update"
        self.rule("echo", f"SELECT VALUE {{'state': {{'reported': {{'v': version}}}}}} FROM '${prefix}/accepted'",
                  republish(f"$${prefix}"))
        client = self.observers(f"${prefix}/accepted")[0]
        client.publish(f"${prefix}", '{"state":{"reported":{"v":0}}}')
        for version in range(1, 10):  # its own, and eight by the rule
            self.assertEqual(client.event()[1]["version"], version)
        self.rig.expect_event(kind="RuleExecution", reason="republished it 8 times")
        self.probe(client, [client])
        self.assertTrue(self.rig.registry("shadow", "lamp", "").startswith("9 "))


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    BUILD = os.path.abspath(sys.argv[1])
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]], verbosity=2)
