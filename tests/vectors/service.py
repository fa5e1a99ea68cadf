# SPDX-License-Identifier: Apache-2.0
"""A keymoord of the build tree in a temporary directory, and the drivers that answer lines."""
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

START_S = 60
ANSWER_S = 600  # for all lines of one batch


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class Service:
    """keymoord with the packages and keys of the build."""

    def __init__(self, build):
        self.dir = tempfile.mkdtemp(prefix="keymoor-vectors.")
        os.chmod(self.dir, 0o711)
        self.socket = os.path.join(self.dir, "sock")
        state = os.path.join(self.dir, "state")
        os.mkdir(state, 0o700)
        self.log = os.path.join(self.dir, "log")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [
                    os.path.join(build, "bin", "keymoord"),
                    "--state-dir",
                    state,
                    "--socket",
                    self.socket,
                    "--ta-dir",
                    os.path.join(build, "ta"),
                    "--ta-key",
                    os.path.join(build, "ta-keys"),
                    "--uid-base",
                    str(260016 + os.getpid() % 4096 * 16),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=die_with_parent,
            )
        self.wait()

    def wait(self):
        end = time.monotonic() + START_S
        while time.monotonic() < end and self.process.poll() is None:
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as probe:
                try:
                    probe.connect(self.socket)
                    return
                except OSError:
                    time.sleep(0.02)
        with open(self.log, encoding="utf-8", errors="replace") as log:
            raise SystemExit("keymoord did not start:\n" + log.read())

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.dir, ignore_errors=True)


class Driver:
    """One program that answers lines; kind is the API that it stands before."""

    PROGRAMS = {"core": "vector_core", "tee": "vector_tee", "clrc": "vector_clrc"}

    def __init__(self, build, kind, service=None):
        self.kind = kind
        environment = dict(os.environ)
        if service:
            environment["KEYMOOR_SOCKET"] = service.socket
        self.process = subprocess.Popen(
            [os.path.join(build, "tests", self.PROGRAMS[kind])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            preexec_fn=die_with_parent,
        )

    def ask(self, lines):
        """The answers to lines, in order. Raises when the driver ends or does not answer."""

        def write():
            try:
                for line in lines:
                    self.process.stdin.write(line.encode() + b"\n")
                self.process.stdin.flush()
            except BrokenPipeError:
                pass  # told below, by the answers that are missing

        writer = threading.Thread(target=write, daemon=True)
        watchdog = threading.Timer(ANSWER_S, self.process.kill)
        watchdog.start()
        writer.start()
        answers = []
        for line in lines:
            answer = self.process.stdout.readline().decode().strip()
            if not answer:
                watchdog.cancel()
                raise RuntimeError(f"vector driver {self.kind} ended at: {line[:200]}")
            answers.append(answer)
        watchdog.cancel()
        writer.join()
        return answers

    def stop(self):
        self.process.stdin.close()
        try:
            status = self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            status = -1
        self.process.stdout.close()
        return status
