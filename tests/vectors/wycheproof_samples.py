# SPDX-License-Identifier: Apache-2.0
"""Small files in Wycheproof's form, one of each type of group, made from vectors of the package: they
try the reader of that form without a copy of the project."""
import json
import os

import own
import parsers
import suites as s


def first(kind, alg, wanted):
    for suite in s.packaged() + own.suites():
        if suite.kind == kind and suite.alg.startswith(alg):
            for case in suite.cases():
                if wanted(case):
                    return case
    raise ValueError(f"no case of {kind} {alg}")


def hexes(case, **names):
    return {name: case.fields[field].hex() for name, field in names.items()}


def aead():
    case = first(
        "aead",
        "AES_GCM",
        lambda c: c.op == "seal"
        and c.fields["in"]
        and len(c.tag) == 16
        and len(c.fields["iv"]) == 12,
    )
    return (
        "AES-GCM",
        {},
        {
            **hexes(case, key="key", iv="iv", aad="aad", msg="in"),
            "ct": case.out.hex(),
            "tag": case.tag.hex(),
        },
    )


def mac():
    case = first("mac", "HMAC_SHA256", lambda c: c.op == "mac")
    return (
        "HMACSHA256",
        {"tagSize": 256},
        {**hexes(case, key="key", msg="in"), "tag": case.out.hex()},
    )


def wrap():
    case = first("wrap", "AES_KWP", lambda c: c.op == "encrypt")
    return "AES-KWP", {}, {**hexes(case, key="key", msg="in"), "ct": case.out.hex()}


def message_of(path, needed, hash_name):
    """The message itself, which the cases no longer have."""
    return next(
        r
        for _, r in parsers.response(os.path.join(s.PACKAGED, path), needed, keep=("P", "Q", "G"))
        if r["section"].endswith(hash_name)
    )


def ecdsa(kind):
    r = message_of(
        "asymmetric/ECDSA/FIPS_186-3/SigGen.txt", ("Msg", "Qx", "Qy", "R", "S"), "P-256,SHA-256"
    )
    signature = s.Pair(s.integer(r["R"]), s.integer(r["S"]), 32).octets(kind)
    group = {
        "sha": "SHA-256",
        "publicKey": {"curve": "secp256r1", "wx": "00" + r["Qx"], "wy": r["Qy"]},
    }
    return "ECDSA", group, {"msg": r["Msg"], "sig": signature.hex()}


def dsa():
    r = message_of(
        "asymmetric/DSA/FIPS_186-3/SigGen.txt",
        ("Msg", "X", "Y", "R", "S"),
        "L=2048, N=256, SHA-256",
    )
    signature = s.Pair(s.integer(r["R"]), s.integer(r["S"]), 32).octets("clrc")
    key = {"p": r["P"], "q": r["Q"], "g": r["G"], "y": r["Y"]}
    return "DSA", {"sha": "SHA-256", "publicKey": key}, {"msg": r["Msg"], "sig": signature.hex()}


def eddsa():
    case = first(
        "ed25519", "ED25519", lambda c: c.op == "verify" and not c.is_negative and c.fields["in"]
    )
    return (
        "EDDSA",
        {"publicKey": {"curve": "edwards25519", **hexes(case, pk="y")}},
        hexes(case, msg="in", sig="sig"),
    )


def xdh():
    case = first("agree", "X25519", lambda c: not c.is_negative)
    return (
        "XDH",
        {"curve": "curve25519"},
        {**hexes(case, public="py", private="s"), "shared": case.out.hex()},
    )


def rsa(example_file, label):
    path = os.path.join(s.PACKAGED, "asymmetric/RSA", example_file)
    pair, example = next((p, e) for _, p, e in s.rsa_examples(path) if len(p["n"]) == 256)
    names = {"modulus": "n", "publicExponent": "e", "privateExponent": "d"}
    key = {name: pair[part].hex() for name, part in names.items()}
    return key, example["Message"].hex(), example[label].hex(), example


def rsa_pkcs1():
    key, message, signature, _ = rsa("pkcs1v15sign-vectors.txt", "Signature")
    return (
        "RSASSA-PKCS1-v1_5",
        {"sha": "SHA-1", "publicKey": key},
        {"msg": message, "sig": signature},
    )


def rsa_pss():
    key, message, signature, example = rsa("pkcs-1v2-1d2-vec/pss-vect.txt", "Signature")
    return (
        "RSASSA-PSS",
        {
            "sha": "SHA-1",
            "mgf": "MGF1",
            "mgfSha": "SHA-1",
            "sLen": len(example["Salt"]),
            "publicKey": key,
        },
        {"msg": message, "sig": signature},
    )


def rsa_oaep():
    key, message, secret, _ = rsa("oaep-custom/oaep-sha256-sha256.txt", "Encryption")
    return (
        "RSAES-OAEP",
        {"sha": "SHA-256", "mgfSha": "SHA-256", "privateKey": key},
        {"msg": message, "ct": secret, "label": ""},
    )


def rsa_es():
    key, message, secret, _ = rsa("pkcs1v15crypt-vectors.txt", "Encryption")
    return "RSAES-PKCS1-v1_5", {"privateKey": key}, {"msg": message, "ct": secret}


def hkdf():
    case = first("derive", "HKDF", lambda c: c.alg == "HKDF_SHA256")
    return (
        "HKDF-SHA-256",
        {},
        {
            **hexes(case, ikm="key", salt="salt", info="info"),
            "size": case.fields["len"],
            "okm": case.out.hex(),
        },
    )


def ecdh():
    case = first(
        "agree", "ECDH", lambda c: not c.is_negative and c.op == "agree" and c.fields["bits"] == 256
    )
    f = case.fields
    return (
        "ECDH",
        {"curve": "secp256r1"},
        {
            "public": "04" + f["px"].hex() + f["py"].hex(),
            "private": "00" + f["s"].hex(),
            "ownPublic": "04" + f["x"].hex() + f["y"].hex(),
            "shared": case.out.hex(),
        },
    )


MAKERS = {
    "AeadTest": aead,
    "MacTest": mac,
    "KeywrapTest": wrap,
    "EcdsaVerify": lambda: ecdsa("clrc"),
    "EcdsaP1363Verify": lambda: ecdsa("core"),
    "DsaVerify": dsa,
    "EddsaVerify": eddsa,
    "XdhComp": xdh,
    "RsassaPkcs1Verify": rsa_pkcs1,
    "RsassaPssVerify": rsa_pss,
    "RsaesOaepDecrypt": rsa_oaep,
    "RsaesPkcs1Decrypt": rsa_es,
    "HkdfTest": hkdf,
    "EcdhEcpointTest": ecdh,
}


def write(folder, kind, result):
    """One file with one test of a type of group."""
    alg, group, test = MAKERS[kind]()
    document = {
        "algorithm": alg,
        "numberOfTests": 1,
        "header": [],
        "testGroups": [
            {
                "type": kind,
                **group,
                "tests": [{"tcId": 1, "comment": "", "flags": [], **test, "result": result}],
            }
        ],
    }
    path = os.path.join(folder, f"{kind}.json")
    with open(path, "w", encoding="utf-8") as stream:
        json.dump(document, stream)
    return path
