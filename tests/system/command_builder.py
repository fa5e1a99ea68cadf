#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A second builder and reader of certificate commands, written from docs/formats.md alone: openssl signs, the rest is here.

Usage: command_builder.py build KEY.pem OPERATION COMMAND [sequence=N] [device=SPKI.der] [name=NAME] [time=N] [body=FILE.der]
       command_builder.py read COMMAND    prints the fields; writes COMMAND.signature, COMMAND.content, COMMAND.body
       command_builder.py example FORMATS.md COMMAND SPKI.der   the page's worked example, and who signed it
"""
import hashlib
import re
import sys

from der import element, load, number, openssl, sequence, sign, store, take, take_signed, text

OPERATIONS = ["addAuthority", "updateAuthority", "deleteAuthority", "addRevocation", "addCrl", "updateNamed", "numbersOnly",
              "setTime"]
ALGORITHMS = {"2a8648ce3d040302": "sha256", "2a8648ce3d040303": "sha384", "2a8648ce3d040304": "sha512",
              "2a864886f70d01010b": "sha256", "2a864886f70d01010c": "sha384", "2a864886f70d01010d": "sha512"}


def algorithm(key):
    about = openssl("pkey", "-in", key, "-noout", "-text_pub").decode()
    if "Modulus" in about:
        return "2a864886f70d01010b"
    return "2a8648ce3d0403" + {"prime256v1": "02", "secp384r1": "03", "secp521r1": "04"}[
        re.search(r"ASN1 OID: (\S+)", about).group(1)]


def build(key, operation, command, *words):
    given = dict(word.split("=", 1) for word in words)
    oid = algorithm(key)
    fields = text("keymoor-certificate-command") + number(2, 1) + element(6, bytes.fromhex(oid))
    fields += number(10, OPERATIONS.index(operation) + 1)
    if "sequence" in given:
        fields += number(0x80, int(given["sequence"]))
    if "device" in given:
        fields += element(0x81, hashlib.sha256(load(given["device"])).digest())
    if "name" in given:
        fields += text(given["name"], 0x82)
    if "time" in given:
        fields += number(0x83, int(given["time"]))
    fields += element(4, load(given["body"]) if "body" in given else b"")
    store(command, sign(key, ALGORITHMS[oid], sequence(fields)))


def read(command):
    signature, content, fields = take_signed(load(command))
    kind, _, fields = take(fields, 12)
    version, _, fields = take(fields, 2)
    assert (kind, version) == (b"keymoor-certificate-command", b"\1")
    oid, _, fields = take(fields, 6)
    operation, _, fields = take(fields, 10)
    print("digest", ALGORITHMS[oid.hex()])
    print("operation", OPERATIONS[int.from_bytes(operation, "big") - 1])
    for tag, name, show in ((0x80, "sequence", lambda o: int.from_bytes(o, "big")), (0x81, "device", bytes.hex),
                            (0x82, "name", bytes.decode), (0x83, "time", lambda o: int.from_bytes(o, "big"))):
        if fields[0] == tag:
            value, _, fields = take(fields, tag)
            print(name, show(value))
    body, _, fields = take(fields, 4)
    assert not fields, "something follows"
    for name, octets in (("signature", signature), ("content", content), ("body", body)):
        store(f"{command}.{name}", octets)


def example(page, command, signer):
    printed = load(page).decode()
    for name, path in (("certificate command", command), ("command signer", signer)):
        block = re.search(f"```\nexample: {name}\n(.*?)```", printed, re.S).group(1)
        store(path, bytes.fromhex("".join(re.match(r"[0-9a-f]{3} +((?:[0-9a-f]{2} ?)*)", line).group(1)
                                          for line in block.splitlines())))


if __name__ == "__main__":
    COMMANDS = {"build": build, "read": read, "example": example}
    if len(sys.argv) < 3 or sys.argv[1] not in COMMANDS:
        sys.exit(__doc__)
    COMMANDS[sys.argv[1]](*sys.argv[2:])
