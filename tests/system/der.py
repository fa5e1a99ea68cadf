# SPDX-License-Identifier: Apache-2.0
"""DER, files and the openssl command for the second builders, written from docs/formats.md alone."""
import subprocess


def element(tag, contents):
    length = len(contents)
    if length < 128:
        return bytes([tag, length]) + contents
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([tag, 128 + len(octets)]) + octets + contents


def number(tag, value):
    return element(tag, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def text(string, tag=12):
    return element(tag, string.encode())


def sequence(*parts):
    return element(0x30, b"".join(parts))


def oid(dotted):
    arcs = [int(arc) for arc in dotted.split(".")]
    out = b""
    for arc in [40 * arcs[0] + arcs[1]] + arcs[2:]:
        digits = [arc & 127]
        while arc > 127:
            arc >>= 7
            digits.insert(0, 128 | (arc & 127))
        out += bytes(digits)
    return element(6, out)


def take(octets, tag):
    """(contents, whole, rest)"""
    assert octets[0] == tag, f"tag {octets[0]:#x} where {tag:#x} belongs"
    length, start = octets[1], 2
    if length > 127:
        start += length - 128
        length = int.from_bytes(octets[2:start], "big")
    assert len(octets) >= start + length, "cut short"
    return octets[start:start + length], octets[:start + length], octets[start + length:]


def take_signed(package):
    """(signature, content, its fields) of SEQUENCE { OCTET STRING, SEQUENCE }"""
    inner, _, rest = take(package, 0x30)
    assert not rest, "something follows"
    signature, _, rest = take(inner, 4)
    fields, content, rest = take(rest, 0x30)
    assert not rest, "something follows"
    return signature, content, fields


def load(path):
    with open(path, "rb") as stream:
        return stream.read()


def store(path, octets):
    with open(path, "wb") as stream:
        stream.write(octets)


def openssl(*words, stdin=b""):
    return subprocess.run(["openssl", *words], input=stdin, stdout=subprocess.PIPE, check=True).stdout


def sign(key, digest, content):
    """SEQUENCE { OCTET STRING, content } with the signature over content"""
    return sequence(element(4, openssl("dgst", "-" + digest, "-sign", key, stdin=content)), content)
