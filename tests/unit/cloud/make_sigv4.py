#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Requests as Debian's botocore signs them, one after another, for tests/unit/cloud/test_sigv4.c.

Usage: make_sigv4.py            prints them; tests/unit/cloud/sigv4_requests.txt is that
       make_sigv4.py --check F  whether F is what would be printed

Nothing is sent: each request is taken where botocore would send it. Time and random numbers stand still.
"""
import datetime
import io
import sys
import urllib.parse
import uuid

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import botocore.session
from botocore.awsrequest import AWSResponse

NOW = datetime.datetime(2026, 3, 1, 23, 59, 59)
CA_ID = "ab" * 32
CERT_ARN = "arn:aws:iot:eu-central-1:123456789012:cert/" + "cd" * 32


class Clock(datetime.datetime):
    @classmethod
    def utcnow(cls):
        return NOW


botocore.auth.datetime.datetime = Clock
uuid.uuid4 = lambda: uuid.UUID(int=7, version=4)


def keys(token=None):
    return {"aws_access_key_id": "AKIDEXAMPLE0000000001", "aws_session_token": token,
            "aws_secret_access_key": "wJalr/XUtnFEMI+K7MDENG/bPxRfiCYEXAMPLEKEY"}


CALLS = [
    ("no body", "iot", "get_registration_code", {}, None),
    ("colon and long name", "iot", "describe_thing", {"thingName": "Dev:0A1b:" + "x" * 100}, None),
    ("arn in the path", "iot", "list_attached_policies", {"target": CERT_ARN, "recursive": True}, None),
    ("arn in a header", "iot", "attach_thing_principal", {"thingName": "a:b", "principal": CERT_ARN}, None),
    ("empty put", "iot", "attach_principal_policy", {"policyName": "P+=,.@-", "principal": CERT_ARN}, None),
    ("query and body", "iot", "update_ca_certificate",
     {"certificateId": CA_ID, "newStatus": "ACTIVE", "newAutoRegistrationStatus": "ENABLE"}, None),
    ("query in another order", "iot", "list_certificates",
     {"pageSize": 25, "marker": "a+b/c==", "ascendingOrder": False}, None),
    ("utf-8 body", "iot", "create_thing",
     {"thingName": "t", "attributePayload": {"attributes": {"grün": "ä€𝄞"}}}, None),
    ("dollar and slashes", "iot-data", "publish", {"topic": "$aws/rules/r/a b//ü", "qos": 1, "payload": b"\x00\xff"}, None),
    ("shadow", "iot-data", "update_thing_shadow",
     {"thingName": "CN:ski", "shadowName": "$n", "payload": b'{"state":{}}'}, None),
    ("token", "iot", "list_policies", {}, "FwoGZXIvYXdzEBYaD//token+=="),
    ("form", "sts", "get_caller_identity", {}, None),
    ("qualified function", "lambda", "get_function",
     {"FunctionName": "arn:aws:lambda:eu-central-1:123456789012:function:f", "Qualifier": "$LATEST"}, None),
    ("slash at the end", "lambda", "list_functions", {"MaxItems": 7}, "token"),
    ("answer wanted", "lambda", "invoke",
     {"FunctionName": "f", "LogType": "Tail", "ClientContext": "e30=", "Payload": b"{}"}, None),
]


PRESIGNED = [
    ("websocket", "/mqtt", 86400, None),
    ("websocket of a session", "/mqtt", 1, "FwoGZXIvYXdzEBYaD//token+=="),
]


def presigned(path, expires, token):
    """A URL that is signed in its query, as an SDK hands it to a client of WebSockets."""
    credentials = botocore.credentials.Credentials("AKIDEXAMPLE0000000001", "wJalr/XUtnFEMI+K7MDENG/bPxRfiCYEXAMPLEKEY", token)
    request = botocore.awsrequest.AWSRequest("GET", "http://127.0.0.1:8443" + path)
    botocore.auth.SigV4QueryAuth(credentials, "iotdevicegateway", "eu-central-1", expires=expires).add_auth(request)
    return request.prepare()


def show(out, name, request, token):
    url = urllib.parse.urlsplit(request.url)
    body = request.body or b""
    if hasattr(body, "read"):
        body = body.read()
    if isinstance(body, str):
        body = body.encode()
    out.write(f"request {name}\nmethod {request.method}\npath {url.path}\nquery {url.query}\n")
    headers = dict(request.headers.items())
    headers.setdefault("host", url.netloc)
    headers.pop("User-Agent", None)  # names the machine, and is not signed
    for header in sorted(headers):
        value = headers[header]
        if isinstance(value, bytes):
            value = value.decode()
        out.write(f"header {header}: {value}\n")
    out.write(f"token {token or ''}\nbody {body.hex()}\n\n")


def main():
    out = io.StringIO()
    session = botocore.session.Session()
    for name, service, operation, arguments, token in CALLS:
        client = session.create_client(service, region_name="eu-central-1",
                                       endpoint_url="http://127.0.0.1:8443", **keys(token))
        taken = []

        def take(request, **_):
            taken.append(request)
            return AWSResponse(request.url, 400, {}, io.BytesIO(b""))
        client.meta.events.register("before-send", take)
        try:
            getattr(client, operation)(**arguments)
        except Exception:  # the answer above is none
            pass
        show(out, name, taken[0], token)
    for name, path, expires, token in PRESIGNED:
        show(out, name, presigned(path, expires, token), token)
    if sys.argv[1:2] == ["--check"]:
        with open(sys.argv[2], encoding="utf-8") as stream:
            sys.exit(0 if stream.read() == out.getvalue() else f"{sys.argv[2]} is not what botocore makes")
    sys.stdout.write(out.getvalue())


main()
