#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""MQTT over WebSockets: Debian's paho, and clients made by hand that mean well or do not."""
import json
import os
import re
import signal
import ssl
import subprocess
import sys
import time
import unittest

import paho.mqtt.client as paho

from broker_rig import WAIT_S, Client, until
from console_rig import BUILD, Cloud
from websocket_rig import BINARY, CLOSE, PING, TEXT, Refused, WebSocket, signed_path

MANY = 200
MOST = 512


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cloud = Cloud()
        cls.settings = dict(line.split("=", 1) for line in cls.cloud.read("settings").split("\n"))
        cls.region, cls.account = cls.settings["region"], cls.settings["account"]
        cls.key = cls.new_key("tester")
        cls.open_sockets = []

    @classmethod
    def tearDownClass(cls):
        for one in cls.open_sockets:
            one.close()
        cls.cloud.close()

    @classmethod
    def new_key(cls, name):
        told = cls.cloud.command("key", "create", name).stdout
        return tuple(re.search(rf"{field}=(\S+)", told).group(1) for field in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"))

    @classmethod
    def session(cls, seconds):
        done = subprocess.run([f"{BUILD}/tests/control_seed", f"sqlite:{cls.cloud.dir}/registry.db", f"{cls.cloud.dir}/registry.key",
                               cls.account, str(seconds)], check=True, stdout=subprocess.PIPE, text=True)
        return done.stdout.split()

    def target(self, key=None, host=None, **more):
        key = key or self.key
        return signed_path(key[0], key[1], host or f"127.0.0.1:{self.cloud.port}", more.pop("region", self.region), **more)

    def open(self, target=None, **options):
        socket = WebSocket(self.cloud.port, target or self.target(), **options)
        self.open_sockets.append(socket)
        return socket

    def client(self, client_id, key=None, target=None, **options):
        return Client(None, client_id, over=self.open(target or self.target(key)), **options)

    def connect(self, client_id, key=None, **options):
        client = self.client(client_id, key, **options)
        self.assertEqual(client.connected(), 0, self.cloud.read("log/broker.log")[-1500:])
        return client

    def refused(self, status, exception, target=None, **options):
        with self.assertRaises(Refused) as caught:
            self.open(target, **options)
        self.assertEqual((caught.exception.status, caught.exception.head.get("x-amzn-errortype")), (status, exception), caught.exception)

    def ended(self, client, code=None):
        """The connection has ended, by WebSocket's code."""
        self.assertIsNone(client.message())
        self.assertIn(client.socket.closed_with, {code} if code else {1000, 1001})

    def events(self, **wanted):
        lines = self.cloud.command("events", "--json").stdout.splitlines()
        return [e for e in map(json.loads, lines) if all(e.get(name) == value for name, value in wanted.items())]

    def expect_event(self, **wanted):
        return until(lambda: self.events(**wanted), f"an event {wanted}")[0]


class Clients(Case):
    def by_paho(self, port, host, context=None, protocol=paho.MQTTv311):
        """Subscribes, publishes to itself, and gives what came."""
        got, said = [], []
        client = paho.Client("paho-1", transport="websockets", protocol=protocol)
        client.ws_set_options(path=self.target(host=host), headers={"Host": host})
        client.username_pw_set("?SDK=Python&Version=1", "ignored")
        if context is not None:
            client.tls_set_context(context)
        client.on_connect = lambda c, *_: c.subscribe("paho/+", qos=1)
        client.on_subscribe = lambda c, *_: c.publish("paho/x", b"\0" * 100000, qos=1)
        client.on_message = lambda _, __, message: got.append(message)
        client.on_disconnect = lambda _, __, rc, *___: said.append(rc)
        client.connect("localhost", port)
        client.loop_start()
        until(lambda: got or said, "a message, or the end")
        client.disconnect()
        client.loop_stop()
        self.assertEqual([len(one.payload) for one in got], [100000], said)

    def test_paho(self):
        for protocol in (paho.MQTTv311, paho.MQTTv5):
            self.by_paho(self.cloud.port, f"localhost:{self.cloud.port}", protocol=protocol)
        # As SDKs sign it that know one port only.
        self.by_paho(self.cloud.port, "localhost")

    def test_tls(self):
        """Another control plane of the same cloud, with TLS."""
        folder = self.cloud.dir
        control = subprocess.Popen(
            [f"{BUILD}/bin/keymoor-cloud-control", "--registry", f"sqlite:{folder}/registry.db", "--key", f"{folder}/registry.key",
             "--port", "0", "--port-file", f"{folder}/tls.port", "--tls-certificate", f"{folder}/server.pem", "--tls-key",
             f"{folder}/server.key", "--region", self.region, "--account", self.account, "--websocket", f"{folder}/run/websocket"],
            stdin=subprocess.DEVNULL)
        try:
            until(lambda: os.path.exists(f"{folder}/tls.port") or control.poll() is not None, "it listens")
            port = int(self.cloud.read("tls.port"))
            self.by_paho(port, f"localhost:{port}", ssl.create_default_context(cafile=f"{folder}/server_ca.pem"))
            context = ssl.create_default_context(cafile=f"{folder}/server_ca.pem")
            client = Client(None, "tls-1", over=WebSocket(port, self.target(host=f"127.0.0.1:{port}"), context=context))
            self.assertEqual(client.connected(), 0)
            client.subscribed("tls/x")
            client.publish("tls/x", "a" * 60000)
            self.assertEqual(client.message()[1], b"a" * 60000)
            # Its process ends in order while the connection stands.
            control.send_signal(signal.SIGTERM)
            self.assertEqual(control.wait(60), 0)
            self.assertIsNone(client.message())
        finally:
            if control.poll() is None:
                control.kill()
                control.wait()

    def test_a_session_like_any(self):
        """Its own client id and last will, messages between it and a second one, and what is told of it."""
        watcher = self.connect("watcher")
        self.assertEqual(watcher.subscribed("$aws/events/presence/+/ws-1", "gone/#", "up/#"), [1, 1, 1])
        one = self.connect("ws-1", will=("gone/ws-1", "bye"))
        topic, connected = watcher.event()
        self.assertEqual((topic, connected["principalIdentifier"], connected["ipAddress"]),
                         ("$aws/events/presence/connected/ws-1", self.key[0], "127.0.0.1"))
        one.publish("up/1", "hello", qos=1)
        self.assertTrue(one.pubacked())
        self.assertEqual(watcher.message(), ("up/1", b"hello"))
        one.socket.socket.close()
        self.assertEqual(watcher.message(), ("gone/ws-1", b"bye"))
        disconnected = watcher.event()[1]
        self.assertEqual((disconnected["sessionIdentifier"], disconnected["disconnectReason"]),
                         (connected["sessionIdentifier"], "CONNECTION_LOST"))
        event = self.expect_event(kind="Connect", clientId="ws-1")
        self.assertEqual((event["success"], event["principal"], event["address"]), (True, self.key[0], "127.0.0.1"))
        self.expect_event(kind="Api", principal="user/tester")

    def test_takeover(self):
        first = self.connect("same")
        self.connect("same")
        self.ended(first)

    def test_a_lasting_session(self):
        one = self.connect("lasting", clean=False)
        one.subscribed("kept/#")
        one.disconnect()
        sender = self.connect("sender")
        sender.publish("kept/1", "meanwhile", qos=1)
        self.assertTrue(sender.pubacked())
        again = self.connect("lasting", clean=False)
        self.assertEqual(again.message(), ("kept/1", b"meanwhile"))

    def test_shadow(self):
        one = self.connect("shadowed")
        one.subscribed("$aws/things/t/shadow/update/+")
        one.publish("$aws/things/t/shadow/update", '{"state":{"desired":{"led":1}}}')
        topics = {one.event()[0].rsplit("/", 1)[1] for _ in range(3)}
        self.assertEqual(topics, {"accepted", "delta", "documents"})

    def test_bounds_hold(self):
        """What no device may do this one may not do either; everything else of the account's it may."""
        for topic, reason in (("$aws/events/presence/connected/x", "is reserved"),
                              ("$aws/things/t/shadow/update/accepted", "is reserved"),
                              ("$aws/certificates/create/json", "is for devices alone"), ("a/b/c/d/e/f/g/h/i", "the topic of a message is")):
            one = self.connect("bound-1")
            one.publish(topic, "{}")
            self.ended(one)
            found = until(lambda: [e for e in self.events(kind="Publish-In", clientId="bound-1") if topic in e["reason"] or
                                   reason in e["reason"]], topic)
            self.assertEqual((found[0]["principal"], found[0]["success"]), (self.key[0], False))
            self.assertTrue(any(reason in e["reason"] for e in found), found)
        one = self.connect("bound-2")
        one.publish("long", b"x" * 131073)
        self.ended(one)
        one = self.connect("bound-3")
        self.assertEqual(one.subscribed(*(f"s/{i}" for i in range(50))), [1] * 50)
        self.assertIsNone(one.subscribed("s/50"))
        until(lambda: "131073" in self.cloud.command("device", "why", "bound-2").stdout, "the reason")


class Signature(Case):
    def test_taken(self):
        for more in ({}, {"expires": 600}, {"service": "iotdata"}, {"when": time.time() - 600}, {"when": time.time() + 600},
                     {"when": time.time() - 3000, "expires": 86400}, {"host": "127.0.0.1"}, {"more": {"x": "1 /&ü"}}):
            with self.subTest(more):
                client = self.client("signed", target=self.target(**more))
                self.assertEqual(client.connected(), 0)
                client.close()

    def test_session_keys(self):
        key, secret, token = self.session(3600)
        for is_signed in (False, True):
            client = self.client("session", target=self.target((key, secret), token=token, token_is_signed=is_signed))
            self.assertEqual(client.connected(), 0)
            client.close()
        self.refused(403, "UnrecognizedClientException", self.target((key, secret)))
        self.refused(403, "UnrecognizedClientException", self.target((key, secret), token=token[:-1] + "x"))
        self.refused(403, "UnrecognizedClientException", self.target(token=token))

    def test_refused(self):
        good = self.target()
        digit = good[-1]
        self.refused(403, "InvalidSignatureException", good[:-1] + ("0" if digit != "0" else "1"))
        self.refused(403, "InvalidSignatureException", self.target((self.key[0], self.key[1][::-1])))
        self.refused(403, "UnrecognizedClientException", self.target(("AKIAAAAAAAAAAAAAAAAA", self.key[1])))
        self.refused(403, "InvalidSignatureException", self.target(region="eu-south-9"))
        self.refused(403, "InvalidSignatureException", self.target(service="execute-api"))
        self.refused(403, "InvalidSignatureException", self.target(when=time.time() - 1000))
        self.refused(403, "InvalidSignatureException", self.target(when=time.time() + 1000))
        self.refused(403, "InvalidSignatureException", self.target(when=time.time() - 90000, expires=86400))
        self.refused(403, "InvalidSignatureException", self.target(host="example.org"))
        self.refused(403, "InvalidSignatureException", good + "&more=1")
        self.refused(400, "IncompleteSignatureException", self.target(expires=604801))
        self.refused(400, "IncompleteSignatureException", good.replace("X-Amz-SignedHeaders=host&", ""))
        self.refused(403, "MissingAuthenticationTokenException", "/mqtt")

    def test_the_rest_of_the_api_takes_none(self):
        """A URL that leaked opens a connection while it lasts, and nothing else."""
        self.refused(403, "MissingAuthenticationTokenException", self.target(path="/things/x/shadow", service="iotdata"))

    def test_replay(self):
        """As often as it comes while it lasts, and then no more."""
        target = self.target(expires=2)
        for _ in range(2):
            try:
                self.open(target).close()
            except Refused:  # a slow machine
                break

        def is_refused():
            try:
                self.open(target).close()
            except Refused as refused:
                return refused.status == 403
            return False
        until(is_refused, "it is over")

    def test_a_session_ends(self):
        """And its connection with it."""
        for seconds in (5, 40):  # on a slow machine the shorter one may be over before it has begun
            key, secret, token = self.session(seconds)
            try:
                client = self.client("short", target=self.target((key, secret), token=token))
            except Refused:
                continue
            client.socket.socket.settimeout(2 * WAIT_S)
            if client.connected() == 0:
                break
        self.ended(client, 1008)

    def test_handshake(self):
        for without in ("Upgrade", "Connection", "Sec-WebSocket-Key", "Sec-WebSocket-Version", "Sec-WebSocket-Protocol"):
            self.refused(400, "InvalidRequestException", without=(without,))
        for headers in ({"Sec-WebSocket-Protocol": "chat, soap"}, {"Sec-WebSocket-Version": "8"}, {"Sec-WebSocket-Key": "short"},
                        {"Upgrade": "h2c"}, {"Connection": "close"}):
            self.refused(400, "InvalidRequestException", headers=headers)
        self.open(headers={"Sec-WebSocket-Protocol": "chat, MQTT", "Upgrade": "WebSocket"}).close()
        with self.assertRaises(ConnectionError):
            self.open(version="1.0")

    def test_another_account(self):
        self.cloud.command("account", "create", "210987654321", "--name", "Other")
        told = self.cloud.command("key", "create", "other", "--account", "210987654321").stdout
        key = tuple(re.search(rf"{field}=(\S+)", told).group(1) for field in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"))
        self.refused(503, "ServiceUnavailableException", self.target(key))


class Frames(Case):
    CONNECT = b"\x10\x10\0\4MQTT\4\2\0\x3c\0\4cuts"

    def test_fragments(self):
        """MQTT's packets and WebSocket's frames have nothing to do with each other."""
        one = self.open()
        for i, octet in enumerate(self.CONNECT):
            one.frame(BINARY if i == 0 else 0, bytes([octet]), fin=i == len(self.CONNECT) - 1)
            one.frame(PING, bytes([i]))
        client = Client.__new__(Client)
        client.id, client.socket, client.buffer, client.last_id = "cuts", one, b"", 0
        self.assertEqual(client.connected(), 0)
        # Two packets in one frame, an empty frame, and one packet in two.
        publish = b"\x30\x05\0\1tab"
        one.frame(BINARY, b"\x82\x06\0\1\0\1t\0" + publish + publish[:3])
        one.frame(BINARY)
        one.frame(BINARY, publish[3:])
        self.assertEqual(client.packet()[0], 9)
        self.assertEqual([client.message(), client.message()], [("t", b"ab")] * 2)
        self.assertEqual(one.pongs, [bytes([i]) for i in range(len(self.CONNECT))])

    def test_who_does_not_wait_for_the_answer(self):
        """Frames right behind the request, whole and in parts; and more of them than are taken before there is somebody to take them."""
        frame = WebSocket.octets_of(BINARY, self.CONNECT)
        for cut in (len(frame), 1, len(frame) // 2):
            one = self.open(early=frame[:cut])
            one.socket.sendall(frame[cut:])
            self.assertEqual(one.recv(0), b"\x20\2\0\0")
        one = self.open(early=frame + 3 * WebSocket.octets_of(BINARY, b"\x30\x84\x40\0\1t" + b"x" * 8193))
        self.assertEqual(one.recv(0), b"\x20\2\0\0")
        one.frame(BINARY, b"\xc0\0")
        self.assertEqual(one.recv(0), b"\xd0\0")

    def closed(self, one, *codes):
        self.assertEqual(one.recv(0), b"")
        self.assertIn(one.closed_with, codes)

    def test_what_is_no_mqtt(self):
        for packet in (b"\xc0\0", b"GET / HTTP/1.1\r\n\r\n", b"\x10\xff\xff\xff\xff\1", self.CONNECT[:8] + b"\3" + self.CONNECT[9:],
                       b"\x10\x0e\0\4MQTT\4\2\0\x3c\0\4cuts"):
            one = self.open()
            one.frame(BINARY, packet)
            self.closed(one, 1002)

    def test_text(self):
        one = self.open()
        one.frame(TEXT, self.CONNECT)
        self.closed(one, 1003)
        one = self.connect("text-later")
        one.socket.frame(TEXT, b"hello")
        self.ended(one, 1003)

    def test_broken_frames(self):
        for options in ({"masked": False}, {"rsv": 4}, {"opcode": 3}, {"opcode": PING, "fin": False}, {"announced": 1 << 63}):
            one = self.open()
            one.frame(**{"opcode": BINARY, "payload": b"x", **options})
            self.closed(one, 1002, 0)

    def test_huge_frames(self):
        for length in (1 << 21, 1 << 40, (1 << 63) - 1):
            one = self.open()
            one.frame(BINARY, b"x", announced=length)
            self.closed(one, 1009)

    def test_a_close_is_answered(self):
        one = self.connect("closes")
        one.socket.frame(CLOSE, b"\x03\xe8")
        self.ended(one, 1000)

    def test_pings_without_end(self):
        """Pongs are not piled up for who does not read them; others are served meanwhile, and memory stays."""
        one = self.open()
        one.socket.setblocking(False)
        ping = b"\x89\xfd" + b"\0\0\0\0" + b"p" * 125
        sent = 0
        try:
            for _ in range(100000):
                sent += one.socket.send(ping)
        except BlockingIOError:
            pass
        self.assertLess(sent, 100000 * len(ping), "it was read without end")
        self.assertTrue(self.connect("beside").answered())

    def test_a_reader_that_stops(self):
        """Whoever does not read is no longer written to; the broker gives up on him by itself."""
        slow = self.connect("slow")
        slow.subscribed("flood")
        sender = self.connect("sends")
        for _ in range(60):
            sender.publish("flood", b"x" * 100000)
            if not sender.answered():  # more than it may within a second
                sender = self.connect("sends")
        self.assertTrue(self.connect("beside").answered())

    def test_a_broker_that_pauses(self):
        """What does not get to it waits with the client, and all of it comes."""
        one = self.connect("waits")
        self.assertEqual(one.subscribed("back"), [1])
        pid = int(self.cloud.read("run/broker.pid"))
        os.kill(pid, signal.SIGSTOP)
        try:
            for i in range(4):
                one.publish("back", bytes([i]) * 100000)
            self.assertEqual(self.cloud.command("events").returncode, 0)
        finally:
            os.kill(pid, signal.SIGCONT)
        self.assertEqual([one.message()[1] for _ in range(4)], [bytes([i]) * 100000 for i in range(4)])

    def test_half_open(self):
        """One who was accepted and says nothing holds nothing up, and one who left without a word is gone."""
        silent = self.open()
        half = self.open()
        half.frame(BINARY, self.CONNECT[:10])
        gone = self.connect("vanished")
        gone.socket.socket.close()
        self.assertTrue(self.connect("beside").answered())
        half.frame(BINARY, self.CONNECT[10:])
        self.assertEqual(half.recv(0), b"\x20\2\0\0")
        silent.frame(BINARY, self.CONNECT.replace(b"cuts", b"late"))
        self.assertEqual(silent.recv(0), b"\x20\2\0\0")


class Keys(Case):
    def test_a_deleted_key_ends_its_connections(self):
        key = self.new_key("leaver")
        stays = self.connect("stays")
        goes = [self.connect(f"goes-{i}", key) for i in range(3)]
        self.cloud.command("key", "delete", key[0])
        for one in goes:
            self.ended(one)
        self.assertTrue(stays.answered())
        self.refused(403, "UnrecognizedClientException", self.target(key))
        for name, sentence in (("goes-0", "which is gone"), ("stays", "about its access key keeps it from")):
            until(lambda n=name, s=sentence: s in self.cloud.command("device", "why", n).stdout, sentence)
        event = self.expect_event(kind="Disconnect", clientId="goes-0")
        self.assertEqual((event["principal"], event["reason"]), (key[0], "its access key was deleted"))

    def test_the_socket_is_for_those_who_are_introduced(self):
        """A client that comes to the broker's socket by itself is somebody's mistake."""
        path = f"{self.cloud.dir}/run/websocket"
        self.assertIsNone(Client(path, "straight").connected())
        self.expect_event(kind="Connect", clientId="straight", success=False, reason="nobody introduces it")

    def test_many(self):
        clients = [self.connect(f"many-{i}") for i in range(MANY)]
        self.assertEqual(clients[0].subscribed("many/all"), [1])
        for one in clients:
            one.publish("many/all", one.id)
        self.assertEqual({clients[0].message()[1].decode() for _ in range(MANY)}, {one.id for one in clients})
        for one in clients:
            self.assertTrue(one.answered())
            one.disconnect()


class Full(Case):
    def test_as_many_as_there_may_be(self):
        """One more is refused, the API is still there, and one who goes makes room."""
        clients = [self.connect(f"full-{i}", keepalive=0) for i in range(MOST)]
        self.refused(503, "ServiceUnavailableException")
        self.refused(403, "MissingAuthenticationTokenException", "/things")
        clients[0].disconnect()

        def is_open():
            try:
                self.open().close()
            except Refused:
                return False
            return True
        until(is_open, "there is room")
        self.assertTrue(clients[-1].answered())


class Gone(Case):
    def test_without_a_broker(self):
        """The connections end with the broker, and no new one is opened into nothing."""
        one = self.connect("left")
        os.kill(int(self.cloud.read("run/broker.pid")), signal.SIGTERM)
        self.ended(one)

        def is_refused():
            try:
                self.open().close()
            except Refused as refused:
                return refused.status == 503
            return False
        until(is_refused, "it is not offered")


if __name__ == "__main__":
    unittest.main(warnings="ignore", argv=sys.argv)
