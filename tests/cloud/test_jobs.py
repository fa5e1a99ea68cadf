#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Jobs from the API to the device and back: boto3 makes them, devices carry them out over MQTT.

Usage: test_jobs.py BUILD_DIR [GROUP...]     KM_TEST_REGISTRY and KM_TEST_POSTGRES name another registry than SQLite
"""
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import unittest

import paho.mqtt.client as paho

BUILD = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else ""
os.environ["KM_TEST_BUILD"] = BUILD

# pylint: disable=wrong-import-position
from broker_rig import ACCOUNT, ANYTHING, ARN, REGION, Rig, policy, until  # noqa: E402
from control_rig import KEY, Control  # noqa: E402

DOCUMENT = {"operation": "reboot"}
PATIENT = {"read_timeout_ms": 10000}  # no test here is about a database that is slow


class OnRegistry(Control):
    """A control plane on the registry of a rig."""

    def __init__(self, url, *options):
        self.url_of_rig = url
        super().__init__("--region", REGION, *options)

    def make_registry(self):
        return self.url_of_rig


class Beside(OnRegistry):
    """One more, with the keys of the first."""

    def __init__(self, first, *options):
        self.first = first
        super().__init__(first.url_of_rig, *options)

    def seed(self, *arguments):
        shutil.copy(f"{self.first.dir}/seal", f"{self.dir}/seal")


class Base(unittest.TestCase):
    def setUp(self):
        self.rig = Rig(BUILD, os.path.dirname(os.path.abspath(__file__)), os.environ.get("KM_TEST_REGISTRY"))
        self.addCleanup(self.rig.close)
        self.rig.registry("policy", "Anything", ANYTHING)
        self.broker = self.rig.broker(**PATIENT)
        self.control = OnRegistry(self.rig.url, "--account", ACCOUNT, "--bus", self.broker.bus)
        self.addCleanup(self.control.remove)
        self.control.start()
        self.addCleanup(self.control.stop)
        self.iot = self.control.client("iot", KEY, region=REGION)
        self.ca = self.rig.ca("ca")
        self.topics = "$aws/things/lamp/jobs/"
        self.iot.create_thing(thingName="lamp")
        self.device = self.rig.device("lamp", self.ca, policies=["Anything"])
        self.client = self.broker.connect(self.device, "lamp")

    def job(self, job, **more):
        self.iot.create_job(**{"jobId": job, "targets": [f"{ARN}thing/lamp"], "document": json.dumps(DOCUMENT), **more})

    def listen(self, *names):
        self.assertEqual(self.client.subscribed(*[self.topics + name for name in names]), [1] * len(names))

    def ask(self, name, payload=""):
        self.client.publish(self.topics + name, payload if isinstance(payload, str) else json.dumps(payload), qos=1)

    def expect(self, name):
        topic, message = self.client.event()
        self.assertEqual(topic, self.topics + name)
        self.assertIs(type(message["timestamp"]), int)
        return message

    def status(self, job):
        return self.iot.describe_job(jobId=job)["job"]["status"]


class Device(Base):
    def test_from_start_to_end(self):
        self.listen("notify", "notify-next", "get/+", "start-next/+", "+/get/+", "+/update/+")
        self.ask("start-next", {"clientToken": "t0"})
        self.assertNotIn("execution", self.expect("start-next/accepted"))
        self.job("j1")
        self.assertEqual([one["jobId"] for one in self.expect("notify")["jobs"]["QUEUED"]], ["j1"])
        head = self.expect("notify-next")["execution"]
        self.assertEqual((head["jobId"], head["status"], head["jobDocument"], head["versionNumber"]),
                         ("j1", "QUEUED", DOCUMENT, 1))
        self.job("j2")
        self.assertEqual([one["jobId"] for one in self.expect("notify")["jobs"]["QUEUED"]], ["j1", "j2"])
        self.ask("get", {"clientToken": "t1"})  # which comes next: the head is the same
        pending = self.expect("get/accepted")
        self.assertEqual((pending["clientToken"], pending["inProgressJobs"], len(pending["queuedJobs"])), ("t1", [], 2))
        self.ask("$next/get")
        self.assertEqual(self.expect("$next/get/accepted")["execution"]["jobId"], "j1")
        self.ask("j2/get", {"includeJobDocument": False})
        self.assertNotIn("jobDocument", self.expect("j2/get/accepted")["execution"])
        self.ask("start-next", {"statusDetails": {"step": "1"}, "clientToken": "t2"})
        started = self.expect("start-next/accepted")
        self.assertEqual((started["clientToken"], started["execution"]["jobId"], started["execution"]["status"]),
                         ("t2", "j1", "IN_PROGRESS"))
        self.assertEqual(list(self.expect("notify")["jobs"]), ["IN_PROGRESS", "QUEUED"])
        self.ask("j1/update", {"status": "IN_PROGRESS", "statusDetails": {"step": "2"}, "includeJobExecutionState": True})
        self.assertEqual(self.expect("j1/update/accepted")["executionState"],
                         {"status": "IN_PROGRESS", "statusDetails": {"step": "2"}, "versionNumber": 3})
        self.ask("j1/update", {"status": "SUCCEEDED", "expectedVersion": 3, "clientToken": "t3"})
        self.assertEqual(self.expect("j1/update/accepted")["clientToken"], "t3")
        self.assertEqual([one["jobId"] for one in self.expect("notify")["jobs"]["QUEUED"]], ["j2"])
        self.assertEqual(self.expect("notify-next")["execution"]["jobId"], "j2")
        self.ask("j2/update", {"status": "REJECTED"})
        self.expect("j2/update/accepted")
        self.assertEqual(self.expect("notify")["jobs"], {})
        self.assertNotIn("execution", self.expect("notify-next"))
        self.assertEqual((self.status("j1"), self.status("j2")), ("COMPLETED", "COMPLETED"))

    def test_rejections(self):
        self.job("j")
        self.listen("+/get/rejected", "+/update/rejected", "get/rejected")

        def rejected(name, payload, code):
            self.ask(name, payload)
            message = self.expect(name + "/rejected")
            self.assertEqual(message["code"], code)
            self.assertTrue(message["message"])
            return message

        rejected("j/update", "{", "InvalidJson")
        rejected("get", "[]", "InvalidJson")
        rejected("j/update", {"status": "CANCELED"}, "InvalidRequest")
        self.assertEqual(rejected("j/update", {"status": "FAILED", "statusDetails": {"a": 1}, "clientToken": "t"},
                                  "InvalidRequest")["clientToken"], "t")
        rejected("$next/update", {"status": "FAILED"}, "InvalidTopic")
        rejected("k/get", "", "ResourceNotFound")
        rejected("k/update", {"status": "FAILED"}, "ResourceNotFound")
        self.assertEqual(rejected("j/update", {"status": "FAILED", "expectedVersion": 2}, "VersionMismatch")["executionState"],
                         {"status": "QUEUED", "versionNumber": 1})
        self.ask("j/update", {"status": "FAILED"})
        rejected("j/get", "", "TerminalStateReached")
        self.assertEqual(rejected("j/update", {"status": "SUCCEEDED"}, "InvalidStateTransition")["executionState"]["status"],
                         "FAILED")

    def test_canceled_while_in_progress(self):
        self.listen("notify", "notify-next", "start-next/+", "+/update/+")
        self.job("j")
        self.expect("notify")
        self.expect("notify-next")
        self.ask("start-next")
        self.expect("start-next/accepted")
        self.expect("notify")
        self.iot.cancel_job(jobId="j", force=True)
        self.assertEqual(self.expect("notify")["jobs"], {})
        self.assertNotIn("execution", self.expect("notify-next"))
        self.ask("j/update", {"status": "SUCCEEDED"})
        self.assertEqual(self.expect("j/update/rejected")["executionState"]["status"], "CANCELED")

    def test_groups(self):
        self.iot.create_thing_group(thingGroupName="lamps")
        self.job("c", targets=[f"{ARN}thinggroup/lamps"], targetSelection="CONTINUOUS")
        self.listen("notify", "notify-next")
        self.iot.add_thing_to_thing_group(thingGroupName="lamps", thingName="lamp")
        self.assertEqual([one["jobId"] for one in self.expect("notify")["jobs"]["QUEUED"]], ["c"])
        self.assertEqual(self.expect("notify-next")["execution"]["jobId"], "c")
        self.iot.remove_thing_from_thing_group(thingGroupName="lamps", thingName="lamp")
        self.assertEqual(self.expect("notify")["jobs"], {})

    def test_too_many_at_once(self):
        self.job("j")
        self.listen("+/update/+")
        n = 100
        for _ in range(n):
            self.ask("j/update", {"status": "IN_PROGRESS", "includeJobExecutionState": True})
        answers = [self.client.event() for _ in range(n)]
        versions = [a[1]["executionState"]["versionNumber"] for a in answers if a[0].endswith("accepted")]
        self.assertEqual(versions, list(range(2, len(versions) + 2)))
        self.assertLessEqual({a[1]["code"] for a in answers if a[0].endswith("rejected")}, {"RequestThrottled"})

    def test_policy(self):
        """Another thing's jobs are nobody's business."""
        own = "$aws/things/${iot:ClientId}/jobs/*"
        self.rig.registry("policy", "Own", policy(
            ("Allow", "iot:Connect", "client/*"), ("Allow", "iot:Publish iot:Receive", "topic/" + own),
            ("Allow", "iot:Subscribe", "topicfilter/" + own)))
        device = self.rig.device("other", self.ca, policies=["Own"])
        client = self.broker.connect(device, "other")
        self.assertEqual(client.subscribed("$aws/things/other/jobs/get/+"), [1])
        client.publish("$aws/things/other/jobs/get", "", qos=1)
        self.assertEqual(client.event()[1]["queuedJobs"], [])
        client.publish("$aws/things/lamp/jobs/start-next", qos=1)
        self.assertFalse(client.answered())


class Time(Base):
    def change_row(self, sql):
        """What takes minutes, in no time."""
        if self.rig.url.startswith("sqlite:"):
            with sqlite3.connect(self.rig.url.removeprefix("sqlite:"), timeout=60) as database:
                database.execute(sql)
        else:
            subprocess.run(["psql", "-qX", self.rig.url.removeprefix("postgresql:"), "-c", sql], check=True)

    def test_over_once_at_two_brokers(self):
        second = self.rig.broker("second", **PATIENT)
        watches = [broker.observer(self.topics + "notify-next") for broker in (self.broker, second)]
        self.job("j", timeoutConfig={"inProgressTimeoutInMinutes": 1})
        for watch in watches:
            self.assertEqual(watch.event()[1]["execution"]["status"], "QUEUED")
        self.listen("start-next/+")
        self.ask("start-next")
        self.assertLessEqual(self.expect("start-next/accepted")["execution"]["approximateSecondsBeforeTimedOut"], 60)
        self.change_row("UPDATE job_execution SET due_ms = 1 WHERE due_ms > 1")
        for watch in watches:
            self.assertNotIn("execution", watch.event()[1])
            watch.publish(self.topics + "notify-next", "{}")  # the next that comes: it was told once
            self.assertEqual(watch.event()[1], {})
        execution = self.iot.describe_job_execution(thingName="lamp", jobId="j")["execution"]
        self.assertEqual((execution["status"], execution["versionNumber"]), ("TIMED_OUT", 3))

    def test_step(self):
        self.job("j")
        self.listen("start-next/+", "+/update/+")
        self.ask("start-next", {"stepTimeoutInMinutes": 1})
        self.expect("start-next/accepted")
        self.change_row("UPDATE job_execution SET step_due_ms = 1 WHERE step_due_ms > 1")
        until(lambda: self.status("j") == "COMPLETED", "it times out")
        self.ask("j/update", {"status": "SUCCEEDED"})
        self.assertEqual(self.expect("j/update/rejected")["executionState"]["status"], "TIMED_OUT")


class Race(Base):
    def test_two_updates_at_two_brokers(self):
        """Of those that expect the same version exactly one is accepted."""
        second = self.rig.broker("second", **PATIENT).connect(self.device, "lamp")
        self.job("j")
        got = []
        for n in range(1, 6):
            for client, status in ((self.client, "IN_PROGRESS"), (second, "IN_PROGRESS")):
                if n == 1:
                    self.assertEqual(client.subscribed(self.topics + "j/update/+"), [1])
                client.publish(self.topics + "j/update", json.dumps({"status": status, "expectedVersion": n}), qos=1)
            got.append(sorted(client.event()[0].rsplit("/", 1)[1] for client in (self.client, second)))
        self.assertEqual(got, [["accepted", "rejected"]] * 5)
        self.assertEqual(self.iot.describe_job_execution(thingName="lamp", jobId="j")["execution"]["versionNumber"], 6)


class Events(Base):
    """What is told of jobs, each once, wherever it happens."""

    def setUp(self):
        super().setUp()
        self.watch = self.broker.observer("$aws/events/job/#", "$aws/events/jobExecution/#")

    def turn(self, *types, on=True):
        self.iot.update_event_configurations(eventConfigurations={one: {"Enabled": on} for one in types})

    def told(self, kind, operation, job="j"):
        topic, event = self.watch.event()
        self.assertEqual(topic, f"$aws/events/{kind}/{job}/{operation}")
        self.assertEqual((event["eventType"], event["operation"], event["jobId"]),
                         ("JOB" if kind == "job" else "JOB_EXECUTION", operation, job))
        self.assertEqual(len(event["eventId"]), 36)
        self.assertLess(abs(event["timestamp"] - time.time()), 3600)
        return event

    def carry_out(self, job, status="SUCCEEDED"):
        self.ask(f"{job}/update", {"status": status, "statusDetails": {"step": "9"}})

    def test_what_is_told(self):
        self.job("before")
        self.carry_out("before")
        until(lambda: self.status("before") == "COMPLETED", "it is completed")
        self.turn("JOB", "JOB_EXECUTION")
        self.job("j", description="what for")
        self.carry_out("j")
        event = self.told("jobExecution", "succeeded")
        self.assertEqual((event["thingArn"], event["status"], event["statusDetails"], event["executionNumber"]),
                         (f"{ARN}thing/lamp", "SUCCEEDED", {"step": "9"}, 1))
        event = self.told("job", "completed")
        self.assertEqual((event["status"], event["targetSelection"], event["targets"], event["description"]),
                         ("COMPLETED", "SNAPSHOT", [f"{ARN}thing/lamp"], "what for"))
        self.assertEqual(event["jobProcessDetails"]["numberOfSucceededThings"], 1)
        self.assertGreaterEqual(event["completedAt"], event["createdAt"])
        self.assertGreater(event["createdAt"], 1e12)
        self.iot.delete_job(jobId="j")
        self.assertEqual(self.told("job", "deletion_in_progress")["status"], "DELETION_IN_PROGRESS")
        self.assertEqual(self.told("job", "deleted")["status"], "DELETED")
        self.job("k")
        self.iot.cancel_job(jobId="k", comment="no more")
        self.assertEqual(self.told("job", "cancellation_in_progress", "k")["status"], "CANCELLATION_IN_PROGRESS")
        self.assertEqual(self.told("jobExecution", "canceled", "k")["status"], "CANCELED")
        self.assertEqual(self.told("job", "canceled", "k")["comment"], "no more")
        self.iot.delete_job_execution(jobId="k", thingName="lamp", executionNumber=1)
        self.told("jobExecution", "deleted", "k")
        self.turn("JOB", on=False)
        self.job("l")
        self.carry_out("l", "FAILED")
        self.assertEqual(self.told("jobExecution", "failed", "l")["status"], "FAILED")
        self.turn("JOB_EXECUTION", on=False)
        self.job("m")
        self.iot.cancel_job(jobId="m")
        self.turn("JOB")
        self.job("n")
        self.iot.cancel_job(jobId="n")
        self.told("job", "cancellation_in_progress", "n")

    def test_each_once_at_two_brokers(self):
        """Also what a control plane left half done that was killed: another one goes on with it."""
        second = self.rig.broker("second", **PATIENT)
        watches = [self.watch, second.observer("$aws/events/job/#", "$aws/events/jobExecution/#")]
        other = Beside(self.control, "--account", ACCOUNT, "--bus", second.bus)
        self.addCleanup(other.remove)
        other.start()
        self.turn("JOB", "JOB_EXECUTION")
        things = [f"t{i}" for i in range(90)]
        self.iot.create_thing_group(thingGroupName="all")
        for thing in things:
            self.iot.create_thing(thingName=thing)
            self.iot.add_thing_to_thing_group(thingGroupName="all", thingName=thing)
        other.client("iot", KEY, region=REGION).create_job(
            jobId="j", targets=[f"{ARN}thinggroup/all"], document="{}", jobExecutionsRolloutConfig={"maximumPerMinute": 1000})
        other.stop(signal.SIGKILL)
        until(lambda: self.iot.describe_job(jobId="j")["job"]["jobProcessDetails"]["numberOfQueuedThings"] == len(things),
              "all have got it")
        found = [one for page in self.iot.get_paginator("list_job_executions_for_job").paginate(jobId="j")
                 for one in page["executionSummaries"]]
        self.assertEqual(sorted((one["thingArn"], one["jobExecutionSummary"]["executionNumber"]) for one in found),
                         sorted((f"{ARN}thing/{thing}", 1) for thing in things))
        self.iot.cancel_job(jobId="j")
        expected = [("j", None, "cancellation_in_progress"), ("j", None, "canceled")]
        expected += [("j", f"{ARN}thing/{thing}", "canceled") for thing in things]
        seen = self.all_that_is_told(watches, len(expected))
        self.assertEqual(sorted((event["jobId"], event.get("thingArn", ""), event["operation"]) for event in seen),
                         sorted((job, arn or "", operation) for job, arn, operation in expected))
        self.assertEqual(len({event["eventId"] for event in seen}), len(seen))

    @staticmethod
    def all_that_is_told(watches, n):
        """By all brokers together, until there are n, and what else they said by then."""
        seen = []

        def listen(watch):
            topic, event = watch.event()
            while topic != "$aws/events/job/end":
                seen.append(event)
                topic, event = watch.event()
        threads = [threading.Thread(target=listen, args=(watch,)) for watch in watches]
        for thread in threads:
            thread.start()
        try:
            until(lambda: len(seen) >= n, f"{n} events")
        finally:
            for watch in watches:
                watch.publish("$aws/events/job/end", "{}")
            for thread in threads:
                thread.join()
        return seen


class RealClients(Base):
    def test_mosquitto(self):
        self.job("j")
        tls = ["-h", "localhost", "-p", str(self.broker.port), "--cafile", self.rig.server_ca.pem, "--cert",
               self.device.chain, "--key", self.device.key, "-q", "1"]
        answer = subprocess.run(["mosquitto_rr", *tls, "-i", "lamp-1", "-t", self.topics + "start-next", "-m", "{}", "-e",
                                 self.topics + "start-next/accepted"], check=True, stdout=subprocess.PIPE, timeout=60).stdout
        self.assertEqual(json.loads(answer)["execution"]["status"], "IN_PROGRESS")
        subprocess.run(["mosquitto_pub", *tls, "-i", "lamp-1", "-t", self.topics + "j/update", "-m",
                        '{"status": "SUCCEEDED"}'], check=True, timeout=60)
        until(lambda: self.status("j") == "COMPLETED", "the job is completed")

    def test_paho(self):
        """A device that waits for a job, carries it out and says so."""
        done = threading.Event()
        client = paho.Client("lamp-2")
        client.tls_set(self.rig.server_ca.pem, self.device.chain, self.device.key)
        client.on_connect = lambda c, *_: c.subscribe([(self.topics + "notify-next", 1), (self.topics + "start-next/accepted", 1),
                                                       (self.topics + "j/update/accepted", 1)])
        client.on_subscribe = lambda *_: self.job("j")

        def on_message(device, _, message):
            name = message.topic.removeprefix(self.topics)
            if name == "notify-next" and "execution" in json.loads(message.payload):
                device.publish(self.topics + "start-next", "{}", 1)
            elif name == "start-next/accepted":
                device.publish(self.topics + "j/update", '{"status": "SUCCEEDED"}', 1)
            elif name == "j/update/accepted":
                done.set()

        client.on_message = on_message
        client.connect("localhost", self.broker.port)
        client.loop_start()
        self.assertTrue(done.wait(60))
        client.disconnect()
        client.loop_stop()
        self.assertEqual(self.status("j"), "COMPLETED")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]], verbosity=2, warnings="ignore")
