#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Functions over the REST API of Lambda, by boto3: kept in the registry, and invoked in whatever runs them."""
import base64
import hashlib
import io
import json
import os
import subprocess
import threading
import time
import zipfile

from control_rig import ACCOUNT, BUILD, REGION, Case, main

ROLE = f"arn:aws:iam::{ACCOUNT}:role/r"
ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:"


def archive(text="def handler(event, context):\n    return event\n", name="main.py"):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as files:
        files.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), text)
    return data.getvalue()


class Functions(Case):
    def setUp(self):
        self.lambda_ = self.control.client("lambda")

    def create(self, name, **more):
        arguments = {"Runtime": "python3.9", "Role": ROLE, "Handler": "main.handler", "Code": {"ZipFile": archive()}, **more}
        return self.lambda_.create_function(FunctionName=name, **arguments)

    def test_life(self):
        made = self.create("life", Description="d", Timeout=10, MemorySize=256, Environment={"Variables": {"A": "b"}})
        self.assertEqual(made["ResponseMetadata"]["HTTPStatusCode"], 201)
        self.assertEqual((made["FunctionArn"], made["Version"], made["State"], made["LastUpdateStatus"]),
                         (ARN + "life", "$LATEST", "Active", "Successful"))
        digest = base64.b64encode(hashlib.sha256(archive()).digest()).decode()
        self.assertEqual((made["CodeSha256"], made["CodeSize"]), (digest, len(archive())))
        self.refused("ResourceConflictException", self.create, "life")
        for name in ("life", ARN + "life", f"{ACCOUNT}:function:life", "life:$LATEST"):
            told = self.lambda_.get_function(FunctionName=name)["Configuration"]
            self.assertEqual((told["Timeout"], told["MemorySize"], told["Environment"], told["Description"], told["Runtime"]),
                             (10, 256, {"Variables": {"A": "b"}}, "d", "python3.9"))
        changed = self.lambda_.update_function_configuration(FunctionName="life", Timeout=20)
        self.assertEqual((changed["Timeout"], changed["MemorySize"]), (20, 256))
        self.assertNotEqual(changed["RevisionId"], made["RevisionId"])
        other = archive("def handler(event, context):\n    return 1\n")
        changed = self.lambda_.update_function_code(FunctionName="life", ZipFile=other, Publish=True)
        self.assertEqual((changed["Version"], changed["FunctionArn"]), ("1", ARN + "life:1"))
        self.refused("PreconditionFailedException", self.lambda_.update_function_code, FunctionName="life", ZipFile=other,
                     RevisionId=made["RevisionId"])
        self.assertIn("life", [one["FunctionName"] for one in self.lambda_.list_functions()["Functions"]])
        self.lambda_.delete_function(FunctionName="life")
        self.refused("ResourceNotFoundException", self.lambda_.get_function, FunctionName="life")
        self.refused("ResourceNotFoundException", self.lambda_.delete_function, FunctionName="life")

    def test_refused(self):
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w") as files:
            files.writestr("main.py", "")
            files.writestr("main.py/part", "")
        twice = data.getvalue()
        for wrong in ({"Runtime": "cobol"}, {"Handler": ""}, {"Timeout": 901}, {"Timeout": 0}, {"MemorySize": 1},
                      {"Code": {"S3Bucket": "b", "S3Key": "k"}}, {"Code": {"ZipFile": b"no zip"}}, {"Code": {"ZipFile": b""}},
                      {"Environment": {"Variables": {"A": "x" * 5000}}}, {"PackageType": "Image"},
                      {"Code": {"ZipFile": archive(name="../outside")}}, {"Code": {"ZipFile": twice}}):
            with self.subTest(str(wrong)[:60]):
                self.refused("InvalidParameterValueException", self.create, "wrong", **wrong)
        for name in ("with blank", "", "x" * 65, ARN.replace(ACCOUNT, "1") + "f"):
            self.refused("InvalidParameterValueException", self.create, name)
        self.refused("ResourceNotFoundException", self.lambda_.get_function, FunctionName=ARN.replace(ACCOUNT, "210987654321") + "f")
        status, headers, _ = self.control.send("POST", "/2015-03-31/functions", json.dumps({
            "FunctionName": "wrong", "Runtime": "python3.9", "Role": ROLE, "Handler": "a.b", "Code": {"ZipFile": "***"}}).encode(),
            service="lambda")
        self.assertEqual((status, headers["x-amzn-errortype"]), (400, "InvalidParameterValueException"))

    def test_versions_and_aliases(self):
        self.create("v")
        publish = self.lambda_.publish_version
        self.assertEqual(publish(FunctionName="v")["Version"], "1")
        self.assertEqual(publish(FunctionName="v")["Version"], "1")
        self.lambda_.update_function_configuration(FunctionName="v", Timeout=9)
        self.assertEqual(publish(FunctionName="v", Description="two")["Version"], "2")
        self.refused("PreconditionFailedException", publish, FunctionName="v", CodeSha256="x")
        listed = self.lambda_.list_versions_by_function(FunctionName="v")["Versions"]
        self.assertEqual([(one["Version"], one["Timeout"]) for one in listed], [("$LATEST", 9), ("1", 3), ("2", 9)])
        made = self.lambda_.create_alias(FunctionName="v", Name="live", FunctionVersion="1")
        self.assertEqual((made["AliasArn"], made["FunctionVersion"]), (ARN + "v:live", "1"))
        self.lambda_.create_alias(FunctionName="v", Name="edge", FunctionVersion="$LATEST")
        self.refused("ResourceConflictException", self.lambda_.create_alias, FunctionName="v", Name="live", FunctionVersion="2")
        self.refused("ResourceNotFoundException", self.lambda_.create_alias, FunctionName="v", Name="x", FunctionVersion="9")
        for name in ("1", "a b", "$LATEST"):
            self.refused("InvalidParameterValueException", self.lambda_.create_alias, FunctionName="v", Name=name, FunctionVersion="1")
        told = self.lambda_.get_function_configuration(FunctionName="v", Qualifier="live")
        self.assertEqual((told["Version"], told["FunctionArn"]), ("1", ARN + "v:live"))
        self.refused("InvalidParameterValueException", self.lambda_.get_function, FunctionName="v:1", Qualifier="2")
        self.refused("ResourceConflictException", self.lambda_.delete_function, FunctionName="v", Qualifier="1")
        self.assertEqual(self.lambda_.update_alias(FunctionName="v", Name="live", FunctionVersion="2")["FunctionVersion"], "2")
        self.lambda_.delete_function(FunctionName="v", Qualifier="1")
        self.assertEqual(self.lambda_.get_alias(FunctionName="v", Name="live")["FunctionVersion"], "2")
        names = [one["Name"] for one in self.lambda_.list_aliases(FunctionName="v")["Aliases"]]
        self.assertEqual(names, ["edge", "live"])
        self.lambda_.delete_alias(FunctionName="v", Name="edge")
        self.refused("ResourceNotFoundException", self.lambda_.get_alias, FunctionName="v", Name="edge")

    def test_permissions(self):
        self.create("p")
        rule = f"arn:aws:iot:{REGION}:{ACCOUNT}:rule/r"
        added = self.lambda_.add_permission(FunctionName="p", StatementId="iot-1", Action="lambda:InvokeFunction",
                                            Principal="iot.amazonaws.com", SourceArn=rule)
        statement = {"Sid": "iot-1", "Effect": "Allow", "Principal": {"Service": "iot.amazonaws.com"},
                     "Action": "lambda:InvokeFunction", "Resource": ARN + "p", "Condition": {"ArnLike": {"AWS:SourceArn": rule}}}
        self.assertEqual(json.loads(added["Statement"]), statement)
        self.refused("ResourceConflictException", self.lambda_.add_permission, FunctionName="p", StatementId="iot-1",
                     Action="lambda:InvokeFunction", Principal="iot.amazonaws.com")
        self.refused("ResourceNotFoundException", self.lambda_.add_permission, FunctionName="none", StatementId="s",
                     Action="lambda:InvokeFunction", Principal="iot.amazonaws.com")
        policy = json.loads(self.lambda_.get_policy(FunctionName="p")["Policy"])
        self.assertEqual(policy, {"Version": "2012-10-17", "Id": "default", "Statement": [statement]})
        self.lambda_.remove_permission(FunctionName="p", StatementId="iot-1")
        self.refused("ResourceNotFoundException", self.lambda_.get_policy, FunctionName="p")
        self.refused("ResourceNotFoundException", self.lambda_.remove_permission, FunctionName="p", StatementId="iot-1")

    def test_nobody_runs_them(self):
        self.refused("ServiceUnavailableException", self.lambda_.invoke, FunctionName="f")


class WithRunner(Case):
    options = ("--functions", "{dir}/run.sock")

    @classmethod
    def prepare(cls):
        path = f"{cls.control.dir}/run.sock"
        cls.runner = subprocess.Popen([f"{BUILD}/tests/control_runner", path])
        while not os.path.exists(path):
            time.sleep(0.01)

    @classmethod
    def tearDownClass(cls):
        cls.runner.kill()
        cls.runner.wait()
        super().tearDownClass()


class Invocations(WithRunner):
    def setUp(self):
        self.lambda_ = self.control.client("lambda", max_pool_connections=20)

    def test_answers(self):
        payload = json.dumps({"text": "ü" * 100000}).encode()
        answer = self.lambda_.invoke(FunctionName="echo", Payload=payload)
        self.assertEqual((answer["StatusCode"], answer["ExecutedVersion"], answer["Payload"].read()), (200, "$LATEST", payload))
        answer = self.lambda_.invoke(FunctionName="fails", LogType="Tail")
        self.assertEqual((answer["StatusCode"], answer["FunctionError"]), (200, "Unhandled"))
        self.assertEqual(base64.b64decode(answer["LogResult"]), b"log\nlines")
        self.assertEqual(json.load(answer["Payload"])["errorType"], "ValueError")
        self.assertEqual(self.lambda_.invoke(FunctionName="echo", InvocationType="Event")["StatusCode"], 202)
        self.assertEqual(self.lambda_.invoke(FunctionName="echo", InvocationType="DryRun")["StatusCode"], 204)

    def test_refused(self):
        invoke = self.lambda_.invoke
        self.refused("TooManyRequestsException", invoke, FunctionName="busy")
        self.refused("ResourceNotFoundException", invoke, FunctionName="missing")
        self.refused("InvalidRequestContentException", invoke, FunctionName="malformed", Payload=b"x")
        self.refused("ServiceUnavailableException", invoke, FunctionName="dies")
        self.refused("InvalidParameterValueException", invoke, FunctionName="echo", InvocationType="Else")
        self.refused("RequestTooLargeException", invoke, FunctionName="echo", Payload=b"1" * (6 * 1024 * 1024 + 1))

    def test_waiting_hinders_nobody(self):
        answers = []

        def wait():
            answers.append(self.lambda_.invoke(FunctionName="waits")["Payload"].read())
        threads = [threading.Thread(target=wait) for _ in range(10)]
        for thread in threads:
            thread.start()
        while len(answers) < 10:
            self.iot.get_registration_code()
            self.lambda_.invoke(FunctionName="release")
        for thread in threads:
            thread.join()
        self.assertEqual(answers, [b'"released"'] * 10)


class Ending(WithRunner):
    """The control plane may end while somebody waits."""

    def test_waiting(self):
        lambda_ = self.control.client("lambda")
        seen = []

        def wait():
            try:
                lambda_.invoke(FunctionName="waits")
            except Exception as error:  # whatever it is called, it is told
                seen.append(error)
        thread = threading.Thread(target=wait)
        thread.start()
        self.iot.get_registration_code()
        time.sleep(0.3)  # for the invocation to be on its way: without it less is seen, and nothing fails
        self.assertEqual(self.control.stop(), 0)
        thread.join()
        self.assertEqual(len(seen), 1)
        self.control.start()


if __name__ == "__main__":
    main()
