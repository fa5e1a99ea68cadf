# SPDX-License-Identifier: Apache-2.0
"""Project Wycheproof's test vectors, from a directory that the caller has (testvectors_v1): no Debian
package holds them. Files of algorithms that Keymoor has no name for are told, not tried."""
import os

import parsers
from cases import CURVE_BITS, Case, digest, hash_name, number, rsa_pair, montgomery_public
from suites import Suite

CURVES = {
    "secp192r1": 192,
    "secp224r1": 224,
    "secp256r1": 256,
    "secp384r1": 384,
    "secp521r1": 521,
    **{name: bits for name, bits in CURVE_BITS.items()},
}
AEADS = {"AES-GCM": "AES_GCM", "AES-CCM": "AES_CCM", "CHACHA20-POLY1305": "CHACHA20_POLY1305"}
MACS = {"AES-CMAC": "AES_CMAC"}
WRAPS = {"AES-WRAP": "AES_KW", "AES-KW": "AES_KW", "AES-KWP": "AES_KWP"}


def octets(test, name):
    return bytes.fromhex(test[name])


def big(text):
    return int(text, 16)


def verdict(test, wrong="nok"):
    """acceptable is either way, so it says nothing."""
    return {"valid": "ok", "invalid": wrong}.get(test["result"])


def aead(where, alg, _, test):
    key, nonce, aad, plain, secret, tag = (
        octets(test, n) for n in ("key", "iv", "aad", "msg", "ct", "tag")
    )
    common = {"key": key, "iv": nonce, "aad": aad}
    expect = verdict(test)
    yield Case(
        where,
        "open",
        AEADS[alg],
        {**common, "in": secret, "tag": tag},
        expect,
        out=plain if expect == "ok" else None,
    )
    if expect == "ok":
        yield Case(
            where,
            "seal",
            AEADS[alg],
            {**common, "in": plain, "taglen": len(tag)},
            out=secret,
            tag=tag,
        )


def mac(where, alg, group, test):
    tag_len, full = group["tagSize"] // 8, len(octets(test, "tag"))
    name = MACS.get(alg) or alg.replace("SHA3-", "SHA3_").replace("HMAC", "HMAC_")
    size = 16 if name in MACS.values() else len(digest(name[5:], b""))
    if tag_len != size or full != size:
        return  # neither API cuts MACs
    yield Case(
        where,
        "macverify",
        name,
        {"key": octets(test, "key"), "in": octets(test, "msg"), "tag": octets(test, "tag")},
        verdict(test),
    )


def wrap(where, alg, _, test):
    expect = verdict(test)
    key, plain, secret = (octets(test, n) for n in ("key", "msg", "ct"))
    yield Case(
        where,
        "decrypt",
        WRAPS[alg],
        {"key": key, "in": secret},
        expect,
        out=plain if expect == "ok" else None,
    )


def public(group):
    return group.get("publicKey") or group["key"]


def ecdsa(where, _, group, test, p1363=False):
    key = public(group)
    bits = CURVES[key["curve"]]
    size = (bits + 7) // 8
    h = hash_name(group["sha"])
    fields = {
        "bits": bits,
        "x": number(big(key["wx"]), size),
        "y": number(big(key["wy"]), size),
        "in": digest(h, octets(test, "msg")),
        "sig": octets(test, "sig"),
    }
    for kind in ("core", "tee") if p1363 else ("clrc",):
        yield Case(where, "verify", "ECDSA", fields, verdict(test), hash_name=h, only=kind)


def ecdsa_p1363(where, alg, group, test):
    yield from ecdsa(where, alg, group, test, p1363=True)


def dsa(where, _, group, test):
    key = public(group)
    h = hash_name(group["sha"])
    fields = {name: number(big(key[name])) for name in ("p", "q", "g", "y")}
    yield Case(
        where,
        "verify",
        f"DSA_{h}",
        {**fields, "in": digest(h, octets(test, "msg")), "sig": octets(test, "sig")},
        verdict(test),
        only="clrc",
    )


def eddsa(where, _, group, test):
    yield Case(
        where,
        "verify",
        "ED25519",
        {"y": octets(public(group), "pk"), "in": octets(test, "msg"), "sig": octets(test, "sig")},
        verdict(test),
    )


def xdh(where, _, __, test):
    private = octets(test, "private")
    expect = verdict(test)
    zero = not any(octets(test, "shared"))
    if len(private) == 32 and (expect or zero):
        yield Case(
            where,
            "agree",
            "X25519",
            {"s": private, "y": montgomery_public(private), "py": octets(test, "public")},
            "nok" if zero else expect,
            out=octets(test, "shared") if expect == "ok" and not zero else None,
        )


def rsa_public(group):
    key = group.get("publicKey", group)
    return {
        "n": number(big(key.get("modulus") or key["n"])),
        "e": number(big(key.get("publicExponent") or key["e"])),
    }


def rsa_pkcs1(where, _, group, test):
    h = hash_name(group["sha"])
    yield Case(
        where,
        "verify",
        f"RSASSA_PKCS1_V1_5_{h}",
        {**rsa_public(group), "in": digest(h, octets(test, "msg")), "sig": octets(test, "sig")},
        verdict(test),
    )


def rsa_pss(where, _, group, test):
    h = hash_name(group["sha"])
    if group["mgf"] == "MGF1" and hash_name(group["mgfSha"]) == h:
        yield Case(
            where,
            "verify",
            f"RSASSA_PKCS1_PSS_MGF1_{h}",
            {
                **rsa_public(group),
                "in": digest(h, octets(test, "msg")),
                "sig": octets(test, "sig"),
                "saltlen": group["sLen"],
            },
            verdict(test),
        )


def rsa_private(group):
    key = group.get("privateKey", group)
    names = (
        ("modulus", "publicExponent", "privateExponent") if "modulus" in key else ("n", "e", "d")
    )
    return rsa_pair(*(big(key[name]) for name in names))


def rsa_oaep(where, _, group, test):
    h = hash_name(group["sha"])
    if hash_name(group["mgfSha"]) != h:
        return
    expect = verdict(test)
    label = {"info": octets(test, "label")} if test.get("label") else {}
    yield Case(
        where,
        "pdecrypt",
        f"RSAES_PKCS1_OAEP_MGF1_{h}",
        {**rsa_private(group), "in": octets(test, "ct"), **label},
        expect,
        out=octets(test, "msg") if expect == "ok" else None,
    )


def rsa_es(where, _, group, test):
    expect = verdict(test)
    yield Case(
        where,
        "pdecrypt",
        "RSAES_PKCS1_V1_5",
        {**rsa_private(group), "in": octets(test, "ct")},
        "ok" if expect == "ok" else "other",
        out=octets(test, "msg"),
    )


def hkdf(where, alg, _, test):
    expect = verdict(test)
    yield Case(
        where,
        "derive",
        f"HKDF_{hash_name(alg[5:])}",
        {
            "key": octets(test, "ikm"),
            "salt": octets(test, "salt"),
            "info": octets(test, "info"),
            "len": test["size"],
        },
        expect,
        out=octets(test, "okm") if expect == "ok" else None,
    )


def ecdh_point(where, _, group, test):
    bits = CURVES.get(group["curve"])
    point = octets(test, "public")
    size = (bits + 7) // 8 if bits else 0
    if bits and len(point) == 1 + 2 * size and test.get("ownPublic"):
        own = octets(test, "ownPublic")
        yield Case(
            where,
            "agree",
            "ECDH",
            {
                "bits": bits,
                "s": number(big(test["private"]), size),
                "x": own[1 : 1 + size],
                "y": own[1 + size :],
                "px": point[1 : 1 + size],
                "py": point[1 + size :],
            },
            verdict(test),
            out=octets(test, "shared") if verdict(test) == "ok" else None,
        )


# By the type that the groups name, since several forms share an algorithm.
TYPES = {
    "AeadTest": aead,
    "MacTest": mac,
    "KeywrapTest": wrap,
    "EcdsaVerify": ecdsa,
    "EcdsaP1363Verify": ecdsa_p1363,
    "DsaVerify": dsa,
    "EddsaVerify": eddsa,
    "XdhComp": xdh,
    "RsassaPkcs1Verify": rsa_pkcs1,
    "RsassaPssVerify": rsa_pss,
    "RsaesOaepDecrypt": rsa_oaep,
    "RsaesPkcs1Decrypt": rsa_es,
    "HkdfTest": hkdf,
    "EcdhEcpointTest": ecdh_point,
}


def is_ours(alg, kind, group):
    known = {
        "AeadTest": alg in AEADS,
        "KeywrapTest": alg in WRAPS,
        "MacTest": alg in MACS
        or alg
        in {
            "HMACSHA1",
            "HMACSHA224",
            "HMACSHA256",
            "HMACSHA384",
            "HMACSHA512",
            "HMACSHA3-224",
            "HMACSHA3-256",
            "HMACSHA3-384",
            "HMACSHA3-512",
        },
        "HkdfTest": alg in ("HKDF-SHA-1", "HKDF-SHA-256", "HKDF-SHA-384", "HKDF-SHA-512"),
        "EddsaVerify": alg in ("EDDSA", "Ed25519")
        and public(group).get("curve", "edwards25519") == "edwards25519"
        if kind == "EddsaVerify"
        else False,
        "XdhComp": group.get("curve") in ("curve25519", "x25519"),
    }
    if kind in ("EcdsaVerify", "EcdsaP1363Verify") and public(group)["curve"] not in CURVES:
        return False
    try:
        hash_name(group.get("sha", "SHA-256"))
    except ValueError:
        return False
    return kind in TYPES and known.get(kind, True)


def cases(path):
    for test_id, alg, group, test in parsers.wycheproof(path):
        if is_ours(alg, group.get("type"), group):
            for case in TYPES[group["type"]](
                f"{os.path.basename(path)}:tcId {test_id}", alg, group, test
            ):
                if case.expect:
                    yield case


def suites(folder):
    """A suite for each file that has a case for Keymoor."""
    found = []
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        if not name.endswith(".json"):
            continue
        if next(cases(path), None) is None:
            print(f"wycheproof: nothing of Keymoor's in {name}")
            continue
        found.append(Suite("wycheproof", "Wycheproof", path, cases))
    return found
