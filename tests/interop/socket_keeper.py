# SPDX-License-Identifier: Apache-2.0
"""Keeps keymoord's socket as systemd does: socket_keeper.py SOCKET GROUP COMMAND...

Starts the command with the socket passed on. SIGHUP ends it, and starts it again after half a second in which nobody answers the
socket; SIGTERM ends both.
"""
import os
import shutil
import signal
import socket
import sys
import time

path, group, *command = sys.argv[1:]
listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
# Under its name only when it listens: nobody is to find it deaf.
listener.bind(path + ".new")
os.chmod(path + ".new", 0o660)
if os.getuid() == 0:
    shutil.chown(path + ".new", group=group)
listener.listen(128)
os.rename(path + ".new", path)


def start():
    pid = os.fork()
    if pid == 0:
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        os.dup2(listener.fileno(), 3)
        os.set_inheritable(3, True)
        os.execvpe(command[0], command, {**os.environ, "LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())})
    return pid


def end(pid):
    os.kill(pid, signal.SIGTERM)
    os.waitpid(pid, 0)


signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGHUP, signal.SIGTERM])
service = start()
while signal.sigwait([signal.SIGHUP, signal.SIGTERM]) == signal.SIGHUP:
    end(service)
    time.sleep(0.5)
    service = start()
    print("socket_keeper: started again", file=sys.stderr, flush=True)
end(service)
