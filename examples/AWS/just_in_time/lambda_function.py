# SPDX-License-Identifier: Apache-2.0
"""Just-in-time registration: what happens to a device that came for the first time.

The rule hands over the event of the registration. The device becomes a thing called CN:KEY-IDENTIFIER, its certificate gets a policy and is
activated, and stands for the thing. Run again for the same device it changes nothing.
"""
import base64
import hashlib
import json
import os

import boto3

POLICY = os.environ.get("POLICY_NAME", "GlobalDevicePolicy")

SEQUENCE, OCTET_STRING, BIT_STRING, OBJECT_ID = 0x30, 0x04, 0x03, 0x06
COMMON_NAME = bytes.fromhex("550403")
SUBJECT_KEY_IDENTIFIER = bytes.fromhex("551d0e")

iot = boto3.client("iot")


def elements(der):
    """The elements that stand one behind the other in DER: (tag, contents, the whole)."""
    found, at = [], 0
    while at < len(der):
        length, start = der[at + 1], at + 2
        if length >= 0x80:
            start += length & 0x7F
            length = int.from_bytes(der[at + 2:start], "big")
        found.append((der[at], der[start:start + length], der[at:start + length]))
        at = start + length
    return found


def common_name(name):
    for _, relative, _ in elements(name):
        for _, attribute, _ in elements(relative):
            (_, kind, _), (_, value, _) = elements(attribute)
            if kind == COMMON_NAME:
                return value.decode()
    return None


def key_identifier(fields, public_key):
    """The one of the certificate's extension; without it RFC 5280's first method: SHA-1 of the key's bits."""
    for tag, contents, _ in fields:
        if tag == 0xA3:
            for _, extension, _ in elements(elements(contents)[0][1]):
                parts = elements(extension)
                if parts[0][1] == SUBJECT_KEY_IDENTIFIER:
                    return elements(parts[-1][1])[0][1].hex()
    bits = next(contents for tag, contents, _ in elements(public_key) if tag == BIT_STRING)
    return hashlib.sha1(bits[1:]).hexdigest()


def read_certificate(pem):
    """(common name, key identifier, serial number) of the first certificate in it."""
    body = pem.split("-----BEGIN CERTIFICATE-----")[1].split("-----END")[0]
    fields = elements(elements(elements(base64.b64decode(body))[0][1])[0][1])
    if fields[0][0] == 0xA0:  # the version: none in one of version 1
        fields = fields[1:]
    serial, _, _, _, subject, public_key = (contents for _, contents, _ in fields[:6])
    return common_name(subject), key_identifier(fields[6:], public_key), serial.hex()


def lambda_handler(event, context):
    print("registered: " + json.dumps(event))
    certificate = iot.describe_certificate(certificateId=event["certificateId"])["certificateDescription"]
    name, identifier, serial = read_certificate(certificate["certificatePem"])
    # Neither names of things nor their attributes may hold blanks.
    name = (name or "device").replace(" ", "_")
    thing = name + ":" + identifier
    iot.create_thing(thingName=thing, attributePayload={
        "attributes": {"serial_number": serial, "initialized": "0", "subject_cn": name}})
    # A device that is active without a policy could connect and do nothing.
    iot.attach_principal_policy(policyName=POLICY, principal=certificate["certificateArn"])
    iot.update_certificate(certificateId=event["certificateId"], newStatus="ACTIVE")
    iot.attach_thing_principal(thingName=thing, principal=certificate["certificateArn"])
    print("activated: " + thing)
    return thing
