#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The console for who listens to it, has only a keyboard, needs large letters or strong contrast: each page in each of its states."""
import json
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
# pylint: disable=wrong-import-position
import control_rig
from broker_rig import until
from browser_rig import Browser
from console_rig import Cloud, Visitor

CONTROLS = {"button", "link", "textbox", "checkbox", "combobox", "searchbox", "radio", "DisclosureTriangle", "option", "StaticText"} - {"StaticText", "option"}
# What may be focused though it is no control: what scrolls, and headings of what has just come.
READ = {"region", "group", "list", "heading", "main", "RootWebArea", "dialog"}
DEVICES = 60


class Rig(unittest.TestCase):
    """A cloud in which there is a little of everything, and a browser that is logged in."""

    @classmethod
    def setUpClass(cls):
        cls.cloud = Cloud()
        cls.pki = control_rig.Pki(cls.cloud.dir)
        cls.browser = Browser()

    @classmethod
    def tearDownClass(cls):
        cls.browser.close()
        cls.cloud.close()

    def tearDown(self):
        if any(error for _, error in getattr(self._outcome, "errors", []) or []):
            self.browser.shot("failed")

    @classmethod
    def visitor(cls):
        visitor = Visitor(cls.cloud)
        assert visitor.login().status == 200
        return visitor

    @classmethod
    def register(cls, visitor, name, ca=None):
        """A device's certificate, or a CA's."""
        if ca is None:
            pem = cls.pki.ca(name, subject=f"/CN={name}")
            code = visitor.api("GET", "aws/registrationcode").json["registrationCode"]
            body = {"caCertificate": pem, "verificationCertificate": cls.pki.leaf(f"{name}-proof", name, subject=f"/CN={code}")}
            answer = visitor.api("POST", "aws/cacertificate?setAsActive=true&allowAutoRegistration=true", body)
        else:
            answer = visitor.api("POST", "aws/certificate/register", {"certificatePem": cls.pki.leaf(name, ca), "status": "INACTIVE"})
        assert answer.status == 200, answer.body
        return answer.json["certificateId"]


class Ears(Rig):
    """What is true of each state of each page, whatever the page is."""

    def everything(self, state):
        b = self.browser
        with self.subTest(state=state):
            tree = b.tree()
            self.names(tree)
            self.headings(tree)
            self.landmarks(tree, is_in=not state.startswith("login"))
            self.tables(tree)
            self.faults(tree)
            self.live_regions(tree)
            self.assertEqual(b.script("return document.documentElement.lang"), "en")
            self.assertEqual(b.script("return document.getAnimations().length"), 0, "motion that nobody asked for")
            self.looks(state)

    def names(self, tree):
        """Who can be reached is told what it is, and no two that do different things are told the same."""
        for role, name, _, properties, _ in tree:
            if role in CONTROLS or properties.get("focusable") and role not in READ:
                self.assertTrue(name.strip(), f"{role} without a name")
                self.assertNotIn(role, ("generic", "none", "div"), name)
            elif properties.get("focusable") and role != "RootWebArea":
                self.assertTrue(name.strip() or role == "main", f"{role} without a name")
        buttons = [name for role, name, _, properties, _ in tree if role == "button"]
        self.assertEqual(len(buttons), len(set(buttons)), buttons)

    def headings(self, tree):
        levels = [properties["level"] for role, _, _, properties, _ in tree if role == "heading"]
        self.assertEqual(levels.count(1), 1, levels)
        self.assertEqual(levels[0], 1)
        for before, level in zip(levels, levels[1:]):
            self.assertLessEqual(level, before + 1, levels)

    def landmarks(self, tree, is_in):
        roles = [role for role, *_ in tree]
        self.assertEqual(roles.count("main"), 1)
        self.assertEqual((roles.count("banner"), roles.count("navigation")), (1, 1) if is_in else (0, 0))
        current = [name for role, name, _, properties, _ in tree if role == "link" and self.is_current(name)]
        self.assertEqual(len(current), 1 if is_in else 0)

    def is_current(self, name):
        return self.browser.script("return [...document.querySelectorAll('[aria-current=page]')].some((e) => e.textContent === arguments[0])", name)

    def tables(self, tree):
        """Each has a name, its columns have headings and its rows too."""
        for at, (role, name, *_) in enumerate(tree):
            if role != "table":
                continue
            self.assertTrue(name, "a table without a name")
            inside = [one for one in range(len(tree)) if self.is_inside(tree, one, at)]
            headings = [tree[one][1] for one in inside if tree[one][0] == "columnheader"]
            self.assertTrue(headings and all(headings), headings)
            rows = [one for one in inside if tree[one][0] == "row"]
            for row in rows[1:]:
                kinds = [tree[one][0] for one in inside if self.is_inside(tree, one, row)]
                self.assertEqual(kinds.count("rowheader"), 1, kinds)
                self.assertEqual(kinds.count("cell"), len(headings) - 1, kinds)

    @staticmethod
    def is_inside(tree, one, what):
        while one is not None and one > what:
            one = tree[one][4]
        return one == what

    def faults(self, tree):
        """A field that is wrong says why when one comes to it."""
        alerts = self.browser.script("return [...document.querySelectorAll('.fault')].map((e) => e.textContent)")
        wrong = [description for _, _, description, properties, _ in tree if properties.get("invalid") == "true"]
        self.assertEqual(len(alerts), len(wrong))
        for alert in alerts:
            self.assertTrue(any(alert in description for description in wrong), (alert, wrong))

    def live_regions(self, tree):
        """Only sentences that are made to be heard speak by themselves, no table and no list."""
        for at, (role, name, _, properties, _) in enumerate(tree):
            if properties.get("live", "off") == "off":
                continue
            self.assertIn(role, ("status", "alert"), name)
            inside = {tree[one][0] for one in range(len(tree)) if one != at and self.is_inside(tree, one, at)}
            self.assertLessEqual(inside, {"StaticText", "InlineTextBox"}, role)

    def looks(self, state):
        b = self.browser
        for scheme in ("light", "dark"):
            b.scheme(scheme)
            for kind, size in (("desk", (1280, 900)), ("phone", (390, 844))):
                b.screen(*size)
                self.assertEqual(b.contrast(), [], (state, scheme, kind))
                b.shot(f"{state}-{scheme}-{kind}")
        b.scheme("light")
        # A narrow window, and one whose content is twice as large.
        for size in ((320, 640, 1), (640, 450, 2)):
            b.screen(*size)
            self.assertEqual(b.spill(), [], (state, size))
        self.tables(b.tree())
        b.screen()

    def title(self, text):
        self.assertEqual(self.browser.driver.title, f"{text} - Keymoor console")

    # ---- the states, each after the one before ----

    def test_1_login(self):
        b = self.browser
        b.driver.get(self.cloud.url + "/console/")
        b.labelled("Name")
        self.title("Log in")
        self.everything("login")
        b.labelled("Name").send_keys(self.cloud.user)
        b.labelled("Password").send_keys("wrong", "\n")
        b.see("Wrong name or password.")
        self.everything("login-wrong")

    def test_2_when_there_is_nothing(self):
        b = self.browser
        b.login(self.cloud)
        for page, title, text in (("cas", "CAs", "No CA is registered."), ("certificates", "Certificates", "No device has a certificate here yet."),
                                  ("things", "Things", "There are no things yet."), ("mqtt", "MQTT client", "No messages so far.")):
            b.visit(f"#/{page}", text)
            self.title(title)
            self.everything(f"{page}-empty")

    def test_3_register(self):
        b = self.browser
        b.visit("#/register", "Give the verification certificate")
        self.title("Register a CA")
        b.see("It is a CA (basicConstraints CA:TRUE)")
        self.everything("register")
        self.pki.ca("one")
        b.give("CA certificate", self.pki.path("one.key"))
        b.see("holds a private key")
        self.everything("register-key")
        b.give("CA certificate", self.pki.path("one.pem"))
        b.one("#ca-file:not([aria-invalid])")
        self.pki.leaf("wrong", "one")
        b.give("Verification certificate", self.pki.path("wrong.pem"))
        b.one(".check.bad[data-check=proof-code]")
        until(lambda: "failed" in b.script("return document.getElementById('said').textContent"), "it is said that a check failed")
        self.everything("register-bad")
        self.pki.leaf("right", "one", subject=f"/CN={b.one('#registration-code').text}")
        b.give("Verification certificate", self.pki.path("right.pem"))
        b.one(".check.good[data-check=proof-code]")
        until(lambda: b.script("return document.getElementById('said').textContent") == "All checks passed.", "it is said that all is well")
        self.everything("register-good")
        b.button("Register the CA").click()
        b.see("The CA is registered")
        self.everything("registered")

    def test_4_lists_and_what_is_in_them(self):
        b = self.browser
        visitor = self.visitor()
        ca = b.script("return document.querySelector('a[href^=\"#/cas/\"]').hash").split("/")[-1]
        for i in range(3):
            self.register(visitor, f"device{i}", "one")
        identity = self.pki.identity("device0")
        with self.cloud.database() as database:
            database.execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) INSERT INTO certificate "
                             "SELECT printf('%064x', i), account, ca_id, mode, status, generation_id, previous_account, transfer_to, customer_version, "
                             "created_ms, modified_ms, not_before_ms, not_after_ms FROM certificate, n WHERE id = ?", (DEVICES, identity))
        self.assertEqual(visitor.api("POST", "aws/things/lamp", {"attributePayload": {"attributes": {"room": "hall"}}}).status, 200)
        state = {"state": {"reported": {"light": "off"}, "desired": {"light": "on"}}}
        self.assertEqual(visitor.api("POST", "aws/things/lamp/shadow", state).status, 200)
        for address, title, text in (("#/cas", "CAs", "ACTIVE"), (f"#/cas/{ca}", f"CA {ca[:8]}…", "Certificates that it issued"),
                                     ("#/certificates", "Certificates", "Page 1"), (f"#/certificates/{identity}", f"Certificate {identity[:8]}…", "INACTIVE"),
                                     ("#/things", "Things", "room=hall"), ("#/things/lamp", "Thing lamp", "Reported")):
            b.visit(address, text)
            self.title(title)
            self.everything(address[2:].replace("/", "-").replace(ca, "one").replace(identity, "one"))

    def test_5_what_was_wrong(self):
        b = self.browser
        b.visit("#/things/lamp", "Reported")
        b.labelled("Desired state (JSON)").send_keys("no JSON")
        b.button("Save the desired state").click()
        b.one(".fault")
        self.everything("thing-wrong")
        b.visit("#/certificates/" + "0" * 64, "Certificate")
        b.one("[role=alert]")
        self.everything("certificate-none")
        b.visit("#/mqtt", "Subscribe")
        b.labelled("Topic filter").send_keys("a/#/b\n")
        b.one(".fault")
        self.everything("mqtt-wrong")

    def test_6_what_comes(self):
        b = self.browser
        b.visit("#/events", "RegisterCACertificate")
        self.cloud.add_events([{"client_id": "lamp-7", "certificate_id": self.pki.identity("device0"), "address": "192.0.2.7"},
                               {"client_id": "lamp-8", "is_success": 0, "reason": "no policy allows it", "kind": "Publish", "address": "192.0.2.8"}])
        b.see("lamp-8")
        self.everything("events")
        b.visit("#/mqtt", "Subscribe")
        b.labelled("Topic filter").send_keys("plant/#\n")
        b.one("button[aria-label='Unsubscribe from plant/#']")
        for topic, message in (("plant/7/state", json.dumps({"speed": 12, "unit": "rpm"})), ("plant/8/a/very/long/topic/" + "x" * 120, "plain words " * 20)):
            self.assertEqual(self.visitor().api("POST", f"aws/topics/{topic.replace('/', '%2F')}?qos=1", message).status, 200)
        b.see("plain words")
        self.everything("mqtt")

    def test_7_many_events_are_no_chatter(self):
        """Hundreds of events are told in a few sentences, not one by one."""
        b = self.browser
        b.visit("#/events", "lamp-8")
        b.script("window.sentences = []; new MutationObserver(() => { const t = document.getElementById('said').textContent; if (t) sentences.push(t); })"
                 ".observe(document.getElementById('said'), {childList: true, characterData: true, subtree: true})")
        for i in range(10):
            self.cloud.add_events([{"client_id": f"many-{i}-{j}", "is_success": j % 2} for j in range(30)])
            b.see(f"many-{i}-29")
        until(lambda: b.script("return sentences.some((s) => /^\\d+ new events, \\d+ refused\\.$/.test(s))"), "a sentence about them")
        self.assertLess(b.script("return sentences.length"), 30, b.script("return sentences"))

    def test_8_a_question(self):
        """It holds the focus until it is answered, and gives it back."""
        b = self.browser
        b.visit(f"#/certificates/{self.pki.identity('device1')}", "INACTIVE")
        revoke = b.button("Revoke")
        b.script("arguments[0].focus()", revoke)
        b.key("Enter")
        b.one("dialog[open]")
        tree = b.tree()
        self.assertEqual([(name, properties.get("modal")) for role, name, _, properties, _ in tree if role == "dialog"],
                         [("Revoke this certificate? It can never be used again.", True)])
        self.assertEqual(b.focused().accessible_name, "Cancel")
        for _ in range(4):
            b.key("Tab")
            self.assertTrue(b.script("return document.activeElement === document.body || document.activeElement.closest('dialog') !== null"))
        self.looks("question")
        b.key("Escape")
        until(lambda: not b.all("dialog"), "the question is gone")
        self.assertEqual(b.focused(), revoke)
        self.assertIn("INACTIVE", b.text())
        b.key("Enter")
        b.one("dialog[open]")
        b.visit("#/events", "lamp-8")
        until(lambda: not b.all("dialog"), "a question goes with its page")


    def test_9_logout_everywhere(self):
        b = self.browser
        other = self.visitor()
        b.visit("#/account", "Endpoint of devices")
        self.title("Your account")
        self.everything("account")
        b.button("Log out everywhere").click()
        b.one("dialog[open]")
        b.tab_to("Log out everywhere")
        b.key("Enter")
        b.see("You are logged out everywhere.")
        self.assertEqual(b.focused(), b.labelled("Name"))
        self.assertEqual(other.api("GET", "session").status, 401)
        self.everything("login-again")


class Fingers(Rig):
    """All of it by keys alone."""

    def test_1_login(self):
        b = self.browser
        b.driver.get(self.cloud.url + "/console/")
        name = b.labelled("Name")
        until(lambda: b.focused() == name, "the name is focused")
        b.type(self.cloud.user)
        b.tab_to("Password")
        b.type(self.cloud.password)
        b.key("Enter")
        b.see("No CA is registered.")
        self.assertEqual(b.focused().tag_name, "h1")
        b.key("Tab", shift=True)
        b.key("Tab", shift=True)
        self.assertEqual(b.focused().accessible_name, self.cloud.user)

    def test_2_the_skip_link(self):
        b = self.browser
        b.driver.get(self.cloud.url + "/console/?again#/cas")
        b.see("No CA is registered.")
        b.script("document.activeElement.blur()")
        b.script("window.getSelection().setPosition(document.body, 0)")
        b.tab_to("Skip to the content")
        b.key("Enter")
        self.assertEqual(b.focused().get_attribute("id"), "main")
        self.assertIn("#/cas", b.driver.current_url)
        b.script("document.querySelector('.skip').focus()")
        for name in ("Register a CA", "CAs", "Certificates", "Things", "Events", "MQTT client", self.cloud.user, "Log out"):
            b.key("Tab")
            self.assertEqual(b.focused().accessible_name, name)

    def page(self, name, text):
        b = self.browser
        b.script("document.querySelector('.skip').focus()")
        b.tab_to(name)
        b.key("Enter")
        b.see(text)
        until(lambda: b.focused().tag_name == "h1", "the new page's heading is focused")

    def test_3_register(self):
        b = self.browser
        b.cdp("Page.setInterceptFileChooserDialog", enabled=True)  # it is the system's, not the page's
        self.page("Register a CA", "Give the verification certificate")
        self.pki.ca("ca")
        self.pki.leaf("proof", "ca", subject=f"/CN={b.one('#registration-code').text}")
        b.script("window.opened = []; addEventListener('click', (e) => { if (e.isTrusted && e.target.type === 'file') opened.push(e.target.id); })")
        b.tab_to("Copy the registration code")
        for label, name in (("CA certificate", "ca"), ("Verification certificate", "proof")):
            field = b.labelled(label)
            for _ in range(20):
                if b.focused() == field:
                    break
                b.key("Tab")
            self.assertEqual(b.focused(), field)
            b.key("Space")
            field.send_keys(self.pki.path(f"{name}.pem"))
            self.assertEqual(b.focused(), field)
        until(lambda: b.script("return opened.join()") == "ca-file,proof-file", "both asked for a file")
        b.button("Register the CA")
        b.tab_to("Activate the CA")
        b.key("Space")
        b.key("Space")
        b.tab_to("Register the CA")
        b.key("Enter")
        b.see("The CA is registered")
        self.assertEqual(b.focused().tag_name, "h2")
        b.tab_to("Show this CA")
        b.key("Enter")
        b.see("Certificates that it issued")
        b.cdp("Page.setInterceptFileChooserDialog", enabled=False)

    def test_4_activate_and_revoke(self):
        b = self.browser
        identity = self.register(self.visitor(), "device", "ca")
        self.page("Certificates", identity[:20])
        b.tab_to(identity)
        b.key("Enter")
        b.see("INACTIVE")
        b.tab_to("Activate")
        b.key("Enter")
        b.see("The certificate is active.")
        until(lambda: b.focused().accessible_name == "Deactivate", "the focus stays where it was")
        b.tab_to("Revoke")
        b.key("Enter")
        b.one("dialog[open]")
        b.key("Enter")  # Cancel
        until(lambda: not b.all("dialog"), "the question is gone")
        self.assertEqual(b.focused().accessible_name, "Revoke")
        b.key("Enter")
        b.tab_to("Revoke it")
        b.key("Enter")
        b.see("The certificate is revoked")
        until(lambda: b.focused().tag_name == "h1", "the focus is somewhere")

    def test_5_subscribe_and_publish(self):
        b = self.browser
        self.page("MQTT client", "Subscribe")
        b.tab_to("Topic filter")
        b.type("room/+")
        b.key("Enter")
        b.one("button[aria-label='Unsubscribe from room/+']")
        self.assertEqual(b.focused().accessible_name, "Topic filter")
        b.tab_to("Topic")
        b.type("room/1")
        b.tab_to("Quality of service")
        b.key("ArrowDown")
        b.tab_to("Publish")
        b.key("Enter")
        b.see("Published to room/1.")
        until(lambda: b.all(".message .topic"), "the message comes")
        b.see("QoS 1")
        until(lambda: "Message on room/1" in b.script("return document.getElementById('said').textContent"), "it is read aloud")
        b.script("document.querySelector('.skip').focus()")
        b.tab_to("Unsubscribe from room/+")
        b.key("Enter")
        until(lambda: not b.all("button[aria-label='Unsubscribe from room/+']"), "the subscription is gone")
        until(lambda: b.focused().accessible_name == "Topic filter", "the focus is where one can go on")
        b.tab_to("Clear")
        b.key("Enter")
        b.see("No messages so far.")

    def test_6_logout(self):
        b = self.browser
        b.script("document.querySelector('.skip').focus()")
        b.tab_to("Log out")
        b.key("Enter")
        until(lambda: b.focused() == b.labelled("Name"), "the login")


if __name__ == "__main__":
    unittest.main(warnings="ignore", failfast=True)
