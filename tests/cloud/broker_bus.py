# SPDX-License-Identifier: Apache-2.0
"""A program on a broker's bus, as cloud/common/bus.h describes it."""
import select
import socket
import struct

HELLO, WATCH, UNWATCH, PUBLISH, KICK, CHANGED, MESSAGE, LOST, SERVE, COPY, ANSWER = range(1, 12)
PARTS = ("topic", "client", "principal", "address", "payload")


class Bus:
    def __init__(self, path, name):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.settimeout(60)
        self.socket.connect(path)
        self.send(HELLO, number=2, client=name)
        assert self.receive()["kind"] == HELLO

    def send(self, kind, qos=0, retain=0, hops=0, number=0, **parts):
        frame = struct.pack("<BBBBQQ", kind, qos, retain, hops, number, 0)
        for name in PARTS:
            octets = parts.get(name, b"")
            octets = octets.encode() if isinstance(octets, str) else octets
            frame += struct.pack("<I", len(octets)) + octets
        self.socket.send(frame)

    def receive(self):
        octets = self.socket.recv(1 << 18)
        assert octets, "the bus has closed"
        frame = dict(zip(("kind", "qos", "retain", "hops", "number", "time"), struct.unpack("<BBBBQQ", octets[:20])))
        octets = octets[20:]
        for name in PARTS:
            length = struct.unpack("<I", octets[:4])[0]
            frame[name] = octets[4:4 + length] if name == "payload" else octets[4:4 + length].decode()
            octets = octets[4 + length:]
        assert not octets
        return frame

    def message(self):
        frame = self.receive()
        assert frame["kind"] == MESSAGE, frame
        return frame

    def has_more(self):
        return bool(select.select([self.socket], [], [], 0)[0])

    def watch(self, topic):
        self.send(WATCH, topic=topic)

    def publish(self, topic, payload, **options):
        self.send(PUBLISH, topic=topic, payload=payload, **options)

    def kick(self, **who):
        self.send(KICK, **who)

    def changed(self, generation):
        self.send(CHANGED, number=generation)

    def close(self):
        self.socket.close()
