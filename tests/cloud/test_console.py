#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The console's API as somebody meets it who means no good, and as its pages use it."""
import copy
import hashlib
import json
import os
import sys
import threading
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
# pylint: disable=wrong-import-position
import control_rig
from broker_rig import until
from console_rig import Cloud, Visitor

ORIGIN = "https://elsewhere.example"


class Console(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cloud = Cloud()

    @classmethod
    def tearDownClass(cls):
        cls.cloud.close()

    def visitor(self):
        visitor = Visitor(self.cloud)
        self.assertEqual(visitor.login().status, 200)
        return visitor

    def refused(self, status, answer, text=""):
        self.assertEqual(answer.status, status, answer.body)
        self.assertIn(text, answer.json["message"])

    # ---- pages ----

    def test_pages_have_a_strict_policy(self):
        stranger = Visitor(self.cloud)
        index = stranger.send("GET", "/console/")
        self.assertEqual((index.status, index.headers["content-type"]), (200, "text/html; charset=utf-8"))
        for name, wanted in (("content-security-policy", "default-src 'self';"), ("x-content-type-options", "nosniff"),
                             ("referrer-policy", "no-referrer"), ("cross-origin-opener-policy", "same-origin"),
                             ("cross-origin-resource-policy", "same-origin")):
            self.assertIn(wanted, index.headers[name])
        self.assertNotIn("unsafe", index.headers["content-security-policy"])
        self.assertNotIn(b"<script>", index.body)
        self.assertNotIn(b" style=", index.body)
        for page in ("app.js", "console.css", "icon.svg"):
            self.assertEqual(stranger.send("GET", f"/console/{page}").status, 200)
        self.assertEqual(stranger.send("GET", "/console").headers["location"], "/console/")
        self.assertEqual(stranger.send("GET", "/console/nothing").status, 404)
        self.assertEqual(stranger.send("GET", "/console/%2e%2e/etc/passwd").status, 404)
        self.assertEqual(stranger.send("POST", "/console/", "x").status, 405)
        self.assertEqual(stranger.send("HEAD", "/console/").body, b"")

    def test_pages_name_nothing_outside(self):
        for name in os.listdir(f"{os.path.dirname(os.path.abspath(__file__))}/../../cloud/console/web"):
            content = Visitor(self.cloud).send("GET", f"/console/{'' if name == 'index.html' else name}").body.decode()
            self.assertNotRegex(content.replace("http://www.w3.org/2000/svg", ""), r"(?i)https?:|//[a-z]+\.|innerHTML|\beval\b")

    # ---- login ----

    def test_wrong_logins(self):
        visitor = Visitor(self.cloud)
        for name, password in ((self.cloud.user, "wrong"), ("nobody", self.cloud.password), (self.cloud.user, "x" * 129)):
            answer = visitor.login(name, password)
            self.refused(401, answer, "wrong name or password")
            self.assertNotIn("set-cookie", answer.headers)
        self.assertEqual(visitor.login().status, 200)  # and all is forgotten

    def test_strange_logins(self):
        visitor = Visitor(self.cloud)
        for body in ("", "x", "[]", "{}", '{"name":1,"password":2}', '{"name":"a"}', '{"name":"a\\u0000","password":"b"}', "{" * 100):
            self.assertEqual(visitor.api("POST", "login", body, X_Keymoor_CSRF="login").status, 400, body)
        self.assertEqual(visitor.api("POST", "login", "x" * (1 << 20) + "y", X_Keymoor_CSRF="login").status, 413)
        self.refused(405, visitor.api("GET", "login", X_Keymoor_CSRF="login"))

    def test_a_form_elsewhere_can_not_log_in(self):
        body = {"name": self.cloud.user, "password": self.cloud.password}
        visitor = Visitor(self.cloud)
        self.refused(403, visitor.api("POST", "login", body), "X-Keymoor-CSRF")
        self.refused(403, visitor.login(Origin=ORIGIN), "does not come from")
        self.refused(403, visitor.login(Origin="null"), "does not come from")
        self.refused(403, visitor.login(Sec_Fetch_Site="cross-site"), "does not come from")
        self.refused(403, visitor.login(Sec_Fetch_Site="same-site"), "does not come from")
        self.assertEqual(visitor.login(Origin=self.cloud.url, Sec_Fetch_Site="same-origin").status, 200)

    def test_the_cookie(self):
        cookie = Visitor(self.cloud).login().headers["set-cookie"]
        self.assertRegex(cookie, "^keymoor=[0-9a-f]{64}; Path=/; HttpOnly; SameSite=Strict$")
        behind_tls = Visitor(self.cloud).login(X_Forwarded_Proto="https").headers["set-cookie"]
        self.assertRegex(behind_tls, "^__Host-keymoor=[0-9a-f]{64}; Path=/; HttpOnly; SameSite=Strict; Secure$")

    # ---- sessions ----

    def test_who_is_not_logged_in(self):
        visitor = self.visitor()
        name, token = visitor.cookie.split("=")
        flipped = token[:-1] + ("0" if token[-1] != "0" else "1")
        for cookie in (None, "", name, f"{name}=", f"{name}={flipped}", f"{name}={token[:-1]}", f"{name}={token}0", f"x{name}={token}",
                       f"{name}={token}; {name}={token}", f"{name}={token}; {name}={flipped}", f"__Host-{name}={token}"):
            for method, path, body in (("GET", "session", None), ("GET", "live", None), ("GET", "aws/things", None),
                                       ("POST", "subscriptions", {"filter": "a"}), ("POST", "logout", {})):
                self.refused(401, visitor.api(method, path, body, Cookie=cookie), "not logged in")
        self.assertEqual(visitor.api("GET", "session", Cookie=f"a=b; {visitor.cookie};c").status, 200)

    def test_requests_of_other_pages(self):
        visitor = self.visitor()
        other = self.visitor()
        for csrf in (None, "", "login", other.csrf, visitor.csrf[:-1], visitor.csrf + "0"):
            for method, path, body in (("GET", "live", None), ("GET", "aws/things", None), ("POST", "aws/things/made", {}),
                                       ("POST", "ca-check", {}), ("POST", "logout", {})):
                self.refused(403, visitor.api(method, path, body, X_Keymoor_CSRF=csrf), "X-Keymoor-CSRF")
        self.refused(403, visitor.api("POST", "aws/things/made", {}, Origin=ORIGIN))
        self.refused(403, visitor.api("GET", "session", Sec_Fetch_Site="cross-site"))
        self.assertEqual(visitor.api("GET", "aws/things/made").status, 404)

    def test_logout(self):
        visitor = self.visitor()
        answer = visitor.api("POST", "logout", {})
        self.assertEqual(answer.status, 200)
        self.assertIn("Max-Age=0", answer.headers["set-cookie"])
        self.refused(401, visitor.api("GET", "session"))

    def test_a_login_ends_the_session_that_was_there(self):
        """Who planted his own session's cookie into a browser knows nothing of the session that begins there."""
        thief = self.visitor()
        victim = Visitor(self.cloud)
        victim.cookie = thief.cookie
        self.assertEqual(victim.login().status, 200)
        self.assertNotEqual(victim.cookie, thief.cookie)
        self.assertNotEqual(victim.csrf, thief.csrf)
        self.refused(401, thief.api("GET", "session"))
        self.assertEqual(victim.api("GET", "session").status, 200)

    def test_logout_ends_what_waits(self):
        visitor = self.visitor()
        news = visitor.api("GET", "live").json
        got = []
        thread = threading.Thread(target=lambda: got.append(visitor.api("GET", f"live?event={news['events'][-1]['id']}")))
        thread.start()
        while thread.is_alive() and not got:  # however the two requests meet, the waiting one ends
            visitor.api("POST", "logout", {})
            thread.join(0.2)
        self.assertIn(got[0].status, (200, 401))
        self.refused(401, visitor.api("GET", "session"))

    def test_a_user_who_is_taken_away_is_out(self):
        password = json.loads(self.cloud.command("user", "create", "guest", "--json").stdout)["password"]
        self.assertIn("guest", self.cloud.command("user", "list").stdout.split())
        guest = Visitor(self.cloud)
        self.assertEqual(guest.login("guest", password).status, 200)
        self.cloud.command("user", "delete", "guest")
        self.refused(401, guest.api("GET", "session"))
        self.cloud.command("user", "create", "guest")
        self.refused(401, guest.api("GET", "session"))
        self.refused(401, guest.login("guest", password))
        self.cloud.command("user", "delete", "guest")

    def test_users_that_are_made_at_once(self):
        names = [f"guest{i}" for i in range(4)]
        threads = [threading.Thread(target=self.cloud.command, args=("user", "create", name)) for name in names]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertLessEqual(set(names), set(self.cloud.command("user", "list").stdout.split()))
        for name in names:
            self.cloud.command("user", "delete", name)

    # ---- what may be asked ----

    def test_only_what_pages_need(self):
        visitor = self.visitor()
        self.refused(403, visitor.api("GET", "aws/2015-03-31/functions/"), "not open to console/admin")
        self.assertEqual(visitor.api("POST", "aws/", "Action=GetCallerIdentity&Version=2011-06-15").status, 403)
        self.refused(404, visitor.api("GET", "aws"))
        self.refused(404, visitor.api("GET", "nothing"))
        self.assertEqual(visitor.send("GET", "/x/../console/api/aws/things").status, 404)
        self.assertEqual(visitor.api("GET", "aws/things/%00").status, 400)
        self.assertEqual(visitor.send("GET", "/things").status, 403)  # the API itself still wants a signature

    def test_who_did_it_is_told(self):
        visitor = self.visitor()
        self.assertEqual(visitor.api("POST", "aws/things/told", {}).status, 200)
        events = visitor.api("GET", "live").json["events"]
        made = [e for e in events if e.get("detail", {}).get("operation") == "CreateThing"][-1]
        self.assertEqual((made["principal"], made["success"]), (f"console/{self.cloud.user}", True))
        self.assertTrue([e for e in events if e["kind"] == "ConsoleLogin" and e["success"]])
        self.assertNotIn(self.cloud.password, json.dumps(events) + self.cloud.read("log/control.log"))

    # ---- live ----

    def test_live_waits_and_then_tells(self):
        visitor = self.visitor()
        last = visitor.api("GET", "live").json["events"][-1]["id"]
        got = []
        thread = threading.Thread(target=lambda: got.append(visitor.api("GET", f"live?event={last}").json))
        thread.start()
        self.visitor()  # is an event
        thread.join()
        self.assertEqual(got[0]["events"][0]["kind"], "ConsoleLogin")
        self.refused(400, visitor.api("GET", "live?event=x"), "must be a number")
        self.refused(400, visitor.api("GET", "live?message=99999999999999999999"), "must be a number")

    def test_messages_of_one_session(self):
        visitor = self.visitor()
        other = self.visitor()
        self.refused(400, visitor.api("POST", "subscriptions", {"filter": "a/#/b"}), "topic filter")
        self.refused(400, visitor.api("POST", "subscriptions", {}), "filter")
        self.assertEqual(visitor.api("POST", "subscriptions", {"filter": "room/+"}).json["subscriptions"], ["room/+"])
        for topic in ("room/1", "hall/1", "room/2"):
            self.assertEqual(visitor.api("POST", f"aws/topics/{topic.replace('/', '%2F')}", topic).status, 200)
        messages = until(lambda: (lambda m: m if len(m) == 2 else None)(visitor.api("GET", "live").json["messages"]), "two messages")
        self.assertEqual([m["payload"] for m in messages], ["room/1", "room/2"])
        self.assertEqual(other.api("GET", "live").json["messages"], [])
        self.assertEqual(visitor.api("GET", "live?message=1").json["messages"][0]["number"], 2)
        self.refused(404, visitor.api("POST", "subscriptions/remove", {"filter": "room/1"}))
        self.assertEqual(visitor.api("POST", "subscriptions/remove", {"filter": "room/+"}).json["subscriptions"], [])

    def test_many_wait_and_others_are_served(self):
        visitor = self.visitor()
        news = visitor.api("GET", "live").json
        threads = [threading.Thread(target=lambda: visitor.api("GET", f"live?event={news['events'][-1]['id']}&message=5")) for _ in range(12)]
        for thread in threads:
            thread.start()
        self.assertEqual(visitor.api("GET", "session").status, 200)
        visitor.api("POST", "aws/things/wakes", {})
        for thread in threads:
            thread.join()


class Throttle(unittest.TestCase):
    def test_guessing_is_slowed_down(self):
        cloud = Cloud()
        self.addCleanup(cloud.close)
        visitor = Visitor(cloud)
        last = until(lambda: (lambda a: a if a.status == 429 else self.assertEqual(a.status, 401))(visitor.login(password="guess", is_patient=False)),
                     "the next one has to wait")
        self.assertGreaterEqual(int(last.headers["retry-after"]), 1)
        self.assertIn("too many attempts", last.json["message"])
        until(lambda: visitor.login(is_patient=False).status == 200, "the wait is over, and the right password is taken")


class Planes(unittest.TestCase):
    """Two control planes on one registry, as behind a proxy that sends each request where it likes."""

    def setUp(self):
        self.first = control_rig.Control()
        self.first.user, self.first.password = "ann", self.user("create", "ann")
        self.first.start()
        self.second = copy.copy(self.first).start()

    def tearDown(self):
        codes = [plane.stop() for plane in (self.first, self.second)]
        log = self.first.log()
        self.first.remove()
        self.assertEqual(codes, [0, 0], log)
        self.assertNotIn("Sanitizer", log)

    def user(self, what, name):
        return control_rig.run(f"{control_rig.BUILD}/bin/keymoor-cloud", "user", what, name, "--account", control_rig.ACCOUNT,
                               "--registry", self.first.registry).decode().strip()

    def visitor(self):
        """The same browser, as each of them sees it."""
        one = Visitor(self.first)
        self.assertEqual(one.login().status, 200)
        other = copy.copy(one)
        other.cloud = self.second
        return one, other

    def statuses(self, *visitors):
        return [visitor.api("GET", "session").status for visitor in visitors]

    def test_a_session_is_one_at_both(self):
        one, other = self.visitor()
        self.assertEqual(other.api("GET", "session").json, one.api("GET", "session").json)
        self.assertEqual(other.api("POST", "aws/things/made", {}).status, 200)
        self.assertEqual(other.api("POST", "aws/things/again", {}, X_Keymoor_CSRF=one.csrf[::-1]).status, 403)
        self.assertEqual(one.api("GET", "aws/things/made").status, 200)
        made = [e for e in one.api("GET", "live").json["events"] if e.get("detail", {}).get("operation") == "CreateThing"]
        self.assertEqual(made[0]["principal"], "console/ann")
        self.assertEqual(other.api("POST", "logout", {}).status, 200)
        self.assertEqual(self.statuses(one, other), [401, 401])

    def test_seats_are_of_one_control_plane(self):
        """By which a page notices that what it has subscribed to is no longer known where it asks."""
        one, other = self.visitor()
        seats = [visitor.api("GET", "live").json["seat"] for visitor in (one, other, one, other)]
        self.assertEqual(seats[:2], seats[2:])
        self.assertNotEqual(seats[0], seats[1])

    def test_a_logout_ends_what_waits_at_the_other(self):
        one, other = self.visitor()
        last = other.api("GET", "live").json["events"][-1]["id"]
        got = []
        thread = threading.Thread(target=lambda: got.append(other.api("GET", f"live?event={last}").status))
        thread.start()
        self.assertEqual(one.api("POST", "logout", {}).status, 200)
        thread.join()
        self.assertEqual(got, [401])

    def test_logout_everywhere(self):
        phone, phone_there = self.visitor()
        desk, desk_there = self.visitor()
        bob = Visitor(self.second)
        self.assertEqual(bob.login("bob", self.user("create", "bob")).status, 200)
        self.assertEqual(self.statuses(phone, phone_there, desk, desk_there), [200] * 4)
        answer = desk_there.api("POST", "logout-everywhere", {})
        self.assertEqual(answer.status, 200)
        self.assertIn("Max-Age=0", answer.headers["set-cookie"])
        self.assertEqual(self.statuses(phone, phone_there, desk, desk_there, bob), [401] * 4 + [200])
        self.assertEqual(phone.api("POST", "logout-everywhere", {}).status, 401)
        self.assertEqual(bob.api("POST", "logout-everywhere", {}, X_Keymoor_CSRF="x").status, 403)

    def test_a_restart_ends_no_session(self):
        one, other = self.visitor()
        self.assertEqual(self.first.stop(), 0)
        self.assertEqual(self.statuses(other), [200])
        self.first.start()
        self.assertEqual(self.statuses(one), [200])

    def test_a_user_who_is_taken_away_is_out_at_both(self):
        one, other = self.visitor()
        self.user("delete", "ann")
        self.assertEqual(self.statuses(one, other), [401, 401])
        self.user("create", "ann")
        self.assertEqual(self.statuses(one, other), [401, 401])

    def test_only_hashes_are_kept(self):
        one, _ = self.visitor()
        token = one.cookie.split("=")[1]
        rows = self.first.query("SELECT * FROM console_session")
        self.assertEqual(len(rows), 1)
        self.assertIn(hashlib.sha256(token.encode()).hexdigest(), rows[0])
        self.assertNotIn(token, str(rows))

    def test_guesses_are_counted_by_each_until_it_ends(self):
        one = Visitor(self.first)
        until(lambda: one.login(password="guess", is_patient=False).status == 429, "the next one has to wait")
        other = Visitor(self.second)
        self.assertEqual(other.login(password="guess", is_patient=False).status, 401)
        self.assertEqual(self.first.stop(), 0)
        self.first.start()
        self.assertEqual(one.login(password="guess", is_patient=False).status, 401)


class Idle(unittest.TestCase):
    """A control plane alone, without a broker, whose sessions end soon."""

    def setUp(self):
        self.control = control_rig.Control("--console-idle", "1")
        done = control_rig.run(f"{control_rig.BUILD}/bin/keymoor-cloud", "user", "create", "ann", "--account", control_rig.ACCOUNT,
                               "--registry", self.control.registry)
        self.control.user, self.control.password = "ann", done.decode().strip()
        self.control.start()
        self.visitor = Visitor(self.control)
        self.assertEqual(self.visitor.login().status, 200)

    def tearDown(self):
        code = self.control.stop()
        log = self.control.log()
        self.control.remove()
        self.assertEqual(code, 0, log)
        self.assertNotIn("Sanitizer", log)

    def test_asking_for_news_is_no_use(self):
        until(lambda: self.visitor.api("GET", "live").status == 401, "the session ends though the page asks for news")
        self.assertEqual(self.visitor.api("GET", "session").status, 401)

    def quickly(self, *request):
        """Asked before the session ends, with a new one for each attempt."""
        def answered():
            answer = self.visitor.api(*request)
            if answer.status == 401:
                self.visitor.login()
                return None
            return answer
        return until(answered, f"{request} is in time")

    def test_a_waiting_request_ends_with_its_session(self):
        last = self.quickly("GET", "live").json["events"][-1]["id"]
        self.assertEqual(self.visitor.api("GET", f"live?event={last}").status, 401)

    def test_without_a_broker(self):
        self.assertEqual(self.quickly("POST", "subscriptions", {"filter": "a"}).status, 503)


if __name__ == "__main__":
    unittest.main(warnings="ignore")
