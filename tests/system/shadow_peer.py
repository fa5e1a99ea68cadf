#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Stands for a cloud behind a stock broker: keeps each thing's shadow and answers for it, as AWS IoT does in what sli_test asks for.

Usage: shadow_peer.py PORT [refuse]
Connects without TLS to 127.0.0.1; prints each request's state, and "ready" when it listens. With "refuse" it refuses all updates.
"""
import json
import sys
import time

import paho.mqtt.client as mqtt

shadows = {}
refuses = sys.argv[2:] == ["refuse"]


def merge(stored, more):
    for name, value in more.items():
        if value is None:
            stored.pop(name, None)
        elif isinstance(value, dict):
            merge(stored.setdefault(name, {}), value)
        else:
            stored[name] = value


def answer(client, topic, what, document, request):
    if "clientToken" in request:
        document["clientToken"] = request["clientToken"]
    client.publish(topic + what, json.dumps({**document, "timestamp": int(time.time())}), 1)


def update(client, topic, request):
    if refuses:
        answer(client, topic, "/rejected", {"code": 429, "message": "too many\x1b requests"}, request)
        return
    shadow = shadows.setdefault(topic.split("/")[2], {"version": 0, "state": {"desired": {}, "reported": {}}})
    merge(shadow["state"], request["state"])
    shadow["version"] += 1
    answer(client, topic, "/accepted", {"state": request["state"], "version": shadow["version"]}, request)
    desired, reported = shadow["state"]["desired"], shadow["state"]["reported"]
    delta = {name: value for name, value in desired.items() if reported.get(name) != value}
    if delta:
        answer(client, topic, "/delta", {"state": delta, "version": shadow["version"]}, request)


def get(client, topic, request):
    thing = topic.split("/")[2]
    if thing in shadows:
        answer(client, topic, "/accepted", dict(shadows[thing]), request)
    else:
        answer(client, topic, "/rejected", {"code": 404, "message": f"No shadow exists with name: '{thing}'"}, request)


def on_message(client, _, message):
    request = json.loads(message.payload)
    print(message.topic.split("/")[2], json.dumps(request.get("state")), flush=True)
    {"update": update, "get": get}[message.topic.split("/")[4]](client, message.topic, request)


def on_connect(client, *_):
    client.subscribe([("$aws/things/+/shadow/get", 1), ("$aws/things/+/shadow/update", 1)])


peer = mqtt.Client("shadow-peer")
peer.on_connect = on_connect
peer.on_subscribe = lambda *_: print("ready", flush=True)
peer.on_message = on_message
peer.connect("127.0.0.1", int(sys.argv[1]))
peer.loop_forever()
