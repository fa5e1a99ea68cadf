#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A peer with one bad behaviour.

  hostile.py serve PORT BEHAVIOUR VERSION CERT KEY CA     serves client after client of ours
  hostile.py client PORT BEHAVIOUR VERSION [CERT KEY]     one connection to a server of ours

Good handshakes are made by Python's ssl in memory, so that every record passes through here and can be held back, changed or cut.
"""
import os
import socket
import ssl
import struct
import sys
import time

HANDSHAKE, ALERT, DATA = 22, 21, 23


def record(kind, body, version=0x0303):
    return struct.pack(">BHH", kind, version, len(body)) + body


def message(kind, body):
    return struct.pack(">B", kind) + struct.pack(">I", len(body))[1:] + body


def server_hello(version):
    body = struct.pack(">H", version) + os.urandom(32) + b"\0" + b"\xc0\x2b" + b"\0"
    return record(HANDSHAKE, message(2, body))


def records(octets):
    """Whole records, one by one."""
    while octets:
        length = 5 + struct.unpack(">H", octets[3:5])[0]
        yield octets[:length]
        octets = octets[length:]


class Peer:
    """One end of TLS in memory. out(record) sends what the good implementation wants to send."""

    def __init__(self, sock, context, server_side):
        self.sock, self.n_sent = sock, 0
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_side=server_side,
                                    server_hostname=None if server_side else "localhost")

    def out(self, octets):
        self.sock.sendall(octets)

    def flush(self):
        for one in records(self.outgoing.read()):
            self.out(one)
            self.n_sent += 1

    def drive(self, step, *words):
        """Runs a call of ssl until it is done."""
        while True:
            try:
                answer = step(*words)
                self.flush()
                return answer
            except ssl.SSLWantReadError:
                self.flush()
                got = self.sock.recv(65536)
                if not got:
                    raise EOFError
                self.incoming.write(got)


class Stopping(Peer):
    """Closes after a number of records."""

    def __init__(self, after, *words):
        super().__init__(*words)
        self.after = after

    def out(self, octets):
        if self.n_sent == self.after:
            raise EOFError
        super().out(octets)


class Flipping(Peer):
    """Changes one octet of one record."""

    def __init__(self, at, where, *words):
        super().__init__(*words)
        self.at, self.where = at, where

    def out(self, octets):
        if self.n_sent == self.at:
            changed = bytearray(octets)
            changed[5 + self.where % (len(changed) - 5)] ^= 0x20
            octets = bytes(changed)
        super().out(octets)


class Dripping(Peer):
    def __init__(self, pause, *words):
        super().__init__(*words)
        self.pause = pause

    def out(self, octets):
        for octet in octets:
            super().out(bytes([octet]))
            time.sleep(self.pause)


def send_endless(sock, one):
    """What no reader should take for ever; ends when the other side has had enough."""
    for _ in range(200000):
        sock.sendall(one)
    raise SystemExit("the peer listened to all of it")


def chat(peer, server_side):
    """Up to where both have heard each other."""
    peer.drive(peer.tls.do_handshake)
    if server_side:
        data = peer.drive(peer.tls.read, 65536)
        peer.drive(peer.tls.write, data)
    else:
        peer.drive(peer.tls.write, b"hello")
        peer.drive(peer.tls.read, 65536)


def good(make):
    def behave(sock, context, server_side):
        peer = make(sock, context, server_side)
        chat(peer, server_side)
        peer.drive(peer.tls.unwrap)
    return behave


def begin(sock, context, server_side):
    """Good until the first words have been said; what follows is up to the caller."""
    peer = Peer(sock, context, server_side)
    peer.drive(peer.tls.do_handshake)
    if server_side:
        peer.drive(peer.tls.read, 65536)
    else:
        peer.drive(peer.tls.write, b"hello")
        peer.drive(peer.tls.read, 65536)
    return peer


def truncate(sock, context, server_side):
    begin(sock, context, server_side)


def half_record(sock, context, server_side):
    peer = begin(sock, context, server_side)
    peer.tls.write(b"x" * 1000)
    sock.sendall(peer.outgoing.read()[:500])


def bad_mac(sock, context, server_side):
    peer = begin(sock, context, server_side)
    peer.tls.write(b"x" * 1000)
    octets = bytearray(peer.outgoing.read())
    octets[-1] ^= 1
    sock.sendall(octets)
    sock.recv(65536)


def oversized_data(sock, context, server_side):
    begin(sock, context, server_side)
    sock.sendall(struct.pack(">BHH", DATA, 0x0303, 20000) + b"x" * 20000)
    sock.recv(65536)


def plain_data(sock, context, server_side):
    """After the handshake, in the clear."""
    begin(sock, context, server_side)
    sock.sendall(record(DATA, b"trust me"))
    sock.recv(65536)


def raw(*octets):
    def behave(sock, context, server_side):
        if server_side:
            sock.recv(65536)
        for one in octets:
            sock.sendall(one)
        sock.shutdown(socket.SHUT_WR)
        while sock.recv(65536):
            pass
    return behave


def endless(*octets):
    def behave(sock, context, server_side):
        if server_side:
            sock.recv(65536)
        for one in octets[:-1]:
            sock.sendall(one)
        send_endless(sock, octets[-1])
    return behave


def silence(sock, context, server_side):
    while sock.recv(65536):
        pass


BEHAVIOURS = {
    "good": good(Peer),
    "drip": good(lambda *w: Dripping(0, *w)),
    "slow-drip": good(lambda *w: Dripping(0.3, *w)),
    "silence": silence,
    "truncate": truncate,
    "half-record": half_record,
    "bad-mac": bad_mac,
    "oversized-data": oversized_data,
    "plain-data": plain_data,
    "close": lambda *w: None,
    "http": raw(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"),
    "http-request": raw(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    "garbage": raw(bytes(range(7, 251)) * 20),
    "zeros": raw(bytes(5000)),
    "oversized": raw(struct.pack(">BHH", HANDSHAKE, 0x0303, 0xffff) + bytes(0xffff)),
    "bad-record-version": raw(record(HANDSHAKE, message(2, bytes(70)), 0x0505)),
    "bad-record-type": raw(record(99, bytes(70))),
    "empty-record": raw(record(HANDSHAKE, b"")),
    "wrong-message": raw(record(HANDSHAKE, message(20, bytes(32)))),
    "data-first": raw(record(DATA, b"hello")),
    "long-message": raw(record(HANDSHAKE, b"\x02\xff\xff\xff" + bytes(16000))),
    "ssl3": raw(server_hello(0x0300)),
    "tls1.0": raw(server_hello(0x0301)),
    "tls1.5": raw(server_hello(0x0306)),
    "fatal-alert": raw(record(ALERT, b"\x02\x28")),
    "bad-alert": raw(record(ALERT, b"\x02")),
    "close-notify": raw(record(ALERT, b"\x01\x00")),
    "hello-requests": endless(record(HANDSHAKE, message(0, b"") * 4000)),
    "warnings": endless(record(ALERT, b"\x01\x5a")),
    "empty-records": endless(record(HANDSHAKE, b"")),
    "long-certificate": endless(server_hello(0x0303), record(HANDSHAKE, b"\x0b\xff\xff\xff" + bytes(16000)),
                                record(HANDSHAKE, bytes(16000))),
}


def behave(name, sock, context, server_side):
    word, _, number = name.partition(":")
    if word == "stop":
        good(lambda *w: Stopping(int(number), *w))(sock, context, server_side)
    elif word == "flip":
        at, _, where = number.partition(":")
        good(lambda *w: Flipping(int(at), int(where), *w))(sock, context, server_side)
    else:
        BEHAVIOURS[word](sock, context, server_side)


def attempt(name, sock, context, server_side):
    sock.settimeout(120)
    try:
        behave(name, sock, context, server_side)
        print(name, "to its end", flush=True)
    except (OSError, EOFError) as error:
        print(name, "ended by", type(error).__name__, error, flush=True)
    finally:
        leave(sock)


def leave(sock):
    """Ends the stream, and reads on: closing on unread octets would reset the connection, which is another end."""
    try:
        sock.shutdown(socket.SHUT_WR)
        while sock.recv(65536):
            pass
    except OSError:
        pass
    sock.close()


def make_context(server_side, version, cert, key, ca=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server_side else ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if ca:
        context.load_verify_locations(ca)
        context.verify_mode = ssl.CERT_REQUIRED
    if cert:
        context.load_cert_chain(cert, key)
    context.minimum_version = context.maximum_version = {
        "1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}[version]
    return context


def main():
    role, port, behaviour, version = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
    cert, key, ca = (sys.argv[5:] + [None] * 3)[:3]
    context = make_context(role == "serve", version, cert, key, ca)
    if role == "client":
        attempt(behaviour, socket.create_connection(("127.0.0.1", port)), context, False)
        return
    listener = socket.create_server(("127.0.0.1", port))
    while True:
        attempt(behaviour, listener.accept()[0], context, True)


main()
