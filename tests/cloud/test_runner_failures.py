#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""
The runner of functions without memory, or with files that fail: each allocation and each write of a run fails in turn, and all that
follow. It goes on, a run that is answered is answered rightly, and an event that was taken is carried out, if not at once.
KM_TEST_STRIDE: 1 tries every one of them.
"""
import errno
import glob
import io
import json
import os
import subprocess
import time
import zipfile

from control_rig import ACCOUNT, BUILD, REGION, Case, main
from failures import ALL, MEMORY, WRITES, Failures

STRIDE = int(os.environ.get("KM_TEST_STRIDE", "5"))
CODE = """def handler(event, context):
    print("ran", event["id"])
    return event
"""
WAIT_S = 60  # for what is sure to come


class Runner(Case):
    options = ("--functions", "{dir}/functions")

    @classmethod
    def prepare(cls):
        cls.failures = Failures(BUILD, cls.control.dir)
        os.chmod(cls.control.dir, 0o711)  # functions are other users
        with open(f"{cls.control.dir}/runner.log", "wb") as log:
            cls.runner = subprocess.Popen(
                [f"{BUILD}/bin/keymoor-cloud-rules", "--registry", cls.control.registry, "--key-file", f"{cls.control.dir}/seal",
                 "--account", ACCOUNT, "--region", REGION, "--state", f"{cls.control.dir}/state", "--socket",
                 f"{cls.control.dir}/functions", "--parallel", "2", "--retry-ms", "100"],
                stderr=log, env={**os.environ, **cls.failures.environment})
        cls.until(lambda: os.path.exists(f"{cls.control.dir}/functions"), "the runner listens")

    @classmethod
    def tearDownClass(cls):
        cls.runner.terminate()
        code = cls.runner.wait()
        log = cls.said()
        super().tearDownClass()
        if code != 0 or "Sanitizer" in log:
            raise AssertionError(f"the runner ended with {code}: {log[-5000:]}")

    @classmethod
    def said(cls):
        with open(f"{cls.control.dir}/runner.log", encoding="utf-8", errors="replace") as stream:
            return stream.read()

    @classmethod
    def until(cls, condition, what):
        end = time.monotonic() + WAIT_S
        while not condition():
            if cls.runner.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"never came true: {what}: {cls.said()[-5000:]}")
            time.sleep(0.01)

    def setUp(self):
        self.lambda_ = self.control.client("lambda")
        self.n_sent = 0
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w") as files:
            files.writestr("main.py", CODE)
        self.name = self.id().rsplit(".", maxsplit=1)[-1]
        self.lambda_.create_function(FunctionName=self.name, Runtime="python3.9", Role=f"arn:aws:iam::{ACCOUNT}:role/r",
                                     Handler="main.handler", Code={"ZipFile": data.getvalue()})

    def invoke(self, kind):
        """One run; its id if it was answered, else None."""
        self.n_sent += 1
        event = {"id": f"{self.name}-{self.n_sent}.", "more": "x" * 1000}
        try:
            answer = self.lambda_.invoke(FunctionName=self.name, InvocationType=kind, Payload=json.dumps(event))
        except self.lambda_.exceptions.ClientError as failed:
            status = failed.response["ResponseMetadata"]["HTTPStatusCode"]
            self.assertTrue(status == 429 or status >= 500, failed)  # that one is to come again, or that it can't be done now
            answer = None
        self.assertIsNone(self.runner.poll(), self.said()[-5000:])
        if answer is None:
            return None
        if kind == "RequestResponse":
            self.assertNotIn("FunctionError", answer, answer["Payload"].read() if "FunctionError" in answer else "")
            self.assertEqual(json.load(answer["Payload"]), event)
        return event["id"]

    def try_all(self, kind, kinds, stride, **more):
        taken = []
        self.assertGreater(self.failures.each(kinds, stride, lambda: taken.append(self.invoke(kind)), **more), 0)
        self.assertIsNotNone(self.invoke("RequestResponse"))
        return [one for one in taken if one is not None]

    def has_run(self, what):
        for name in glob.glob(f"{self.control.dir}/state/log/**/*", recursive=True):
            if os.path.isfile(name):
                with open(name, encoding="utf-8", errors="replace") as stream:
                    if f"ran {what}" in stream.read():
                        return True
        return False

    def test_runs_without_memory(self):
        self.try_all("RequestResponse", MEMORY, STRIDE)
        self.try_all("RequestResponse", MEMORY, STRIDE * 2, n_fail=ALL)

    def test_events_without_memory(self):
        taken = self.try_all("Event", MEMORY, STRIDE) + self.try_all("Event", MEMORY, STRIDE * 2, n_fail=ALL)
        for one in taken:
            self.until(lambda one=one: self.has_run(one), f"{one} is carried out")
        self.assertEqual(glob.glob(f"{self.control.dir}/state/spool/*.bad"), [])

    def test_events_without_a_disk(self):
        taken = []
        for native in (errno.ENOSPC, errno.EIO):
            taken += self.try_all("Event", WRITES, 1, native=native)
        self.assertEqual(glob.glob(f"{self.control.dir}/state/spool/*.bad"), [])
        self.until(lambda: glob.glob(f"{self.control.dir}/state/spool/*.ev") == [], "no event is left")


if __name__ == "__main__":
    main()
