# SPDX-License-Identifier: Apache-2.0
"""The bus of a broker that is not there: keeps what programs say."""
import os
import socket
import struct
import threading

HELLO, PUBLISH, CHANGED, COPY = 1, 4, 6, 10
NAMES = ("topic", "client_id", "principal", "address", "payload")


class Broker:
    """Keeps the frames that come."""

    def __init__(self, path):
        self.frames = []
        self.changed = threading.Condition()
        self.path = path
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listener.bind(path)
        self.listener.listen()
        self.peers = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            self.peers.append(peer)
            threading.Thread(target=self.read, args=(peer,), daemon=True).start()

    def read(self, peer):
        while True:
            try:
                data = peer.recv(1 << 20)
            except OSError:
                return
            if not data:
                return
            kind, qos, retain, hops, number, time_ms = struct.unpack_from("<BBBBQQ", data)
            frame = {"kind": kind, "qos": qos, "retain": retain, "hops": hops, "number": number, "time_ms": time_ms}
            at = 20
            for name in NAMES:
                (size,) = struct.unpack_from("<I", data, at)
                frame[name] = data[at + 4:at + 4 + size]
                at += 4 + size
            with self.changed:
                self.frames.append(frame)
                self.changed.notify_all()

    def published(self, n, kind=PUBLISH):
        """The next n frames of that kind, which are taken away."""
        with self.changed:
            self.changed.wait_for(lambda: len([one for one in self.frames if one["kind"] == kind]) >= n, 60)
            found = [one for one in self.frames if one["kind"] == kind]
            self.frames = []
        return found

    def end(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for peer in self.peers:
            peer.shutdown(socket.SHUT_RDWR)
            peer.close()
        os.unlink(self.path)
