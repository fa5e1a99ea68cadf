#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Requests that botocore would not send, and who is let in."""
import json
import time

from control_rig import ACCOUNT, KEY, Case, main

MEBIBYTE = 1 << 20


class Requests(Case):
    options = ("--request-timeout", "2")

    def after(self):
        """Whatever came before, it serves."""
        self.assertRegex(self.iot.get_registration_code()["registrationCode"], "^[0-9a-f]{64}$")

    def test_garbage(self):
        host = b"Host: x\r\n"
        rows = [b"", b"\r\n\r\n", b"\0" * 1000, b"\xff" * 70000, b"GET", b"GET /\r\n", b"GET / HTTP/9.9\r\n\r\n",
                b"G\x01T / HTTP/1.1\r\n" + host + b"\r\n", b"GET / HTTP/1.1\r\n\r\n", b"GET /" + b"x" * 100000 + b" HTTP/1.1\r\n\r\n",
                b"GET / HTTP/1.1\r\n" + host + b"a: " + b"b" * 100000 + b"\r\n\r\n",
                b"GET / HTTP/1.1\r\n" + host + b"a: b\r\n" * 5000 + b"\r\n",
                b"POST / HTTP/1.1\r\n" + host + b"Content-Length: -1\r\n\r\n",
                b"POST / HTTP/1.1\r\n" + host + b"Content-Length: 99999999999999999999\r\n\r\n",
                b"POST / HTTP/1.1\r\n" + host + b"Content-Length: 10\r\n\r\nabc",
                b"POST / HTTP/1.1\r\n" + host + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
                b"POST / HTTP/1.1\r\n" + host + b"Transfer-Encoding: chunked\r\n\r\n5\r\nabc\r\n0\r\n\r\n",
                b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 200]
        for data in rows:
            with self.subTest(data[:50]):
                answer = self.control.raw(data)
                self.assertNotRegex(answer, b"^HTTP/1.1 (2|500)")
        self.after()

    def test_not_signed(self):
        for method, path in (("GET", "/things"), ("POST", "/things/x"), ("DELETE", "/"), ("OPTIONS", "/things"), ("GET", "/nothing")):
            status, headers, body = self.control.send(method, path, sign=False)
            self.assertEqual(status, 403)
            if path != "/":
                self.assertEqual(headers["x-amzn-errortype"], "MissingAuthenticationTokenException")
                self.assertEqual(json.loads(body), {"message": "Missing Authentication Token"})
            self.assertRegex(headers["x-amzn-requestid"], "^[0-9a-f-]{36}$")
        status, _, body = self.control.send("POST", "/", b"Action=GetCallerIdentity&Version=2011-06-15", sign=False)
        self.assertEqual(status, 403)
        self.assertIn(b"<Code>MissingAuthenticationToken</Code>", body)

    def test_unknown(self):
        for method, path in (("GET", "/nothing"), ("DELETE", "/things"), ("PUT", "/things/x"), ("GET", "/things//"),
                             ("HEAD", "/endpoint"), ("GET", "/2015-03-31/functions/f/concurrency")):
            if path == "/things//":
                continue  # is /things/
            status, headers, _ = self.control.send(method, path)
            self.assertEqual((status, headers["x-amzn-errortype"]), (404, "UnknownOperationException"))

    def test_targets(self):
        rows = {"/things/%00": 400, "/things/%ff": 400, "/things/%zz": 400, "/things/a%2Fb": 400, "/things/a%": 400,
                "/things/%E2%82%AC": 400, "/things?maxResults=x": 400, "/things?maxResults=-1": 400,
                "/things?maxResults=1&maxResults=%zz": 200, "/things?x=%zz": 200, "/things?nextToken=%ff": 400, "/things?": 200,
                "/policies?isAscendingOrder=maybe": 400, "/./things": 200, "/a/../things": 200, "//things//": 200}
        for target, wanted in rows.items():
            with self.subTest(target):
                self.assertEqual(self.control.send("GET", target)[0], wanted)
        self.assertEqual(self.control.send("GET", "/things?" + "&".join(f"a{n}=1" for n in range(100)))[0], 400)
        self.assertEqual(self.control.send("GET", "/" + "x" * 17000)[0], 400)
        self.assertNotEqual(self.control.send("GET", "http://else/things", sign=False)[0], 200)

    def test_bodies(self):
        deep = b'{"attributePayload":' + b'{"a":' * 1000 + b"1" + b"}" * 1001
        rows = [b"x", b"[]", b'"text"', b"{", b"{}x", b'{"thingTypeName":1}', b'{"attributePayload":[]}', b'{"attributePayload":"x"}',
                b'{"attributePayload":{"attributes":[]}}', b'{"attributePayload":{"attributes":{"a":1}}}', b"\xff\xfe{}",
                b'{"thingTypeName":"a\\u0000b"}', b'{"thingTypeName":"\xff"}', deep, b"{" + b" " * 1000 + b"\0}"]
        for body in rows:
            with self.subTest(body[:40]):
                status, headers, answer = self.control.send("POST", "/things/body", body)
                self.assertEqual((status, headers["x-amzn-errortype"]), (400, "InvalidRequestException"), answer)
                self.assertGreater(len(json.loads(answer)["message"]), 3)
        for body in (b"", b"{}", b" \n{ }", b'{"thingTypeName":null,"unknown":[1,2]}'):
            self.assertEqual(self.control.send("POST", "/things/body", body)[0], 200)
        self.after()

    def test_sizes(self):
        body = b'{"attributePayload":{}}' + b" " * MEBIBYTE
        status, headers, _ = self.control.send("POST", "/things/large", body)
        self.assertEqual((status, headers["x-amzn-errortype"]), (413, "RequestEntityTooLargeException"))
        self.assertEqual(self.control.send("POST", "/things/large", body[:MEBIBYTE])[0], 200)
        # Nobody has to send what is refused already.
        headers = self.control.signed("POST", "/things/large", b"")
        headers.update({"Expect": "100-continue", "Content-Length": str(10 * MEBIBYTE)})
        self.assertEqual(self.control.send("POST", "/things/large", headers=headers, sign=False)[0], 413)
        chunk = b"%x\r\n%s\r\n" % (65536, b" " * 65536)
        head = b"POST /things/large HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        self.assertIn(b" 413 ", self.control.raw(head + chunk * 17 + b"0\r\n\r\n"))
        self.assertIn(b" 403 ", self.control.raw(head + chunk * 15 + b"0\r\n\r\n"))
        self.after()

    def test_where_the_body_ends(self):
        head = b"POST / HTTP/1.1\r\nHost: x\r\n"
        for more in (b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                     b"Transfer-Encoding: chunked\r\ncontent-length: 0\r\n\r\n0\r\n\r\n",
                     b"Content-Length: 3\r\nContent-Length: 0\r\n\r\nabc", b"Content-Length: 0\r\nContent-Length: 0\r\n\r\n"):
            answer = self.control.raw(head + more + b"GET /things HTTP/1.1\r\nHost: x\r\n\r\n", wait_for_end=False)
            self.assertLessEqual(answer.count(b"HTTP/1.1"), 1, answer)
            self.assertNotIn(b"403", answer)
        self.after()

    def test_many_headers(self):
        more = {f"x-more-{n}": "1" for n in range(70)}
        status, headers, _ = self.control.send("GET", "/things", headers=more)
        self.assertEqual((status, headers["x-amzn-errortype"]), (400, "InvalidRequestException"))


class Signatures(Case):
    def test_who(self):
        wrong = self.control.client("iot", key=(KEY[0], "x" * 40))
        self.refused("InvalidSignatureException", wrong.list_things)
        unknown = self.control.client("iot", key=("AKIDEXAMPLE999999999", KEY[1]))
        self.refused("UnrecognizedClientException", unknown.list_things)
        token = self.control.client("iot", token="x" * 128)
        self.refused("UnrecognizedClientException", token.list_things)
        elsewhere = self.control.client("iot", region="eu-west-9")
        self.refused("InvalidSignatureException", elsewhere.list_things)
        self.refused("InvalidClientTokenId", self.control.client("sts", key=("AKID", "x")).get_caller_identity)
        self.refused("IncompleteSignature", self.control.client("sts", key=("AKID&<>'", "x")).get_caller_identity)

    def test_services(self):
        for service, wanted in (("execute-api", 200), ("iot", 200), ("iotdata", 403), ("lambda", 403), ("s3", 403)):
            self.assertEqual(self.control.send("GET", "/things", service=service)[0], wanted)
        for service, wanted in (("iotdata", 404), ("iotdevicegateway", 404), ("execute-api", 403)):
            self.assertEqual(self.control.send("GET", "/things/none/shadow", service=service)[0], wanted)

    def test_changed_on_the_way(self):
        headers = self.control.signed("POST", "/things/a", b"{}")
        for method, path, body in (("POST", "/things/b", b"{}"), ("PATCH", "/things/a", b"{}"), ("POST", "/things/a", b"{ }"),
                                   ("POST", "/things/a?x=1", b"{}")):
            self.assertEqual(self.control.send(method, path, body, headers=headers, sign=False)[0], 403)
        principal = self.control.signed("PUT", "/things/a/principals", headers={"x-amzn-principal": "one"})
        principal["x-amzn-principal"] = "two"
        self.assertEqual(self.control.send("PUT", "/things/a/principals", headers=principal, sign=False)[0], 403)
        del headers["Authorization"]
        self.assertEqual(self.control.send("POST", "/things/a", b"{}", headers=headers, sign=False)[0], 403)

    def test_sessions(self):
        key, secret, token = self.control.seed(ACCOUNT, "3600").split()
        session = self.control.client("iot", key=(key, secret), token=token)
        session.list_things()
        self.assertEqual(self.control.client("sts", key=(key, secret), token=token).get_caller_identity()["Account"], ACCOUNT)
        self.refused("UnrecognizedClientException", self.control.client("iot", key=(key, secret)).list_things)
        self.refused("UnrecognizedClientException",
                     self.control.client("iot", key=(key, secret), token=token[:-1] + "x").list_things)
        key, secret, token = self.control.seed(ACCOUNT, "1").split()
        brief = self.control.client("iot", key=(key, secret), token=token)
        code = None
        while code is None:
            try:
                brief.list_things()
                time.sleep(0.1)
            except brief.exceptions.ClientError as refused:
                code = refused.response["Error"]["Code"]
        self.assertEqual(code, "ExpiredTokenException")


class Audit(Case):
    def events(self):
        rows = self.control.query(
            "SELECT account, kind, is_success, principal, address, reason, detail FROM event ORDER BY id")
        return [(*row[:6], json.loads(row[6])) for row in rows]

    def test_trail(self):
        self.iot.create_thing(thingName="seen")
        self.refused("InvalidRequestException", self.iot.create_thing, thingName="not seen")
        self.iot.describe_thing(thingName="seen")
        self.refused("ResourceNotFoundException", self.iot.describe_thing, thingName="none")
        wrong = self.control.client("iot", key=(KEY[0], "x" * 40))
        self.refused("InvalidSignatureException", wrong.list_things)
        events = self.events()
        while len(events) < 4:
            time.sleep(0.05)
            events = self.events()
        told = sorted((one[6]["operation"], one[6]["status"], one[2] == "1") for one in events)
        self.assertEqual(told, [("CreateThing", 200, True), ("CreateThing", 400, False),
                                ("DescribeThing", 200, True), ("DescribeThing", 404, False)])
        for account, kind, _, principal, address, _, detail in events:
            self.assertEqual((account, kind, principal, address), (ACCOUNT, "Api", "user/tester", "127.0.0.1"))
            self.assertRegex(detail["requestId"], "^[0-9a-f-]{36}$")
        reasons = [one[5] for one in events if one[5]]
        self.assertEqual(len(reasons), 2)
        # Who is not known has no trail in an account, but is in the log, a moment after the answer.
        while "403 InvalidSignatureException" not in self.control.log():
            time.sleep(0.05)
        self.assertNotIn(KEY[1], self.control.log())


if __name__ == "__main__":
    main()
