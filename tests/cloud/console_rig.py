# SPDX-License-Identifier: Apache-2.0
"""A cloud of its own for a test of the console, as `keymoor-cloud up` makes it, and requests to it as a browser could send them."""
import contextlib
import http.client
import json
import os
import re
import shutil
import sqlite3
import ssl
import subprocess
import tempfile
import time

BUILD = os.environ["KM_TEST_BUILD"]


class Cloud:
    """As an operator has it: the console's password is what `up` prints, once."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="km-console-")
        done = self.command("up", "--port", "0", "--http-port", "0")
        self.told = done.stdout
        self.url = self.read("run/endpoint")
        self.port = int(self.url.rsplit(":", 1)[1])
        self.broker_port = int(self.read("run/broker").rsplit(":", 1)[1])
        self.user, self.password = re.search(r"log in as (\S+) with ([a-z2-9-]+),", self.told).groups()

    def read(self, name):
        with open(f"{self.dir}/{name}", encoding="utf-8", errors="replace") as stream:
            return stream.read().strip()

    def command(self, *arguments):
        done = subprocess.run([f"{BUILD}/bin/keymoor-cloud", *arguments, "--dir", self.dir], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        assert done.returncode == 0, (arguments, done.stderr)
        return done

    def close(self):
        self.command("down")
        logs = self.read("log/control.log") + self.read("log/broker.log")
        shutil.rmtree(self.dir)
        assert "Sanitizer" not in logs, logs

    def database(self):
        """The registry itself, for what would take too long by the API or is not to be had by it."""
        database = sqlite3.connect(f"{self.dir}/registry.db", timeout=60, isolation_level=None)
        return contextlib.closing(database)

    def add_events(self, events):
        """Each a dictionary of columns beside id and time."""
        with self.database() as database:
            database.execute("BEGIN IMMEDIATE")
            last, = database.execute("SELECT coalesce(max(id), 0) FROM event").fetchone()
            account, = database.execute("SELECT id FROM account").fetchone()
            for event in events:
                last += 1
                row = {"id": last, "time_ms": int(time.time() * 1000), "account": account, "kind": "Connect", "is_success": 1, **event}
                database.execute(f"INSERT INTO event ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", list(row.values()))
            database.execute("COMMIT")

    def context(self, certificate, key):
        """TLS of a device."""
        context = ssl.create_default_context(cafile=f"{self.dir}/server_ca.pem")
        context.load_cert_chain(certificate, key)
        return context


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = response.read()

    @property
    def json(self):
        return json.loads(self.body)


class Visitor:
    """Sends what it is told, with the cookie and the CSRF header that a login gave it unless told otherwise."""

    def __init__(self, cloud):
        self.cloud = cloud
        self.cookie = self.csrf = None

    def send(self, method, path, body=None, **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        headers.setdefault("Cookie", self.cookie)
        headers.setdefault("X-Keymoor-CSRF", self.csrf)
        connection = http.client.HTTPConnection("127.0.0.1", self.cloud.port, timeout=60)
        content = json.dumps(body) if isinstance(body, dict) else body
        connection.request(method, path, body=content, headers={k: v for k, v in headers.items() if v is not None})
        answer = Answer(connection.getresponse())
        connection.close()
        return answer

    def api(self, method, path, body=None, **headers):
        return self.send(method, f"/console/api/{path}", body, **headers)

    def login(self, name=None, password=None, is_patient=True, **headers):
        """is_patient: waits while all logins together are too many, which tests of something else easily are."""
        headers.setdefault("X_Keymoor_CSRF", "login")
        body = {"name": name or self.cloud.user, "password": password or self.cloud.password}
        answer = self.api("POST", "login", body, **headers)
        while is_patient and answer.status == 429:
            time.sleep(0.1)
            answer = self.api("POST", "login", body, **headers)
        if answer.status == 200:
            self.cookie = answer.headers["set-cookie"].split(";")[0]
            self.csrf = answer.json["csrf"]
        return answer
