#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Messages and shadows over HTTP, by boto3, with what brokers get to see of it."""
import json
import threading

from control_bus import CHANGED, COPY, PUBLISH, Broker
from control_rig import ACCOUNT, OTHER_KEY, Case, main

class Data(Case):
    options = ("--bus", "{dir}/bus1", "--bus", "{dir}/bus2", "--account", ACCOUNT)

    @classmethod
    def prepare(cls):
        cls.broker = Broker(f"{cls.control.dir}/bus1")

    def setUp(self):
        self.data = self.control.client("iot-data")
        with self.broker.changed:
            self.broker.frames = []

    def get(self, thing, **more):
        return json.load(self.data.get_thing_shadow(thingName=thing, **more)["payload"])

    def update(self, thing, document, **more):
        return json.load(self.data.update_thing_shadow(thingName=thing, payload=json.dumps(document), **more)["payload"])

    def test_publish(self):
        self.data.publish(topic="a/b ü/$c", qos=1, retain=True, payload=b"\x00\xff" * 100)
        (frame,) = self.broker.published(1)
        self.assertEqual((frame["topic"].decode(), frame["qos"], frame["retain"], frame["payload"]),
                         ("a/b ü/$c", 1, 1, b"\x00\xff" * 100))
        self.data.publish(topic="$aws/rules/r/t")
        (frame,) = self.broker.published(1)
        self.assertEqual((frame["topic"], frame["qos"], frame["payload"]), (b"$aws/rules/r/t", 0, b""))
        status, _, body = self.control.send("POST", "/topics/plain/slashes?qos=0", b"x", service="iotdata")
        self.assertEqual((status, json.loads(body)["message"]), (200, "OK"))
        self.assertEqual(self.broker.published(1)[0]["topic"], b"plain/slashes")
        self.data.publish(topic="large", payload=b"x" * 131072)
        self.assertEqual(len(self.broker.published(1)[0]["payload"]), 131072)

    def test_publish_refused(self):
        for topic in ("a/+", "#", "a\0b", "x" * 257, "/".join("a" * 9)):
            self.refused("InvalidRequestException", self.data.publish, topic=topic)
        for topic in ("$SYS/broker/uptime", "$CONTROL/x", "$share/g/t", "$", "$aws", "$aws/events/certificates/registered/x"):
            self.refused("ForbiddenException", self.data.publish, topic=topic)
        self.refused("InvalidRequestException", self.data.publish, topic="$aws/things/t/own", retain=True)
        self.refused("InvalidRequestException", self.data.publish, topic="a", qos=2)
        self.refused("RequestEntityTooLargeException", self.data.publish, topic="a", payload=b"x" * 131073)
        self.assertEqual(self.broker.frames, [])

    def test_shadow(self):
        self.refused("ResourceNotFoundException", self.data.get_thing_shadow, thingName="s")
        answer = self.update("s", {"state": {"desired": {"led": "on", "n": {"a": 1}}}, "clientToken": "t"})
        self.assertEqual((answer["state"], answer["version"], answer["clientToken"]),
                         ({"desired": {"led": "on", "n": {"a": 1}}}, 1, "t"))
        topics = [one["topic"].decode() for one in self.broker.published(3)]
        prefix = "$aws/things/s/shadow/update/"
        self.assertEqual(topics, [prefix + "accepted", prefix + "delta", prefix + "documents"])
        self.update("s", {"state": {"reported": {"led": "on"}}, "version": 1})
        told = self.get("s")
        self.assertEqual((told["state"]["delta"], told["version"]), ({"n": {"a": 1}}, 2))
        refused = self.refused("ConflictException", self.update, "s", {"state": {}, "version": 1})
        self.assertEqual((refused["ResponseMetadata"]["HTTPStatusCode"], refused["Error"]["Message"]), (409, "Version conflict"))
        self.broker.published(3)
        for document, code, text in (
                (b"{", "InvalidRequestException", "Invalid JSON"), (b"{}", "InvalidRequestException", "Missing required node: state"),
                (json.dumps({"state": {"desired": {"x": "y" * 9000}}}).encode(), "RequestEntityTooLargeException",
                 "The payload exceeds the maximum size allowed"),
                (b"\xff", "UnsupportedDocumentEncodingException", "Unsupported documented encoding; supported encoding is UTF-8")):
            refused = self.refused(code, self.data.update_thing_shadow, thingName="s", payload=document)
            self.assertEqual(refused["Error"]["Message"], text)
        self.assertEqual([one for one in self.broker.frames if one["kind"] == PUBLISH], [])
        gone = json.load(self.data.delete_thing_shadow(thingName="s")["payload"])
        self.assertEqual(gone["version"], 2)
        self.assertEqual(self.broker.published(1)[-1]["topic"], b"$aws/things/s/shadow/delete/accepted")
        refused = self.refused("ResourceNotFoundException", self.data.get_thing_shadow, thingName="s")
        self.assertEqual(refused["Error"]["Message"], "No shadow exists with name: 's'")
        self.assertEqual(self.update("s", {"state": {"desired": {}}})["version"], 3)

    def test_named(self):
        for name in ("one", "two", "$three"):
            self.update("n", {"state": {"desired": {"name": name}}}, shadowName=name)
        self.assertEqual(self.get("n", shadowName="$three")["state"]["desired"], {"name": "$three"})
        self.refused("ResourceNotFoundException", self.data.get_thing_shadow, thingName="n")
        listed = self.data.list_named_shadows_for_thing(thingName="n", pageSize=2)
        rest = self.data.list_named_shadows_for_thing(thingName="n", nextToken=listed["nextToken"])
        self.assertEqual(sorted(listed["results"] + rest["results"]), ["$three", "one", "two"])
        self.assertNotIn("nextToken", rest)
        for name in ("with blank", "x" * 65, "a/b"):
            self.refused("InvalidRequestException", self.data.get_thing_shadow, thingName="n", shadowName=name)

    def test_brokers_of_one_account(self):
        """Nothing that another account does gets to them."""
        other = self.control.client("iot-data", OTHER_KEY)
        self.refused("ServiceUnavailableException", other.publish, topic="a/b", payload=b"x")
        self.refused("ServiceUnavailableException", other.publish, topic="$aws/things/p/shadow/update", payload=b'{"state":{}}')
        other.update_thing_shadow(thingName="theirs", payload=b'{"state":{"desired":{"a":1}}}')
        self.data.publish(topic="mine")
        self.assertEqual([one["topic"] for one in self.broker.published(1)], [b"mine"])

    def test_shadow_by_publish(self):
        self.data.publish(topic="$aws/things/p/shadow/update", payload=b'{"state":{"reported":{"a":1}}}')
        topics = [one["topic"].decode() for one in self.broker.published(3)]
        self.assertEqual(topics, ["$aws/things/p/shadow/update", "$aws/things/p/shadow/update/accepted",
                                  "$aws/things/p/shadow/update/documents"])
        self.data.publish(topic="$aws/things/p/shadow/update", payload=b"{")
        self.assertEqual(self.broker.published(2)[1]["topic"], b"$aws/things/p/shadow/update/rejected")

    def test_writers_together(self):
        def write(number):
            client = self.control.client("iot-data")
            for step in range(10):
                client.update_thing_shadow(thingName="w", payload=json.dumps({"state": {"reported": {f"k{number}": step}}}))
        threads = [threading.Thread(target=write, args=(number,)) for number in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        told = self.get("w")
        self.assertEqual((told["version"], told["state"]["reported"]), (50, {f"k{number}": 9 for number in range(5)}))

    def test_brokers_come_and_go(self):
        second = Broker(f"{self.control.dir}/bus2")
        self.iot.create_thing(thingName="told")
        self.assertGreater(self.broker.published(1, CHANGED)[0]["number"], 0)
        while not second.peers:  # one that was not there is looked for again after a while
            self.data.publish(topic="again")
        self.data.publish(topic="both")  # one message, so that rules see it once
        # What was sent before may still come.
        while self.broker.published(1)[-1]["topic"] != b"both":
            pass
        while second.published(1, COPY)[-1]["topic"] != b"both":
            pass
        second.end()
        self.data.publish(topic="one")
        self.broker.end()
        self.refused("ServiceUnavailableException", self.data.publish, topic="none")
        self.update("kept", {"state": {"desired": {"a": 1}}})
        self.assertEqual(self.get("kept")["version"], 1)
        type(self).broker = Broker(f"{self.control.dir}/bus1")
        done = False
        while not done:
            try:
                self.data.publish(topic="back")
                done = True
            except self.data.exceptions.ClientError:
                pass
        self.assertEqual(self.broker.published(1)[-1]["topic"], b"back")


class Told(Case):
    """Events of the registry, for who has turned them on."""

    options = ("--bus", "{dir}/bus", "--account", ACCOUNT)

    @classmethod
    def prepare(cls):
        cls.broker = Broker(f"{cls.control.dir}/bus")

    def event(self):
        (frame,) = self.broker.published(1)
        return frame["topic"].decode(), json.loads(frame["payload"])

    def turn(self, *types, on=True):
        self.iot.update_event_configurations(eventConfigurations={one: {"Enabled": on} for one in types})

    def test_things(self):
        self.iot.create_thing(thingName="silent")
        self.turn("THING", "THING_TYPE")
        data = self.control.client("iot-data")
        data.publish(topic="mark")
        self.assertEqual([one["topic"] for one in self.broker.published(1)], [b"mark"])  # nothing was told before
        made = self.iot.create_thing(thingName="OEM:1", attributePayload={"attributes": {"a": "1"}})
        self.iot.create_thing(thingName="OEM:1", attributePayload={"attributes": {"a": "1"}})  # is no change
        topic, event = self.event()
        self.assertEqual(topic, "$aws/events/thing/OEM:1/created")
        self.assertRegex(event.pop("eventId"), "^[0-9a-f-]{36}$")
        self.assertIs(type(event.pop("timestamp")), int)
        self.assertEqual(event, {"eventType": "THING_EVENT", "operation": "CREATED", "accountId": ACCOUNT, "thingId": made["thingId"],
                                 "thingName": "OEM:1", "versionNumber": 1, "thingTypeName": None, "attributes": {"a": "1"}})
        self.iot.update_thing(thingName="OEM:1", attributePayload={"attributes": {"b": "2"}})
        topic, event = self.event()
        self.assertEqual((topic, event["operation"], event["versionNumber"], event["attributes"]),
                         ("$aws/events/thing/OEM:1/updated", "UPDATED", 2, {"b": "2"}))
        self.refused("VersionConflictException", self.iot.delete_thing, thingName="OEM:1", expectedVersion=9)
        self.iot.delete_thing(thingName="OEM:1")
        self.iot.delete_thing(thingName="OEM:1")
        topic, event = self.event()
        self.assertEqual((topic, event["operation"], event["thingId"]), ("$aws/events/thing/OEM:1/deleted", "DELETED", made["thingId"]))
        self.iot.create_thing_type(thingTypeName="lamp", thingTypeProperties={"thingTypeDescription": "d", "searchableAttributes": ["x"]})
        topic, event = self.event()
        self.assertEqual((topic, event["eventType"], event["isDeprecated"], event["deprecationDate"], event["searchableAttributes"],
                          event["description"]),
                         ("$aws/events/thingType/lamp/created", "THING_TYPE_EVENT", False, None, ["x"], "d"))
        self.iot.deprecate_thing_type(thingTypeName="lamp")
        topic, event = self.event()
        self.assertEqual((topic, event["operation"], event["isDeprecated"]), ("$aws/events/thingType/lamp/updated", "UPDATED", True))
        self.iot.delete_thing_type(thingTypeName="lamp")
        self.assertEqual(self.event()[0], "$aws/events/thingType/lamp/deleted")
        self.turn("THING", on=False)
        self.iot.create_thing(thingName="silent2")
        data.publish(topic="end")
        self.assertEqual([one["topic"] for one in self.broker.published(1)], [b"end"])


class Retained(Case):
    """What the brokers' plugin has kept; here put there by hand."""

    @classmethod
    def prepare(cls):
        octets = "X'00ff'" if cls.control.registry.startswith("sqlite:") else r"'\x00ff'"
        for topic in ("a/ä b", "a//b", "z"):
            cls.control.query("INSERT INTO retained (account, topic, qos, modified_ms, size, payload) VALUES"
                              f" ('{ACCOUNT}', '{topic}', 1, 1700000000123, 2, {octets})")

    def test_get(self):
        data = self.control.client("iot-data")
        for topic in ("a/ä b", "a//b"):
            told = data.get_retained_message(topic=topic)
            self.assertEqual((told["topic"], told["payload"], told["qos"], told["lastModifiedTime"]),
                             (topic, b"\0\xff", 1, 1700000000123))
        self.refused("ResourceNotFoundException", data.get_retained_message, topic="none")
        for bad in ("a/#", "x" * 257):
            self.refused("InvalidRequestException", data.get_retained_message, topic=bad)

    def test_list(self):
        data = self.control.client("iot-data")
        told = data.list_retained_messages()["retainedTopics"]
        self.assertEqual(told[0], {"topic": "a//b", "payloadSize": 2, "qos": 1, "lastModifiedTime": 1700000000123})
        pages = data.get_paginator("list_retained_messages").paginate(PaginationConfig={"PageSize": 2})
        self.assertEqual([one["topic"] for page in pages for one in page["retainedTopics"]], ["a//b", "a/ä b", "z"])
        for bad in (0, 201):
            self.refused("InvalidRequestException", data.list_retained_messages, maxResults=bad)
        stranger = self.control.client("iot-data", key=OTHER_KEY)
        self.assertEqual(stranger.list_retained_messages()["retainedTopics"], [])


if __name__ == "__main__":
    main()
