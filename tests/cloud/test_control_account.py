#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Small things of an account over the REST API, by boto3: role aliases."""
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


if __name__ == "__main__":
    main()
