#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Speaks the service's protocol badly. Usage: garbage.py SOCKET [status | flood N]

Each bad message has to be answered by one sentence or silence, and the connection cut.
"""
import os
import random
import socket
import struct
import sys
import time

MAGIC = 0x31434D4B
OPEN, STATUS, AUDIT, ERROR = 1, 3, 5, 7


def connect():
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    sock.settimeout(20)
    while True:
        try:
            sock.connect(sys.argv[1])
            return sock
        except BlockingIOError:  # so many wait to be accepted that the kernel takes no more
            time.sleep(0.01)


def message(kind, body=b"", magic=MAGIC, zero=0):
    return struct.pack("<IHHI", magic, kind, zero, 7) + body


def must_be_cut(data):
    with connect() as sock:
        sock.send(data)
        try:
            answer = sock.recv(8192)
            while answer:
                kind = struct.unpack_from("<IHHI", answer)[1]
                assert kind == ERROR, "answered with %d to %r" % (kind, data[:40])
                answer = sock.recv(8192)
        except ConnectionResetError:
            pass


def status():
    with connect() as sock:
        sock.send(message(STATUS))
        answer = sock.recv(8192)
        return answer[16:].decode()


def inherited():
    """A connection made by one process and used by another speaks for nobody."""
    sock = connect()
    child = os.fork()
    if child == 0:
        sock.send(message(STATUS))
        answer = sock.recv(8192)
        os._exit(0 if struct.unpack_from("<IHHI", answer)[1] == ERROR else 1)
    assert os.waitpid(child, 0)[1] == 0, "another process's connection was served"


def main():
    if len(sys.argv) > 3:
        for _ in range(int(sys.argv[3])):
            must_be_cut(b"x")
        return
    if len(sys.argv) > 2:
        print(status())
        return
    uuid = bytes(16)
    random.seed(20)
    bad = [b"x", message(99), message(OPEN), message(OPEN, uuid), message(STATUS, b"x"),
           message(OPEN, uuid + bytes(17)), message(AUDIT), message(AUDIT, bytes(5)),
           message(STATUS, magic=1), message(STATUS, zero=1), message(2), message(4),
           message(OPEN, bytes(4000)), bytes(4096), bytes(5000), bytes(100000)]
    bad += [random.randbytes(random.randrange(1, 200)) for _ in range(200)]
    for data in bad:
        must_be_cut(data)
    # Two requests at once on one connection, and descriptors nobody asked for.
    with connect() as sock:
        r, w = os.pipe()
        socket.send_fds(sock, [message(STATUS)], [r, w, r, w])
        assert struct.unpack_from("<IHHI", sock.recv(8192))[1] == STATUS + 1
    inherited()
    # More connections than one user may have: the service cuts, it does not fall.
    many = [connect() for _ in range(300)]
    for sock in many:
        sock.close()
    # One that asks and never reads.
    with connect() as sock:
        sock.setblocking(False)
        try:
            for _ in range(100000):
                sock.send(message(STATUS))
        except (BlockingIOError, BrokenPipeError, ConnectionResetError):
            pass
        assert status().startswith("{")


main()
