#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""CAs and certificates over the REST API, by boto3."""
import json

from control_rig import ACCOUNT, OTHER, OTHER_KEY, REGION, Case, main

UNKNOWN = "00" * 32


def arn(kind, name):
    return f"arn:aws:iot:{REGION}:{ACCOUNT}:{kind}/{name}"


class RegistrationCode(Case):
    def test_code(self):
        code = self.iot.get_registration_code()["registrationCode"]
        self.assertRegex(code, "^[0-9a-f]{64}$")
        self.assertEqual(self.iot.get_registration_code()["registrationCode"], code)
        other = self.control.client("iot", key=OTHER_KEY).get_registration_code()["registrationCode"]
        self.assertNotEqual(other, code)
        self.iot.delete_registration_code()
        self.refused("ResourceNotFoundException", self.iot.delete_registration_code)
        self.assertNotEqual(self.iot.get_registration_code()["registrationCode"], code)


class Authorities(Case):
    def test_life(self):
        made = self.register_ca("life")
        ca = made["certificateId"]
        self.assertEqual(ca, self.pki.identity("life"))
        self.assertEqual(made["certificateArn"], arn("cacert", ca))
        told = self.iot.describe_ca_certificate(certificateId=ca)["certificateDescription"]
        self.assertEqual((told["status"], told["autoRegistrationStatus"], told["certificateMode"]),
                         ("INACTIVE", "DISABLE", "DEFAULT"))
        self.assertEqual((told["ownedBy"], told["customerVersion"], told["certificatePem"]),
                         (ACCOUNT, 1, self.pki.read("life.pem")))
        self.assertLess(told["validity"]["notBefore"], told["validity"]["notAfter"])
        for status in ("ENABLED", "enable", ""):
            refused = self.refused("InvalidRequestException", self.iot.update_ca_certificate, certificateId=ca,
                                   newAutoRegistrationStatus=status)
            self.assertIn("ENABLE", refused["Error"]["Message"])
        self.iot.update_ca_certificate(certificateId=ca, newStatus="ACTIVE", newAutoRegistrationStatus="ENABLE")
        told = self.iot.describe_ca_certificate(certificateId=ca.upper())["certificateDescription"]
        self.assertEqual((told["status"], told["autoRegistrationStatus"]), ("ACTIVE", "ENABLE"))
        self.refused("CertificateStateException", self.iot.delete_ca_certificate, certificateId=ca)
        self.iot.update_ca_certificate(certificateId=ca, newStatus="INACTIVE")
        self.iot.delete_ca_certificate(certificateId=ca)
        self.refused("ResourceNotFoundException", self.iot.describe_ca_certificate, certificateId=ca)
        self.refused("ResourceNotFoundException", self.iot.update_ca_certificate, certificateId=UNKNOWN, newStatus="ACTIVE")

    def test_active_at_once_and_again(self):
        made = self.register_ca("once", setAsActive=True, allowAutoRegistration=True)
        told = self.iot.describe_ca_certificate(certificateId=made["certificateId"])["certificateDescription"]
        self.assertEqual((told["status"], told["autoRegistrationStatus"]), ("ACTIVE", "ENABLE"))
        answer = self.refused("ResourceAlreadyExistsException", self.iot.register_ca_certificate,
                              caCertificate=self.pki.read("once.pem"), verificationCertificate=self.pki.read("once-proof.pem"))
        self.assertEqual((answer["resourceId"], answer["resourceArn"]), (made["certificateId"], made["certificateArn"]))
        self.assertEqual(answer["ResponseMetadata"]["HTTPStatusCode"], 409)

    def test_possession(self):
        code = self.iot.get_registration_code()["registrationCode"]
        pem = self.pki.ca("mine", subject="/CN=same")
        self.pki.ca("sibling", subject="/CN=same")
        self.pki.ca("other")
        register = self.iot.register_ca_certificate

        def proof(name, ca, **more):
            return self.pki.leaf(name, ca, **more)
        rows = [
            ("RegistrationCodeValidationException", proof("wrong", "mine", subject="/CN=" + "0" * 64)),
            ("RegistrationCodeValidationException", proof("longer", "mine", subject=f"/CN={code[:-1]}")),
            ("RegistrationCodeValidationException", proof("twice", "mine", subject=f"/CN={code}/CN={code}")),
            ("RegistrationCodeValidationException", proof("none", "mine", subject="/O=x")),
            ("CertificateValidationException", proof("stranger", "other", subject=f"/CN={code}")),
            ("CertificateValidationException", proof("namesake", "sibling", subject=f"/CN={code}")),
            ("CertificateValidationException", proof("expired", "mine", subject=f"/CN={code}", days=-1)),
            ("RegistrationCodeValidationException", pem),
            ("CertificateValidationException", "no certificate"),
            ("CertificateValidationException", proof("good", "mine", subject=f"/CN={code}") * 2),
        ]
        for exception, verification in rows:
            with self.subTest(exception=exception, verification=verification[:80]):
                self.refused(exception, register, caCertificate=pem, verificationCertificate=verification)
        self.refused("InvalidRequestException", register, caCertificate=pem)
        register(caCertificate=pem, verificationCertificate=self.pki.read("good.pem"))

    def test_bad_authorities(self):
        code = self.iot.get_registration_code()["registrationCode"]
        rsa = ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024")
        rows = {
            "leaf": {"extensions": ("basicConstraints=CA:FALSE",)},
            "bare": {"extensions": ()},
            "signs-not": {"extensions": ("basicConstraints=critical,CA:TRUE", "keyUsage=digitalSignature")},
            "weak": {"kind": rsa},
            "brainpool": {"kind": ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:brainpoolP256r1")},
            "old": {"days": -1},
        }
        for name, more in rows.items():
            with self.subTest(name):
                pem = self.pki.ca(name, **more)
                proof = self.pki.leaf(name + "-proof", name, subject=f"/CN={code}")
                self.refused("CertificateValidationException", self.iot.register_ca_certificate, caCertificate=pem,
                             verificationCertificate=proof)

    def test_good_authorities(self):
        code = self.iot.get_registration_code()["registrationCode"]
        for name, more in {"rsa": {"kind": ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")},
                           "p384": {"kind": ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"), "digest": "sha384"}}.items():
            pem = self.pki.ca(name, **more)
            proof = self.pki.leaf(name + "-proof", name, subject=f"/CN={code}")
            self.iot.register_ca_certificate(caCertificate=pem, verificationCertificate=proof)

    def test_without_proof(self):
        pem = self.pki.ca("sni")
        proof = self.pki.leaf("sni-proof", "sni")
        self.refused("InvalidRequestException", self.iot.register_ca_certificate, caCertificate=pem,
                     verificationCertificate=proof, certificateMode="SNI_ONLY")
        self.refused("InvalidRequestException", self.iot.register_ca_certificate, caCertificate=pem, certificateMode="OTHER")
        made = self.iot.register_ca_certificate(caCertificate=pem, certificateMode="SNI_ONLY")
        other = self.control.client("iot", key=OTHER_KEY)
        other.register_ca_certificate(caCertificate=pem, certificateMode="SNI_ONLY")
        told = self.iot.describe_ca_certificate(certificateId=made["certificateId"])["certificateDescription"]
        self.assertEqual(told["certificateMode"], "SNI_ONLY")

    def test_registration_config(self):
        made = self.register_ca("config", registrationConfig={
            "templateBody": '{"Resources":{}}', "roleArn": f"arn:aws:iam::{ACCOUNT}:role/jitp"})
        told = self.iot.describe_ca_certificate(certificateId=made["certificateId"])
        self.assertEqual(told["registrationConfig"]["templateBody"], '{"Resources":{}}')
        self.refused("InvalidRequestException", self.iot.update_ca_certificate, certificateId=made["certificateId"],
                     registrationConfig={"templateBody": "{", "roleArn": f"arn:aws:iam::{ACCOUNT}:role/jitp"})
        self.iot.update_ca_certificate(certificateId=made["certificateId"], removeAutoRegistration=True)
        self.assertNotIn("registrationConfig", self.iot.describe_ca_certificate(certificateId=made["certificateId"]))

    def test_same_subject(self):
        for number in range(10):
            self.register_ca(f"twin{number}", subject="/CN=twins")
        self.refused("LimitExceededException", self.register_ca, "twin10", subject="/CN=twins")

    def test_pages(self):
        made = {self.register_ca(f"page{number}")["certificateId"] for number in range(5)}
        seen = []
        paginator = self.iot.get_paginator("list_ca_certificates")
        for page in paginator.paginate(PaginationConfig={"PageSize": 2}):
            self.assertLessEqual(len(page["certificates"]), 2)
            seen += [one["certificateId"] for one in page["certificates"]]
        self.assertEqual(len(seen), len(set(seen)))
        self.assertLessEqual(made, set(seen))
        down = [one["certificateId"] for one in self.iot.list_ca_certificates(ascendingOrder=False)["certificates"]]
        self.assertEqual(down, seen[::-1])
        self.refused("InvalidRequestException", self.iot.list_ca_certificates, marker="bm9uZQ==")


class Certificates(Case):
    def test_register(self):
        ca = self.register_ca("issuer")["certificateId"]
        pem = self.pki.leaf("device", "issuer")
        made = self.iot.register_certificate(certificatePem=pem, caCertificatePem=self.pki.read("issuer.pem"))
        self.assertEqual(made["certificateArn"], arn("cert", self.pki.identity("device")))
        told = self.iot.describe_certificate(certificateId=made["certificateId"])["certificateDescription"]
        self.assertEqual((told["status"], told["caCertificateId"], told["certificatePem"], told["certificateMode"]),
                         ("INACTIVE", ca, pem, "DEFAULT"))
        answer = self.refused("ResourceAlreadyExistsException", self.iot.register_certificate, certificatePem=pem)
        self.assertEqual(answer["resourceId"], made["certificateId"])
        active = self.iot.register_certificate(certificatePem=self.pki.leaf("second", "issuer"), status="ACTIVE")
        by_ca = self.iot.list_certificates_by_ca(caCertificateId=ca)["certificates"]
        self.assertEqual({one["certificateId"]: one["status"] for one in by_ca},
                         {made["certificateId"]: "INACTIVE", active["certificateId"]: "ACTIVE"})

    def test_register_refused(self):
        self.pki.ca("nobody")
        self.register_ca("a", subject="/CN=double")
        self.register_ca("b", subject="/CN=double")
        device = self.pki.leaf("by-a", "a")
        self.refused("CertificateValidationException", self.iot.register_certificate,
                     certificatePem=self.pki.leaf("orphan", "nobody"))
        self.refused("CertificateValidationException", self.iot.register_certificate, certificatePem=device,
                     caCertificatePem=self.pki.read("b.pem"))
        self.refused("CertificateValidationException", self.iot.register_certificate, certificatePem=device,
                     caCertificatePem=self.pki.read("nobody.pem"))
        self.refused("CertificateValidationException", self.iot.register_certificate, certificatePem="x")
        for status in ("PENDING_ACTIVATION", "PENDING_TRANSFER", "REGISTER_INACTIVE", "active"):
            self.refused("InvalidRequestException", self.iot.register_certificate, certificatePem=device, status=status)
        self.iot.register_certificate(certificatePem=device)  # the signature tells which of the two it is

    def test_without_ca(self):
        self.pki.ca("far")
        made = self.iot.register_certificate_without_ca(certificatePem=self.pki.leaf("away", "far"), status="ACTIVE")
        told = self.iot.describe_certificate(certificateId=made["certificateId"])["certificateDescription"]
        self.assertEqual((told["certificateMode"], told["status"]), ("SNI_ONLY", "ACTIVE"))
        self.assertNotIn("caCertificateId", told)

    def test_register_thing(self):
        self.register_ca("whole")
        one = self.iot.register_certificate(certificatePem=self.pki.leaf("lamp", "whole"))["certificateId"]
        template = {
            "Parameters": {"Id": {"Type": "String"}, "Name": {"Type": "String", "Default": "lamp-1"}},
            "Resources": {
                "lamp": {"Type": "AWS::IoT::Thing", "Properties": {"ThingName": {"Ref": "Name"}, "AttributePayload": {"room": "hall"}}},
                "cert": {"Type": "AWS::IoT::Certificate", "Properties": {"CertificateId": {"Ref": "Id"}, "Status": "ACTIVE"}},
                "may": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyDocument": {
                    "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iot:Connect", "Resource": "*"}]}}}}}
        body = json.dumps(template)
        self.refused("InvalidRequestException", self.iot.register_thing, templateBody="{")
        self.refused("InvalidRequestException", self.iot.register_thing, templateBody=body)  # a parameter without value
        for parameters in ({"Id": one, "Name": "a b"}, {"Id": "0" * 64}):
            self.refused("ResourceRegistrationFailureException", self.iot.register_thing, templateBody=body, parameters=parameters)
        self.refused("ResourceNotFoundException", self.iot.describe_thing, thingName="lamp-1")  # all of it, or nothing
        made = self.iot.register_thing(templateBody=body, parameters={"Id": one})
        told = self.iot.describe_certificate(certificateId=one)["certificateDescription"]
        self.assertEqual((made["certificatePem"], told["status"]), (told["certificatePem"], "ACTIVE"))
        arns = made["resourceArns"]
        self.assertEqual((arns["cert"], sorted(arns)), (told["certificateArn"], ["cert", "lamp", "may"]))
        thing = self.iot.describe_thing(thingName="lamp-1")
        self.assertEqual((thing["thingArn"], thing["attributes"]), (arns["lamp"], {"room": "hall"}))
        self.assertEqual(self.iot.list_thing_principals(thingName="lamp-1")["principals"], [arns["cert"]])
        attached = self.iot.list_attached_policies(target=arns["cert"])["policies"]
        self.assertEqual([policy["policyArn"] for policy in attached], [arns["may"]])
        self.register_thing_with_its_certificate(template)
        self.refused("ResourceRegistrationFailureException", self.iot.register_thing, templateBody=json.dumps(
            {"Resources": {"lamp": template["Resources"]["lamp"] | {"Properties": {"ThingName": "alone"}}}}))

    def register_thing_with_its_certificate(self, template):
        """The certificate itself, or a request for one, instead of the id of one that is there."""
        def body(**properties):
            return json.dumps(template | {"Parameters": {"Given": {"Type": "String"}}, "Resources": template["Resources"] | {
                "lamp": {"Type": "AWS::IoT::Thing", "Properties": {"ThingName": "lamp-2"}},
                "cert": {"Type": "AWS::IoT::Certificate", "Properties": properties}}})
        given = {"Ref": "Given"}
        register = self.iot.register_thing
        pem = self.pki.leaf("own", "whole")
        own = self.pki.identity("own")
        whole = body(CertificatePem=given, CACertificatePem=self.pki.read("whole.pem"))
        made = register(templateBody=whole, parameters={"Given": pem})
        self.assertEqual((made["certificatePem"], made["resourceArns"]["cert"]), (pem, arn("cert", own)))
        self.assertEqual(self.iot.describe_certificate(certificateId=own)["certificateDescription"]["status"], "ACTIVE")
        self.refused("ResourceAlreadyExistsException", register, templateBody=whole, parameters={"Given": pem})
        self.pki.leaf("asks", "whole")
        made = register(templateBody=body(CertificateSigningRequest=given, Status="INACTIVE"), parameters={"Given": self.pki.read("asks.csr")})
        told = self.iot.describe_certificate(certificateId=made["resourceArns"]["cert"].split("/")[1])["certificateDescription"]
        self.assertEqual((told["status"], told["certificatePem"], told["certificateMode"]), ("INACTIVE", made["certificatePem"], "SNI_ONLY"))
        self.assertIn(made["resourceArns"]["cert"], self.iot.list_thing_principals(thingName="lamp-2")["principals"])
        self.pki.ca("unknown")
        stranger = self.pki.leaf("stranger", "unknown")
        self.refused("CertificateValidationException", register, templateBody=body(CertificatePem=given), parameters={"Given": stranger})
        late = self.pki.leaf("late", "whole")  # all of it, or nothing: the certificate neither
        self.refused("ResourceRegistrationFailureException", register, parameters={"Given": late}, templateBody=body(
            CertificatePem=given, Status="WAITING"))
        self.refused("ResourceNotFoundException", self.iot.describe_certificate, certificateId=self.pki.identity("late"))
        for wrong in ({}, {"CertificatePem": given, "CertificateId": "x"}, {"CertificateId": "x", "CACertificatePem": "y"}):
            self.refused("InvalidRequestException", register, templateBody=body(**wrong), parameters={"Given": pem})

    def test_states(self):
        self.register_ca("states")
        one = self.iot.register_certificate(certificatePem=self.pki.leaf("one", "states"))["certificateId"]
        for status in ("PENDING_ACTIVATION", "PENDING_TRANSFER", "ENABLED"):
            self.refused("InvalidRequestException", self.iot.update_certificate, certificateId=one, newStatus=status)
        self.iot.update_certificate(certificateId=one, newStatus="ACTIVE")
        self.iot.update_certificate(certificateId=one, newStatus="ACTIVE")
        told = self.iot.describe_certificate(certificateId=one)["certificateDescription"]
        self.assertEqual((told["status"], told["customerVersion"]), ("ACTIVE", 2))
        self.refused("CertificateStateException", self.iot.delete_certificate, certificateId=one)
        self.iot.update_certificate(certificateId=one, newStatus="REVOKED")
        self.refused("CertificateStateException", self.iot.update_certificate, certificateId=one, newStatus="ACTIVE")
        self.iot.delete_certificate(certificateId=one)
        self.refused("ResourceNotFoundException", self.iot.update_certificate, certificateId=one, newStatus="ACTIVE")
        self.refused("ResourceNotFoundException", self.iot.delete_certificate, certificateId=UNKNOWN)

    def test_accounts_are_apart(self):
        other = self.control.client("iot", key=OTHER_KEY)
        mine = self.iot.create_keys_and_certificate()["certificateId"]
        self.refused("ResourceNotFoundException", other.describe_certificate, certificateId=mine)
        self.refused("ResourceNotFoundException", other.update_certificate, certificateId=mine, newStatus="ACTIVE")
        self.assertNotIn(mine, [one["certificateId"] for one in other.list_certificates()["certificates"]])

    def test_issue(self):
        made = self.iot.create_keys_and_certificate(setAsActive=True)
        self.assertIn("BEGIN RSA PRIVATE KEY", made["keyPair"]["PrivateKey"])
        with open(self.pki.path("made.pem"), "w", encoding="ascii") as stream:
            stream.write(made["certificatePem"])
        self.assertEqual(self.pki.identity("made"), made["certificateId"])
        told = self.iot.describe_certificate(certificateId=made["certificateId"])["certificateDescription"]
        self.assertEqual((told["status"], told["certificatePem"]), ("ACTIVE", made["certificatePem"]))
        self.assertEqual(told["validity"]["notAfter"].year, 2049)
        self.pki.ca("csr-maker")
        self.pki.leaf("wanted", "csr-maker", subject="/O=Org/CN=device 7")
        signed = self.iot.create_certificate_from_csr(certificateSigningRequest=self.pki.read("wanted.csr"))
        with open(self.pki.path("signed.pem"), "w", encoding="ascii") as stream:
            stream.write(signed["certificatePem"])
        self.assertEqual(self.pki.identity("signed"), signed["certificateId"])
        self.refused("InvalidRequestException", self.iot.create_certificate_from_csr, certificateSigningRequest="x")
        damaged = self.pki.read("wanted.csr").split("\n")
        damaged[-3] = damaged[-3][:-4] + "AAA="
        self.refused("InvalidRequestException", self.iot.create_certificate_from_csr,
                     certificateSigningRequest="\n".join(damaged))

    def transfer_data(self, one, client=None):
        return (client or self.iot).describe_certificate(certificateId=one)["certificateDescription"]["transferData"]

    def test_transfer(self):
        other = self.control.client("iot", key=OTHER_KEY)
        made = self.iot.create_keys_and_certificate(setAsActive=True)
        one = made["certificateId"]
        there = {"certificateId": one, "targetAwsAccount": OTHER}
        transfer = self.iot.transfer_certificate
        self.refused("CertificateStateException", transfer, **there)
        self.iot.update_certificate(certificateId=one, newStatus="INACTIVE")
        self.iot.create_policy(policyName="held", policyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "iot:*", "Resource": "*"}]}))
        self.iot.attach_policy(policyName="held", target=made["certificateArn"])
        answer = self.refused("TransferConflictException", transfer, **there)
        self.assertEqual(answer["ResponseMetadata"]["HTTPStatusCode"], 409)
        self.iot.detach_policy(policyName="held", target=made["certificateArn"])
        self.refused("InvalidRequestException", transfer, transferMessage="x" * 513, **there)
        moved = transfer(transferMessage="for you", **there)
        self.assertEqual(moved["transferredCertificateArn"], f"arn:aws:iot:{REGION}:{OTHER}:cert/{one}")
        told = self.iot.describe_certificate(certificateId=one)["certificateDescription"]
        self.assertEqual((told["status"], told["transferData"]["transferMessage"]), ("PENDING_TRANSFER", "for you"))
        outgoing = self.iot.list_outgoing_certificates()["outgoingCertificates"]
        self.assertEqual([(each["certificateId"], each["transferredTo"], each["transferMessage"], each["transferDate"]) for each in outgoing],
                         [(one, OTHER, "for you", told["transferData"]["transferDate"])])
        self.refused("CertificateStateException", transfer, **there)
        self.iot.cancel_certificate_transfer(certificateId=one)
        self.assertEqual(self.transfer_data(one), {})
        self.assertEqual(self.iot.list_outgoing_certificates()["outgoingCertificates"], [])
        answer = self.refused("TransferAlreadyCompletedException", self.iot.cancel_certificate_transfer, certificateId=one)
        self.assertEqual(answer["ResponseMetadata"]["HTTPStatusCode"], 410)
        transfer(**there)
        other.reject_certificate_transfer(certificateId=one, rejectReason="not ours")
        self.assertEqual(self.iot.describe_certificate(certificateId=one)["certificateDescription"]["status"], "INACTIVE")
        told = self.transfer_data(one)
        self.assertEqual((told["rejectReason"], sorted(told)), ("not ours", ["rejectDate", "rejectReason", "transferDate"]))
        self.refused("TransferAlreadyCompletedException", other.reject_certificate_transfer, certificateId=one)
        transfer(transferMessage="again", **there)
        other.accept_certificate_transfer(certificateId=one, setAsActive=True)
        told = other.describe_certificate(certificateId=one)["certificateDescription"]
        self.assertEqual((told["status"], told["previousOwnedBy"], told["ownedBy"]), ("ACTIVE", ACCOUNT, OTHER))
        self.assertEqual(sorted(self.transfer_data(one, other)), ["acceptDate", "transferDate", "transferMessage"])
        self.refused("ResourceNotFoundException", self.iot.describe_certificate, certificateId=one)


if __name__ == "__main__":
    main()
