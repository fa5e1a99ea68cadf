#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The REST API over TLS, starts that are refused, kills, and a registry that somebody else holds."""
import os
import signal
import sqlite3
import subprocess
import threading
import unittest

import botocore.exceptions

from broker_rig import until
from control_rig import BUILD, Case, Pki, main


class Tls(Case):
    options = ("--tls-certificate", "{dir}/server.pem", "--tls-key", "{dir}/server.key")

    @classmethod
    def prepare(cls):
        pki = Pki(cls.control.dir)
        pki.ca("server", subject="/CN=localhost", extensions=("basicConstraints=critical,CA:TRUE", "subjectAltName=IP:127.0.0.1"))

    @classmethod
    def setUpClass(cls):
        os.environ["AWS_CA_BUNDLE"] = ""
        super().setUpClass()
        os.environ["AWS_CA_BUNDLE"] = f"{cls.control.dir}/server.pem"
        cls.iot = cls.control.client("iot")

    def test_trusted(self):
        self.assertEqual(self.iot.describe_endpoint()["endpointAddress"], "localhost:8883")

    def test_not_trusted(self):
        os.environ["AWS_CA_BUNDLE"] = "/etc/ssl/certs/ca-certificates.crt"
        with self.assertRaises(botocore.exceptions.SSLError):
            self.control.client("iot").describe_endpoint()

    def test_versions(self):
        for option, is_taken in (("-tls1_1", False), ("-tls1_2", True), ("-tls1_3", True)):
            done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{self.control.port}", option, "-cipher",
                                   "DEFAULT@SECLEVEL=0"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, check=False)
            self.assertEqual(done.returncode == 0 and b"BEGIN CERTIFICATE" in done.stdout, is_taken, done.stdout)

    def test_plain(self):
        self.assertEqual(self.control.raw(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").count(b"HTTP/1.1 2"), 0)
        self.test_trusted()


class Start(Case):
    def start(self, *options):
        done = subprocess.run([f"{BUILD}/bin/keymoor-cloud-control", *options], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, check=False)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def test_refused(self):
        folder = self.control.dir
        good = ("--registry", self.control.registry, "--key", f"{folder}/seal", "--port", "0")
        with open(f"{folder}/text", "w", encoding="ascii") as stream:
            stream.write("no key\n")
        os.chmod(f"{folder}/text", 0o600)
        with open(f"{folder}/open", "wb") as stream:
            stream.write(b"k" * 32)
        os.chmod(f"{folder}/open", 0o644)
        rows = [(2, "--registry", ()), (2, "--port", (*good, "--port", "65536")), (2, "--help", (*good, "more")),
                (2, "together", (*good, "--tls-key", "x")), (1, "address", (*good, "--listen", "localhost")),
                (1, "listens", (*good, "--port", str(self.control.port))),
                (1, "TLS", (*good, "--tls-certificate", f"{folder}/text", "--tls-key", f"{folder}/text")),
                (1, "none.pem", (*good, "--tls-certificate", f"{folder}/none.pem", "--tls-key", f"{folder}/text")),
                (1, "text", (*good, "--issuer", f"{folder}/text")), (1, "open", (*good, "--issuer", f"{folder}/open")),
                (1, "", ("--registry", self.control.registry, "--key", f"{folder}/none")),
                (1, "", ("--registry", self.control.registry, "--key", f"{folder}/open")),
                (1, "", ("--registry", "mysql:x", "--key", f"{folder}/seal"))]
        for code, text, options in rows:
            with self.subTest(options[-2:]):
                got, _, error = self.start(*options)
                self.assertEqual(got, code, error)
                self.assertIn(text, error)
                self.assertLess(error.count("\n"), 3)
        self.assertEqual(self.start("--help")[0], 0)
        self.assertRegex(self.start("--version")[1], "^keymoor-cloud-control [0-9]")


class Killed(Case):
    """What was acknowledged is there after a kill, with its event; what was not is there with it, or not at all."""

    def test_kill(self):
        done = []

        def work(number):
            client = self.control.client("iot")
            try:
                for step in range(1000):
                    client.create_thing(thingName=f"t{number}-{step}")
                    done.append(f"t{number}-{step}")
            except Exception:  # it was killed
                pass
        for round_ in range(3):
            threads = [threading.Thread(target=work, args=(round_ * 10 + number,)) for number in range(3)]
            for thread in threads:
                thread.start()
            wanted = len(done) + 20
            until(lambda: len(done) >= wanted, "twenty things more are made")  # pylint: disable=cell-var-from-loop
            self.control.stop(signal.SIGKILL)
            for thread in threads:
                thread.join()
            self.control.start()
        client = self.control.client("iot")
        things = set()
        for page in client.get_paginator("list_things").paginate():
            things |= {one["thingName"] for one in page["things"]}
        self.assertLessEqual(set(done), things)
        self.assertLessEqual(len(things) - len(done), 9)
        ((events,),) = self.control.query("SELECT count(*) FROM event WHERE detail LIKE '%\"CreateThing\"%'")
        self.assertEqual(int(events), len(things))


@unittest.skipIf("KM_TEST_POSTGRES" in os.environ, "is about a file")
class Locked(Case):
    """Somebody else holds the registry's file."""

    def test_locked(self):
        self.iot.create_thing(thingName="before")
        database = sqlite3.connect(f"{self.control.dir}/registry.db", isolation_level=None)
        database.execute("BEGIN IMMEDIATE")
        self.assertEqual(self.iot.describe_thing(thingName="before")["version"], 1)
        self.refused("ServiceUnavailableException", self.iot.create_thing, thingName="meanwhile")
        database.execute("ROLLBACK")
        database.close()
        self.iot.create_thing(thingName="after")
        self.assertEqual([one["thingName"] for one in self.iot.list_things()["things"]], ["after", "before"])


if __name__ == "__main__":
    main()
