#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Tags of what can have them, over the REST API, by boto3."""
import json
import urllib.parse

from control_rig import ACCOUNT, OTHER_KEY, REGION, Case, main
from test_control_functions import ROLE, archive

PREFIX = f"arn:aws:iot:{REGION}:{ACCOUNT}:"
POLICY = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "iot:*", "Resource": "*"}})
TEMPLATE = json.dumps({"Parameters": {}, "Resources": {}})
RULE = {"sql": "SELECT * FROM 'a'", "actions": [{"republish": {"roleArn": ROLE, "topic": "b"}}]}


def pairs(tags):
    return [{"Key": key, "Value": value} for key, value in tags.items()]


class Tags(Case):
    def tags(self, arn):
        told = self.iot.list_tags_for_resource(resourceArn=arn)
        self.assertNotIn("nextToken", told)
        return {tag["Key"]: tag["Value"] for tag in told["tags"]}

    def check_life(self, create, arn, delete):
        """Made with tags, changed, and gone with the resource."""
        create({"first": "1", "ä b": "", "=": "+"})
        self.assertEqual(self.tags(arn), {"first": "1", "ä b": "", "=": "+"})
        self.iot.tag_resource(resourceArn=arn, tags=pairs({"first": "2", "other": "x"}))
        self.iot.untag_resource(resourceArn=arn, tagKeys=["=", "unknown"])
        self.assertEqual(self.tags(arn), {"first": "2", "ä b": "", "other": "x"})
        delete()
        self.refused("ResourceNotFoundException", self.iot.list_tags_for_resource, resourceArn=arn)
        self.refused("ResourceNotFoundException", self.iot.tag_resource, resourceArn=arn, tags=pairs({"a": "b"}))
        self.refused("ResourceNotFoundException", self.iot.untag_resource, resourceArn=arn, tagKeys=["a"])
        create({})
        self.assertEqual(self.tags(arn), {})
        delete()

    def test_policy(self):
        self.check_life(lambda tags: self.iot.create_policy(policyName="p", policyDocument=POLICY, tags=pairs(tags)),
                        PREFIX + "policy/p", lambda: self.iot.delete_policy(policyName="p"))

    def test_thing_type(self):
        def delete():
            self.iot.deprecate_thing_type(thingTypeName="t")
            self.iot.delete_thing_type(thingTypeName="t")
        self.check_life(lambda tags: self.iot.create_thing_type(thingTypeName="t", tags=pairs(tags)), PREFIX + "thingtype/t", delete)

    def test_group(self):
        self.check_life(lambda tags: self.iot.create_thing_group(thingGroupName="g", tags=pairs(tags)), PREFIX + "thinggroup/g",
                        lambda: self.iot.delete_thing_group(thingGroupName="g"))

    def test_template(self):
        self.check_life(lambda tags: self.iot.create_provisioning_template(
            templateName="f", templateBody=TEMPLATE, provisioningRoleArn=ROLE, tags=pairs(tags)),
            PREFIX + "provisioningtemplate/f", lambda: self.iot.delete_provisioning_template(templateName="f"))

    def test_rule(self):
        self.check_life(lambda tags: self.iot.create_topic_rule(
            ruleName="r", topicRulePayload=RULE, tags=urllib.parse.urlencode(tags)),
            PREFIX + "rule/r", lambda: self.iot.delete_topic_rule(ruleName="r"))

    def test_ca(self):
        pem = self.pki.ca("tagged")
        identity = self.pki.identity("tagged")
        self.check_life(lambda tags: self.iot.register_ca_certificate(
            caCertificate=pem, certificateMode="SNI_ONLY", tags=pairs(tags)),
            PREFIX + "cacert/" + identity, lambda: self.iot.delete_ca_certificate(certificateId=identity))

    def test_in_the_query(self):
        body = json.dumps({"policyDocument": POLICY, "tags": pairs({"body": "1"})}).encode()
        query = urllib.parse.quote(urllib.parse.urlencode({"query": "a b", "more": "&"}), safe="")
        status, _, _ = self.control.send("POST", f"/policies/query?tags={query}", body)
        self.assertEqual(status, 200)
        self.assertEqual(self.tags(PREFIX + "policy/query"), {"body": "1", "query": "a b", "more": "&"})
        for bad in ("%25", "a%253D%25ff", "aws%253Aa%3Db"):
            status, headers, _ = self.control.send("POST", f"/policies/bad?tags={bad}", body)
            self.assertEqual((status, headers["x-amzn-errortype"]), (400, "InvalidRequestException"))
        self.refused("ResourceNotFoundException", self.iot.get_policy, policyName="bad")

    def test_refused(self):
        """Nothing of a refused call is kept, not even what the tags were for."""
        arn = PREFIX + "policy/refused"
        self.iot.create_policy(policyName="refused", policyDocument=POLICY)
        for tags in ([{"Value": "x"}], [{"Key": "", "Value": "x"}], [{"Key": "aws:x", "Value": "x"}], [{"Key": "k", "Value": "aws:x"}],
                     [{"Key": "k", "Value": 1}], [{"Key": "k" * 129, "Value": "x"}], [{"Key": "k", "Value": "x" * 257}],
                     [{"Key": "a*", "Value": "x"}], pairs({"k": "x"}) * 2, ["k"]):
            with self.subTest(str(tags)[:60]):
                body = json.dumps({"resourceArn": arn, "tags": tags}).encode()
                status, headers, _ = self.control.send("POST", "/tags", body)
                self.assertEqual((status, headers["x-amzn-errortype"]), (400, "InvalidRequestException"))
                body = json.dumps({"policyDocument": POLICY, "tags": tags}).encode()
                self.assertEqual(self.control.send("POST", "/policies/unmade", body)[0], 400)
        self.refused("ResourceNotFoundException", self.iot.get_policy, policyName="unmade")
        many = pairs({f"k{number}": "v" for number in range(50)})
        self.iot.tag_resource(resourceArn=arn, tags=many)
        self.refused("LimitExceededException", self.iot.tag_resource, resourceArn=arn, tags=pairs({"one": "more"}))
        self.refused("LimitExceededException", self.iot.tag_resource, resourceArn=arn, tags=many + pairs({"one": "more"}))
        self.assertEqual(len(self.tags(arn)), 50)
        for other in ("", "policy/refused", PREFIX + "thing/t", PREFIX + "policy/", arn.replace(ACCOUNT, "210987654321"),
                      arn.replace(REGION, "eu-west-1")):
            with self.subTest(other):
                self.refused("InvalidRequestException", self.iot.list_tags_for_resource, resourceArn=other)
        stranger = self.control.client("iot", key=OTHER_KEY)
        self.refused("InvalidRequestException", stranger.list_tags_for_resource, resourceArn=arn)


class FunctionTags(Case):
    def setUp(self):
        self.lambda_ = self.control.client("lambda")

    def create(self, tags):
        return self.lambda_.create_function(FunctionName="f", Runtime="python3.9", Role=ROLE, Handler="main.handler",
                                            Code={"ZipFile": archive()}, Tags=tags)["FunctionArn"]

    def test_life(self):
        arn = self.create({"first": "1", "ä b": ""})
        self.assertEqual(self.lambda_.list_tags(Resource=arn)["Tags"], {"first": "1", "ä b": ""})
        self.lambda_.tag_resource(Resource=arn, Tags={"first": "2", "a=b": "c"})
        self.assertEqual(self.lambda_.get_function(FunctionName="f")["Tags"], {"first": "2", "ä b": "", "a=b": "c"})
        told = self.lambda_.untag_resource(Resource=arn, TagKeys=["ä b", "a=b", "unknown"])
        self.assertEqual(told["ResponseMetadata"]["HTTPStatusCode"], 204)
        self.assertEqual(self.lambda_.list_tags(Resource=arn)["Tags"], {"first": "2"})
        for bad in ({"aws:a": "b"}, {"": "b"}, {f"k{number}": "" for number in range(51)}, {"a": 1}):
            self.refused("InvalidParameterValueException", self.lambda_.tag_resource, Resource=arn, Tags=bad)
        for bad in ("f", arn + ":$LATEST", arn + ":1"):
            self.refused("InvalidParameterValueException", self.lambda_.list_tags, Resource=bad)
        self.lambda_.delete_function(FunctionName="f")
        self.refused("ResourceNotFoundException", self.lambda_.list_tags, Resource=arn)
        self.refused("ResourceNotFoundException", self.lambda_.tag_resource, Resource=arn, Tags={"a": "b"})
        self.assertEqual(self.lambda_.list_tags(Resource=self.create({}))["Tags"], {})


if __name__ == "__main__":
    main()
