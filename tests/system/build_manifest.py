#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A second builder of manifests, from docs/formats.md alone: Python's standard library and the openssl command.

Usage: build_manifest.py SIGNER.pem CLASS.pub CLASS SEQUENCE UPDATE(0|1) OUT [cert NAME FILE | key NAME TYPE FILE]...
"""
import hashlib
import hmac
import os
import subprocess
import sys
import tempfile


def openssl(*args, stdin=None):
    return subprocess.run(["openssl", *args], input=stdin, stdout=subprocess.PIPE, check=True).stdout


def der(tag, contents):
    n = len(contents)
    if n < 128:
        return bytes([tag, n]) + contents
    size = n.to_bytes((n.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + contents


def integer(n):
    return der(2, n.to_bytes(n.bit_length() // 8 + 1, "big"))


def text(string):
    return der(12, string.encode())


def sequence(*parts):
    return der(0x30, b"".join(parts))


def seal(work, class_pub, plain):
    spki = openssl("pkey", "-pubin", "-in", class_pub, "-outform", "DER")
    curve = [line.split()[-1] for line in
             openssl("pkey", "-pubin", "-in", class_pub, "-noout", "-text").decode().splitlines() if "ASN1 OID" in line][0]
    ephemeral = os.path.join(work, "e.pem")
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:" + curve, "-out", ephemeral)
    ephemeral_spki = openssl("pkey", "-in", ephemeral, "-pubout", "-outform", "DER")
    z = openssl("pkeyutl", "-derive", "-inkey", ephemeral, "-peerkey", class_pub)
    random = os.urandom(32)
    s = b"".join(hashlib.sha256(z + count.to_bytes(4, "big") + random + ephemeral_spki).digest() for count in (1, 2))
    key_iv = hashlib.pbkdf2_hmac("sha256", s[:32].hex().encode(), random[:8], 1, 48)
    ciphertext = openssl("enc", "-aes-256-cbc", "-K", key_iv[:32].hex(), "-iv", key_iv[32:].hex(), stdin=plain)
    authentic = (der(4, hashlib.sha256(spki).digest()) + ephemeral_spki + der(4, random) + text("AES_CBC_NOPAD") +
                 text("HMAC_SHA512") + der(4, ciphertext))
    return der(0x30, authentic + der(4, hmac.new(s[32:], authentic, "sha512").digest()))


def items(words):
    certificates, keys = b"", b""
    while words:
        if words[0] == "cert":
            _, name, path = words[:3]
            certificates += sequence(text(name), openssl("x509", "-in", path, "-outform", "DER"))
            words = words[3:]
        else:
            _, name, kind, path = words[:4]
            if kind.endswith("_PUBLIC"):
                data = openssl("pkey", "-pubin", "-in", path, "-outform", "DER")
            elif kind.endswith("_KEYPAIR"):
                data = openssl("pkey", "-in", path, "-outform", "DER")
            else:
                data = open(path, "rb").read()
            keys += sequence(text(kind), text(name), der(4, data))
            words = words[4:]
    return sequence(der(0x30, certificates), der(0x30, keys))


def main():
    signer, class_pub, device_class, number, update, out = sys.argv[1:7]
    with tempfile.TemporaryDirectory() as work:
        content = sequence(
            text("keymoor-manifest"), integer(1), der(6, bytes.fromhex("2a8648ce3d040302")),
            openssl("pkey", "-in", signer, "-pubout", "-outform", "DER"), text(device_class), integer(int(number)),
            der(1, b"\xff" if update == "1" else b"\x00"), seal(work, class_pub, items(sys.argv[7:])))
        signature = openssl("dgst", "-sha256", "-sign", signer, stdin=content)
        with open(out, "wb") as stream:
            stream.write(sequence(der(4, signature), content))


main()
