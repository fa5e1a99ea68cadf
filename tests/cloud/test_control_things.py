#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Things, types, groups, rules, templates, and what is the account's as a whole, over the REST API, by boto3."""
import json

from control_rig import ACCOUNT, OTHER_KEY, REGION, Case, main

PREFIX = f"arn:aws:iot:{REGION}:{ACCOUNT}:"
UUID = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"


class Things(Case):
    def test_life(self):
        name = "OEM:0A:1b"
        made = self.iot.create_thing(thingName=name, attributePayload={"attributes": {"a": "1", "b": "x/y@z"}})
        self.assertRegex(made["thingId"], UUID)
        self.assertEqual(made["thingArn"], PREFIX + "thing/" + name)
        again = self.iot.create_thing(thingName=name, attributePayload={"attributes": {"b": "x/y@z", "a": "1"}})
        self.assertEqual(again["thingId"], made["thingId"])
        self.refused("ResourceAlreadyExistsException", self.iot.create_thing, thingName=name)
        told = self.iot.describe_thing(thingName=name)
        self.assertEqual((told["defaultClientId"], told["version"], told["attributes"]), (name, 1, {"a": "1", "b": "x/y@z"}))
        self.iot.update_thing(thingName=name, attributePayload={"attributes": {"a": "2", "b": "", "c": "3"}, "merge": True})
        self.assertEqual(self.iot.describe_thing(thingName=name)["attributes"], {"a": "2", "c": "3"})
        self.iot.update_thing(thingName=name, attributePayload={"attributes": {"d": "4"}}, expectedVersion=2)
        told = self.iot.describe_thing(thingName=name)
        self.assertEqual((told["attributes"], told["version"]), ({"d": "4"}, 3))
        self.refused("VersionConflictException", self.iot.update_thing, thingName=name, expectedVersion=1)
        self.refused("VersionConflictException", self.iot.delete_thing, thingName=name, expectedVersion=1)
        self.iot.delete_thing(thingName=name)
        self.iot.delete_thing(thingName=name)
        self.refused("ResourceNotFoundException", self.iot.describe_thing, thingName=name)

    def test_refused(self):
        create = self.iot.create_thing
        for name in ("with blank", "slash/", "ü", "x" * 129, "per%cent"):
            self.refused("InvalidRequestException", create, thingName=name)
        for attributes in ({"a": "with blank"}, {"a b": "c"}, {"a": "x" * 801}, {"a": "b", "c": "d", "e": "f", "g": "h"}):
            self.refused("InvalidRequestException", create, thingName="bad", attributePayload={"attributes": attributes})
        self.refused("ResourceNotFoundException", create, thingName="bad", thingTypeName="none")
        self.refused("ResourceNotFoundException", self.iot.update_thing, thingName="none")

    def test_principals(self):
        principal = self.iot.create_keys_and_certificate()["certificateArn"]
        self.iot.create_thing(thingName="held")
        self.iot.attach_thing_principal(thingName="held", principal=principal)
        self.iot.attach_thing_principal(thingName="held", principal=principal)
        self.assertEqual(self.iot.list_thing_principals(thingName="held")["principals"], [principal])
        self.assertEqual(self.iot.list_principal_things(principal=principal)["things"], ["held"])
        refused = self.refused("InvalidRequestException", self.iot.delete_thing, thingName="held")
        self.assertIn("still attached", refused["Error"]["Message"])
        self.refused("DeleteConflictException", self.iot.delete_certificate, certificateId=principal.split("/")[1])
        self.iot.detach_thing_principal(thingName="held", principal=principal)
        self.refused("ResourceNotFoundException", self.iot.detach_thing_principal, thingName="held", principal=principal)
        self.refused("ResourceNotFoundException", self.iot.attach_thing_principal, thingName="none", principal=principal)
        self.refused("InvalidRequestException", self.iot.attach_thing_principal, thingName="held", principal="x")
        self.iot.delete_thing(thingName="held")

    def test_types(self):
        properties = {"thingTypeDescription": "a type", "searchableAttributes": ["x"]}
        made = self.iot.create_thing_type(thingTypeName="kind", thingTypeProperties=properties)
        self.assertEqual(made["thingTypeArn"], PREFIX + "thingtype/kind")
        self.refused("ResourceAlreadyExistsException", self.iot.create_thing_type, thingTypeName="kind")
        self.iot.create_thing(thingName="of-kind", thingTypeName="kind",
                              attributePayload={"attributes": {f"a{n}": "v" for n in range(50)}})
        told = self.iot.describe_thing_type(thingTypeName="kind")
        self.assertEqual(told["thingTypeProperties"], properties)
        self.assertFalse(told["thingTypeMetadata"]["deprecated"])
        self.assertEqual([one["thingName"] for one in self.iot.list_things(thingTypeName="kind")["things"]], ["of-kind"])
        self.assertEqual([one["thingTypeName"] for one in self.iot.list_thing_types(thingTypeName="kind")["thingTypes"]], ["kind"])
        self.assertEqual(self.iot.list_thing_types(thingTypeName="none")["thingTypes"], [])
        self.refused("InvalidRequestException", self.iot.delete_thing_type, thingTypeName="kind")
        self.iot.deprecate_thing_type(thingTypeName="kind")
        self.refused("InvalidRequestException", self.iot.create_thing, thingName="late", thingTypeName="kind")
        self.iot.deprecate_thing_type(thingTypeName="kind", undoDeprecate=True)
        self.iot.create_thing(thingName="late", thingTypeName="kind")
        for name in ("late", "of-kind"):
            self.iot.delete_thing(thingName=name)
        self.iot.deprecate_thing_type(thingTypeName="kind")
        self.iot.delete_thing_type(thingTypeName="kind")
        self.refused("ResourceNotFoundException", self.iot.describe_thing_type, thingTypeName="kind")

    def test_pages(self):
        names = [f"page{number:02}" for number in range(23)]
        for name in names:
            self.iot.create_thing(thingName=name, attributePayload={"attributes": {"paged": "yes"}})
        seen = []
        for page in self.iot.get_paginator("list_things").paginate(
                attributeName="paged", attributeValue="yes", PaginationConfig={"PageSize": 5}):
            seen += [one["thingName"] for one in page["things"]]
        self.assertEqual(seen, names)
        for value, prefix, found in (("ye", True, 23), ("ye", False, 0)):
            told = self.iot.list_things(attributeName="paged", attributeValue=value, usePrefixAttributeValue=prefix)
            self.assertEqual(len(told["things"]), found)
        for wrong in (0, 251):
            status, headers, _ = self.control.send("GET", f"/things?maxResults={wrong}")
            self.assertEqual((status, headers["x-amzn-errortype"]), (400, "InvalidRequestException"))
        self.refused("InvalidRequestException", self.iot.list_things, nextToken="bm9uZQ==")
        self.refused("InvalidRequestException", self.iot.list_things, attributeValue="yes")
        other = self.control.client("iot", key=OTHER_KEY)
        self.assertEqual(other.list_things()["things"], [])

    def test_groups(self):
        made = self.iot.create_thing_group(thingGroupName="all", thingGroupProperties={
            "thingGroupDescription": "everything", "attributePayload": {"attributes": {"a": "1"}}})
        self.assertEqual(made["thingGroupArn"], PREFIX + "thinggroup/all")
        self.iot.create_thing_group(thingGroupName="some", parentGroupName="all")
        self.refused("ResourceNotFoundException", self.iot.create_thing_group, thingGroupName="x", parentGroupName="none")
        told = self.iot.describe_thing_group(thingGroupName="some")["thingGroupMetadata"]
        self.assertEqual((told["parentGroupName"], told["rootToParentThingGroups"]),
                         ("all", [{"groupName": "all", "groupArn": PREFIX + "thinggroup/all"}]))
        self.iot.create_thing(thingName="member")
        self.iot.add_thing_to_thing_group(thingGroupName="some", thingName="member")
        self.iot.add_thing_to_thing_group(thingGroupArn=PREFIX + "thinggroup/some", thingArn=PREFIX + "thing/member")
        self.assertEqual(self.iot.list_things_in_thing_group(thingGroupName="some")["things"], ["member"])
        listed = self.iot.list_thing_groups_for_thing(thingName="member")["thingGroups"]
        self.assertEqual([one["groupName"] for one in listed], ["some"])
        self.iot.create_thing_group(thingGroupName="few", parentGroupName="some")
        self.iot.create_thing(thingName="member2")
        self.iot.add_thing_to_thing_group(thingGroupName="few", thingName="member2")
        inside = self.iot.list_things_in_thing_group
        self.assertEqual(inside(thingGroupName="all")["things"], [])
        self.assertEqual(inside(thingGroupName="all", recursive=True)["things"], ["member", "member2"])
        for recursive, names in ((False, ["some"]), (True, ["few", "some"])):
            listed = self.iot.list_thing_groups(parentGroup="all", recursive=recursive)["thingGroups"]
            self.assertEqual([one["groupName"] for one in listed], names)
        self.iot.delete_thing_group(thingGroupName="few")
        self.assertEqual(self.iot.update_thing_group(thingGroupName="all", thingGroupProperties={
            "thingGroupDescription": "all of it"})["version"], 2)
        told = self.iot.describe_thing_group(thingGroupName="all")
        self.assertEqual((told["thingGroupProperties"]["thingGroupDescription"],
                          told["thingGroupProperties"]["attributePayload"]["attributes"]), ("all of it", {"a": "1"}))
        self.refused("InvalidRequestException", self.iot.delete_thing_group, thingGroupName="all")
        self.refused("InvalidRequestException", self.iot.add_thing_to_thing_group, thingName="member")
        self.refused("ResourceNotFoundException", self.iot.add_thing_to_thing_group, thingGroupName="none", thingName="member")
        self.iot.remove_thing_from_thing_group(thingGroupName="some", thingName="member")
        self.assertEqual(self.iot.list_things_in_thing_group(thingGroupName="some")["things"], [])
        self.iot.delete_thing_group(thingGroupName="some")
        self.iot.delete_thing_group(thingGroupName="all", expectedVersion=2)
        self.iot.delete_thing_group(thingGroupName="all")


def rule(sql="SELECT * FROM 'a/b'", **more):
    action = {"lambda": {"functionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"}}
    return {"sql": sql, "actions": [action], **more}


class Rules(Case):
    def test_life(self):
        payload = rule(description="what it does", awsIotSqlVersion="2016-03-23", errorAction={
            "republish": {"topic": "errors/${topic(2)}", "qos": 1, "roleArn": "arn:aws:iam::1:role/r"}})
        self.iot.create_topic_rule(ruleName="Rule_1", topicRulePayload=payload)
        self.refused("ResourceAlreadyExistsException", self.iot.create_topic_rule, ruleName="Rule_1", topicRulePayload=payload)
        told = self.iot.get_topic_rule(ruleName="Rule_1")
        self.assertEqual(told["ruleArn"], PREFIX + "rule/Rule_1")
        self.assertFalse(told["rule"]["ruleDisabled"])
        self.assertEqual({name: told["rule"][name] for name in payload}, payload)
        self.iot.disable_topic_rule(ruleName="Rule_1")
        self.assertTrue(self.iot.get_topic_rule(ruleName="Rule_1")["rule"]["ruleDisabled"])
        self.assertEqual([one["ruleName"] for one in self.iot.list_topic_rules(ruleDisabled=True)["rules"]], ["Rule_1"])
        self.iot.enable_topic_rule(ruleName="Rule_1")
        self.assertEqual(self.iot.list_topic_rules(ruleDisabled=True)["rules"], [])
        self.iot.replace_topic_rule(ruleName="Rule_1", topicRulePayload=rule("SELECT a FROM 'c/#' WHERE a > 1"))
        listed = self.iot.list_topic_rules(topic="c/#")["rules"]
        self.assertEqual([(one["ruleName"], one["topicPattern"]) for one in listed], [("Rule_1", "c/#")])
        self.iot.delete_topic_rule(ruleName="Rule_1")
        self.iot.delete_topic_rule(ruleName="Rule_1")
        for call in (self.iot.get_topic_rule, self.iot.enable_topic_rule):
            answer = self.refused("UnauthorizedException", call, ruleName="Rule_1")
            self.assertEqual(answer["ResponseMetadata"]["HTTPStatusCode"], 401)

    def test_refused(self):
        create = self.iot.create_topic_rule
        for sql in ("", "SELECT", "SELECT * FROM", "SELECT * FROM 'a' WHERE", "DELETE FROM 'a'", "SELECT * FROM 'a/#/b'"):
            with self.subTest(sql):
                self.refused("SqlParseException", create, ruleName="bad", topicRulePayload=rule(sql))
        answer = self.refused("SqlParseException", create, ruleName="bad", topicRulePayload=rule("SELECT a FROM 'b' WHERE c ="))
        self.assertRegex(answer["Error"]["Message"], "line 1")
        self.refused("InvalidRequestException", create, ruleName="with-dash", topicRulePayload=rule())
        self.refused("InvalidRequestException", create, ruleName="bad", topicRulePayload={
            "sql": "SELECT * FROM 'a'", "actions": [{"s3": {"roleArn": "r", "bucketName": "b", "key": "k"}}]})
        self.refused("InvalidRequestException", create, ruleName="bad", topicRulePayload={
            "sql": "SELECT * FROM 'a'", "actions": [{"republish": {"roleArn": "r", "topic": "t", "qos": 2}}]})


class Account(Case):
    def test_templates(self):
        body = json.dumps({
            "Parameters": {"AWS::IoT::Certificate::CommonName": {"Type": "String"}, "AWS::IoT::Certificate::Id": {"Type": "String"}},
            "Resources": {"thing": {"Type": "AWS::IoT::Thing", "Properties": {
                "ThingName": {"Ref": "AWS::IoT::Certificate::CommonName"}}},
                          "certificate": {"Type": "AWS::IoT::Certificate", "Properties": {
                              "CertificateId": {"Ref": "AWS::IoT::Certificate::Id"}, "Status": "ACTIVE"}}}})
        role = f"arn:aws:iam::{ACCOUNT}:role/r"
        made = self.iot.create_provisioning_template(templateName="jitp_1", templateBody=body, provisioningRoleArn=role,
                                                     type="JITP", enabled=True, description="d")
        self.assertEqual((made["templateArn"], made["defaultVersionId"]), (PREFIX + "provisioningtemplate/jitp_1", 1))
        told = self.iot.describe_provisioning_template(templateName="jitp_1")
        self.assertEqual((told["templateBody"], told["type"], told["enabled"], told["provisioningRoleArn"]),
                         (body, "JITP", True, role))
        self.iot.update_provisioning_template(templateName="jitp_1", enabled=False)
        told = self.iot.describe_provisioning_template(templateName="jitp_1")
        self.assertEqual((told["enabled"], told["description"]), (False, "d"))
        listed = self.iot.list_provisioning_templates()["templates"]
        self.assertEqual([one["templateName"] for one in listed], ["jitp_1"])
        create = self.iot.create_provisioning_template
        self.refused("ResourceAlreadyExistsException", create, templateName="jitp_1", templateBody=body, provisioningRoleArn=role)
        for wrong in ("", "{", "{}", body.replace("AWS::IoT::Thing", "AWS::IoT::Things"), body.replace('"Ref"', '"Fn::GetAtt"'), json.dumps({"Resources": {}, "x": "y" * 10240})):
            self.refused("InvalidRequestException", create, templateName="t", templateBody=wrong, provisioningRoleArn=role)
        # Whatever the values will be: there may be a second part, and the map may know the place.
        chooses = {"Fn::Select": [1, {"Fn::Split": ["-", {"Ref": "Serial"}]}]}
        finds = {"Fn::FindInMap": ["Places", {"Ref": "Serial"}, "room"]}
        for name in (chooses, finds):
            create(templateName="chooses", provisioningRoleArn=role, templateBody=json.dumps({
                "Parameters": {"Serial": {"Type": "String"}}, "Mappings": {"Places": {"a-b": {"room": "hall"}}},
                "Resources": {"thing": {"Type": "AWS::IoT::Thing", "Properties": {"ThingName": name}}}}))
            self.iot.delete_provisioning_template(templateName="chooses")
        self.refused("InvalidRequestException", create, templateName="t", provisioningRoleArn=role, templateBody=json.dumps({
            "Resources": {"c": {"Type": "AWS::IoT::Certificate", "Properties": {"CertificateSigningRequest": "x"}}}}))
        self.iot.delete_provisioning_template(templateName="jitp_1")
        self.refused("ResourceNotFoundException", self.iot.describe_provisioning_template, templateName="jitp_1")

    def test_template_versions(self):
        first, second = (json.dumps({"Parameters": {}, "Resources": {"thing": {"Type": "AWS::IoT::Thing", "Properties": {"ThingName": name}}}})
                         for name in ("one", "two"))
        create, name = self.iot.create_provisioning_template_version, {"templateName": "versions"}
        self.refused("ResourceNotFoundException", create, templateBody=first, **name)
        self.refused("ResourceNotFoundException", self.iot.list_provisioning_template_versions, **name)
        self.iot.create_provisioning_template(templateBody=first, provisioningRoleArn=f"arn:aws:iam::{ACCOUNT}:role/r", **name)
        made = create(templateBody=second, **name)
        self.assertEqual((made["templateArn"], made["versionId"], made["isDefaultVersion"]),
                         (PREFIX + "provisioningtemplate/versions", 2, False))
        told = self.iot.describe_provisioning_template(**name)
        self.assertEqual((told["templateBody"], told["defaultVersionId"]), (first, 1))
        self.iot.update_provisioning_template(defaultVersionId=2, **name)
        told = self.iot.describe_provisioning_template(**name)
        self.assertEqual((told["templateBody"], told["defaultVersionId"]), (second, 2))
        self.refused("ResourceNotFoundException", self.iot.update_provisioning_template, defaultVersionId=9, **name)
        self.refused("InvalidRequestException", create, templateBody="{}", **name)
        told = self.iot.describe_provisioning_template_version(versionId=1, **name)
        self.assertEqual((told["versionId"], told["templateBody"], told["isDefaultVersion"]), (1, first, False))
        for number in (3, 4, 5):
            self.assertEqual(create(templateBody=first, setAsDefault=True, **name)["versionId"], number)
        self.refused("VersionsLimitExceededException", create, templateBody=first, **name)
        listed = self.iot.list_provisioning_template_versions(maxResults=3, **name)
        more = self.iot.list_provisioning_template_versions(nextToken=listed["nextToken"], **name)
        self.assertEqual([(one["versionId"], one["isDefaultVersion"]) for one in listed["versions"] + more["versions"]],
                         [(1, False), (2, False), (3, False), (4, False), (5, True)])
        delete = self.iot.delete_provisioning_template_version
        self.refused("DeleteConflictException", delete, versionId=5, **name)
        delete(versionId=1, **name)
        self.refused("ResourceNotFoundException", delete, versionId=1, **name)
        self.refused("ResourceNotFoundException", self.iot.describe_provisioning_template_version, versionId=1, **name)
        self.iot.delete_provisioning_template(**name)
        self.refused("ResourceNotFoundException", self.iot.describe_provisioning_template_version, versionId=5, **name)

    def test_endpoint(self):
        for kind in ("iot:Data", "iot:Data-ATS", "iot:CredentialProvider", "iot:Jobs"):
            self.assertEqual(self.iot.describe_endpoint(endpointType=kind)["endpointAddress"], "localhost:8883")
        self.assertEqual(self.iot.describe_endpoint()["endpointAddress"], "localhost:8883")
        self.refused("InvalidRequestException", self.iot.describe_endpoint, endpointType="iot:Else")

    def test_events(self):
        told = self.iot.describe_event_configurations()["eventConfigurations"]
        self.assertEqual((len(told), told["THING"]), (11, {"Enabled": False}))
        self.iot.update_event_configurations(eventConfigurations={"THING": {"Enabled": True}})
        told = self.iot.describe_event_configurations()["eventConfigurations"]
        self.assertEqual((told["THING"], told["JOB"]), ({"Enabled": True}, {"Enabled": False}))
        self.refused("InvalidRequestException", self.iot.update_event_configurations,
                     eventConfigurations={"ELSE": {"Enabled": True}})

    def test_identity(self):
        told = self.control.client("sts").get_caller_identity()
        self.assertEqual((told["Account"], told["Arn"]), (ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/tester"))
        self.refused("InvalidAction", self.control.client("sts").get_session_token)


if __name__ == "__main__":
    main()
