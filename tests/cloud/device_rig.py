# SPDX-License-Identifier: Apache-2.0
"""The endpoint for devices of a control plane, with a bus that keeps what is published, and curl with a certificate."""
import json
import os
import subprocess
import time

from control_bus import Broker
from control_rig import ACCOUNT, REGION, Case, Pki

ARN = f"arn:aws:iot:{REGION}:{ACCOUNT}:"
DEVICES = ("--device-port", "0", "--device-port-file", "{dir}/device.port", "--device-certificate", "{dir}/server.pem",
           "--device-key", "{dir}/server.key", "--account", ACCOUNT, "--bus", "{dir}/bus")
OWN = "${iot:Certificate.Subject.CommonName}"


def policy(*statements):
    """Each statement: effect, actions, resources (what stands behind arn:aws:iot:REGION:ACCOUNT:, or = and the whole)."""
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": effect, "Action": actions.split(), "Resource": [one[1:] if one[0] == "=" else ARN + one for one in resources.split()]}
        for effect, actions, resources in statements]})


class DeviceCase(Case):
    """Whoever inherits it is served with devices' certificates."""
    options = DEVICES
    expected = {}

    @classmethod
    def prepare(cls):
        pki = Pki(cls.control.dir)
        pki.ca("anchor")
        pki.leaf("server", "anchor", subject="/CN=127.0.0.1")
        cls.broker = Broker(f"{cls.control.dir}/bus")

    @classmethod
    def tearDownClass(cls):
        try:
            cls.check_recorded()
        finally:
            cls.broker.end()
            super().tearDownClass()

    @classmethod
    def check_recorded(cls):
        """Each refusal is an event of its certificate with the reason; they are written together, a little later."""
        while cls.expected:
            rows = {json.loads(detail)["requestId"]: (certificate, reason) for certificate, reason, detail in cls.control.query(
                "SELECT certificate_id, reason, detail FROM event WHERE kind = 'Api' AND is_success = 0")}
            for trace, (certificate, reason) in list(cls.expected.items()):
                if trace in rows:
                    found = rows[trace]
                    if found[0] != certificate or reason not in found[1]:
                        raise AssertionError(f"{found}, not {certificate}: {reason}")
                    del cls.expected[trace]
            time.sleep(0.05)

    @staticmethod
    def port_of(control):
        with open(f"{control.dir}/device.port", encoding="ascii") as stream:
            return int(stream.read())

    def curl(self, name, method, path, body=b"", control=None, headers=()):
        """As a device with the certificate of that name (None: without one): status and body."""
        port = self.port_of(control or self.control)
        who = ["--cert", self.pki.path(name + ".pem"), "--key", self.pki.path(name + ".key")] if name else []
        done = subprocess.run(["curl", "-sk", "-w", "\n%{http_code}", "-X", method, "--path-as-is", *who, *(word for one in headers for word in ("-H", one)),
                               *(["--data-binary", "@-"] if body else []), f"https://127.0.0.1:{port}{path}"],
                              input=body, check=True, stdout=subprocess.PIPE)
        text, _, status = done.stdout.rpartition(b"\n")
        return int(status), json.loads(text) if text else None

    def forbidden(self, name, method, path, reason, body=b"", control=None):
        """It is refused without a reason, which is in the registry instead."""
        status, answer = self.curl(name, method, path, body, control)
        self.assertEqual((status, answer["message"]), (403, "Forbidden"), reason)
        self.expected[answer["traceId"]] = (self.pki.identity(name), reason)

    def device(self, name, document=None, status="ACTIVE", **more):
        """A certificate that is registered, with a policy of its own."""
        if not os.path.exists(self.pki.path("elsewhere.pem")):
            self.pki.ca("elsewhere")
        pem = self.pki.leaf(name, "elsewhere", **more)
        made = self.iot.register_certificate_without_ca(certificatePem=pem, status=status)
        if document is not None:
            self.iot.create_policy(policyName=name, policyDocument=document)
            self.iot.attach_policy(policyName=name, target=made["certificateArn"])
        return made

    def setUp(self):
        with self.broker.changed:
            self.broker.frames = []
