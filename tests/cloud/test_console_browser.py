#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The console in a headless Chromium, as somebody uses it: by its labels and its keyboard."""
import json
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
# pylint: disable=wrong-import-position
import control_rig
from broker_rig import Client, until
from browser_rig import Browser
from console_rig import Cloud, Visitor

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

class Walk(unittest.TestCase):
    """One walk from the login to the logout; each step builds on the one before."""

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

    def test_1_login(self):
        b = self.browser
        b.driver.get(self.cloud.url + "/console/")
        name = b.labelled("Name")
        until(lambda: b.focused() == name, "the name is focused")
        b.shot("login")
        name.send_keys(self.cloud.user, Keys.TAB, "wrong", Keys.ENTER)
        b.see("Wrong name or password.")
        self.assertEqual(b.one("[role=alert]").text, "Wrong name or password.")
        self.assertEqual(b.labelled("Password").get_attribute("value"), "")
        until(lambda: b.focused() == b.labelled("Password"), "the password is focused")
        b.shot("login-wrong")
        b.focused().send_keys(self.cloud.password, Keys.ENTER)
        b.see("No CA is registered.")
        self.assertEqual(b.driver.title, "CAs - Keymoor console")
        self.assertEqual(b.focused().tag_name, "h1")

    def test_2_nothing_is_kept_where_scripts_can_read(self):
        script = self.browser.driver.execute_script
        self.assertEqual(script("return document.cookie"), "")
        self.assertEqual(script("return localStorage.length + sessionStorage.length"), 0)
        cookie, = self.browser.driver.get_cookies()
        self.assertTrue(cookie["httpOnly"])
        self.assertEqual(cookie["sameSite"], "Strict")
        self.browser.driver.refresh()
        self.browser.see("No CA is registered.")

    def test_3_six_steps(self):
        b = self.browser
        b.go("register")
        code = b.one("#registration-code").text
        self.assertRegex(code, "^[0-9a-f]{64}$")
        self.assertEqual(len(b.all(".step")), 6)
        self.assertEqual(b.all("button.primary:enabled"), [])
        b.shot("register")
        self.pki.ca("other", subject="/CN=device CA")
        self.pki.ca("ca", subject="/CN=device CA")
        self.pki.leaf("no-ca", "ca")
        self.pki.leaf("wrong-code", "ca", subject="/CN=somebody")
        self.pki.leaf("wrong-key", "other", subject=f"/CN={code}")
        self.pki.leaf("proof", "ca", subject=f"/CN={code}")

        def give(label, name):
            b.labelled(label).send_keys(self.pki.path(name + ".pem"))

        def checks(wanted):
            def now():
                return b.driver.execute_script("return Object.fromEntries([...document.querySelectorAll('.check')].map("
                                               "(c) => [c.dataset.check, c.classList[1]]))")
            until(lambda: {n: now().get(n) for n in wanted} == wanted, f"checks {wanted}; they are {now()}")
        give("CA certificate", "no-ca")
        checks({"ca-reads": "good", "ca-is-ca": "bad", "proof-reads": "waiting"})
        b.shot("register-no-ca")
        give("CA certificate", "ca")
        checks({"ca-is-ca": "good", "ca-key": "good", "ca-dates": "good", "ca-new": "good"})
        give("Verification certificate", "wrong-code")
        checks({"proof-signature": "good", "proof-code": "bad"})
        give("Verification certificate", "wrong-key")
        checks({"proof-signature": "bad", "proof-code": "good"})
        until(lambda: "failed" in b.driver.find_element(By.ID, "said").get_attribute("textContent"), "it is said aloud")
        b.driver.execute_script("document.querySelectorAll('.step')[4].scrollIntoView()")
        b.shot("register-wrong-key")
        self.assertEqual(b.all("button.primary:enabled"), [])
        b.drop("#proof-file", [("proof.pem", self.pki.read("proof.pem").encode())])
        checks({name: "good" for name in ("ca-reads", "ca-is-ca", "ca-key", "ca-dates", "ca-new", "proof-reads",
                                          "proof-signature", "proof-dates", "proof-code")})
        b.shot("register-good")
        b.button("Register the CA").send_keys(Keys.ENTER)
        b.see("The CA is registered")
        b.shot("registered")

    def test_4_a_device_comes_and_is_seen(self):
        b = self.browser
        b.go("events")
        b.see("RegisterCACertificate")
        self.pki.leaf("device", "ca", subject="/CN=dev1")
        with open(self.pki.path("chain.pem"), "w", encoding="ascii") as chain:
            chain.write(self.pki.read("device.pem") + self.pki.read("ca.pem"))
        context = self.cloud.context(self.pki.path("chain.pem"), self.pki.path("device.key"))
        client = Client(("127.0.0.1", self.cloud.broker_port), "dev1", context)
        self.assertIsNone(client.connected())
        client.close()
        identity = self.pki.identity("device")
        until(lambda: b.all(f"tbody a[href='#/certificates/{identity}']"), f"the device's event; {b.text()[:1500]}")
        b.labelled("Show calls of the API").click()
        until(lambda: "RegisterCACertificate" not in b.text(), "the calls are hidden")
        b.shot("events")

    def test_5_certificates(self):
        b = self.browser
        identity = self.pki.identity("device")
        b.go("certificates")
        b.see("PENDING_ACTIVATION")
        b.shot("certificates")
        b.one(f"a[href='#/certificates/{identity}']").send_keys(Keys.ENTER)
        b.button("Activate").click()
        b.see("The certificate is active.")
        b.shot("certificate")
        b.go("cas")
        b.one("tbody a").click()
        b.see("Certificates that it issued")
        until(lambda: b.all(f"a[href='#/certificates/{identity}']"), "the CA's page names the device's certificate")
        b.button("Disable self-registration").click()
        b.see("Devices no longer register themselves.")
        b.shot("ca")

    def test_6_shadow(self):
        b = self.browser
        self.api("POST", "aws/things/lamp", {"attributePayload": {"attributes": {"room": "hall"}}})
        self.api("POST", "aws/things/lamp/shadow", {"state": {"reported": {"light": "off"}, "desired": {"light": "off", "old": 1}}})
        b.go("things")
        b.one("a[href='#/things/lamp']").click()
        b.see("Version 1")
        desired = b.labelled("Desired state (JSON)")
        desired.clear()
        desired.send_keys("not json")
        b.button("Save the desired state").click()
        b.one("[role=alert]")
        desired.clear()
        desired.send_keys('{"light": "<b>on</b>"}')
        b.button("Save the desired state").click()
        b.see("Saved as version 2.")
        self.assertEqual(b.all("pre b"), [])
        b.shot("thing")
        state = self.api("GET", "aws/things/lamp/shadow").json["state"]
        self.assertEqual(state["desired"], {"light": "<b>on</b>"})
        self.assertEqual(state["delta"], {"light": "<b>on</b>"})

    def api(self, method, path, body=None):
        visitor = Visitor(self.cloud)
        self.assertEqual(visitor.login().status, 200)
        answer = visitor.api(method, path, body)
        self.assertEqual(answer.status, 200, answer.body)
        return answer

    def test_7_mqtt(self):
        b = self.browser
        b.go("mqtt")
        b.labelled("Topic filter").send_keys("plant/#/x", Keys.ENTER)
        b.one("[role=alert]")
        b.labelled("Topic filter").clear()
        b.labelled("Topic filter").send_keys("plant/+/state", Keys.ENTER)
        until(lambda: b.all("button[aria-label='Unsubscribe from plant/+/state']"), "the subscription is listed")
        b.labelled("Topic").send_keys("plant/7/state")
        payload = b.labelled("Message")
        payload.clear()
        payload.send_keys('{"speed": 12}')
        b.button("Publish").click()
        b.see('"speed": 12')
        self.policy()
        context = self.cloud.context(self.pki.path("chain.pem"), self.pki.path("device.key"))
        client = Client(("127.0.0.1", self.cloud.broker_port), "dev1", context)
        self.assertEqual(client.connected(), 0)
        client.publish("plant/8/state", b"\xff\x00", qos=1)
        self.assertTrue(client.pubacked())
        client.disconnect()
        b.see("base64: /wA=")
        b.see("from dev1")
        b.shot("mqtt")
        b.one("button[aria-label='Unsubscribe from plant/+/state']").click()
        until(lambda: not b.all("button[aria-label='Unsubscribe from plant/+/state']"), "the subscription is gone")

    def policy(self):
        document = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iot:*", "Resource": "*"}]})
        self.api("POST", "aws/policies/all", {"policyDocument": document})
        arn = self.api("GET", f"aws/certificates/{self.pki.identity('device')}").json["certificateDescription"]["certificateArn"]
        self.api("PUT", "aws/target-policies/all", {"target": arn})

    def test_8_logout(self):
        b = self.browser
        b.driver.set_window_size(420, 900)
        b.shot("narrow")
        b.driver.set_window_size(1280, 1000)
        errors = [e for e in b.driver.get_log("browser") if e["level"] == "SEVERE" and "401" not in e["message"] and "40" not in e["message"].split("status of ")[-1][:2]]
        self.assertEqual(errors, [])
        b.button("Log out").click()
        b.labelled("Password")
        self.assertEqual(b.driver.get_cookies(), [])
        b.driver.refresh()
        b.labelled("Password")


if __name__ == "__main__":
    unittest.main(warnings="ignore", failfast=True)
