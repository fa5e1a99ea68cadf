#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A second builder and reader of payload packages, written from docs/formats.md alone: openssl signs, the rest is here.

Usage: payload_builder.py build KEY.pem HASH PAYLOAD PACKAGE [VERSION [TARGET]]
       payload_builder.py read PACKAGE     prints the fields; writes PACKAGE.signature, PACKAGE.content, PACKAGE.payload
"""
import subprocess
import sys

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


def element(tag, contents):
    length = len(contents)
    if length < 128:
        return bytes([tag, length]) + contents
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([tag, 128 + len(octets)]) + octets + contents


def integer(tag, value):
    return element(tag, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def oid(text):
    arcs = [int(arc) for arc in text.split(".")]
    out = b""
    for arc in [40 * arcs[0] + arcs[1]] + arcs[2:]:
        digits = [arc & 127]
        while arc > 127:
            arc >>= 7
            digits.insert(0, 128 | (arc & 127))
        out += bytes(digits)
    return element(6, out)


def family(key):
    text = subprocess.run(["openssl", "pkey", "-in", key, "-noout", "-text_pub"], check=True,
                          stdout=subprocess.PIPE, text=True).stdout
    return "ec" if "ASN1 OID" in text else "rsa" if "Modulus" in text else "dsa"


def build(key, hash_name, payload, package, version=None, target=None):
    with open(payload, "rb") as stream:
        octets = stream.read()
    fields = element(12, b"keymoor-payload") + integer(2, 1)
    fields += oid(OIDS[family(key), hash_name]) + element(12, hash_name.encode())
    if version is not None:
        fields += integer(0x80, int(version))
    if target is not None:
        fields += element(0x81, target.encode())
    content = element(0x30, fields + element(4, octets))
    signature = subprocess.run(["openssl", "dgst", "-" + hash_name, "-sign", key], input=content,
                               check=True, stdout=subprocess.PIPE).stdout
    with open(package, "wb") as stream:
        stream.write(element(0x30, element(4, signature) + content))


def take(octets):
    """(tag, contents, whole element, what follows)"""
    length, at = octets[1], 2
    if length > 128:
        at = 2 + length - 128
        length = int.from_bytes(octets[2:at], "big")
    assert len(octets) >= at + length
    return octets[0], octets[at:at + length], octets[:at + length], octets[at + length:]


def read(package):
    with open(package, "rb") as stream:
        octets = stream.read()
    tag, inner, _, rest = take(octets)
    assert tag == 0x30 and not rest
    tag, signature, _, content = take(inner)
    assert tag == 4
    tag, fields, _, rest = take(content)
    assert tag == 0x30 and not rest
    for what in ("kind", "format", "algorithm", "hash"):
        tag, value, _, fields = take(fields)
        if what in ("kind", "hash"):
            print(what, value.decode())
    while fields:
        tag, value, _, fields = take(fields)
        if tag == 0x80:
            print("version", int.from_bytes(value, "big"))
        elif tag == 0x81:
            print("target", value.decode())
        else:
            assert tag == 4 and not fields
    for suffix, part in (("signature", signature), ("content", content), ("payload", value)):
        with open(f"{package}.{suffix}", "wb") as stream:
            stream.write(part)


if __name__ == "__main__":
    if sys.argv[1] == "build":
        build(*sys.argv[2:])
    else:
        read(sys.argv[2])
