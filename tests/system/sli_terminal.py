#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a command on a terminal of its own and types single keys at its prompts: 1, then x. The terminal must be as before afterwards."""
import os
import pty
import sys
import termios

PROMPT = b"or x to exit:"
master, slave = pty.openpty()
before = termios.tcgetattr(slave)
child = os.fork()
if child == 0:
    os.setsid()
    for fd in (0, 1, 2):
        os.dup2(slave, fd)
    os.execvp(sys.argv[1], sys.argv[1:])
said = b""
for key in b"1", b"x":
    seen = said.count(PROMPT)
    while said.count(PROMPT) == seen:
        said += os.read(master, 4096)
    os.write(master, key)
_, status = os.waitpid(child, 0)
os.set_blocking(master, False)
said += os.read(master, 65536)
assert status == 0, said
assert b"\r\n1\r\nSetting DESIRED state to: ON" in said.replace(b".", b""), said
assert b"\r\nx\r\nDisconnecting" in said.replace(b".", b""), said
assert termios.tcgetattr(slave) == before, "the terminal is changed"
