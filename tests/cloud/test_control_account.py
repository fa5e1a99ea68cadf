#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Small things of an account over the REST API, by boto3: role aliases, logging options."""
from control_rig import ACCOUNT, REGION, Case, main

PREFIX = f"arn:aws:iot:{REGION}:{ACCOUNT}:"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/r"


class RoleAliases(Case):
    def test_life(self):
        made = self.iot.create_role_alias(roleAlias="Life_=,@-", roleArn=ROLE, tags=[{"Key": "k", "Value": "v"}])
        self.assertEqual((made["roleAlias"], made["roleAliasArn"]), ("Life_=,@-", PREFIX + "rolealias/Life_=,@-"))
        self.assertEqual(self.iot.list_tags_for_resource(resourceArn=made["roleAliasArn"])["tags"], [{"Key": "k", "Value": "v"}])
        self.refused("ResourceAlreadyExistsException", self.iot.create_role_alias, roleAlias="Life_=,@-", roleArn=ROLE)
        told = self.iot.describe_role_alias(roleAlias="Life_=,@-")["roleAliasDescription"]
        self.assertEqual((told["roleArn"], told["owner"], told["credentialDurationSeconds"]), (ROLE, ACCOUNT, 3600))
        self.assertEqual(told["creationDate"], told["lastModifiedDate"])
        self.iot.update_role_alias(roleAlias="Life_=,@-", credentialDurationSeconds=43200)
        self.iot.update_role_alias(roleAlias="Life_=,@-", roleArn=ROLE + "2")
        told = self.iot.describe_role_alias(roleAlias="Life_=,@-")["roleAliasDescription"]
        self.assertEqual((told["roleArn"], told["credentialDurationSeconds"]), (ROLE + "2", 43200))
        self.assertLess(told["creationDate"], told["lastModifiedDate"])
        self.iot.delete_role_alias(roleAlias="Life_=,@-")
        self.refused("ResourceNotFoundException", self.iot.delete_role_alias, roleAlias="Life_=,@-")
        self.refused("ResourceNotFoundException", self.iot.describe_role_alias, roleAlias="Life_=,@-")
        self.refused("ResourceNotFoundException", self.iot.update_role_alias, roleAlias="Life_=,@-", roleArn=ROLE)
        self.refused("ResourceNotFoundException", self.iot.list_tags_for_resource, resourceArn=made["roleAliasArn"])

    def test_refused(self):
        for more in ({"credentialDurationSeconds": 899}, {"credentialDurationSeconds": 43201}, {"credentialDurationSeconds": 0},
                     {"roleArn": "short"}, {"roleAlias": "a.b"}, {"roleAlias": "x" * 129}):
            with self.subTest(more):
                self.refused("InvalidRequestException", self.iot.create_role_alias, **{"roleAlias": "bad", "roleArn": ROLE, **more})
        self.refused("InvalidRequestException", self.iot.create_role_alias, roleAlias="bad")
        self.refused("InvalidRequestException", self.iot.update_role_alias, roleAlias="bad", credentialDurationSeconds=0)

    def test_list(self):
        names = [f"list{number}" for number in range(5)]
        for name in names:
            self.iot.create_role_alias(roleAlias=name, roleArn=ROLE)
        pages = list(self.iot.get_paginator("list_role_aliases").paginate(PaginationConfig={"PageSize": 2}))
        self.assertEqual([name for page in pages for name in page["roleAliases"]], names)
        self.assertEqual(self.iot.list_role_aliases(ascendingOrder=False, pageSize=2)["roleAliases"], ["list4", "list3"])
        for name in names:
            self.iot.delete_role_alias(roleAlias=name)


class Logging(Case):
    def test_first_none_then_options(self):
        """In one test: the account has them once and for all."""
        self.assertEqual(self.iot.get_logging_options()["logLevel"], "DISABLED")
        target = {"targetType": "CLIENT_ID", "targetName": "dev"}
        self.refused("NotConfiguredException", self.iot.get_v2_logging_options)
        self.refused("NotConfiguredException", self.iot.list_v2_logging_levels)
        self.refused("NotConfiguredException", self.iot.set_v2_logging_level, logTarget=target, logLevel="INFO")
        self.refused("InvalidRequestException", self.iot.set_v2_logging_options, defaultLogLevel="INFO")
        self.iot.set_v2_logging_options(roleArn=ROLE, defaultLogLevel="WARN")
        self.iot.set_v2_logging_options(disableAllLogs=True)
        told = self.iot.get_v2_logging_options()
        self.assertEqual((told["roleArn"], told["defaultLogLevel"], told["disableAllLogs"]), (ROLE, "WARN", True))
        self.iot.set_logging_options(loggingOptionsPayload={"roleArn": ROLE + "2", "logLevel": "INFO"})
        told = self.iot.get_logging_options()
        self.assertEqual((told["roleArn"], told["logLevel"]), (ROLE + "2", "INFO"))
        self.assertEqual(self.iot.get_v2_logging_options()["disableAllLogs"], False)
        self.check_levels(target)

    def check_levels(self, target):
        self.iot.set_v2_logging_level(logTarget=target, logLevel="DEBUG")
        self.iot.set_v2_logging_level(logTarget={"targetType": "THING_GROUP", "targetName": "group"}, logLevel="ERROR")
        self.iot.set_v2_logging_level(logTarget={"targetType": "DEFAULT"}, logLevel="DISABLED")
        pages = list(self.iot.get_paginator("list_v2_logging_levels").paginate(PaginationConfig={"PageSize": 1})) \
            if self.iot.can_paginate("list_v2_logging_levels") else [self.iot.list_v2_logging_levels()]
        self.assertEqual([(one["logTarget"].get("targetName"), one["logLevel"]) for page in pages for one in page["logTargetConfigurations"]],
                         [(None, "DISABLED"), ("group", "ERROR"), ("dev", "DEBUG")])
        for kind, names in (("DEFAULT", [None]), ("CLIENT_ID", ["dev"]), ("SOURCE_IP", [])):
            told = self.iot.list_v2_logging_levels(targetType=kind)["logTargetConfigurations"]
            self.assertEqual([one["logTarget"].get("targetName") for one in told], names)
        first = self.iot.list_v2_logging_levels(maxResults=1)
        second = self.iot.list_v2_logging_levels(maxResults=1, nextToken=first["nextToken"])
        self.assertEqual(len(second["logTargetConfigurations"]), 1)
        self.iot.delete_v2_logging_level(targetType="CLIENT_ID", targetName="dev")
        self.iot.delete_v2_logging_level(targetType="CLIENT_ID", targetName="dev")
        self.assertEqual(len(self.iot.list_v2_logging_levels()["logTargetConfigurations"]), 2)
        for bad in ({"logLevel": "LOUD"}, {"logTarget": {"targetType": "PHASE"}}, {"logTarget": {"targetType": "CLIENT_ID"}},
                    {"logTarget": {"targetType": "CLIENT_ID", "targetName": "x" * 257}}):
            with self.subTest(bad):
                self.refused("InvalidRequestException", self.iot.set_v2_logging_level, **{"logTarget": target, "logLevel": "INFO", **bad})
        self.refused("InvalidRequestException", self.iot.delete_v2_logging_level, targetType="DEFAULT", targetName="x")


if __name__ == "__main__":
    main()
