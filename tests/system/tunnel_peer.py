#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Both plain ends of a tunnel, for scenario tests.

Usage: tunnel_peer.py serve PORT|PATH       gives back what it gets, until it is ended; a half-close, too
       tunnel_peer.py proxied PORT|PATH     reads a PROXY header (version 2) first and prints it as one line
       tunnel_peer.py pour PORT|PATH        sends for ever to whoever connects
       tunnel_peer.py deaf PORT|PATH        accepts and reads nothing
       tunnel_peer.py echo TARGET OCTETS    sends, closes its half, and must get the same back
       tunnel_peer.py many TARGET N         N connections, one after the other; each must get its answer
       tunnel_peer.py hold TARGET N         N connections at once, each answered twice; the second time when all are open
       tunnel_peer.py crowd TARGET N        N connections at once; each is closed when it was answered, which may be late
       tunnel_peer.py stall TARGET OCTETS   sends without reading until nothing is taken any more, then reads all
       tunnel_peer.py drink TARGET          reads until it breaks off, however; prints "reading" and then how it ended
       tunnel_peer.py stay TARGET           gets one answer, prints "in" and waits for the end
       tunnel_peer.py ended TARGET          is let in and cut off, or never let in: exits 0 when nothing came
TARGET is a port of the loopback or the path of a Unix socket.
"""
import hashlib
import random
import socket
import struct
import sys
import threading

PIECE = 65536


def connect(target):
    if target.isdigit():
        return socket.create_connection(("127.0.0.1", int(target)), 60)
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(target)
    sock.settimeout(60)
    return sock


def listen(target):
    if target.isdigit():
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", int(target)))
    else:
        sock = socket.socket(socket.AF_UNIX)
        sock.bind(target)
    sock.listen(1024)
    return sock


def read_exactly(sock, n):
    got = b""
    while len(got) < n:
        more = sock.recv(n - len(got))
        if not more:
            raise EOFError(f"{len(got)} of {n} octets")
        got += more
    return got


def give_back(sock):
    try:
        while data := sock.recv(PIECE):
            sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
    except OSError:
        pass
    sock.close()


def address(family, data):
    if family == 0x11:
        a, b, c, d = struct.unpack("!4s4sHH", data[:12])
        return f"{socket.inet_ntoa(a)}:{c} {socket.inet_ntoa(b)}:{d}", data[12:]
    if family == 0x21:
        a, b, c, d = struct.unpack("!16s16sHH", data[:36])
        return f"{socket.inet_ntop(socket.AF_INET6, a)}:{c} {socket.inet_ntop(socket.AF_INET6, b)}:{d}", data[36:]
    return "-", data


def tlvs(data):
    while data:
        kind, length = struct.unpack("!BH", data[:3])
        yield kind, data[3:3 + length]
        assert len(data) >= 3 + length
        data = data[3 + length:]


def describe_proxy(sock):
    head = read_exactly(sock, 16)
    assert head[:12] == b"\r\n\r\n\0\r\nQUIT\n" and head[12] == 0x21, head
    text, rest = address(head[13], read_exactly(sock, struct.unpack("!H", head[14:])[0]))
    for kind, value in tlvs(rest):
        if kind == 1:
            text += f" alpn={value.decode()}"
        elif kind == 0x20:
            text += " ssl=%d verify=%d" % struct.unpack("!BI", value[:5])
            names = {0x21: "version", 0x22: "cn", 0x23: "cipher"}
            for inner, word in tlvs(value[5:]):
                text += f" {names[inner]}={word.decode()}"
    return text


def proxied(sock):
    print(describe_proxy(sock), flush=True)
    give_back(sock)


def pour(sock):
    try:
        while True:
            sock.sendall(bytes(PIECE))
    except OSError:
        sock.close()


def serve(target, handler):
    listener = listen(target)
    held = []
    while True:
        sock, _ = listener.accept()
        held.append(sock) if handler is None else threading.Thread(target=handler, args=(sock,), daemon=True).start()


def echo(target, octets):
    sock = connect(target)
    sent, got = hashlib.sha256(), hashlib.sha256()

    def send():
        left = octets
        while left:
            data = random.randbytes(min(left, random.randint(1, PIECE)))
            sent.update(data)
            sock.sendall(data)
            left -= len(data)
        sock.shutdown(socket.SHUT_WR)

    sender = threading.Thread(target=send)
    sender.start()
    n = 0
    while data := sock.recv(PIECE):
        got.update(data)
        n += len(data)
    sender.join()
    return n == octets and sent.digest() == got.digest()


def many(target, n):
    for i in range(n):
        with connect(target) as sock:
            word = b"%d\n" % i
            sock.sendall(word)
            if read_exactly(sock, len(word)) != word:
                return False
    return True


def hold(target, n):
    socks = []
    for i in range(n):
        socks.append(connect(target))
        socks[-1].sendall(b"%6d" % i)
    for i, sock in enumerate(socks):
        if read_exactly(sock, 6) != b"%6d" % i:
            return False
    for sock in socks:
        sock.sendall(b"again!")
    return all(read_exactly(sock, 6) == b"again!" for sock in socks)


def crowd(target, n):
    socks = [connect(target) for _ in range(n)]
    for i, sock in enumerate(socks):
        sock.sendall(b"%6d" % i)
    for i, sock in enumerate(socks):
        if read_exactly(sock, 6) != b"%6d" % i:
            return False
        sock.close()
    return True


def stall(target, octets):
    """What stands in buffers on the way is bounded: long before all is sent, no more is taken."""
    sock = connect(target)
    sock.settimeout(2)
    sent = 0
    try:
        while sent < octets:
            sent += sock.send(bytes(PIECE))
    except (socket.timeout, BlockingIOError):
        pass
    print(sent)
    if sent >= octets:
        return False
    sock.settimeout(60)
    sock.shutdown(socket.SHUT_WR)
    got = 0
    while data := sock.recv(PIECE):
        got += len(data)
    return got == sent


def until_end(sock, word):
    try:
        while sock.recv(PIECE):
            if word:
                print(word, flush=True)
            word = None
        print("end")
    except ConnectionResetError:
        print("reset")
    return True


def drink(target):
    sock = connect(target)
    sock.settimeout(None)
    return until_end(sock, "reading")


def stay(target):
    sock = connect(target)
    sock.settimeout(None)
    sock.sendall(b"in")
    read_exactly(sock, 2)
    print("in", flush=True)
    return until_end(sock, None)


def ended(target):
    try:
        with connect(target) as sock:
            sock.sendall(b"let me in\n")
            return sock.recv(1) == b""
    except OSError as e:
        return not isinstance(e, socket.timeout)


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    verb, target, rest = sys.argv[1], sys.argv[2], [int(word) for word in sys.argv[3:]]
    servers = {"serve": give_back, "proxied": proxied, "pour": pour, "deaf": None}
    clients = {"echo": echo, "many": many, "hold": hold, "crowd": crowd, "stall": stall, "drink": drink, "stay": stay, "ended": ended}
    if verb in servers:
        serve(target, servers[verb])
    sys.exit(0 if clients[verb](target, *rest) else f"{verb} failed")


if __name__ == "__main__":
    main()
