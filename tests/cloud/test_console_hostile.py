#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The console's pages as somebody meets them who means no good, or takes the wrong file: in a headless Chromium."""
import base64
import http.server
import json
import os
import sys
import threading
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
# pylint: disable=wrong-import-position
from broker_rig import Client, until
from console_rig import Visitor
from test_console_access import Rig

EVIL = "<img src=x onerror=alert(1)>"
SCRIPT = "<script>alert(2)</script>"
BREAKS = "\"'><svg onload=alert(3)>\u202egnp.exe"
LINK = "javascript:alert(4)"

# Whatever gets to run is counted, as is what the policy had to stop, and what is sent is kept.
WATCH = """
window.fired = []; window.stopped = []; window.sent = [];
for (const name of ["alert", "confirm", "prompt", "print", "open"]) window[name] = (...words) => { fired.push([name, ...words.map(String)]); };
addEventListener("securitypolicyviolation", (event) => stopped.push(event.violatedDirective));
const ask = window.fetch;
window.fetch = (url, options) => { sent.push(`${url} ${options?.body ?? ""}`); return ask(url, options); };
"""


class Hostile(Rig):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.browser.cdp("Page.addScriptToEvaluateOnNewDocument", source=WATCH)
        cls.browser.login(cls.cloud)

    def quiet(self):
        self.assertEqual(self.browser.script("return [fired, stopped]"), [[], []])
        self.assertEqual(self.browser.all("main img, main svg, main script, main iframe"), [])


class Names(Hostile):
    """Every text that comes from a device, a CA or a program stays a text."""

    def test_1_what_runs_would_be_seen(self):
        b = self.browser
        b.script("alert('there')")
        self.assertEqual(b.script("return fired"), [["alert", "there"]])
        with self.assertRaises(Exception):  # Trusted Types
            b.script("document.querySelector('main').innerHTML = '<img src=x onerror=alert(1)>'")
        with self.assertRaises(Exception):
            b.script("document.createElement('button').setAttribute('onclick', 'alert(1)')")
        self.assertEqual(b.script("return fired.length"), 1)
        until(lambda: b.script("return stopped.length") > 0, "the policy stops it")
        b.driver.refresh()
        b.see("No CA is registered.")
        self.quiet()

    def test_2_a_ca(self):
        b = self.browser
        subject = f"/CN={EVIL.replace('=', chr(92) + '=')}"
        b.visit("#/register", "Give the CA certificate")
        self.pki.ca("evil", subject=subject)
        b.give("CA certificate", self.pki.path("evil.pem"))
        b.one(".check.good[data-check=ca-is-ca]")
        b.see(EVIL)
        self.pki.leaf("proof", "evil", subject=subject)
        b.give("Verification certificate", self.pki.path("proof.pem"))
        b.one(".check.bad[data-check=proof-code]")
        b.drop(".drop", [(f"{EVIL}.pem", b"nothing")])
        b.see(f"{EVIL}.pem holds no certificate")
        self.quiet()

    def test_3_events(self):
        b = self.browser
        identity = "a" * 64
        b.visit("#/events", "ConsoleLogin")
        self.cloud.add_events([
            {"client_id": EVIL, "principal": SCRIPT, "address": BREAKS, "reason": SCRIPT, "kind": "Connect", "certificate_id": identity},
            {"client_id": LINK, "principal": LINK, "reason": BREAKS, "kind": EVIL, "certificate_id": f"../../{LINK}\"{EVIL}", "is_success": 0},
            {"detail": json.dumps({"operation": EVIL}), "reason": "the last one"}, {"detail": json.dumps({"operation": {"a": 1}})}])
        b.see("the last one")
        self.assertIn(EVIL, b.text())
        for link in b.script("return [...document.querySelectorAll('main a')].map((a) => a.href)"):
            self.assertTrue(link.startswith(f"{self.cloud.url}/console/#/certificates/"), link)
        self.quiet()

    def test_4_messages(self):
        b = self.browser
        self.pki.ca("ca")
        self.register(self.visitor(), "own")
        self.activate("device", "own")
        b.visit("#/mqtt", "Subscribe")
        b.labelled("Topic filter").send_keys("#\n")
        b.one("button[aria-label='Unsubscribe from #']")
        client = Client(("127.0.0.1", self.cloud.broker_port), BREAKS[:100], self.cloud.context(self.pki.path("device.pem"), self.pki.path("device.key")))
        self.assertEqual(client.connected(), 0)
        deep = "[" * 2000 + "]" * 2000
        for topic, payload in ((SCRIPT, EVIL), (EVIL, json.dumps({EVIL: SCRIPT})), ("deep", deep), ("number", '{"n": 12345678901234567890, "m": 1.0}'),
                               ("twice", '{"a": 1, "a": 2}'), ("long", "x" * 100000), ("odd", "\u202eabc\u2066\x00\x1b[31m"), ("last", "that was all")):
            client.publish(topic, payload.encode(), qos=1)
            self.assertTrue(client.pubacked())
        client.disconnect()
        b.see("that was all")
        for text in (EVIL, SCRIPT, "12345678901234567890", '"a": 1, "a": 2', "more characters are not shown"):
            self.assertIn(text, b.text())
        self.assertLess(b.script("return document.querySelector('.messages').textContent.length"), 10_000_000)
        self.assertEqual(b.script("return [...new Set([...document.querySelectorAll('bdi, .topic, .payload')].map((e) => getComputedStyle(e).unicodeBidi))]"),
                         ["isolate"])
        self.quiet()
        b.labelled("Topic filter").send_keys(EVIL + "\n")
        b.see(EVIL)
        b.labelled("Topic").send_keys(EVIL + "/+\n")
        b.one(".fault")
        self.quiet()

    def activate(self, name, ca):
        visitor = self.visitor()
        identity = self.register(visitor, name, ca)
        self.assertEqual(visitor.api("PUT", f"aws/certificates/{identity}?newStatus=ACTIVE").status, 200)
        document = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iot:*", "Resource": "*"}]})
        self.assertEqual(visitor.api("POST", "aws/policies/all", {"policyDocument": document}).status, 200)
        arn = visitor.api("GET", f"aws/certificates/{identity}").json["certificateDescription"]["certificateArn"]
        self.assertEqual(visitor.api("PUT", "aws/target-policies/all", {"target": arn}).status, 200)

    def test_5_things(self):
        b = self.browser
        visitor = self.visitor()
        self.assertEqual(visitor.api("POST", "aws/things/lamp", {"attributePayload": {"attributes": {"room": "hall"}}}).status, 200)
        with self.cloud.database() as database:  # the API takes no such names
            database.execute("UPDATE attribute SET value = ?", (EVIL,))
        state = {EVIL: SCRIPT, "constructor": 1, "toString": {"valueOf": 1}, "__proto__x": BREAKS}
        self.assertEqual(visitor.api("POST", "aws/things/lamp/shadow", {"state": {"reported": state, "desired": state}}).status, 200)
        b.visit("#/things", EVIL)
        self.quiet()
        b.visit("#/things/lamp", EVIL)
        self.quiet()
        desired = b.labelled("Desired state (JSON)")
        desired.clear()
        desired.send_keys('{"toString": {}, "kept": 1}')
        b.button("Save the desired state").click()
        b.see("Saved as version 2.")
        # What is no longer wanted is taken away, whatever its name.
        self.assertEqual(visitor.api("GET", "aws/things/lamp/shadow").json["state"]["desired"], {"kept": 1})
        desired = b.labelled("Desired state (JSON)")
        desired.clear()
        desired.send_keys(EVIL)
        b.button("Save the desired state").click()
        b.see("This is no JSON")
        self.quiet()

    def test_6_addresses(self):
        b = self.browser
        for address in ("#/constructor", "#/__proto__", "#/%", "#/things/%E0%A4%A", "#//", f"#/{LINK}", "#/cas"):
            b.script("location.hash = arguments[0]", address)
            until(lambda: b.driver.title == "CAs - Keymoor console", address)
        b.visit("#/events", "ConsoleLogin")
        for address in (f"#/certificates/{EVIL}", f"#/things/{SCRIPT}", f"#/cas/{LINK}", "#/things/..%2f..%2fsession"):
            b.script("location.hash = arguments[0]", address)
            b.one("main [role=alert]")
            b.visit("#/events", "ConsoleLogin")
        self.quiet()


class Files(Hostile):
    """The certificate in a file is sent, and never anything else."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.browser.visit("#/register", "Give the verification certificate")
        code = cls.browser.one("#registration-code").text
        cls.pki.ca("ca", subject="/CN=file CA")
        cls.pki.leaf("proof", "ca", subject=f"/CN={code}")
        for name in ("ca", "proof"):
            cls.openssl("x509", "-in", f"{name}.pem", "-outform", "DER", "-out", f"{name}.der")

    @classmethod
    def openssl(cls, *arguments):
        # pylint: disable=import-outside-toplevel
        from control_rig import run
        return run("openssl", *arguments, cwd=cls.pki.dir)

    def octets(self, name):
        with open(self.pki.path(name), "rb") as stream:
            return stream.read()

    def drop(self, field, *files):
        self.browser.drop(f".drop:has(#{field}-file)", files)

    def checks(self, state, *names):
        for name in names:
            self.browser.one(f".check.{state}[data-check={name}]")

    def refused(self, text, *files):
        """The field says why, what was there before counts no more, and nothing was sent."""
        b = self.browser
        self.drop("ca", ("ca.pem", self.octets("ca.pem")))
        self.checks("good", "ca-reads", "ca-is-ca")
        b.script("window.sent = []")
        self.drop("ca", *files)
        b.see(text)
        self.checks("waiting", "ca-reads")
        self.assertIn(text, b.one("#ca-file-fault[role=alert]").text)
        self.assertEqual(b.labelled("CA certificate").get_attribute("aria-invalid"), "true")
        self.assertEqual(b.script("return document.getElementById('ca-file').files.length"), 0)
        bodies = b.script("return sent.filter((one) => !one.startsWith('api/live'))")
        self.assertTrue(bodies)
        for body in bodies:
            self.assertEqual(json.loads(body.split(" ", 1)[1])["caCertificate"], "")
        for _, octets in files:
            for part in (octets[:40].decode("latin1"), base64.b64encode(octets)[:40].decode()):
                self.assertFalse(len(octets) > 40 and any(part in body for body in bodies))

    def test_der_and_pem(self):
        """Both, of both: what a file manager drops, and what the field is given."""
        b = self.browser
        for end in ("der", "pem"):
            for field, names in (("ca", ("ca-reads", "ca-is-ca", "ca-key", "ca-dates", "ca-new")), ("proof", ("proof-reads", "proof-signature", "proof-dates"))):
                self.drop(field, (f"{field}.{end}", self.octets(f"{field}.{end}")))
                self.checks("good", *names)
            b.see("file CA, valid from")
            b.button("Register the CA")
            self.refused("holds no certificate", ("x", b"x"))
        b.give("CA certificate", self.pki.path("ca.der"))
        b.give("Verification certificate", self.pki.path("proof.der"))
        self.checks("good", "ca-key", "proof-code")
        text = self.openssl("x509", "-in", "ca.pem", "-text")
        self.assertIn(b"Issuer:", text)
        b.script("window.sent = []")
        self.drop("ca", ("with-text.pem", text))
        until(lambda: b.script("return sent.length") > 0, "it is checked")
        self.checks("good", "ca-reads")
        self.assertFalse(b.script("return sent.some((one) => one.includes('Issuer:'))"), "what stands around it is not sent")
        self.drop("ca", ("two-octets.pem", self.octets("ca.pem").decode().encode("utf-16")))
        self.checks("good", "ca-reads")

    def test_private_keys(self):
        self.openssl("pkcs8", "-topk8", "-in", "ca.key", "-out", "p8.key", "-passout", "pass:secret")
        self.openssl("pkcs8", "-topk8", "-in", "ca.key", "-outform", "DER", "-out", "p8.der", "-passout", "pass:secret")
        self.openssl("pkey", "-in", "ca.key", "-outform", "DER", "-out", "key.der")
        self.openssl("ec", "-in", "ca.key", "-outform", "DER", "-out", "sec1.der")
        self.openssl("genrsa", "-out", "rsa.key", "2048")
        self.openssl("rsa", "-in", "rsa.key", "-traditional", "-outform", "DER", "-out", "rsa.der")
        key = self.octets("ca.key")
        for name in ("ca.key", "p8.key", "p8.der", "key.der", "sec1.der", "rsa.key", "rsa.der"):
            self.refused("holds a private key. It has not left this computer.", (name, self.octets(name)))
        self.refused("holds a private key.", ("both.pem", self.octets("ca.pem") + key))
        self.refused("holds a private key.", ("both.pem", key + self.octets("ca.pem")))
        self.refused("holds a private key.", ("two-octets.key", key.decode().encode("utf-16")))
        self.refused("holds a private key.", ("openssh.key", b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n"))

    def test_other_files(self):
        self.openssl("pkcs12", "-export", "-in", "ca.pem", "-inkey", "ca.key", "-passout", "pass:secret", "-out", "ca.p12")
        self.openssl("crl2pkcs7", "-nocrl", "-certfile", "ca.pem", "-outform", "DER", "-out", "ca.p7b")
        self.openssl("crl2pkcs7", "-nocrl", "-certfile", "ca.pem", "-out", "ca.p7c")
        self.openssl("pkey", "-in", "ca.key", "-pubout", "-outform", "DER", "-out", "public.der")
        der = self.octets("ca.der")
        for text, name, octets in (
                ("is a PKCS#12 file", "ca.p12", self.octets("ca.p12")), ("is a PKCS#7 bundle", "ca.p7b", self.octets("ca.p7b")),
                ("no certificate but this: pkcs7", "ca.p7c", self.octets("ca.p7c")), ("this: certificate request", "ca.csr", self.octets("ca.csr")),
                ("holds no certificate, neither", "public.der", self.octets("public.der")), ("is too large", "huge", b"x" * 65537),
                ("holds 2 things: certificate", "two.pem", self.octets("ca.pem") + self.octets("proof.pem")), ("holds no certificate", "empty", b""),
                ("holds no certificate", "cut.der", der[:-1]), ("holds no certificate", "more.der", der + b"secret"), ("holds no certificate", "head.der", der[:3]),
                ("holds no certificate", "endless.der", b"\x30\x80" + der), ("holds no certificate", "long.der", b"\x30\x84\xff\xff\xff\xff" + der)):
            with self.subTest(name=name):
                self.refused(text, (name, octets))
        self.refused("These are several files.", ("a.pem", self.octets("ca.pem")), ("b.pem", self.octets("proof.pem")))

    def test_a_broken_certificate_is_the_servers_to_judge(self):
        der = bytearray(self.octets("ca.der"))
        for i in range(20, 60):
            der[i] ^= 0xff
        self.drop("ca", ("broken.der", bytes(der)))
        self.checks("bad", "ca-reads")

    def test_a_drag_without_a_drop(self):
        b = self.browser
        zone = "const zone = document.querySelector('.drop'); const go = (type, to, more = {}) => to.dispatchEvent(new DragEvent(type, {bubbles: true, cancelable: true, ...more}));"
        b.script(zone + "go('dragenter', zone); go('dragover', zone)")
        self.assertTrue(b.all(".drop.over"))
        b.script(zone + "go('dragleave', zone, {relatedTarget: zone.querySelector('p')})")
        self.assertTrue(b.all(".drop.over"), "it is still above the field's own parts")
        b.script(zone + "go('dragleave', zone, {relatedTarget: document.body})")
        self.assertFalse(b.all(".drop.over"))

    def test_a_drop_that_misses(self):
        """It does not open the file in place of the console, on no page."""
        b = self.browser
        took = "return !document.body.dispatchEvent(new DragEvent(arguments[0], {dataTransfer: new DataTransfer(), bubbles: true, cancelable: true}))"
        self.assertTrue(b.script(took, "dragover"))
        self.assertTrue(b.script(took, "drop"))

    def test_no_file_at_all(self):
        self.drop("ca", ("ca.pem", self.octets("ca.pem")))
        self.checks("good", "ca-reads")
        self.browser.drop(".drop", [])
        self.browser.see("That was no file.")
        self.checks("good", "ca-reads")

    def test_the_last_of_two_counts(self):
        for first, last, state in (("ca", "proof", "bad"), ("proof", "ca", "good")):
            for name in (first, last):
                self.drop("ca", (name, self.octets(f"{name}.pem")))
            self.checks(state, "ca-is-ca")
            self.assertEqual(self.browser.script("return document.getElementById('ca-file').files[0].name"), last)


class Elsewhere(Rig):
    """A page of another origin, which even shares the cookie: another port of the same host is the same site."""

    def test_it_gets_nowhere(self):
        b = self.browser
        b.login(self.cloud)
        pages = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
        threading.Thread(target=pages.serve_forever, daemon=True).start()
        self.addCleanup(pages.server_close)
        self.addCleanup(pages.shutdown)
        b.driver.get(f"http://127.0.0.1:{pages.server_port}/")
        api = f"{self.cloud.url}/console/api/"
        send = "const [url, options] = arguments; const done = arguments[arguments.length - 1]; fetch(url, options).then((a) => done([a.type, a.status]), () => done('failed'))"
        for path, body, more in (("logout", "{}", {"mode": "no-cors"}), ("aws/things/stolen", "{}", {"mode": "no-cors"}),
                                 ("aws/things/stolen", "{}", {"headers": {"X-Keymoor-CSRF": "login"}}), ("subscriptions", '{"filter":"#"}', {"mode": "no-cors"})):
            b.driver.set_script_timeout(60)
            answer = b.driver.execute_async_script(send, api + path, {"method": "POST", "credentials": "include", "body": body, **more})
            self.assertIn(answer, (["opaque", 0], "failed"))
        answer = b.driver.execute_async_script(send, f"{api}session", {"credentials": "include"})
        self.assertEqual(answer, "failed")
        b.script("const f = document.createElement('form'); f.method = 'POST'; f.action = arguments[0]; f.enctype = 'text/plain'; f.target = 'there';"
                 "const i = document.createElement('input'); i.name = '{\"a'; i.value = '\":1}'; f.append(i);"
                 "const there = document.createElement('iframe'); there.name = 'there'; document.body.append(f, there); window.loads = 0;"
                 "there.onload = () => window.loads++; f.submit()", f"{api}logout")
        until(lambda: b.script("return loads") > 0, "the form was sent")
        b.script("const i = document.createElement('iframe'); i.id = 'framed'; i.onload = () => window.framed = 1; i.src = arguments[0]; document.body.append(i)",
                 f"{self.cloud.url}/console/")
        until(lambda: b.script("return window.framed"), "the frame")
        b.driver.switch_to.frame(b.one("#framed"))
        self.assertEqual(b.all("main"), [], "the console lets itself be framed")
        b.driver.switch_to.default_content()
        b.driver.get(f"{self.cloud.url}/console/")
        b.see("No CA is registered.")  # still logged in
        visitor = Visitor(self.cloud)
        visitor.login()
        self.assertEqual(visitor.api("GET", "aws/things/stolen").status, 404)


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):  # pylint: disable=invalid-name
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!DOCTYPE html><title>elsewhere</title><p>elsewhere")

    def log_message(self, format, *args):  # pylint: disable=redefined-builtin
        pass


if __name__ == "__main__":
    unittest.main(warnings="ignore")
