# SPDX-License-Identifier: Apache-2.0
"""A control plane of its own for a test, and the unmodified boto3 to drive it."""
import hashlib
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time
import unittest
import warnings

import botocore.auth
import botocore.awsrequest
import botocore.client
import botocore.credentials
import botocore.session
from botocore.exceptions import ClientError

# botocore leaves its connections to the garbage collector.
warnings.simplefilter("ignore", ResourceWarning)

BUILD = os.environ["KM_TEST_BUILD"]
ACCOUNT = "123456789012"
OTHER = "210987654321"
REGION = "us-east-1"
KEY = ("AKIDEXAMPLE000000001", "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY12")
OTHER_KEY = ("AKIDEXAMPLE000000002", "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY34")


def run(*command, **more):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more).stdout


class Control:
    """keymoor-cloud-control on a registry in a folder of its own."""

    def __init__(self, *options):
        self.dir = tempfile.mkdtemp(prefix="km-control-")
        self.registry = self.make_registry()
        self.options = [option.format(dir=self.dir) for option in options]
        self.environment = {}
        self.process = None
        self.scheme = "https" if any("--tls-certificate" in option for option in self.options) else "http"
        self.seed(ACCOUNT, *KEY)
        self.seed(OTHER, *OTHER_KEY)

    def make_registry(self):
        """A file, or on PostgreSQL (KM_TEST_POSTGRES: how psql gets there) a database."""
        server = os.environ.get("KM_TEST_POSTGRES")
        if server is None:
            return f"sqlite:{self.dir}/registry.db"
        name = os.path.basename(self.dir).replace("-", "_").lower()
        run("psql", "-qX", f"{server} dbname=postgres", "-c", f"CREATE DATABASE {name}")
        return f"postgresql:{server} dbname={name}"

    def query(self, sql):
        """The rows of a query, each a list of texts."""
        if self.registry.startswith("sqlite:"):
            with sqlite3.connect(f"{self.dir}/registry.db") as database:
                return [[str(value) if value is not None else "" for value in row] for row in database.execute(sql)]
        lines = run("psql", "-qXAt", "-F", "\t", self.registry.split(":", 1)[1], "-c", sql).decode().splitlines()
        return [line.split("\t") for line in lines]

    def seed(self, *arguments):
        return run(f"{BUILD}/tests/control_seed", self.registry, f"{self.dir}/seal", *arguments).decode()

    def start(self):
        port_file = f"{self.dir}/port"
        if os.path.exists(port_file):
            os.unlink(port_file)
        log = open(f"{self.dir}/log", "ab")
        self.process = subprocess.Popen(
            [f"{BUILD}/bin/keymoor-cloud-control", "--registry", self.registry, "--key", f"{self.dir}/seal",
             "--port", "0", "--port-file", port_file, "--issuer", f"{self.dir}/issuer.pem",
             "--endpoint", "localhost:8883", *self.options],
            stderr=log, env={**os.environ, **self.environment})
        log.close()
        while not os.path.exists(port_file):
            if self.process.poll() is not None:
                raise AssertionError(f"the control plane ended: {self.log()}")
            time.sleep(0.01)
        with open(port_file, encoding="ascii") as stream:
            self.port = int(stream.read())
        self.url = f"{self.scheme}://127.0.0.1:{self.port}"
        return self

    def log(self):
        with open(f"{self.dir}/log", encoding="utf-8", errors="replace") as stream:
            return stream.read()

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        return self.process.wait()

    def remove(self):
        shutil.rmtree(self.dir)

    def client(self, service, key=KEY, token=None, region=REGION, **more):
        session = botocore.session.Session()
        return session.create_client(service, region_name=region, endpoint_url=self.url, aws_access_key_id=key[0],
                                     aws_secret_access_key=key[1], aws_session_token=token,
                                     config=botocore.client.Config(
                                         parameter_validation=False, retries={"max_attempts": 0}, **more))

    def signed(self, method, path, body=b"", service="execute-api", headers=None, key=KEY):
        """The headers that botocore would send with such a request."""
        request = botocore.awsrequest.AWSRequest(method, self.url + path, data=body, headers=headers or {})
        signer = botocore.auth.SigV4Auth(botocore.credentials.Credentials(*key), service, REGION)
        signer.add_auth(request)
        return dict(request.headers.items())

    def raw(self, data, wait_for_end=True):
        """Octets in, octets out, until the server closes the connection."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as sock:
            try:
                sock.sendall(data)
                if wait_for_end:
                    sock.shutdown(socket.SHUT_WR)
            except OSError:  # it had heard enough
                pass
            answer = b""
            while True:
                try:
                    part = sock.recv(65536)
                except ConnectionResetError:
                    break
                if not part:
                    break
                answer += part
        return answer

    def send(self, method, path, body=b"", headers=None, sign=True, **signing):
        """One request as it is, without botocore's help; the status, headers and body of the answer."""
        import http.client
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        all_headers = dict(headers or {})
        if sign:
            all_headers = self.signed(method, path, body, headers=headers, **signing)
        connection.putrequest(method, path, skip_host="Host" in all_headers, skip_accept_encoding=True)
        for name, value in all_headers.items():
            connection.putheader(name, value)
        if "Content-Length" not in all_headers:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders()
        if body:
            connection.send(body)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, content


class Pki:
    """CAs and certificates by the openssl program, in a folder."""

    def __init__(self, folder):
        self.dir = folder

    def path(self, name):
        return os.path.join(self.dir, name)

    def read(self, name):
        with open(self.path(name), encoding="ascii") as stream:
            return stream.read()

    def key(self, name, kind=("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")):
        run("openssl", "genpkey", *kind, "-out", self.path(name + ".key"))

    def ca(self, name, subject=None, extensions=("basicConstraints=critical,CA:TRUE",), kind=None, digest="sha256", days=30):
        self.key(name, *([kind] if kind else []))
        more = [part for extension in extensions for part in ("-addext", extension)]
        with open(self.path("ca.cnf"), "w", encoding="ascii") as stream:
            stream.write("\n".join(("[req]", "distinguished_name=dn", "[dn]", "[ca]", *extensions, "")))
        run("openssl", "req", "-new", "-config", self.path("ca.cnf"), "-key", self.path(name + ".key"), "-subj",
            subject or f"/CN={name}", "-out", self.path(name + ".csr"))
        run("openssl", "x509", "-req", f"-{digest}", "-in", self.path(name + ".csr"), "-signkey", self.path(name + ".key"),
            "-days", str(days), "-extfile", self.path("ca.cnf"), "-extensions", "ca", "-out", self.path(name + ".pem"))
        return self.read(name + ".pem")

    def leaf(self, name, ca, subject=None, days=30, kind=None):
        self.key(name, *([kind] if kind else []))
        run("openssl", "req", "-new", "-key", self.path(name + ".key"), "-subj", subject or f"/CN={name}", "-out",
            self.path(name + ".csr"))
        run("openssl", "x509", "-req", "-sha256", "-in", self.path(name + ".csr"), "-CA", self.path(ca + ".pem"),
            "-CAkey", self.path(ca + ".key"), "-CAcreateserial", "-days", str(days), "-out", self.path(name + ".pem"))
        return self.read(name + ".pem")

    def identity(self, name):
        return hashlib.sha256(run("openssl", "x509", "-in", self.path(name + ".pem"), "-outform", "DER")).hexdigest()


def main():
    unittest.main(warnings="ignore")


class Case(unittest.TestCase):
    """Tests that share one control plane."""

    options = ()

    @classmethod
    def setUpClass(cls):
        cls.control = Control(*cls.options)
        cls.prepare()
        cls.control.start()
        cls.iot = cls.control.client("iot")
        cls.pki = Pki(cls.control.dir)

    @classmethod
    def prepare(cls):
        """What has to be there before it starts."""

    @classmethod
    def tearDownClass(cls):
        code = cls.control.stop()
        log = cls.control.log()
        cls.control.remove()
        if code != 0 or "Sanitizer" in log:
            raise AssertionError(f"the control plane ended with {code}: {log}")

    def refused(self, code, call, *arguments, **more):
        """The call fails with that exception; its whole answer is returned."""
        with self.assertRaises(ClientError) as caught:
            call(*arguments, **more)
        self.assertEqual(caught.exception.response["Error"]["Code"], code, caught.exception)
        return caught.exception.response

    def register_ca(self, name, **more):
        pem = self.pki.ca(name, subject=more.pop("subject", None))
        code = self.iot.get_registration_code()["registrationCode"]
        proof = self.pki.leaf(name + "-proof", name, subject=f"/CN={code}")
        return self.iot.register_ca_certificate(caCertificate=pem, verificationCertificate=proof, **more)
