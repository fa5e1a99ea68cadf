#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whatever is wrong with a ciphertext, a tag or a padding: one and the same answer, and no output.

Usage: uniform.py BUILD_DIR [--api core,tee,clrc]

Ciphertexts are made here with the public key over blocks as Bleichenbacher, Manger and later
attacks send them. Decryption by PKCS #1 v1.5 answers a wrong padding with another message
(draft-irtf-cfrg-rsa-guidance): it must be the one that the draft says for this key and ciphertext.
No time is measured here; bench/bench_timing does.
"""
import argparse
import hashlib
import hmac
import os
import sys

import suites
from cases import digest, number
from service import Driver, Service

KEY_FILE = "asymmetric/RSA/pkcs1v15crypt-vectors.txt"
SIZE = 256  # octets of the modulus
TEXT = b"what nobody may learn"


def stream(label, length):
    """Octets that look random and are the same in each run."""
    return hashlib.shake_256(label.encode()).digest(length)


def without_zeros(label, length):
    return bytes(octet or 1 for octet in stream(label, length))


def odd_parity(key):
    """The same DES key with its parity bits set."""
    return bytes(octet ^ 1 if octet.bit_count() % 2 == 0 else octet for octet in key)


def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b))


# ---- blocks ----


def pkcs1_blocks():
    """Encoded messages that no decryption may accept, by what is wrong with them."""
    pad = without_zeros("pad", SIZE - 3 - len(TEXT))
    good = b"\0\2" + pad + b"\0" + TEXT
    blocks = {f"first octet {v}": bytes([v]) + good[1:] for v in (1, 2, 0x7F)}
    blocks.update({f"block type {v}": b"\0" + bytes([v]) + good[2:] for v in (0, 1, 3, 0x82, 0xFF)})
    for at in range(2, 10):
        blocks[f"zero in the padding at {at}"] = good[:at] + b"\0" + good[at + 1 :]
    blocks["padding of no octet"] = b"\0\2\0" + without_zeros("more", SIZE - 3)
    blocks["no zero at all"] = b"\0\2" + without_zeros("all", SIZE - 2)
    blocks["zeros"], blocks["a one"] = bytes(SIZE), bytes(SIZE - 1) + b"\1"
    blocks["a signature's block"] = b"\0\1" + b"\xff" * (SIZE - 3 - len(TEXT)) + b"\0" + TEXT
    return blocks


def oaep_blocks(h):
    size = len(digest(h, b""))

    def mask(seed, length):
        return b"".join(digest(h, seed + i.to_bytes(4, "big")) for i in range(-(-length // size)))[
            :length
        ]

    def block(db, first=b"\0"):
        seed = stream("seed " + h, size)
        masked = xor(db, mask(seed, len(db)))
        return first + xor(seed, mask(masked, size)) + masked

    label = digest(h, b"")
    room = SIZE - 2 * size - 2 - len(TEXT)
    fill = bytes(room)
    good = label + fill + b"\1" + TEXT
    wrong_label = bytes([label[0] ^ 1]) + label[1:]
    blocks = {f"first octet {v}": block(good, bytes([v])) for v in (1, 0x10, 0x7F)}
    blocks.update(
        {
            "label's first octet": block(wrong_label + good[size:]),
            "label's last octet": block(label[:-1] + bytes([label[-1] ^ 0x80]) + good[size:]),
            "another label": block(digest(h, b"x") + good[size:]),
            "no one": block(label + bytes(SIZE - 2 * size - 1)),
            "two instead of one": block(label + fill + b"\2" + TEXT),
            "octet in the padding": block(label + b"\3" + fill[1:] + b"\1" + TEXT),
            "high octet at the end of the padding": block(label + fill[1:] + b"\xff\1" + TEXT),
            "first octet and label": block(wrong_label + good[size:], b"\1"),
            "label and no one": block(wrong_label + bytes(SIZE - 2 * size - 1)),
            "zeros": bytes(SIZE),
            "a one": bytes(SIZE - 1) + b"\1",
        }
    )
    return blocks, block(good)


# ---- the message that stands for a wrong padding ----


def rejection(d, ciphertext):
    """draft-irtf-cfrg-rsa-guidance: what comes out instead of an error."""
    key = hmac.new(hashlib.sha256(number(d, SIZE)).digest(), ciphertext, "sha256").digest()

    def expand(label, length):
        out = b""
        while len(out) < length:
            part = (len(out) // 32).to_bytes(2, "big") + label + (8 * length).to_bytes(2, "big")
            out += hmac.new(key, part, "sha256").digest()
        return out[:length]

    longest = SIZE - 10
    mask = (1 << longest.bit_length()) - 1
    lengths = expand(b"length", 256)
    chosen = 0
    for i in range(0, 256, 2):
        candidate = int.from_bytes(lengths[i : i + 2], "big") & mask
        chosen = candidate if candidate < longest else chosen
    return expand(b"message", SIZE)[SIZE - chosen :]


# ---- asking ----


class Check:
    def __init__(self, driver):
        self.driver, self.failures, self.asked = driver, [], 0

    def offered(self, alg):
        return self.driver.ask([f"supported {alg}"]) == ["ok"]

    def ask(self, op, alg, fields):
        words = [
            f"{name}={v}" if isinstance(v, int) else f"{name}:{v.hex()}"
            for name, v in fields.items()
        ]
        self.asked += 1
        return self.driver.ask([" ".join([op, alg] + words)])[0]

    def fail(self, text):
        self.failures.append(f"{self.driver.kind}: {text}")

    def same(self, name, answers, begin):
        """All answers are one and the same, and it begins with a word."""
        kinds = sorted(set(answers.values()))
        if len(kinds) != 1 or not kinds[0].startswith(begin) or "dirty" in kinds[0]:
            seen = "; ".join(f"{what}: {answer[:60]}" for what, answer in answers.items())
            self.fail(f"{name}: {len(kinds)} different answers: {seen}"[:1500])


def encrypted(pair, block):
    n, e = (int.from_bytes(pair[name], "big") for name in ("n", "e"))
    value = int.from_bytes(block, "big")
    return None if value >= n else number(pow(value, e, n), SIZE)


def check_oaep(check, pair):
    for h in ("SHA1", "SHA224", "SHA256", "SHA384", "SHA512"):
        alg = f"RSAES_PKCS1_OAEP_MGF1_{h}"
        blocks, good = oaep_blocks(h)
        answer = check.ask("pdecrypt", alg, {**pair, "in": encrypted(pair, good)})
        if answer != f"ok out:{TEXT.hex()}":
            check.fail(f"{alg}: the right block: {answer}")
        texts = {what: encrypted(pair, block) for what, block in blocks.items()}
        texts.update(
            {f"random {i}": stream(f"{h} {i}", SIZE - 1).rjust(SIZE, b"\0") for i in range(20)}
        )
        texts["n - 1"] = number(int.from_bytes(pair["n"], "big") - 1, SIZE)
        check.same(
            alg,
            {
                what: check.ask("pdecrypt", alg, {**pair, "in": text})
                for what, text in texts.items()
                if text is not None
            },
            "fail",
        )


def check_pkcs1(check, pair):
    alg = "RSAES_PKCS1_V1_5"
    if not check.offered(alg):
        return check.fail(f"{alg} is not offered")
    d = int.from_bytes(pair["d"], "big")
    good = b"\0\2" + without_zeros("pad", SIZE - 3 - len(TEXT)) + b"\0" + TEXT
    for block, text in ((good, TEXT), (good[: -len(TEXT) - 1] + b"\5" * len(TEXT) + b"\0", b"")):
        answer = check.ask("pdecrypt", alg, {**pair, "in": encrypted(pair, block)})
        if answer.split() != f"ok out:{text.hex()}".split():
            check.fail(f"{alg}: a right block: {answer}")
    texts = {what: encrypted(pair, block) for what, block in pkcs1_blocks().items()}
    texts.update(
        {f"random {i}": stream(f"pkcs1 {i}", SIZE - 1).rjust(SIZE, b"\0") for i in range(40)}
    )
    lengths = set()
    for what, text in texts.items():
        if text is None:
            continue
        wanted = rejection(d, text)
        lengths.add(len(wanted))
        answer = check.ask("pdecrypt", alg, {**pair, "in": text})
        if answer != f"ok out:{wanted.hex()}":
            check.fail(f"{alg}: {what}: {answer[:60]}, not the draft's {wanted.hex()[:40]}")
    if len(lengths) < 10:
        check.fail(f"{alg}: the messages have {len(lengths)} different lengths only")


def check_tags(check):
    key, nonce, aad = stream("key", 32), stream("nonce", 12), stream("aad", 20)
    plain = stream("plain", 100)
    for alg in ("AES_GCM", "AES_CCM", "CHACHA20_POLY1305"):
        if not check.offered(alg):
            check.fail(f"{alg} is not offered")
            continue
        common = {"key": key, "iv": nonce, "aad": aad}
        sealed = check.ask("seal", alg, {**common, "in": plain, "taglen": 16})
        parts = dict(word.split(":") for word in sealed.split()[1:])
        secret, tag = bytes.fromhex(parts["out"]), bytes.fromhex(parts["tag"])
        answers = {}
        for chunk in (0, 16, 100):
            base = {**common, "in": secret, "tag": tag, "chunk": chunk}
            for at in range(16):
                wrong = tag[:at] + bytes([tag[at] ^ 1 << at % 8]) + tag[at + 1 :]
                answers[f"tag octet {at}, {chunk}"] = check.ask("open", alg, {**base, "tag": wrong})
            for name, octets in (("in", secret), ("aad", aad), ("iv", nonce), ("key", key)):
                wrong = octets[:-1] + bytes([octets[-1] ^ 1])
                answers[f"{name}, {chunk}"] = check.ask("open", alg, {**base, name: wrong})
            answers[f"zeros, {chunk}"] = check.ask("open", alg, {**base, "tag": bytes(16)})
        check.same(alg, answers, "fail")


def check_macs(check):
    key, text = odd_parity(stream("mac key", 24)), stream("mac text", 77)
    for alg in (
        "HMAC_MD5",
        "HMAC_SHA1",
        "HMAC_SHA256",
        "HMAC_SHA512",
        "HMAC_SHA3_256",
        "AES_CMAC",
        "DES3_CMAC",
    ):
        if not check.offered(alg):
            check.fail(f"{alg} is not offered")
            continue
        made = bytes.fromhex(check.ask("mac", alg, {"key": key, "in": text}).split("out:")[1])
        wrong = {
            f"octet {i}": made[:i] + bytes([made[i] ^ 0x80 >> i % 8]) + made[i + 1 :]
            for i in range(len(made))
        }
        wrong.update(
            {
                "cut": made[:-1],
                "half": made[: len(made) // 2],
                "longer": made + b"\0",
                "zeros": bytes(len(made)),
            }
        )
        check.same(
            alg,
            {
                what: check.ask("macverify", alg, {"key": key, "in": text, "tag": tag})
                for what, tag in wrong.items()
            },
            "fail",
        )


def check_wrap(check):
    for alg, text in (("AES_KW", stream("kw", 32)), ("AES_KWP", stream("kwp", 27))):
        if not check.offered(alg):
            check.fail(f"{alg} is not offered")
            continue
        key = stream("kek", 32)
        made = bytes.fromhex(check.ask("encrypt", alg, {"key": key, "in": text}).split("out:")[1])
        wrong = {
            f"octet {i}": made[:i] + bytes([made[i] ^ 1]) + made[i + 1 :] for i in range(len(made))
        }
        wrong["another key"] = made
        check.same(
            alg,
            {
                what: check.ask(
                    "decrypt",
                    alg,
                    {"key": bytes(32) if what == "another key" else key, "in": octets},
                )
                for what, octets in wrong.items()
            },
            "fail",
        )


def run_kind(build, kind, pair):
    service = Service(build) if kind != "core" else None
    try:
        check = Check(Driver(build, kind, service))
        check_oaep(check, pair)
        check_pkcs1(check, pair)
        check_tags(check)
        check_macs(check)
        check_wrap(check)
        if check.driver.stop() != 0:
            check.fail("the driver did not end well")
        print(f"{kind}: {check.asked} answers, {len(check.failures)} failures", flush=True)
        return check.failures
    finally:
        if service:
            service.stop()


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("build")
    parser.add_argument("--api", default="core,tee,clrc")
    args = parser.parse_args()
    path = os.path.join(suites.PACKAGED, KEY_FILE)
    pair = next(p for _, p, _ in suites.rsa_examples(path) if len(p["n"]) == SIZE)
    failures = []
    for kind in args.api.split(","):
        failures += run_kind(os.path.abspath(args.build), kind, pair)
    for line in failures:
        print(f"FAILED {line}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
