#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes and opens opaque packages as docs/formats.md describes them: a second implementation, with Python's
standard library and plain `openssl` for curves, signatures and AES, to compare the others with.

  package_peer.py make-key NAME TYPE KEY SIGNER.pem DEVICE_PUB.der CIPHER MAC OUT [usage=N] [maxUses=N] [notAfter=N]
  package_peer.py open-key PACKAGE SIGNER_PUB.der DEVICE_KEY.pem OUT_DATA      prints type, name and rules
  package_peer.py make-object IN CIPHER OUT_ENC OUT_OOCFG
  package_peer.py make-id OOCFG SIGNER.pem DEVICE_PUB.der CIPHER MAC OUT [maxOpens=N] [notBefore=N] [notAfter=N]
  package_peer.py open-object PACKAGE SIGNER_PUB.der DEVICE_KEY.pem IN_ENC OUT prints what the identifier says
  package_peer.py plain PACKAGE DEVICE_KEY.pem OUT                             what is sealed, as it is
  package_peer.py examples FORMATS.md                                          opens the worked examples of the page

A tool of the tests: it puts keys into arguments of openssl.
"""
import hashlib
import hmac
import os
import re
import subprocess
import sys
import tempfile

CIPHERS = {"AES_CTR": "ctr", "AES_CBC_NOPAD": "cbc", "AES_OFB": "ofb", "AES_CFB_128": "cfb"}
SIGNATURES = {  # object identifier: digest
    "2a8648ce3d0401": "sha1", "2a8648ce3d040301": "sha224", "2a8648ce3d040302": "sha256",
    "2a8648ce3d040303": "sha384", "2a8648ce3d040304": "sha512",
    "2a864886f70d010105": "sha1", "2a864886f70d01010e": "sha224", "2a864886f70d01010b": "sha256",
    "2a864886f70d01010c": "sha384", "2a864886f70d01010d": "sha512",
    "2a8648ce380403": "sha1", "608648016503040301": "sha224", "608648016503040302": "sha256"}
POLICY = ("usage", "attributes", "maxUses", "notAfter")
OBJECT_POLICY = ("notBefore", "notAfter", "maxOpens")


def openssl(*words, stdin=b""):
    return subprocess.run(("openssl",) + words, input=stdin, stdout=subprocess.PIPE, check=True).stdout


def temporary(octets):
    file = tempfile.NamedTemporaryFile(delete=False)
    file.write(octets)
    file.close()
    return file.name


def load(path):
    with open(path, "rb") as file:
        return file.read()


def store(path, octets):
    with open(path, "wb") as file:
        file.write(octets)


# ---- DER ----

def tlv(tag, contents):
    n = len(contents)
    if n < 128:
        return bytes([tag, n]) + contents
    size = n.to_bytes((n.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + contents


def sequence(*parts):
    return tlv(0x30, b"".join(parts))


def text(string):
    return tlv(0x0c, string.encode())


def octets(data):
    return tlv(0x04, data)


def integer(value, tag=0x02):
    return tlv(tag, value.to_bytes(value.bit_length() // 8 + 1, "big"))


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def element(self, tag=None):
        """(tag, contents, whole)"""
        start = self.at
        found, n = self.data[start], self.data[start + 1]
        self.at += 2
        if n & 0x80:
            size = n & 0x7f
            n = int.from_bytes(self.data[self.at:self.at + size], "big")
            assert n >= 128 and self.data[self.at] != 0, "not the shortest length"
            self.at += size
        assert self.at + n <= len(self.data), "cut short"
        self.at += n
        assert tag is None or found == tag, f"tag {found:#x} where {tag:#x} belongs"
        return found, self.data[self.at - n:self.at], self.data[start:self.at]

    def contents(self, tag):
        return self.element(tag)[1]

    def inner(self, tag=0x30):
        return Reader(self.contents(tag))

    def string(self):
        return self.contents(0x0c).decode()

    def number(self, tag=0x02):
        return int.from_bytes(self.contents(tag), "big", signed=True)

    def done(self):
        return self.at == len(self.data)


# ---- what is sealed to a key ----

def cipher(direction, name, key, iv, data):
    pad = [] if name == "AES_CBC_NOPAD" else ["-nopad"]
    return openssl("enc", direction, "-aes-256-" + CIPHERS[name], "-K", key.hex(), "-iv", iv.hex(), *pad, stdin=data)


def agree(private_pem, public_der):
    public_pem = temporary(openssl("pkey", "-pubin", "-inform", "DER", stdin=public_der))
    try:
        return openssl("pkeyutl", "-derive", "-inkey", private_pem, "-peerkey", public_pem)
    finally:
        os.unlink(public_pem)


def keys(z, random, ephemeral):
    stream = b"".join(hashlib.sha256(z + i.to_bytes(4, "big") + random + ephemeral).digest() for i in (1, 2))
    enc, mac = stream[:32], stream[32:]
    derived = hashlib.pbkdf2_hmac("sha256", enc.hex().encode(), random[:8], 1, 48)
    return derived[:32], derived[32:], mac


def seal(plain, public_der, cipher_name, mac_name):
    match = re.search(r"ASN1 OID: (\S+)", openssl("pkey", "-pubin", "-inform", "DER", "-noout", "-text_pub",
                                                  stdin=public_der).decode())
    private = temporary(openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:" + match.group(1)))
    try:
        ephemeral = openssl("pkey", "-in", private, "-pubout", "-outform", "DER")
        random = os.urandom(32)
        key, iv, mac = keys(agree(private, public_der), random, ephemeral)
    finally:
        os.unlink(private)
    authentic = b"".join((octets(hashlib.sha256(public_der).digest()), ephemeral, octets(random), text(cipher_name),
                          text(mac_name), octets(cipher("-e", cipher_name, key, iv, plain))))
    tag = hmac.digest(mac, authentic, mac_name[5:].lower())
    return sequence(authentic, octets(tag))


def unseal(reader, private_pem):
    sealed = reader.inner()
    public_der = openssl("pkey", "-in", private_pem, "-pubout", "-outform", "DER")
    recipient, ephemeral, random = sealed.contents(4), sealed.element(0x30)[2], sealed.contents(4)
    assert recipient == hashlib.sha256(public_der).digest(), "for another device"
    cipher_name, mac_name, ciphertext = sealed.string(), sealed.string(), sealed.contents(4)
    authentic = sealed.data[:sealed.at]
    tag = sealed.contents(4)
    assert sealed.done() and reader.done(), "something follows"
    key, iv, mac = keys(agree(private_pem, ephemeral), random, ephemeral)
    assert tag == hmac.digest(mac, authentic, mac_name[5:].lower()), "the tag does not fit"
    return cipher("-d", cipher_name, key, iv, ciphertext)


# ---- the envelope ----

def sign(content_of, signer_pem):
    about = openssl("pkey", "-in", signer_pem, "-noout", "-text_pub").decode()
    if "Modulus" in about:
        oid = "2a864886f70d01010b"
    elif "G:" in about:
        oid = "608648016503040302"
    else:
        bits = int(re.search(r"\((\d+) bit", about).group(1))
        oid = "2a8648ce3d0403" + ("02" if bits <= 256 else "03" if bits <= 384 else "04")
    content = content_of(tlv(0x06, bytes.fromhex(oid)))
    signature = openssl("dgst", "-" + SIGNATURES[oid], "-sign", signer_pem, stdin=content)
    return sequence(octets(signature), content)


def verify(package, kind, signer_pub_der=None):
    outer = Reader(package)
    inside = outer.inner()
    assert outer.done(), "something follows"
    signature = inside.contents(4)
    _, contents, whole = inside.element(0x30)
    assert inside.done(), "something follows"
    content = Reader(contents)
    assert content.string() == kind and content.number() == 1
    digest = SIGNATURES[content.contents(6).hex()]
    if signer_pub_der is not None:
        names = [temporary(signature), temporary(openssl("pkey", "-pubin", "-inform", "DER", stdin=signer_pub_der))]
        try:
            openssl("dgst", "-" + digest, "-verify", names[1], "-signature", names[0], stdin=whole)
        finally:
            for name in names:
                os.unlink(name)
    return content


def policy_put(names, words):
    given = dict(word.split("=") for word in words)
    fields = [integer(int(given[name]), 0x80 | i) for i, name in enumerate(names) if name in given]
    return sequence(*fields) if fields else b""


def policy_text(names, reader):
    """The rest of a structure: nothing, or its rules."""
    said = []
    if not reader.done():
        inside = reader.inner()
        while not inside.done():
            tag, contents, _ = inside.element()
            at = tag & 0x1f
            value = contents.hex() if at >= len(names) else int.from_bytes(contents, "big")
            said.append(f"{names[at] if at < len(names) else f'[{at}]'}={value}")
        assert reader.done(), "something follows"
    return " ".join(said)


# ---- keys ----

def key_package(plain, signer_pem, public_der, cipher_name, mac_name):
    return sign(lambda oid: sequence(text("keymoor-opaque-key"), integer(1), oid,
                                     seal(plain, public_der, cipher_name, mac_name)), signer_pem)


def make_key(name, kind, key, signer, device, cipher_name, mac_name, out, *rules):
    plain = sequence(text(kind), text(name), octets(load(key)), policy_put(POLICY, rules))
    store(out, key_package(plain, signer, load(device), cipher_name, mac_name))


def open_key_octets(package, signer_der, device_pem):
    fields = Reader(unseal(verify(package, "keymoor-opaque-key", signer_der), device_pem)).inner()
    kind, name, data = fields.string(), fields.string(), fields.contents(4)
    return kind, name, data, policy_text(POLICY, fields)


def open_key(package, signer, device, out):
    kind, name, data, rules = open_key_octets(load(package), load(signer), device)
    store(out, data)
    print(" ".join(filter(None, (kind, name, rules))))


# ---- objects ----

def make_object(path, cipher_name, out, config):
    clear = load(path)
    key, iv = os.urandom(32), os.urandom(16)
    store(out, cipher("-e", cipher_name, key, iv, clear))
    store(config, sequence(text(cipher_name), octets(key), octets(iv), text("SHA256"),
                           octets(hashlib.sha256(clear).digest()), integer(len(clear))))


def make_id(config, signer, device, cipher_name, mac_name, out, *rules):
    object_id = os.urandom(16)
    signer_der = openssl("pkey", "-in", signer, "-pubout", "-outform", "DER")
    plain = sequence(octets(object_id), octets(hashlib.sha256(signer_der).digest()), load(config),
                     policy_put(OBJECT_POLICY, rules))
    store(out, sign(lambda oid: sequence(text("keymoor-object-id"), integer(1), oid, octets(object_id),
                                         seal(plain, load(device), cipher_name, mac_name)), signer))


def open_id_octets(package, signer_der, device_pem):
    content = verify(package, "keymoor-object-id", signer_der)
    object_id = content.contents(4)
    fields = Reader(unseal(content, device_pem)).inner()
    assert fields.contents(4) == object_id, "another object"
    assert fields.contents(4) == hashlib.sha256(signer_der).digest(), "another signer"
    info = fields.inner()
    said = {"cipher": info.string(), "key": info.contents(4), "iv": info.contents(4), "digest": info.string()}
    said["value"], said["size"] = info.contents(4), info.number()
    rules = " ".join(filter(None, (policy_text(OBJECT_POLICY, info), policy_text(OBJECT_POLICY, fields))))
    return said, rules


def decrypt_object(said, encrypted):
    clear = cipher("-d", said["cipher"], said["key"], said["iv"], encrypted)
    assert said["digest"] == "SHA256" and said["value"] == hashlib.sha256(clear).digest(), "another digest"
    assert said["size"] == len(clear), "another size"
    return clear


def open_object(package, signer, device, encrypted, out):
    said, rules = open_id_octets(load(package), load(signer), device)
    store(out, decrypt_object(said, load(encrypted)))
    print(" ".join(filter(None, (said["cipher"], str(said["size"]), rules))))


def plain_of(package, device, out):
    octets_in = load(package)
    kind = "keymoor-opaque-key" if b"keymoor-opaque-key" in octets_in[:1100] else "keymoor-object-id"
    content = verify(octets_in, kind)
    if kind == "keymoor-object-id":
        content.contents(4)
    store(out, unseal(content, device))


# ---- the page's own examples ----

def examples(page):
    """Blocks that begin with `example: NAME` are octets in hex with remarks behind two blanks."""
    found = {}
    for name, block in re.findall(r"```\nexample: ([^\n]+)\n(.*?)```", load(page).decode(), re.S):
        digits = "".join(re.match(r"[0-9a-f]{3} +((?:[0-9a-f]{2} ?)*)", line).group(1) for line in block.splitlines())
        found[name] = bytes.fromhex(digits.replace(" ", ""))
    signer = found["signer"]
    device = temporary(openssl("pkey", "-inform", "DER", stdin=found["device key"]))
    try:
        kind, name, data, rules = open_key_octets(found["opaque key package"], signer, device)
        assert (kind, name, data, rules) == ("KEY_AES", "example", bytes(range(16)), "maxUses=3"), "not the page's key"
        said, rules = open_id_octets(found["opaque object identifier"], signer, device)
        clear = decrypt_object(said, found["opaque object"])
        assert (clear, rules) == (b"An opaque object\n", "maxOpens=2"), "not the page's object"
    finally:
        os.unlink(device)
    print("the examples of the page open")


COMMANDS = {"make-key": make_key, "open-key": open_key, "make-object": make_object, "make-id": make_id,
            "open-object": open_object, "plain": plain_of, "examples": examples}

if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in COMMANDS:
        sys.exit(__doc__)
    COMMANDS[sys.argv[1]](*sys.argv[2:])
