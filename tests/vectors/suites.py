# SPDX-License-Identifier: Apache-2.0
"""Which published file is a test of which algorithm. A suite is a name, a class (one of
them is corrupted by the self-test), its source file and its cases."""
import os
import re

import parsers
from cases import (
    CURVE_BITS,
    Case,
    Pair,
    digest,
    hash_name,
    number,
    rsa_pair,
    rsa_public,
    montgomery_public,
)

PACKAGED = "/usr/lib/python3/dist-packages/cryptography_vectors"
if not os.path.isdir(PACKAGED):
    raise SystemExit("python3-cryptography-vectors is not installed: scripts/install-deps test")
OWN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "cases")
SHA2 = ["SHA1", "SHA224", "SHA256", "SHA384", "SHA512"]
SHA3 = ["SHA3_224", "SHA3_256", "SHA3_384", "SHA3_512"]


class Suite:
    def __init__(self, kind, alg, source, make):
        self.kind, self.alg, self.source, self.make = kind, alg, source, make

    def cases(self):
        path = os.path.join(
            OWN if self.source.startswith("own/") else PACKAGED, self.source.replace("own/", "")
        )
        return self.make(path)


def octets(text):
    text = text.strip()
    return bytes.fromhex(text if len(text) % 2 == 0 else "0" + text)


def integer(text):
    return int(text.strip(), 16)


def place(path, line):
    if path.startswith(PACKAGED):
        return f"{os.path.relpath(path, PACKAGED)}:{line}"
    return f"own/{os.path.basename(path)}:{line}"


def chunk_of(line):
    """Every third case goes through in pieces of some size: which is fixed by its line."""
    return 0 if line % 3 else (1, 3, 7, 16, 17, 64, 100)[line % 7]


# ---- digests, MACs ----


def digests(alg):
    def make(path):
        for line, r in parsers.response(path, ("Len", "Msg", "MD"), keep=()):
            message = octets(r["Msg"])[: int(r["Len"]) // 8]
            yield Case(
                place(path, line),
                "digest",
                alg,
                {"in": message, "chunk": chunk_of(line)},
                out=octets(r["MD"]),
            )

    return make


def shakes(alg):
    def make(path):
        bits = lambda r: int(r.get("Len") or r.get("Input Length"))
        for line, r in parsers.response(path, ("Msg", "Output")):
            size = int(r.get("Outputlen"))
            yield Case(
                place(path, line),
                "digest",
                alg,
                {"in": octets(r["Msg"])[: bits(r) // 8], "len": size // 8, "chunk": chunk_of(line)},
                out=octets(r["Output"]),
            )

    return make


def both_macs(path, line, alg, key, message, mac):
    """Made, compared, and compared with a wrong octet."""
    fields = {"key": key, "in": message, "chunk": chunk_of(line)}
    yield Case(place(path, line), "mac", alg, fields, out=mac)
    yield Case(place(path, line), "macverify", alg, {**fields, "tag": mac})
    wrong = bytearray(mac)
    wrong[line % len(mac)] ^= 1 << line % 8
    yield Case(place(path, line), "macverify", alg, {**fields, "tag": bytes(wrong)}, "fail")


def hmacs(alg):
    def make(path):
        for line, r in parsers.response(path, ("Key", "Msg", "MD")):
            yield from both_macs(
                path, line, alg, octets(r["Key"]), octets(r["Msg"]), octets(r["MD"])
            )

    return make


def cmacs(alg):
    def make(path):
        for line, r in parsers.response(path, ("MESSAGE", "OUTPUT")):
            yield from both_macs(
                path, line, alg, symmetric_key(r), octets(r["MESSAGE"]), octets(r["OUTPUT"])
            )

    return make


# ---- ciphers ----


def symmetric_key(r):
    if "KEY1" in r:
        parts = [octets(r[name]) for name in ("KEY1", "KEY2", "KEY3")]
        two = parts[0] == parts[2] != parts[1]
        return b"".join(parts[:2] if two else parts)
    return octets(r["KEYs"] * 3) if "KEYs" in r else octets(r.get("KEY") or r["Key"])


def ciphers(alg):
    def make(path):
        for line, r in parsers.response(path, ("PLAINTEXT", "CIPHERTEXT")):
            iv = {"iv": octets(r["IV"])} if "IV" in r else {}
            yield from both_ways(
                path,
                line,
                alg,
                symmetric_key(r),
                iv,
                octets(r["PLAINTEXT"]),
                octets(r["CIPHERTEXT"]),
            )

    return make


def both_ways(path, line, alg, key, iv, plain, secret):
    fields = {"key": key, **iv, "chunk": chunk_of(line)}
    yield Case(place(path, line), "encrypt", alg, {**fields, "in": plain}, out=secret)
    yield Case(place(path, line), "decrypt", alg, {**fields, "in": secret}, out=plain)


def xts(path):
    for line, r in parsers.response(path, ("PT", "CT")):
        if int(r["DataUnitLen"]) % 8:
            continue
        tweak = octets(r["i"]) if "i" in r else int(r["DataUnitSeqNumber"]).to_bytes(16, "little")
        key, plain, secret = octets(r["Key"]), octets(r["PT"]), octets(r["CT"])
        for op, given, wanted in (("encrypt", plain, secret), ("decrypt", secret, plain)):
            yield Case(
                place(path, line),
                op,
                "AES_XTS_NOPAD",
                {"key": key, "iv": tweak, "in": given},
                out=wanted,
            )


# ---- authenticated encryption, key wrap ----


def seal(where, alg, key, nonce, aad, plain, secret, tag, chunk):
    return Case(
        where,
        "seal",
        alg,
        {"key": key, "iv": nonce, "aad": aad, "in": plain, "taglen": len(tag), "chunk": chunk},
        out=secret,
        tag=tag,
    )


def opening(where, alg, key, nonce, aad, secret, tag, plain, chunk):
    """plain None: it must fail."""
    return Case(
        where,
        "open",
        alg,
        {"key": key, "iv": nonce, "aad": aad, "in": secret, "tag": tag, "chunk": chunk},
        "fail" if plain is None else "ok",
        out=plain,
    )


def gcm(path):
    encrypts = "Encrypt" in path
    needed = ("Key", "IV", "PT", "AAD", "CT", "Tag")
    complete = needed if encrypts else lambda r: "Tag" in r and ("PT" in r or "FAIL" in r)
    for line, r in parsers.response(path, complete):
        common = [place(path, line), "AES_GCM", octets(r["Key"]), octets(r["IV"]), octets(r["AAD"])]
        if encrypts:
            yield seal(*common, octets(r["PT"]), octets(r["CT"]), octets(r["Tag"]), chunk_of(line))
        else:
            yield opening(
                *common,
                octets(r["CT"]),
                octets(r["Tag"]),
                None if "FAIL" in r else octets(r["PT"]),
                chunk_of(line),
            )


def ccm(path):
    decrypts = "DVPT" in path
    complete = (
        (lambda r: "Fail" in r.get("Result", "") or "Payload" in r)
        if decrypts
        else ("Payload", "CT", "Adata", "Nonce", "Key")
    )
    keep = ("Key", "Alen", "Plen", "Nlen", "Tlen") + (
        () if "VNT" in path or decrypts else ("Nonce",)
    )
    for line, r in parsers.response(path, complete, keep=keep):
        a_len, p_len, t_len = (int(r[name]) for name in ("Alen", "Plen", "Tlen"))
        both = octets(r["CT"])
        secret, tag = both[:p_len], both[p_len:]
        aad = octets(r["Adata"])[:a_len]
        common = [place(path, line), "AES_CCM", octets(r["Key"]), octets(r["Nonce"]), aad]
        assert len(tag) == t_len
        plain = octets(r["Payload"])[:p_len] if "Payload" in r else None
        if not decrypts:
            yield seal(*common, plain, secret, tag, chunk_of(line))
        yield opening(*common, secret, tag, plain, chunk_of(line))


def quoted(text):
    return text.strip('"').encode() if text.startswith('"') else octets(text)


def chacha_boringssl(path):
    for line, r in parsers.response(path, ("KEY", "NONCE", "IN", "AD", "CT", "TAG")):
        key, nonce, plain, aad, secret = (quoted(r[n]) for n in ("KEY", "NONCE", "IN", "AD", "CT"))
        tag = octets(r["TAG"])
        where, alg = place(path, line), "CHACHA20_POLY1305"
        yield seal(where, alg, key, nonce, aad, plain, secret, tag, chunk_of(line))
        yield opening(where, alg, key, nonce, aad, secret, tag, plain, chunk_of(line))
        wrong = bytes([tag[0] ^ 0x80]) + tag[1:]
        yield opening(where, alg, key, nonce, aad, secret, wrong, None, chunk_of(line))


def chacha_openssl(path):
    """The result stands behind the record, so the text is looked at again for it."""
    with open(path, encoding="latin-1") as stream:
        texts = re.split(r"(?m)^COUNT", stream.read())[1:]
    records = parsers.response(path, ("Key", "IV", "AAD", "Tag", "Plaintext", "Ciphertext"))
    for (line, r), text in zip(records, texts):
        plain = None if "Result" in text else octets(r["Plaintext"])
        parts = [octets(r[name]) for name in ("Key", "IV", "AAD", "Ciphertext", "Tag")]
        yield opening(place(path, line), "CHACHA20_POLY1305", *parts, plain, 0)


def wraps(alg):
    def make(path):
        encrypts = "_AE_" in path
        complete = ("K", "P", "C") if encrypts else lambda r: "C" in r and ("P" in r or "FAIL" in r)
        for line, r in parsers.response(path, complete):
            key, secret = octets(r["K"]), octets(r["C"])
            if encrypts:
                yield Case(
                    place(path, line),
                    "encrypt",
                    alg,
                    {"key": key, "in": octets(r["P"])},
                    out=secret,
                )
            else:
                yield Case(
                    place(path, line),
                    "decrypt",
                    alg,
                    {"key": key, "in": secret},
                    "fail" if "FAIL" in r else "ok",
                    out=None if "FAIL" in r else octets(r["P"]),
                )

    return make


def kwp_botan(path):
    for line, r in parsers.response(path, ("Key", "Input", "Output")):
        for op, given, wanted in (("encrypt", "Input", "Output"), ("decrypt", "Output", "Input")):
            yield Case(
                place(path, line),
                op,
                "AES_KWP",
                {"key": octets(r["Key"]), "in": octets(r[given])},
                out=octets(r[wanted]),
            )


# ---- RSA ----


def rsa_record_key(r):
    n, e = integer(r["n"]), integer(r["e"])
    return rsa_public(n, e)


def rsa_sign_response(scheme):
    """SigGen: with d the signature is made where it is determined, and it verifies in any case."""

    def make(path):
        for line, r in parsers.response(
            path, ("n", "e", "SHAAlg", "Msg", "S"), keep=("n", "e", "d", "SaltVal")
        ):
            h = hash_name(r["SHAAlg"])
            alg = f"{scheme}_{h}"
            hashed = digest(h, octets(r["Msg"]))
            salt = (
                {}
                if "PSS" not in scheme
                else {"saltlen": len(octets(r["SaltVal"])) if "SaltVal" in r else 0}
            )
            where = place(path, line)
            signature = number(integer(r["S"]), (integer(r["n"]).bit_length() + 7) // 8)
            yield Case(
                where, "verify", alg, {**rsa_record_key(r), "in": hashed, "sig": signature, **salt}
            )
            wrong = number(integer(r["S"]) ^ (1 << line % 64), len(signature))
            yield Case(
                where,
                "verify",
                alg,
                {**rsa_record_key(r), "in": hashed, "sig": wrong, **salt},
                "fail",
            )
            if "d" in r and salt.get("saltlen", 0) == 0:
                pair = cached_pair(integer(r["n"]), integer(r["e"]), integer(r["d"]))
                yield Case(where, "sign", alg, {**pair, "in": hashed, **salt}, out=signature)

    return make


PAIRS = {}


def cached_pair(n, e, d):
    if n not in PAIRS:
        PAIRS[n] = rsa_pair(n, e, d)
    return PAIRS[n]


def rsa_verify_response(scheme):
    def make(path):
        for line, r in parsers.response(
            path, ("n", "e", "SHAAlg", "Msg", "S", "Result"), keep=("n", "p", "q")
        ):
            h = hash_name(r["SHAAlg"])
            salt = {"saltlen": len(octets(r["SaltVal"]))} if "PSS" in scheme else {}
            yield Case(
                place(path, line),
                "verify",
                f"{scheme}_{h}",
                {
                    **rsa_record_key(r),
                    "in": digest(h, octets(r["Msg"])),
                    "sig": octets(r["S"]),
                    **salt,
                },
                "ok" if r["Result"].startswith("P") else "fail",
            )

    return make


def rsa_examples(path):
    """The files of PKCS #1: yields (line, the key pair, labels of the example)."""
    key, example = {}, {}
    for line, label, value in parsers.labelled(path):
        if label == "title":
            continue
        if label in ("Modulus", "Public exponent", "Exponent", "Prime 1", "Prime 2"):
            if label == "Modulus" and "Prime 1" in key:
                key = {}
            key[label] = int.from_bytes(value, "big")
            example = {}
            continue
        example[label.split(" to be ")[0]] = value
        last = next((name for name in ("Encryption", "Signature") if name in example), None)
        if last:
            n, d = key["Modulus"], key["Exponent"]
            e = key.get("Public exponent", 65537)
            yield line, rsa_pair(n, e, d, key["Prime 1"], key["Prime 2"]), example
            example = {}


def rsa_oaep(h, mgf):
    def make(path):
        for line, pair, example in rsa_examples(path):
            yield from decryption(
                place(path, line),
                f"RSAES_PKCS1_OAEP_MGF1_{h}",
                pair,
                example,
                None if h == mgf else mgf,
            )

    return make


def decryption(where, alg, pair, example, mgf=None):
    size = len(pair["n"])
    secret = example["Encryption"].rjust(size, b"\0")
    yield Case(where, "pdecrypt", alg, {**pair, "in": secret}, out=example["Message"], mgf=mgf)
    wrong = bytearray(secret)
    wrong[size // 2] ^= 0x10
    # With PKCS #1 v1.5 nobody may learn that the padding was wrong: another message comes out.
    yield Case(
        where,
        "pdecrypt",
        alg,
        {**pair, "in": bytes(wrong)},
        "differs" if alg == "RSAES_PKCS1_V1_5" else "fail",
        out=example["Message"],
        mgf=mgf,
    )


def rsa_oaep_label(path):
    for line, r in parsers.response(path, ("KEY", "OAEPLabel", "Input", "Output")):
        der = octets(r["KEY"])
        inner = der[der.index(bytes.fromhex("0004")) + 2 :]
        inner = inner[1 + (inner[0] & 0x7F) :] if inner[0] & 0x80 else inner[1:]
        _, n, e, d, p, q = parsers.der_integers(inner)[:6]
        common = {**rsa_pair(n, e, d, p, q), "in": octets(r["Input"])}
        alg = "RSAES_PKCS1_OAEP_MGF1_" + hash_name(r["OAEPDigest"])
        label = octets(r["OAEPLabel"])
        yield Case(
            place(path, line), "pdecrypt", alg, {**common, "info": label}, out=quoted(r["Output"])
        )
        yield Case(place(path, line), "pdecrypt", alg, {**common, "info": label + b"\0"}, "fail")
        yield Case(place(path, line), "pdecrypt", alg, common, "fail")


def rsa_pkcs1_crypt(path):
    for line, pair, example in rsa_examples(path):
        yield from decryption(place(path, line), "RSAES_PKCS1_V1_5", pair, example)


def rsa_pkcs1_sign(path):
    for line, pair, example in rsa_examples(path):
        hashed = digest("SHA1", example["Message"])
        alg = "RSASSA_PKCS1_V1_5_SHA1"
        yield Case(place(path, line), "sign", alg, {**pair, "in": hashed}, out=example["Signature"])


def rsa_pss_examples(path):
    for line, pair, example in rsa_examples(path):
        hashed = digest("SHA1", example["Message"])
        alg = "RSASSA_PKCS1_PSS_MGF1_SHA1"
        public = {"n": pair["n"], "e": pair["e"], "sig": example["Signature"]}
        yield Case(
            place(path, line),
            "verify",
            alg,
            {**public, "in": hashed, "saltlen": len(example["Salt"])},
        )
        yield Case(
            place(path, line), "verify", alg, {**public, "in": hashed, "saltlen": 19}, "fail"
        )


def rsa_raw(path):
    """The bare operation on what the signatures of PKCS #1's file are: s^e = m and m^d = s."""
    for line, pair, example in rsa_examples(path):
        signature = example["Signature"]
        n, e = (int.from_bytes(pair[name], "big") for name in ("n", "e"))
        message = number(pow(int.from_bytes(signature, "big"), e, n), len(pair["n"]))
        yield Case(
            place(path, line), "pdecrypt", "RSA_NOPAD", {**pair, "in": message}, out=signature
        )
        yield Case(
            place(path, line),
            "pencrypt",
            "RSA_NOPAD",
            {"n": pair["n"], "e": pair["e"], "in": signature},
            out=message,
        )


# ---- DSA, ECDSA, Ed25519 ----


def dsa(path):
    needed = ("Msg", "X", "Y", "R", "S") + (("Result",) if "SigVer" in path else ())
    for line, r in parsers.response(path, needed, keep=("P", "Q", "G")):
        h = hash_name(r["section"].split(",")[-1])
        q = integer(r["Q"])
        public = {
            "p": number(integer(r["P"])),
            "q": number(q),
            "g": number(integer(r["G"])),
            "y": number(integer(r["Y"])),
        }
        hashed = digest(h, octets(r["Msg"]))
        signature = Pair(integer(r["R"]), integer(r["S"]), (q.bit_length() + 7) // 8)
        passes = r.get("Result", "P").startswith("P")
        where, alg = place(path, line), f"DSA_{h}"
        changed = "Y changed" in r.get("Result", "")
        yield Case(
            where,
            "verify",
            alg,
            {**public, "in": hashed, "sig": signature},
            "ok" if passes else "nok" if changed else "fail",
        )
        if "SigVer" not in path:
            wrong = Pair(signature.r, signature.s ^ 1, signature.length)
            yield Case(where, "verify", alg, {**public, "in": hashed, "sig": wrong}, "fail")


def ec_point(r, bits, x="Qx", y="Qy"):
    size = (bits + 7) // 8
    return octets(r[x]).lstrip(b"\0").rjust(size, b"\0"), octets(r[y]).lstrip(b"\0").rjust(
        size, b"\0"
    )


def ecdsa(path):
    needed = ("Msg", "Qx", "Qy", "R", "S") + (("Result",) if "SigVer" in path else ())
    for line, r in parsers.response(path, needed):
        curve, h = r["section"].split(",")
        if curve not in CURVE_BITS:
            continue
        bits, h = CURVE_BITS[curve], hash_name(h)
        x, y = ec_point(r, bits)
        fields = {"bits": bits, "x": x, "y": y, "in": digest(h, octets(r["Msg"]))}
        signature = Pair(integer(r["R"]), integer(r["S"]), (bits + 7) // 8)
        where = place(path, line)
        if "Result" in r:
            passes = r["Result"].startswith("P")
            changed = "Q changed" in r["Result"]
            yield Case(
                where,
                "verify",
                "ECDSA",
                {**fields, "sig": signature},
                "ok" if passes else "nok" if changed else "fail",
                hash_name=h,
            )
            continue
        yield Case(where, "verify", "ECDSA", {**fields, "sig": signature}, hash_name=h)
        for wrong in (
            Pair(signature.r ^ 1, signature.s, signature.length),
            Pair(signature.s, signature.r, signature.length),
            Pair(0, signature.s, signature.length),
            Pair(signature.r, 0, signature.length),
        ):
            yield Case(where, "verify", "ECDSA", {**fields, "sig": wrong}, "fail", hash_name=h)


def ec_keys(path):
    for line, r in parsers.response(path, ("Qx", "Qy", "Result")):
        if r["section"] not in CURVE_BITS:
            continue
        bits = CURVE_BITS[r["section"]]
        x, y = ec_point(r, bits)
        yield Case(
            place(path, line),
            "key",
            "ECDSA",
            {"bits": bits, "x": x, "y": y},
            "ok" if r["Result"].startswith("P") else "badkey",
            hash_name="SHA256",
        )


def ed25519(path):
    with open(path, encoding="ascii") as stream:
        for line, text in enumerate(stream, 1):
            seed, public, message, signed = (bytes.fromhex(part) for part in text.split(":")[:4])
            signature = signed[:64]
            where = place(path, line)
            yield Case(
                where,
                "sign",
                "ED25519",
                {"s": seed[:32], "y": public, "in": message},
                out=signature,
            )
            yield Case(where, "verify", "ED25519", {"y": public, "in": message, "sig": signature})
            wrong = bytearray(signature)
            wrong[line % 64] ^= 1 << line % 8
            yield Case(
                where,
                "verify",
                "ED25519",
                {"y": public, "in": message, "sig": bytes(wrong)},
                "fail",
            )


def ed448(path):
    for line, r in parsers.response(path, ("SECRET", "PUBLIC", "MESSAGE", "SIGNATURE")):
        private, public, message, signature = (
            octets(r[n]) for n in ("SECRET", "PUBLIC", "MESSAGE", "SIGNATURE")
        )
        where = place(path, line)
        context = {"info": octets(r["CONTEXT"])} if "CONTEXT" in r else {}
        yield Case(
            where,
            "sign",
            "ED448",
            {"s": private, "y": public, "in": message, **context},
            out=signature,
        )
        yield Case(
            where, "verify", "ED448", {"y": public, "in": message, "sig": signature, **context}
        )
        wrong = bytearray(signature)
        wrong[line % 114] ^= 1 << line % 8
        yield Case(
            where,
            "verify",
            "ED448",
            {"y": public, "in": message, "sig": bytes(wrong), **context},
            "fail",
        )


# ---- agreement, derivation ----


def result_code(text):
    match = re.match(r"([PF]) \((\d+)", text)
    return match.group(1), int(match.group(2))


def ecdh(path):
    curves = {"EA": 192, "EB": 224, "EC": 256, "ED": 384, "EE": 521}
    for line, r in parsers.response(
        path, ("dsIUT", "QsIUTx", "QsIUTy", "QsCAVSx", "QsCAVSy", "Result")
    ):
        bits = curves[r["section"][:2]]
        size = (bits + 7) // 8
        x, y = ec_point(r, bits, "QsIUTx", "QsIUTy")
        px, py = ec_point(r, bits, "QsCAVSx", "QsCAVSy")
        fields = {
            "bits": bits,
            "s": number(integer(r["dsIUT"]), size),
            "x": x,
            "y": y,
            "px": px,
            "py": py,
        }
        verdict, code = result_code(r["Result"])
        shared = number(integer(r["Z"]), size) if "Z" in r else None
        if code in (1, 2, 5, 6, 7):
            yield Case(place(path, line), "agree", "ECDH", fields, "badkey")
        elif shared is not None:
            yield Case(
                place(path, line),
                "agree",
                "ECDH",
                fields,
                "differs" if code == 8 else "ok",
                out=shared,
            )
        if "DKM" in r and code not in (1, 2, 5, 6, 7, 8):
            h = hash_name(re.search(r"SHA\d+", r["section"]).group(0))
            dkm = octets(r["DKM"])
            yield Case(
                place(path, line),
                "derive",
                f"CONCAT_KDF_{h}",
                {"key": shared, "info": octets(r["OI"]), "len": len(dkm)},
                "differs" if code in (9, 10) else "ok",
                out=dkm,
            )


def dh(path):
    needed = ("P", "Q", "G", "XstatIUT", "YstatIUT", "YstatCAVS", "Z", "Result")
    # There is no public DH object to check a peer's value with: the Core API panics on a wrong one.
    for line, r in parsers.response(path, needed, keep=("P", "Q", "G")):
        p = integer(r["P"])
        fields = {
            "p": number(p),
            "q": number(integer(r["Q"])),
            "g": number(integer(r["G"])),
            "x": number(integer(r["XstatIUT"])),
            "y": number(integer(r["YstatIUT"])),
            "py": number(integer(r["YstatCAVS"])),
        }
        _, code = result_code(r["Result"])
        expect = {1: "nok", 3: "badkey", 4: "badkey", 5: "differs"}.get(code, "ok")
        yield Case(
            place(path, line),
            "agree",
            "DH_DERIVE_SHARED_SECRET",
            fields,
            expect,
            out=number(integer(r["Z"]), (p.bit_length() + 7) // 8),
        )


def montgomery(alg):
    def make(path):
        for line, r in parsers.response(path, ("INPUT_SCALAR", "INPUT_U", "OUTPUT_U")):
            private = octets(r["INPUT_SCALAR"])
            yield Case(
                place(path, line),
                "agree",
                alg,
                {"s": private, "y": montgomery_public(private), "py": octets(r["INPUT_U"])},
                out=octets(r["OUTPUT_U"]),
            )

    return make


def hkdf(path):
    for line, r in parsers.response(path, ("Hash", "IKM", "salt", "info", "L", "OKM")):
        yield Case(
            place(path, line),
            "derive",
            f"HKDF_{hash_name(r['Hash'])}",
            {
                "key": octets(r["IKM"]),
                "salt": octets(r["salt"]),
                "info": octets(r["info"]),
                "len": int(r["L"]),
            },
            out=octets(r["OKM"]),
        )


def pbkdf2(path):
    for line, r in parsers.response(
        path, ("PASSWORD", "SALT", "ITERATIONS", "LENGTH", "DERIVED_KEY")
    ):
        if int(r["ITERATIONS"]) > 1000000:
            continue
        text = lambda name: r[name].encode().decode("unicode_escape").encode("latin-1")
        yield Case(
            place(path, line),
            "derive",
            "PBKDF2_HMAC_SHA1",
            {
                "key": text("PASSWORD"),
                "salt": text("SALT"),
                "iterations": int(r["ITERATIONS"]),
                "len": int(r["LENGTH"]),
            },
            out=octets(r["DERIVED_KEY"]),
        )


# ---- the list ----


def folder(kind, alg, path, make, pattern):
    names = sorted(os.listdir(os.path.join(PACKAGED, path)))
    found = [name for name in names if re.fullmatch(pattern, name)]
    if not found:
        raise ValueError(f"nothing in {path} fits {pattern}")
    return [Suite(kind, alg, os.path.join(path, name), make) for name in found]


def packaged():
    out = [Suite("digest", "MD5", "hashes/MD5/rfc-1321.txt", digests("MD5"))]
    for h in SHA2 + SHA3:
        where = "SHA1" if h == "SHA1" else "SHA3" if h in SHA3 else "SHA2"
        out += folder("digest", h, f"hashes/{where}", digests(h), f"{h}(Short|Long)Msg.rsp")
    for h in ("SHAKE128", "SHAKE256"):
        out += folder(
            "digest", h, "hashes/SHAKE", shakes(h), f"{h}(ShortMsg|LongMsg|VariableOut).rsp"
        )
    for h, rfc in (
        ("MD5", 2202),
        ("SHA1", 2202),
        ("SHA224", 4231),
        ("SHA256", 4231),
        ("SHA384", 4231),
        ("SHA512", 4231),
    ):
        out.append(Suite("mac", f"HMAC_{h}", f"HMAC/rfc-{rfc}-{h.lower()}.txt", hmacs(f"HMAC_{h}")))
    for name in ("aes128", "aes192", "aes256", "3des"):
        alg = "DES3_CMAC" if name == "3des" else "AES_CMAC"
        out.append(Suite("mac", alg, f"CMAC/nist-800-38b-{name}.txt", cmacs(alg)))
    for mode, alg in (("ECB", "AES_ECB_NOPAD"), ("CBC", "AES_CBC_NOPAD"), ("OFB", "AES_OFB")):
        out += folder("cipher", alg, f"ciphers/AES/{mode}", ciphers(alg), r".*\.rsp")
    out += folder(
        "cipher", "AES_CFB_128", "ciphers/AES/CFB", ciphers("AES_CFB_128"), r"CFB128.*\.rsp"
    )
    out += folder("cipher", "AES_CTR", "ciphers/AES/CTR", ciphers("AES_CTR"), r".*\.txt")
    for tweak in ("tweak-128hexstr", "tweak-dataunitseqno"):
        out += folder("cipher", "AES_XTS_NOPAD", f"ciphers/AES/XTS/{tweak}", xts, r".*\.rsp")
    for mode, alg, pattern in (
        ("ECB", "DES3_ECB_NOPAD", r"TECB.*\.rsp"),
        ("CBC", "DES3_CBC_NOPAD", r"TCBC(?!I).*\.rsp"),
        ("OFB", "DES3_OFB", r"TOFB(?!I).*\.rsp"),
        ("CFB", "DES3_CFB_64", r"TCFB64.*\.rsp"),
    ):
        out += folder("cipher", alg, f"ciphers/3DES/{mode}", ciphers(alg), pattern)
    out += folder("aead", "AES_GCM", "ciphers/AES/GCM", gcm, r"gcm.*\.rsp")
    out += folder("aead", "AES_CCM", "ciphers/AES/CCM", ccm, r"(DVPT|VADT|VNT|VPT|VTT)\d+\.rsp")
    out.append(
        Suite(
            "aead", "CHACHA20_POLY1305", "ciphers/ChaCha20Poly1305/boringssl.txt", chacha_boringssl
        )
    )
    out.append(
        Suite("aead", "CHACHA20_POLY1305", "ciphers/ChaCha20Poly1305/openssl.txt", chacha_openssl)
    )
    out.append(Suite("digest", "SM3", "hashes/SM3/oscca.txt", digests("SM3")))
    for mode, alg in (("ecb", "SM4_ECB_NOPAD"), ("cbc", "SM4_CBC_NOPAD"), ("ctr", "SM4_CTR")):
        out.append(
            Suite("cipher", alg, f"ciphers/SM4/draft-ribose-cfrg-sm4-10-{mode}.txt", ciphers(alg))
        )
    for alg in ("AES_KW", "AES_KWP"):
        out += folder(
            "wrap", alg, "keywrap/kwtestvectors", wraps(alg), alg[4:] + r"_A[ED]_\d+\.txt"
        )
    out.append(Suite("wrap", "AES_KWP", "keywrap/kwp_botan.txt", kwp_botan))
    return out + packaged_asymmetric()


def packaged_asymmetric():
    rsa = "asymmetric/RSA"
    pkcs1, pss = "RSASSA_PKCS1_V1_5", "RSASSA_PKCS1_PSS_MGF1"
    out = []
    for name in ("SigGen15_186-3.rsp", "SigGen15_186-2.txt"):
        out.append(Suite("rsa-sign", pkcs1, f"{rsa}/FIPS_186-2/{name}", rsa_sign_response(pkcs1)))
    for name in ("SigGenPSS_186-3.rsp", "SigGenPSS_186-2.txt"):
        out.append(Suite("rsa-sign", pss, f"{rsa}/FIPS_186-2/{name}", rsa_sign_response(pss)))
    out.append(
        Suite("rsa-sign", pkcs1, f"{rsa}/FIPS_186-2/SigVer15_186-3.rsp", rsa_verify_response(pkcs1))
    )
    out.append(Suite("rsa-sign", pkcs1, f"{rsa}/SigVer15EMTest.txt", rsa_verify_response(pkcs1)))
    out.append(
        Suite("rsa-sign", pss, f"{rsa}/FIPS_186-2/SigVerPSS_186-3.rsp", rsa_verify_response(pss))
    )
    out.append(Suite("rsa-sign", pkcs1, f"{rsa}/pkcs1v15sign-vectors.txt", rsa_pkcs1_sign))
    out.append(Suite("rsa-sign", pss, f"{rsa}/pkcs-1v2-1d2-vec/pss-vect.txt", rsa_pss_examples))
    for h in SHA2:
        for mgf in SHA2:
            if (h, mgf) != ("SHA1", "SHA1"):
                out.append(
                    Suite(
                        "rsa-crypt",
                        "RSAES_PKCS1_OAEP_MGF1",
                        f"{rsa}/oaep-custom/oaep-{mgf.lower()}-{h.lower()}.txt",
                        rsa_oaep(h, mgf),
                    )
                )
    out.append(
        Suite(
            "rsa-crypt",
            "RSAES_PKCS1_OAEP_MGF1",
            f"{rsa}/pkcs-1v2-1d2-vec/oaep-vect.txt",
            rsa_oaep("SHA1", "SHA1"),
        )
    )
    out.append(Suite("rsa-crypt", "RSAES_PKCS1_OAEP_MGF1", f"{rsa}/oaep-label.txt", rsa_oaep_label))
    out.append(
        Suite("rsa-crypt", "RSAES_PKCS1_V1_5", f"{rsa}/pkcs1v15crypt-vectors.txt", rsa_pkcs1_crypt)
    )
    out.append(Suite("rsa-crypt", "RSA_NOPAD", f"{rsa}/pkcs1v15sign-vectors.txt", rsa_raw))
    for name in ("SigGen.txt", "SigVer.rsp"):
        out.append(Suite("dsa", "DSA", f"asymmetric/DSA/FIPS_186-3/{name}", dsa))
        out.append(Suite("ecdsa", "ECDSA", f"asymmetric/ECDSA/FIPS_186-3/{name}", ecdsa))
    out.append(Suite("ec-key", "ECDSA", "asymmetric/ECDSA/FIPS_186-3/PKV.rsp", ec_keys))
    out.append(Suite("ed25519", "ED25519", "asymmetric/Ed25519/sign.input", ed25519))
    out.append(Suite("ed448", "ED448", "asymmetric/Ed448/rfc8032.txt", ed448))
    out += folder("agree", "ECDH", "asymmetric/ECDH", ecdh, r"KASValidity.*\.fax")
    out += folder(
        "agree", "DH_DERIVE_SHARED_SECRET", "asymmetric/DH", dh, r"KASValidity.*\.fax|RFC5114.txt"
    )
    for alg in ("X25519", "X448"):
        out.append(Suite("agree", alg, f"asymmetric/{alg}/rfc7748.txt", montgomery(alg)))
    for name in ("rfc-5869-HKDF-SHA1.txt", "rfc-5869-HKDF-SHA256.txt", "hkdf-generated.txt"):
        out.append(Suite("derive", "HKDF", f"KDF/{name}", hkdf))
    out.append(Suite("derive", "PBKDF2_HMAC_SHA1", "KDF/rfc-6070-PBKDF2-SHA1.txt", pbkdf2))
    return out
