#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Policies, what they are attached to, and what they permit, over the REST API, by boto3."""
import json

from control_rig import ACCOUNT, REGION, Case, main

PREFIX = f"arn:aws:iot:{REGION}:{ACCOUNT}:"


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action, resource, **more):
    return {"Effect": "Allow", "Action": action, "Resource": PREFIX + resource, **more}


def deny(action, resource):
    return {"Effect": "Deny", "Action": action, "Resource": PREFIX + resource}


ANY = document(allow("iot:*", "*"))


class Policies(Case):
    def test_life(self):
        made = self.iot.create_policy(policyName="Life+=,.@-", policyDocument=ANY)
        self.assertEqual((made["policyDocument"], made["policyVersionId"]), (ANY, "1"))
        self.assertEqual(made["policyArn"], PREFIX + "policy/Life+=,.@-")
        self.refused("ResourceAlreadyExistsException", self.iot.create_policy, policyName="Life+=,.@-", policyDocument=ANY)
        told = self.iot.get_policy(policyName="Life+=,.@-")
        self.assertEqual((told["policyDocument"], told["defaultVersionId"]), (ANY, "1"))
        self.assertIn("Life+=,.@-", [one["policyName"] for one in self.iot.list_policies()["policies"]])
        self.iot.delete_policy(policyName="Life+=,.@-")
        self.refused("ResourceNotFoundException", self.iot.get_policy, policyName="Life+=,.@-")
        self.refused("ResourceNotFoundException", self.iot.delete_policy, policyName="Life+=,.@-")
        self.refused("InvalidRequestException", self.iot.create_policy, policyName="with blank", policyDocument=ANY)
        self.refused("InvalidRequestException", self.iot.create_policy, policyName="x" * 129, policyDocument=ANY)

    def test_bad_documents(self):
        for text in ("", "{", "[]", "{}", document(), document({"Effect": "Allow"}), document(allow("iot:Fly:x", "*")), document(allow("iot:Fly", "*")),
                     document({"Effect": "Maybe", "Action": "iot:Connect", "Resource": "*"}),
                     ANY.replace("Statement", "Statements"), document(allow("iot:*", "topic/" + "x" * 3000))):
            with self.subTest(text[:60]):
                self.refused("MalformedPolicyException", self.iot.create_policy, policyName="bad", policyDocument=text)

    def test_versions(self):
        self.iot.create_policy(policyName="versions", policyDocument=ANY)
        other = document(allow("iot:Connect", "*"))
        for number in range(2, 6):
            made = self.iot.create_policy_version(policyName="versions", policyDocument=other, setAsDefault=number == 3)
            self.assertEqual((made["policyVersionId"], made["isDefaultVersion"]), (str(number), number == 3))
        self.refused("VersionsLimitExceededException", self.iot.create_policy_version, policyName="versions", policyDocument=ANY)
        self.refused("MalformedPolicyException", self.iot.create_policy_version, policyName="versions", policyDocument="{")
        listed = self.iot.list_policy_versions(policyName="versions")["policyVersions"]
        self.assertEqual({one["versionId"]: one["isDefaultVersion"] for one in listed},
                         {"1": False, "2": False, "3": True, "4": False, "5": False})
        self.assertEqual(self.iot.get_policy(policyName="versions")["policyDocument"], other)
        self.refused("DeleteConflictException", self.iot.delete_policy_version, policyName="versions", policyVersionId="3")
        self.refused("DeleteConflictException", self.iot.delete_policy, policyName="versions")
        self.iot.set_default_policy_version(policyName="versions", policyVersionId="1")
        told = self.iot.get_policy_version(policyName="versions", policyVersionId="1")
        self.assertEqual((told["policyDocument"], told["isDefaultVersion"]), (ANY, True))
        for version in "2345":
            self.iot.delete_policy_version(policyName="versions", policyVersionId=version)
        self.refused("ResourceNotFoundException", self.iot.get_policy_version, policyName="versions", policyVersionId="2")
        self.refused("ResourceNotFoundException", self.iot.set_default_policy_version, policyName="versions", policyVersionId="0")
        made = self.iot.create_policy_version(policyName="versions", policyDocument=ANY)
        self.assertEqual(made["policyVersionId"], "6")

    def test_attachments(self):
        principal = self.iot.create_keys_and_certificate(setAsActive=True)["certificateArn"]
        self.iot.create_thing_group(thingGroupName="group")
        group = PREFIX + "thinggroup/group"
        for number in range(11):
            self.iot.create_policy(policyName=f"attach{number}", policyDocument=ANY)
        self.iot.attach_policy(policyName="attach0", target=principal)
        self.iot.attach_policy(policyName="attach0", target=principal)
        self.iot.attach_policy(policyName="attach0", target=group)
        self.iot.attach_principal_policy(policyName="attach1", principal=principal)
        names = [one["policyName"] for one in self.iot.list_attached_policies(target=principal)["policies"]]
        self.assertEqual(names, ["attach0", "attach1"])
        names = [one["policyName"] for one in self.iot.list_principal_policies(principal=principal)["policies"]]
        self.assertEqual(names, ["attach0", "attach1"])
        self.assertEqual(set(self.iot.list_targets_for_policy(policyName="attach0")["targets"]), {principal, group})
        self.assertEqual(self.iot.list_policy_principals(policyName="attach1")["principals"], [principal])
        self.refused("DeleteConflictException", self.iot.delete_policy, policyName="attach1")
        for number in range(2, 10):
            self.iot.attach_policy(policyName=f"attach{number}", target=principal)
        self.refused("LimitExceededException", self.iot.attach_policy, policyName="attach10", target=principal)
        for target in (PREFIX + "cert/" + "0" * 64, PREFIX + "thinggroup/none"):
            self.refused("ResourceNotFoundException", self.iot.attach_policy, policyName="attach1", target=target)
        for target in ("", "x", PREFIX + "cert/0", PREFIX + "thing/x", group.replace(ACCOUNT, "210987654321")):
            self.refused("InvalidRequestException", self.iot.attach_policy, policyName="attach1", target=target)
        self.refused("ResourceNotFoundException", self.iot.attach_policy, policyName="none", target=principal)
        certificate = principal.split("/")[1]
        self.iot.update_certificate(certificateId=certificate, newStatus="INACTIVE")
        self.refused("DeleteConflictException", self.iot.delete_certificate, certificateId=certificate)
        self.iot.detach_policy(policyName="attach0", target=principal)
        self.iot.detach_principal_policy(policyName="attach1", principal=principal)
        self.assertEqual(self.iot.list_targets_for_policy(policyName="attach0")["targets"], [group])
        self.iot.delete_certificate(certificateId=certificate, forceDelete=True)


class Authorization(Case):
    def ask(self, action, *resources, **more):
        answer = self.iot.test_authorization(
            authInfos=[{"actionType": action, "resources": [PREFIX + one for one in resources]}], **more)
        return answer["authResults"][0]

    def test_decisions(self):
        principal = self.iot.create_keys_and_certificate(setAsActive=True)["certificateArn"]
        thing = allow("iot:Connect", "client/${iot:Connection.Thing.ThingName}",
                      Condition={"Bool": {"iot:Connection.Thing.IsAttached": "true"}})
        self.iot.create_policy(policyName="connect", policyDocument=document(thing))
        self.iot.create_policy(policyName="publish", policyDocument=document(
            allow("iot:Publish", "topic/${iot:ClientId}/*"), deny("iot:Publish", "topic/*/secret")))
        self.iot.create_policy(policyName="subscribe", policyDocument=document(allow("iot:Subscribe", "topicfilter/a/#")))
        self.iot.attach_policy(policyName="connect", target=principal)
        self.iot.attach_policy(policyName="publish", target=principal)
        self.iot.create_thing(thingName="dev")
        who = {"principal": principal, "clientId": "dev"}
        self.assertEqual(self.ask("CONNECT", "client/dev", **who)["authDecision"], "IMPLICIT_DENY")
        self.iot.attach_thing_principal(thingName="dev", principal=principal)
        told = self.ask("CONNECT", "client/dev", **who)
        self.assertEqual((told["authDecision"], told["allowed"]["policies"][0]["policyName"]), ("ALLOWED", "connect"))
        self.assertEqual(self.ask("CONNECT", "client/other", **who)["authDecision"], "IMPLICIT_DENY")
        self.assertEqual(self.ask("PUBLISH", "topic/dev/x", **who)["authDecision"], "ALLOWED")
        self.assertEqual(self.ask("PUBLISH", "topic/dev/x", "topic/other/x", **who)["authDecision"], "IMPLICIT_DENY")
        told = self.ask("PUBLISH", "topic/dev/secret", **who)
        self.assertEqual(told["authDecision"], "EXPLICIT_DENY")
        self.assertEqual(told["denied"]["explicitDeny"]["policies"][0]["policyName"], "publish")
        told = self.ask("PUBLISH", "topic/dev/x", principal=principal)
        self.assertEqual(told["authDecision"], "IMPLICIT_DENY")
        self.assertIn("iot:ClientId", told["missingContextValues"])
        self.assertEqual(self.ask("SUBSCRIBE", "topicfilter/a/#", **who)["authDecision"], "IMPLICIT_DENY")
        self.assertEqual(self.ask("SUBSCRIBE", "topicfilter/a/#", policyNamesToAdd=["subscribe"], **who)["authDecision"], "ALLOWED")
        self.assertEqual(self.ask("CONNECT", "client/dev", policyNamesToSkip=["connect"], **who)["authDecision"], "IMPLICIT_DENY")
        # A client id that looks like a wildcard is none.
        self.assertEqual(self.ask("PUBLISH", "topic/dev/x", principal=principal, clientId="*")["authDecision"], "IMPLICIT_DENY")

    def test_groups_count(self):
        principal = self.iot.create_keys_and_certificate(setAsActive=True)["certificateArn"]
        self.iot.create_policy(policyName="of-group", policyDocument=ANY)
        self.iot.create_thing_group(thingGroupName="top")
        self.iot.create_thing_group(thingGroupName="below", parentGroupName="top")
        self.iot.attach_policy(policyName="of-group", target=PREFIX + "thinggroup/top")
        self.iot.create_thing(thingName="grouped")
        self.iot.add_thing_to_thing_group(thingGroupName="below", thingName="grouped")
        effective = self.iot.get_effective_policies
        self.assertEqual(effective(principal=principal, thingName="grouped")["effectivePolicies"], [])
        self.iot.attach_thing_principal(thingName="grouped", principal=principal)
        found = effective(principal=principal, thingName="grouped")["effectivePolicies"]
        self.assertEqual([(one["policyName"], one["policyDocument"]) for one in found], [("of-group", ANY)])
        self.assertEqual(self.ask("CONNECT", "client/grouped", principal=principal, clientId="grouped")["authDecision"], "ALLOWED")

    def test_refused(self):
        ask = self.iot.test_authorization
        info = {"actionType": "CONNECT", "resources": [PREFIX + "client/x"]}
        self.refused("InvalidRequestException", ask, authInfos=[])
        self.refused("InvalidRequestException", ask, authInfos=[info] * 11)
        self.refused("InvalidRequestException", ask, authInfos=[{"actionType": "CONNECT", "resources": []}])
        self.refused("InvalidRequestException", ask, authInfos=[{"actionType": "FLY", "resources": ["x"]}])
        self.refused("ResourceNotFoundException", ask, authInfos=[info], principal=PREFIX + "cert/" + "0" * 64)
        self.refused("ResourceNotFoundException", ask, authInfos=[info], policyNamesToAdd=["none"])


if __name__ == "__main__":
    main()
