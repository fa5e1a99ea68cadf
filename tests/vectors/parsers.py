# SPDX-License-Identifier: Apache-2.0
"""Readers of the forms that vectors are published in: NIST's response files, the text files of
PKCS #1, and Wycheproof's JSON. They yield (line or case number, record) and know no algorithm."""
import json
import re

ENTRY = re.compile(r"^\s*([A-Za-z][^=:]*?)\s*=\s*(.*?)\s*$")


def response(path, needed, keep=()):
    """
    Records of NIST's form: "[section]" and "NAME = value" lines. A record is complete with the
    line after which `needed(record)` holds, or all names of a tuple are there; what is not in
    `keep` or a section's heading is then forgotten. "section" holds the last heading's text.
    """
    complete = needed if callable(needed) else lambda r: all(name in r for name in needed)
    heading, kept, record = {}, {}, {}
    with open(path, encoding="latin-1") as stream:
        for line_number, line in enumerate(stream, 1):
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            if line.startswith("["):
                text = line.strip("[]").strip()
                heading["section"] = text
                for part in text.split(","):
                    match = ENTRY.match(part)
                    if match:
                        heading[match.group(1)] = match.group(2)
                record = {}
                continue
            match = ENTRY.match(line)
            name, value = match.groups() if match else (line, "")
            (kept if name in keep else record)[name] = value
            whole = {**heading, **kept, **record}
            if complete(whole):
                yield line_number, whole
                record = {}


def labelled(path):
    """The text files of PKCS #1: "# Label:" and lines of hex; yields (line, label, octets)."""
    label, digits, at = None, "", 0
    with open(path, encoding="latin-1") as stream:
        for line_number, line in enumerate(stream, 1):
            line = line.strip()
            if re.fullmatch(r"[0-9a-fA-F ]+", line) and label:
                digits += line.replace(" ", "")
                continue
            if label and digits:
                yield at, label, bytes.fromhex(digits.rjust(len(digits) + len(digits) % 2, "0"))
                label, digits = None, ""
            match = re.fullmatch(r"#\s*([A-Za-z0-9 ]+):", line)
            if match:
                label, at = match.group(1).strip(), line_number
            elif line.startswith("# ") and "xample" in line:
                yield line_number, "title", line[2:]
        if label and digits:
            yield at, label, bytes.fromhex(digits)


def wycheproof(path):
    """Wycheproof's JSON: yields (tcId, algorithm of the file, group, test)."""
    with open(path, encoding="utf-8") as stream:
        document = json.load(stream)
    seen = 0
    for group in document["testGroups"]:
        for test in group["tests"]:
            seen += 1
            yield test["tcId"], document["algorithm"], group, test
    if seen != document["numberOfTests"]:
        raise ValueError(f"{path}: {seen} tests, {document['numberOfTests']} announced")


def der_integers(octets):
    """The INTEGERs of a SEQUENCE, in order; enough for RSAPrivateKey."""

    def element(at):
        tag, length, at = octets[at], octets[at + 1], at + 2
        if length & 0x80:
            size = length & 0x7F
            length, at = int.from_bytes(octets[at : at + size], "big"), at + size
        return tag, at, at + length

    tag, at, end = element(0)
    if tag != 0x30:
        raise ValueError("not a SEQUENCE")
    numbers = []
    while at < end:
        tag, start, at = element(at)
        if tag == 0x02:
            numbers.append(int.from_bytes(octets[start:at], "big"))
    return numbers
