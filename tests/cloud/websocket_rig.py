# SPDX-License-Identifier: Apache-2.0
"""MQTT over WebSockets by hand: the request signed in its query, and frames."""
import base64
import hashlib
import hmac
import os
import socket
import struct
import time
import urllib.parse

from broker_rig import WAIT_S

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def digest(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def signed_path(key, secret, host, region, when=None, expires=None, token=None, token_is_signed=False, service="iotdevicegateway",
                path="/mqtt", method="GET", more=()):
    """The target of the request as AWS's SDKs make it."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() if when is None else when))
    scope = f"{stamp[:8]}/{region}/{service}/aws4_request"
    query = {"X-Amz-Algorithm": "AWS4-HMAC-SHA256", "X-Amz-Credential": f"{key}/{scope}", "X-Amz-Date": stamp,
             "X-Amz-SignedHeaders": "host", **dict(more)}
    if expires is not None:
        query["X-Amz-Expires"] = str(expires)
    if token is not None and token_is_signed:
        query["X-Amz-Security-Token"] = token

    def spell(parameters):
        return "&".join(f"{name}={urllib.parse.quote(value, safe='')}" for name, value in sorted(parameters.items()))
    canonical = "\n".join((method, path, spell(query), f"host:{host}", "", "host", hashlib.sha256(b"").hexdigest()))
    to_sign = "\n".join(("AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()))
    chain = ("AWS4" + secret).encode()
    for step in (stamp[:8], region, service, "aws4_request"):
        chain = digest(chain, step)
    target = f"{path}?{spell(query)}&X-Amz-Signature={digest(chain, to_sign).hex()}"
    if token is not None and not token_is_signed:
        target += "&X-Amz-Security-Token=" + urllib.parse.quote(token, safe="")
    return target


class Refused(Exception):
    def __init__(self, status, head, body):
        super().__init__(f"{status}: {body}")
        self.status, self.head, self.body = status, head, body


class WebSocket:
    """Looks like a socket: what is sent goes into one binary frame each, what comes out of such frames is what recv gives."""

    def __init__(self, port, target, host=None, headers=None, without=(), context=None, early=b"", version="1.1"):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=WAIT_S)
        if context is not None:
            self.socket = context.wrap_socket(self.socket, server_hostname="localhost")
        key = base64.b64encode(os.urandom(16)).decode()
        fields = {"Host": host or f"127.0.0.1:{port}", "Upgrade": "websocket", "Connection": "keep-alive, Upgrade", "Sec-WebSocket-Key": key,
                  "Sec-WebSocket-Version": "13", "Sec-WebSocket-Protocol": "mqtt", **(headers or {})}
        lines = [f"{name}: {value}" for name, value in fields.items() if name not in without]
        self.socket.sendall("\r\n".join((f"GET {target} HTTP/{version}", *lines, "", "")).encode() + early)
        self.buffer = b""
        self.octets = b""
        self.closed_with = None
        self.pongs = []
        head = self.head()
        status = int(head.split(" ")[1])
        self.answer = {line.split(":", 1)[0].lower(): line.split(":", 1)[1].strip() for line in head.split("\r\n")[1:] if line}
        if status != 101:
            self.fill(int(self.answer.get("content-length", 0)))
            self.socket.close()
            raise Refused(status, self.answer, self.buffer.decode())
        accept = base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()
        assert self.answer["sec-websocket-accept"] == accept, self.answer
        assert self.answer["sec-websocket-protocol"] == "mqtt", self.answer

    def head(self):
        while b"\r\n\r\n" not in self.buffer:
            more = self.socket.recv(65536)
            if not more:
                raise ConnectionError("closed instead of an answer")
            self.buffer += more
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        return head.decode()

    def fill(self, n):
        while len(self.buffer) < n:
            more = self.socket.recv(65536)
            if not more:
                return False
            self.buffer += more
        return True

    @staticmethod
    def octets_of(opcode, payload=b"", fin=True, masked=True, rsv=0, announced=None):
        length = len(payload) if announced is None else announced
        head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
        mask_bit = 0x80 if masked else 0
        if length < 126:
            head += bytes([mask_bit | length])
        elif length < 65536:
            head += bytes([mask_bit | 126]) + struct.pack(">H", length)
        else:
            head += bytes([mask_bit | 127]) + struct.pack(">Q", length)
        mask = os.urandom(4) if masked else b""
        body = bytes(octet ^ mask[i % 4] for i, octet in enumerate(payload)) if masked else payload
        return head + mask + body

    def frame(self, opcode, payload=b"", **options):
        self.socket.sendall(self.octets_of(opcode, payload, **options))

    def take_frame(self):
        """Opcode and payload; None: the connection has ended."""
        if not self.fill(2):
            return None
        opcode, length, start = self.buffer[0] & 15, self.buffer[1] & 127, 2
        assert not self.buffer[1] & 128, "a server's frame is not masked"
        if length >= 126:
            size = 2 if length == 126 else 8
            if not self.fill(2 + size):
                return None
            length, start = int.from_bytes(self.buffer[2:2 + size], "big"), 2 + size
        if not self.fill(start + length):
            return None
        payload, self.buffer = self.buffer[start:start + length], self.buffer[start + length:]
        return opcode, payload

    def sendall(self, octets):
        self.frame(BINARY, octets)

    def recv(self, _):
        while True:
            try:
                frame = self.take_frame()
            except ConnectionResetError:
                return b""
            if frame is None:
                return b""
            if frame[0] == BINARY:
                return frame[1]
            if frame[0] == CLOSE:
                self.closed_with = struct.unpack(">H", frame[1][:2])[0] if frame[1] else 0
                return b""
            assert frame[0] == PONG, frame
            self.pongs.append(frame[1])

    def close(self):
        self.socket.close()
