#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A second builder of manifests, from docs/formats.md alone: Python's standard library and the openssl command.

Usage: build_manifest.py SIGNER.pem CLASS.pub CLASS SEQUENCE UPDATE(0|1) OUT [cert NAME FILE | key NAME TYPE FILE]...
"""
import hashlib
import hmac
import os
import sys
import tempfile

from der import element, load, number, oid, openssl, sequence, sign, store, text


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
    authentic = (element(4, hashlib.sha256(spki).digest()) + ephemeral_spki + element(4, random) + text("AES_CBC_NOPAD") +
                 text("HMAC_SHA512") + element(4, ciphertext))
    return sequence(authentic, element(4, hmac.new(s[32:], authentic, "sha512").digest()))


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
                data = load(path)
            keys += sequence(text(kind), text(name), element(4, data))
            words = words[4:]
    return sequence(sequence(certificates), sequence(keys))


def main():
    signer, class_pub, device_class, count, update, out = sys.argv[1:7]
    with tempfile.TemporaryDirectory() as work:
        content = sequence(
            text("keymoor-manifest"), number(2, 1), oid("1.2.840.10045.4.3.2"),
            openssl("pkey", "-in", signer, "-pubout", "-outform", "DER"), text(device_class), number(2, int(count)),
            element(1, b"\xff" if update == "1" else b"\x00"), seal(work, class_pub, items(sys.argv[7:])))
        store(out, sign(signer, "sha256", content))


main()
