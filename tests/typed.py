#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""typed.py PROMPT ANSWER COMMAND...: runs the command on a terminal of its own and types the answer as soon as the prompt stands there.

Prints what the terminal showed and ends as the command did. An answer that is shown, or thrown away, is seen by the caller.
"""
import os
import pty
import sys

prompt, answer, command = sys.argv[1].encode(), sys.argv[2].encode(), sys.argv[3:]
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(command[0], command)
shown = b""
try:
    while piece := os.read(terminal, 100):
        was_asked = prompt in shown
        shown += piece
        if prompt in shown and not was_asked:
            os.write(terminal, answer + b"\n")
except OSError:
    pass  # how a terminal ends
sys.stdout.write(shown.decode())
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
