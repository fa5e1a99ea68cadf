# SPDX-License-Identifier: Apache-2.0
"""A registry, certificates, brokers with the plugin, and a client that sees each octet that comes back."""
import json
import os
import re
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# pylint: disable=wrong-import-position
from free_port import free_port  # noqa: E402

ACCOUNT = "123456789012"
REGION = "eu-central-1"
ARN = f"arn:aws:iot:{REGION}:{ACCOUNT}:"
WAIT_S = 60  # for what is sure to come: only a broken program takes so long


def until(condition, what):
    """Waits for what is sure to happen; gives what the condition gave."""
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError(f"never came true: {what}")


def run(*command, **options):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options).stdout


def policy(*statements):
    """Each statement: effect, actions, resources (what stands behind arn:aws:iot:REGION:ACCOUNT:)."""
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": effect, "Action": actions.split(), "Resource": [ARN + r for r in resources.split()]}
        for effect, actions, resources in statements]})


ANYTHING = policy(("Allow", "iot:*", "*"))


class Certificate:
    def __init__(self, folder, name):
        self.key, self.pem, self.der = (os.path.join(folder, name + end) for end in (".key", ".pem", ".der"))
        self.chain = self.pem

    @property
    def id(self):
        return run("sha256sum", self.der).decode().split()[0]


class Pki:
    """CAs and what they issue, made with openssl."""

    def __init__(self, folder):
        self.folder = folder
        self.serial = 100

    def issue(self, name, issuer=None, subject=None, is_ca=False, days=30, extra=""):
        made = Certificate(self.folder, name)
        self.serial += 1
        extensions = os.path.join(self.folder, name + ".ext")
        with open(extensions, "w", encoding="ascii") as f:
            f.write(f"basicConstraints=critical,CA:{'TRUE' if is_ca else 'FALSE'}\nsubjectKeyIdentifier=hash\n")
            f.write("authorityKeyIdentifier=keyid\n" if issuer else "")
            f.write(extra + "\n")
            f.write("subjectAltName=DNS:localhost,IP:127.0.0.1\n" if name == "server" else "")
        run("openssl", "ecparam", "-genkey", "-name", "prime256v1", "-noout", "-out", made.key)
        request = os.path.join(self.folder, name + ".csr")
        run("openssl", "req", "-new", "-key", made.key, "-subj", subject or f"/O=Test/CN={name}", "-out", request)
        sign = ["-signkey", made.key] if issuer is None else ["-CA", issuer.pem, "-CAkey", issuer.key]
        run("openssl", "x509", "-req", "-in", request, *sign, "-set_serial", str(self.serial), "-days", str(days),
            "-extfile", extensions, "-out", made.pem)
        run("openssl", "x509", "-in", made.pem, "-outform", "DER", "-out", made.der)
        if issuer is not None:
            made.chain = os.path.join(self.folder, name + ".chain")
            with open(made.chain, "wb") as chain:
                for part in (made.pem, issuer.pem):
                    with open(part, "rb") as pem:
                        chain.write(pem.read())
        return made


class Client:
    """MQTT 3.1.1 by hand. A packet is (type, flags, body); None is the end of the connection."""

    def __init__(self, address, client_id, context=None, clean=True, will=None, keepalive=3600, version=4, over=None):
        self.last_id = 0
        self.buffer = b""
        self.id = client_id
        self.socket = over or self.dial(address, context)
        flags = (2 if clean else 0) | (0x04 | 0x08 if will else 0) | (0x20 if will and "retain" in will[2:] else 0)
        body = self.text("MQTT") + bytes([version, flags]) + struct.pack(">H", keepalive)
        body += (b"\0" if version == 5 else b"") + self.text(client_id)
        if will:
            body += self.text(will[0]) + self.text(will[1])
        self.send(0x10, body)

    @staticmethod
    def dial(address, context):
        kind = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        sock = socket.socket(kind, socket.SOCK_STREAM)
        sock.settimeout(WAIT_S)
        sock.connect(address)
        if kind == socket.AF_INET:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock if context is None else context.wrap_socket(sock, server_hostname="localhost")

    @staticmethod
    def text(value):
        octets = value.encode() if isinstance(value, str) else value
        return struct.pack(">H", len(octets)) + octets

    def send(self, head, body):
        length, left = b"", len(body)
        while True:
            length += bytes([left % 128 | (0x80 if left >= 128 else 0)])
            left //= 128
            if left == 0:
                break
        try:
            self.socket.sendall(bytes([head]) + length + body)
        except OSError:
            pass  # the reader will see how it ended

    def take(self, n):
        while len(self.buffer) < n:
            try:
                more = self.socket.recv(65536)
            except socket.timeout as late:
                raise AssertionError(f"{self.id}: nothing came") from late
            except OSError as error:
                self.error = str(error)
                return None
            if not more:
                return None
            self.buffer += more
        octets, self.buffer = self.buffer[:n], self.buffer[n:]
        return octets

    error = ""

    def packet(self):
        head = self.take(1)
        if head is None:
            return None
        length, shift = 0, 0
        while True:
            octet = self.take(1)
            if octet is None:
                return None
            length |= (octet[0] & 0x7f) << shift
            shift += 7
            if octet[0] < 0x80:
                break
        body = self.take(length)
        return None if body is None else (head[0] >> 4, head[0] & 15, body)

    def connected(self):
        """What CONNECT came to: the code of CONNACK, or None: closed without one."""
        packet = self.packet()
        assert packet is None or packet[0] == 2, packet
        return None if packet is None else packet[2][1]

    def publish(self, topic, payload="x", qos=0, retain=False):
        self.last_id += 1
        self.send(0x30 | qos << 1 | retain, self.text(topic) + (struct.pack(">H", self.last_id) if qos else b"") +
                  (payload.encode() if isinstance(payload, str) else payload))

    def subscribe(self, *filters, qos=1):
        self.last_id += 1
        self.send(0x82, struct.pack(">H", self.last_id) + b"".join(self.text(f) + bytes([qos]) for f in filters))

    def subscribed(self, *filters, qos=1):
        """Subscribes; gives the codes of SUBACK, or None when the connection was closed instead."""
        self.subscribe(*filters, qos=qos)
        packet = self.packet()
        return None if packet is None else list(packet[2][2:])

    def unsubscribed(self, topic):
        self.last_id += 1
        self.send(0xa2, struct.pack(">H", self.last_id) + self.text(topic))
        return self.packet()

    def message(self):
        """The next message as (topic, payload), acknowledged; None when the connection has ended."""
        while True:
            packet = self.packet()
            if packet is None:
                return None
            if packet[0] != 3:
                continue
            length = struct.unpack(">H", packet[2][:2])[0]
            topic, rest = packet[2][2:2 + length].decode(), packet[2][2 + length:]
            if packet[1] & 6:
                self.send(0x40, rest[:2])
                rest = rest[2:]
            return topic, rest

    def event(self):
        message = self.message()
        assert message is not None, f"{self.id}: closed"
        return message[0], json.loads(message[1])

    def answered(self):
        """Whether the broker still serves this connection: PING to PINGRESP. Passes messages over."""
        self.send(0xc0, b"")
        while True:
            packet = self.packet()
            if packet is None or packet[0] == 13:
                return packet is not None

    def pubacked(self):
        packet = self.packet()
        return packet is not None and packet[0] == 4

    def disconnect(self):
        self.send(0xe0, b"")
        self.close()

    def close(self):
        self.socket.close()


class Broker:
    def __init__(self, rig, name, **options):
        self.rig, self.name = rig, name
        self.folder = os.path.join(rig.folder, name)
        os.makedirs(self.folder, exist_ok=True)
        self.port = free_port()
        self.local = os.path.join(self.folder, "local")
        self.bus = os.path.join(self.folder, "bus")
        self.log = os.path.join(self.folder, "log")
        # As long for the registry as may be: on a machine that has much to do it is slow without anything being wrong.
        settings = {"registry": rig.url, "account": ACCOUNT, "region": REGION, "bus": self.bus, "local": self.local,
                    "publishes_per_s": 0, "read_timeout_ms": 10000, "write_timeout_ms": 60000}
        settings.update({k: v for k, v in options.items() if k not in ("persistence", "clients")})
        self.conf = os.path.join(self.folder, "mosquitto.conf")
        with open(self.conf, "w", encoding="utf-8") as f:
            f.write(f"user {run('id', '-un').decode().strip()}\nallow_anonymous false\n"
                    f"check_retain_source true\nset_tcp_nodelay true\nmax_inflight_messages 100\n"
                    f"max_packet_size 196608\n"
                    f"plugin {rig.plugin}\n" + "".join(f"plugin_opt_{k} {v}\n" for k, v in settings.items()) +
                    (f"persistence true\npersistence_location {self.folder}/\n" if options.get("persistence") else "") +
                    f"listener {self.port} 127.0.0.1\ncertfile {rig.server.pem}\n"
                    f"keyfile {rig.server.key}\nrequire_certificate true\ntls_version tlsv1.2\n"
                    f"listener 0 {self.local}\n")
        self.process, self.n_starts = None, 0
        self.start()

    def start(self):
        # pylint: disable=consider-using-with
        self.n_starts = self.text().count("mosquitto version 2.0.11 running") if os.path.exists(self.log) else 0
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([*self.rig.wrapper, self.rig.mosquitto, "-c", self.conf, "-v"],
                                            stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                            env={**os.environ, **self.rig.environment})
        until(self.is_ready, f"broker {self.name} listens: {self.text()[-2000:]}")

    def is_ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the broker has ended: {self.text()[-3000:]}")
        return self.text().count("mosquitto version 2.0.11 running") > self.n_starts

    def stop(self):
        """Ends it as systemd does; it must end well."""
        self.process.terminate()
        rc = self.process.wait(WAIT_S)
        assert rc == 0, f"broker {self.name} ended with {rc}: {self.text()[-4000:]}"

    def text(self):
        with open(self.log, encoding="utf-8", errors="replace") as f:
            return f.read()

    def observer(self, *filters):
        """A local client that may see everything."""
        client = Client(self.local, "observer-%d" % time.monotonic_ns())
        assert client.connected() == 0
        if filters:
            assert client.subscribed(*filters) == [1] * len(filters)
        self.rig.clients.append(client)
        return client

    def client(self, certificate, client_id, tls=None, **options):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(self.rig.server_ca.pem)
        context.load_cert_chain(certificate.chain, certificate.key)
        if tls is not None:
            context.maximum_version = tls
        client = Client(("127.0.0.1", self.port), client_id, context, **options)
        self.rig.clients.append(client)
        return client

    def connect(self, certificate, client_id, **options):
        client = self.client(certificate, client_id, **options)
        code = client.connected()
        assert code == 0, f"{client_id}: {code}, {client.error}: {self.text()[-1500:]}"
        return client


class Rig:
    def __init__(self, build, source, url=None):
        self.folder = tempfile.mkdtemp(prefix="keymoor-broker-")
        self.tool = os.path.join(build, "tests", "registry_tool")
        self.plugin = os.path.join(build, "mosquitto", "keymoor_broker.so")
        self.mosquitto = shutil.which("mosquitto", path=os.environ["PATH"] + ":/usr/sbin")
        self.source = source
        self.url = self.new_database(url) if url else "sqlite:" + os.path.join(self.folder, "registry.db")
        self.wrapper = []
        self.environment = {}
        preload = os.environ.get("KM_TEST_PRELOAD")
        if preload:
            # mosquitto itself loses the answer to a SUBSCRIBE that it does not send.
            ours = os.path.join(self.folder, "leaks")
            with open(ours, "w", encoding="ascii") as f:
                f.write("leak:mosquitto__realloc\n")
            self.environment = {"LD_PRELOAD": preload, "ASAN_OPTIONS": "detect_leaks=1:exitcode=99",
                                "TSAN_OPTIONS": "exitcode=99",
                                "LSAN_OPTIONS": f"suppressions={ours}:print_suppressions=0"}
        self.pki = Pki(self.folder)
        self.brokers = []
        self.clients = []
        try:
            self.server_ca = self.pki.issue("server-ca", is_ca=True)
            self.server = self.pki.issue("server", self.server_ca)
            self.registry("init")
        except BaseException:  # nobody has it yet to close it
            shutil.rmtree(self.folder)
            raise

    @staticmethod
    def new_database(url):
        """A database of this test's own beside the one that url names."""
        name = "rig" + str(time.monotonic_ns())
        conninfo = url.removeprefix("postgresql:")
        run("psql", "-q", "-d", conninfo, "-c", f"CREATE DATABASE {name}")
        return "postgresql:" + re.sub(r"dbname=\w+", f"dbname={name}", conninfo)

    def registry(self, *arguments):
        done = subprocess.run([self.tool, self.url, ACCOUNT, *arguments], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, check=False)
        assert done.returncode == 0, (arguments, done.stderr.decode())
        return done.stdout.decode().strip()

    def broker(self, name="broker", **options):
        broker = Broker(self, name, **options)
        self.brokers.append(broker)
        return broker

    def ca(self, name, state="active", auto="auto", **options):
        ca = self.pki.issue(name, is_ca=True, **options)
        ca.registered = self.registry("ca-add", ca.der, state, auto)
        assert ca.registered == ca.id
        return ca

    def device(self, name, ca, state="ACTIVE", policies=(), **options):
        device = self.pki.issue(name, ca, **options)
        self.registry("certificate-add", device.der, ca.id, state)
        for one in policies:
            self.registry("attach", one, device.id)
        return device

    def events(self, **wanted):
        """The registry's events as dictionaries."""
        names = ("kind", "success", "client", "certificate", "reason")
        found = [dict(zip(names, line.split("\t"))) for line in self.registry("events").split("\n") if line]
        return [e for e in found if all(re.search(v, e.get(k) or "") for k, v in wanted.items())]

    def expect_event(self, n=1, **wanted):
        """These events, when there are at least n."""
        def found():
            events = self.events(**wanted)
            return events if len(events) >= n else None
        return until(found, f"{n} events {wanted}, not among {self.events()}")

    def close(self):
        for client in self.clients:
            client.close()
        for broker in self.brokers:
            if broker.process.poll() is None:
                broker.stop()
        shutil.rmtree(self.folder)
