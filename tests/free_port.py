#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints a TCP port of the loopback for a server that will be told its port.

None that the system gives to who asks for any (bind to 0, connect): between choosing and listening somebody else would get it at times.
And none that was given to another test lately: they are counted through, in a file that all tests of this user share.
"""
import fcntl
import os
import random
import socket

LOWEST, END = 10240, 65536
FEWEST = 1000


def candidates():
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as f:
        first, last = map(int, f.read().split())
    ports = [p for p in range(LOWEST, END) if not first <= p <= last]
    return ports if len(ports) >= FEWEST else list(range(LOWEST, END))


def is_free(port):
    with socket.socket() as s:
        try:
            s.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port():
    ports = candidates()
    path = f"/tmp/keymoor-test-ports-{os.getuid()}"  # whatever TMPDIR a test has
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with open(fd, "r+", encoding="ascii") as counter:
        fcntl.flock(counter, fcntl.LOCK_EX)
        text = counter.read()
        at = int(text) if text.isdigit() else random.randrange(len(ports))
        for _ in ports:
            at += 1
            if is_free(ports[at % len(ports)]):
                break
        else:
            raise OSError("no port of the loopback is free")
        counter.seek(0)
        counter.truncate()
        counter.write(str(at))
    return ports[at % len(ports)]


if __name__ == "__main__":
    print(free_port())
