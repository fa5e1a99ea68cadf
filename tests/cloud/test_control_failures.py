#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""
The control plane without memory, or with a disk that is full or damaged: each allocation, write and read of a request fails in turn, and
all that follow. It goes on, answers 500, 503 or nothing, and has nothing by halves: what it made is whole and in the audit trail.
KM_TEST_STRIDE: 1 tries every one of them.
"""
import errno
import http.client
import json
import os
import sqlite3
import subprocess
import sys
import tempfile

from control_rig import ACCOUNT, BUILD, Case, main, run
from failures import ALL, MEMORY, READS, WRITES, Failures

STRIDE = int(os.environ.get("KM_TEST_STRIDE", "5"))
TEXT = "".join(chr(97 + n % 26) for n in range(700))
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iot:*",
                                                             "Resource": f"arn:aws:iot:us-east-1:{ACCOUNT}:topic/{TEXT}"}]})
RULE = {"sql": "SELECT * FROM 'a/b'",
        "actions": [{"republish": {"topic": "x", "roleArn": f"arn:aws:iam::{ACCOUNT}:role/r"}}]}


class Failing(Case):
    @classmethod
    def prepare(cls):
        cls.failures = Failures(BUILD, cls.control.dir)
        cls.control.environment = cls.failures.environment
        run("openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=x",
            "-keyout", f"{cls.control.dir}/x.key", "-out", f"{cls.control.dir}/x.csr")
        with open(f"{cls.control.dir}/x.csr", encoding="ascii") as stream:
            cls.request = stream.read()
        cls.n_sent = 0

    def setUp(self):
        if not self.control.query("SELECT 1 FROM thing WHERE name = 'target'"):
            self.iot.create_thing(thingName="target", attributePayload={"attributes": {"a": TEXT}})

    def send(self, method, path, body=None, allowed=()):
        """One request, whose answer may be none; its status."""
        type(self).n_sent += 1
        octets = json.dumps(body).encode() if body is not None else b""
        try:
            status, _, answer = self.control.send(method, path.format(n=self.n_sent), octets)
        except (http.client.HTTPException, OSError):
            status, answer = None, b""
        self.assertIsNone(self.control.process.poll(), f"it has ended: {self.control.log()[-5000:]}")
        self.assertIn(status, (None, 200, 500, 503, *allowed), answer)
        return status

    def operations(self):
        """Name, table, how it is asked for, and how much more seldom it is tried than others."""
        return (
            ("CreateThing", "thing", ("POST", "/things/t{n}", {"attributePayload": {"attributes": {"a": TEXT}}}), 1),
            ("ListThings", None, ("GET", "/things"), 1),
            ("CreatePolicy", "policy", ("POST", "/policies/p{n}", {"policyDocument": POLICY}), 1),
            # libcrypto reads a request in vain without a word of its own about memory.
            ("CreateCertificateFromCsr", "certificate",
             ("POST", "/certificates?setAsActive=true", {"certificateSigningRequest": self.request}, (400,)), 10),
            ("CreateJob", "job", ("PUT", "/jobs/j{n}", {"targets": [f"arn:aws:iot:us-east-1:{ACCOUNT}:thing/target"],
                                                        "document": json.dumps({"a": TEXT})}), 1),
            ("CreateTopicRule", "rule", ("POST", "/rules/r{n}", RULE), 1))

    def check(self):
        """Nothing is there by halves, and everything is served."""
        self.assertEqual(self.control.query("SELECT count(*) FROM event WHERE detail IS NULL OR NOT json_valid(detail)"), [["0"]])
        for name, table, _, _ in self.operations():
            if table is not None:
                n_events = self.control.query("SELECT count(*) FROM event WHERE is_success = 1"
                                              f" AND json_extract(detail, '$.operation') = '{name}'")
                self.assertEqual(n_events, self.control.query(f"SELECT count(*) FROM {table}"), name)
        for thing in self.iot.get_paginator("list_things").paginate():
            for one in thing["things"]:
                self.assertEqual(one["attributes"], {"a": TEXT}, one["thingName"])
        for policy in self.iot.get_paginator("list_policies").paginate():
            for one in policy["policies"]:
                self.assertEqual(self.iot.get_policy(policyName=one["policyName"])["policyDocument"], POLICY)
        self.assertEqual(self.control.query("PRAGMA integrity_check"), [["ok"]])
        self.assertEqual(self.control.query("PRAGMA foreign_key_check"), [])
        for _, _, request, _ in self.operations():
            self.assertEqual(self.send(*request), 200)

    def try_all(self, kinds, stride, **more):
        n_struck = 0
        for name, _, request, seldom in self.operations():
            with self.subTest(name):
                n_struck += self.failures.each(kinds, stride * seldom, lambda request=request: self.send(*request), **more)
        self.assertGreater(n_struck, 0)
        self.check()


class Memory(Failing):
    def test_one_is_refused(self):
        self.try_all(MEMORY, STRIDE)

    def test_there_is_none(self):
        self.try_all(MEMORY, STRIDE * 3, n_fail=ALL)


class Files(Failing):
    def test_a_write_fails(self):
        for native in (errno.EIO, errno.ENOSPC):
            self.try_all(WRITES, 1, native=native)

    def test_no_write_succeeds(self):
        for native in (errno.EIO, errno.ENOSPC):
            self.try_all(WRITES, 1, n_fail=ALL, native=native)

    def send(self, *request):
        """What another process has changed is no longer in memory."""
        with sqlite3.connect(f"{self.control.dir}/registry.db", timeout=60) as database:
            database.execute("UPDATE account SET created_ms = created_ms + 1")
        database.close()
        return super().send(*request)

    def test_reads_fail(self):
        self.try_all(READS, 1)
        self.try_all(READS, 1, n_fail=ALL)


class FullDisk(Failing):
    """A small file system of its own, where this process may mount one (see the end of this file)."""

    @classmethod
    def setUpClass(cls):
        cls.small = tempfile.mkdtemp(prefix="km-small-")
        run("mount", "-t", "tmpfs", "-o", "size=6m,mode=700", "none", cls.small)
        tempfile.tempdir = cls.small
        super().setUpClass()
        tempfile.tempdir = None

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        run("umount", "-l", cls.small)  # the plan is still mapped
        os.rmdir(cls.small)

    def test_full(self):
        ballast = f"{self.control.dir}/ballast"
        with open(ballast, "wb", buffering=0) as stream:
            try:
                while True:
                    stream.write(bytes(4096))
            except OSError as full:
                self.assertEqual(full.errno, errno.ENOSPC)
        statuses = set()
        while 200 in statuses or not statuses:  # the registry's own files still have a little room
            statuses = {self.send(*request) for name, table, request, _ in self.operations() if table is not None}
        self.assertEqual(self.send("GET", "/things/target"), 200)
        os.unlink(ballast)
        self.check()


def own_mounts():
    """Whether files may be mounted; becomes a process that may, if there is a way."""
    if os.environ.get("KM_OWN_MOUNTS") == "1":
        return True
    unshare = ["unshare", "-m" if os.geteuid() == 0 else "-rm"]
    if subprocess.run([*unshare, "mount", "-t", "tmpfs", "none", "/mnt"], check=False, stderr=subprocess.DEVNULL).returncode != 0:
        return False
    os.environ["KM_OWN_MOUNTS"] = "1"
    os.execvp("unshare", [*unshare, sys.executable, *sys.argv])


if __name__ == "__main__":
    if not own_mounts():
        del FullDisk
    main()
