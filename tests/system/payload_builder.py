#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A second builder and reader of payload packages, written from docs/formats.md alone: openssl signs, the rest is here.

Usage: payload_builder.py build KEY.pem HASH PAYLOAD PACKAGE [VERSION [TARGET]]
       payload_builder.py read PACKAGE     prints the fields; writes PACKAGE.signature, PACKAGE.content, PACKAGE.payload
"""
import sys

from der import element, load, number, oid, openssl, sequence, sign, store, take, take_signed, text

EC = "1.2.840.10045.4."
OIDS = {
    ("ec", "sha1"): EC + "1", ("ec", "sha224"): EC + "3.1", ("ec", "sha256"): EC + "3.2",
    ("ec", "sha384"): EC + "3.3", ("ec", "sha512"): EC + "3.4",
    ("rsa", "md5"): "1.2.840.113549.1.1.4", ("rsa", "sha1"): "1.2.840.113549.1.1.5",
    ("rsa", "sha224"): "1.2.840.113549.1.1.14", ("rsa", "sha256"): "1.2.840.113549.1.1.11",
    ("rsa", "sha384"): "1.2.840.113549.1.1.12", ("rsa", "sha512"): "1.2.840.113549.1.1.13",
    ("dsa", "sha1"): "1.2.840.10040.4.3", ("dsa", "sha224"): "2.16.840.1.101.3.4.3.1",
    ("dsa", "sha256"): "2.16.840.1.101.3.4.3.2",
}


def family(key):
    about = openssl("pkey", "-in", key, "-noout", "-text_pub").decode()
    return "ec" if "ASN1 OID" in about else "rsa" if "Modulus" in about else "dsa"


def build(key, hash_name, payload, package, version=None, target=None):
    fields = text("keymoor-payload") + number(2, 1) + oid(OIDS[family(key), hash_name]) + text(hash_name)
    if version is not None:
        fields += number(0x80, int(version))
    if target is not None:
        fields += text(target, 0x81)
    store(package, sign(key, hash_name, sequence(fields, element(4, load(payload)))))


def read(package):
    signature, content, fields = take_signed(load(package))
    kind, _, fields = take(fields, 12)
    _, _, fields = take(fields, 2)
    _, _, fields = take(fields, 6)
    hash_name, _, fields = take(fields, 12)
    print("kind", kind.decode())
    print("hash", hash_name.decode())
    for tag, name, show in ((0x80, "version", lambda o: int.from_bytes(o, "big")), (0x81, "target", bytes.decode)):
        if fields[0] == tag:
            value, _, fields = take(fields, tag)
            print(name, show(value))
    payload, _, fields = take(fields, 4)
    assert not fields, "something follows"
    for suffix, part in (("signature", signature), ("content", content), ("payload", payload)):
        store(f"{package}.{suffix}", part)


if __name__ == "__main__":
    if sys.argv[1] == "build":
        build(*sys.argv[2:])
    else:
        read(sys.argv[2])
