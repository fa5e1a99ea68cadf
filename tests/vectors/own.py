# SPDX-License-Identifier: Apache-2.0
"""Vectors that no package has: numbers from RFCs in cases/*.json (Wycheproof's form), and hostile
cases that are made here from good ones of the package."""
import parsers
import suites as s
from cases import Case, Pair, der_number, der_sequence, digest, hash_name, number, montgomery_public


def valid(test):
    return test["result"] != "invalid"


def from_json(cases_of):
    def make(path):
        for test_id, alg, group, test in parsers.wycheproof(path):
            where = s.place(path, f"tcId {test_id}")
            yield from cases_of(where, test_id, alg, group, test)

    return make


def hexes(test, *names):
    return [bytes.fromhex(test[name]) for name in names]


def deterministic(where, _, alg, group, test):
    h = hash_name(group["sha"])
    x, y, private = hexes(group, "wx", "wy", "private")
    bits = {32: 256, 48: 384, 66: 521}[len(x)]
    message, r, sig_s = hexes(test, "msg", "r", "s")
    fields = {"bits": bits, "x": x, "y": y, "in": digest(h, message)}
    signature = Pair(int.from_bytes(r, "big"), int.from_bytes(sig_s, "big"), len(x))
    yield Case(where, "sign", alg, {**fields, "s": private}, out=signature, hash_name=h)
    yield Case(where, "verify", "ECDSA", {**fields, "sig": signature}, hash_name=h)


def cipher_both_ways(where, line, alg, _, test):
    key, iv, plain, secret = hexes(test, "key", "iv", "msg", "ct")
    for chunk in (0, 1, 16, 17):
        fields = {"key": key, "iv": iv, "chunk": chunk}
        yield Case(where, "encrypt", alg, {**fields, "in": plain}, out=secret)
        yield Case(where, "decrypt", alg, {**fields, "in": secret}, out=plain)


def key_wrap(where, _, alg, __, test):
    key, plain, secret = hexes(test, "key", "msg", "ct")
    if valid(test):
        yield Case(where, "encrypt", alg, {"key": key, "in": plain}, out=secret)
    yield Case(
        where,
        "decrypt",
        alg,
        {"key": key, "in": secret},
        "ok" if valid(test) else "nok",
        out=plain if valid(test) else None,
    )


def hmac(where, line, alg, group, test):
    key, message, tag = hexes(test, "key", "msg", "tag")
    for case in s.both_macs(where, line, f"{alg}_{hash_name(group['sha'])}", key, message, tag):
        case.where = where
        yield case


def pbkdf2(where, _, alg, __, test):
    password, salt, dk = hexes(test, "password", "salt", "dk")
    yield Case(
        where,
        "derive",
        alg,
        {"key": password, "salt": salt, "iterations": test["iterationCount"], "len": test["dkLen"]},
        out=dk,
    )


def x25519(where, _, alg, __, test):
    public, private, shared = hexes(test, "public", "private", "shared")
    yield Case(
        where,
        "agree",
        alg,
        {"s": private, "y": montgomery_public(private), "py": public},
        "ok" if valid(test) else "nok",
        out=shared if valid(test) else None,
    )


# ---- made from good ones ----


def records(path, needed, keep=(), where=lambda r: True):
    return next((line, r) for line, r in parsers.response(path, needed, keep) if where(r))


def ecdsa_encodings(path):
    """One good signature on P-256 in many other encodings, of which DER allows none."""
    line, r = records(
        path, ("Msg", "Qx", "Qy", "R", "S"), where=lambda r: r["section"] == "P-256,SHA-256"
    )
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    x, y = s.ec_point(r, 256)
    fields = {"bits": 256, "x": x, "y": y, "in": digest("SHA256", s.octets(r["Msg"]))}
    big_r, big_s = s.integer(r["R"]), s.integer(r["S"])
    good = der_sequence(der_number(big_r) + der_number(big_s))
    ints = good[2:]
    raw_r, raw_s = number(big_r, 32), number(big_s, 32)

    def case(name, signature, expect="fail", only="clrc"):
        return Case(
            s.place(path, f"{line} ({name})"),
            "verify",
            "ECDSA",
            {**fields, "sig": signature},
            expect,
            hash_name="SHA256",
            only=only,
        )

    yield case("as it is", good, "ok")
    yield case("r and n - s", der_sequence(der_number(big_r) + der_number(order - big_s)), "ok")
    for kind in ("core", "tee"):
        yield case("as it is", raw_r + raw_s, "ok", only=kind)
        for name, octets in (
            ("r + n", number((big_r + order) % 2**256, 32) + raw_s),
            ("short", (raw_r + raw_s)[:-1]),
            ("long", raw_r + raw_s + b"\0"),
            ("empty", b""),
            ("zeros", bytes(64)),
            ("r is n", number(order, 32) + raw_s),
            ("s is n", raw_r + number(order, 32)),
            ("DER", good),
        ):
            yield case(name, octets, "nok", only=kind)
    for cut in range(len(good)):
        yield case(f"cut at {cut}", good[:cut], "nok")
    wrong = {
        "trailing octet": good + b"\0",
        "trailing octet inside": der_sequence(ints + b"\0"),
        "long length": b"\x30\x81" + bytes([len(ints)]) + ints,
        "longer length": b"\x30\x82\x00" + bytes([len(ints)]) + ints,
        "indefinite length": b"\x30\x80" + ints + b"\0\0",
        "a SET": b"\x31" + good[1:],
        "an OCTET STRING": b"\x04" + good[1:],
        "zero before r": der_sequence(
            b"\x02"
            + bytes([len(der_number(big_r)) - 1])
            + b"\0"
            + der_number(big_r)[2:]
            + der_number(big_s)
        ),
        "r + n": der_sequence(der_number(big_r + order) + der_number(big_s)),
        "s + n": der_sequence(der_number(big_r) + der_number(big_s + order)),
        "r is n": der_sequence(der_number(order) + der_number(big_s)),
        "s is n": der_sequence(der_number(big_r) + der_number(order)),
        "r is 0": der_sequence(der_number(0) + der_number(big_s)),
        "s is 0": der_sequence(der_number(big_r) + der_number(0)),
        "both are 0": der_sequence(der_number(0) + der_number(0)),
        "both are 1": der_sequence(der_number(1) + der_number(1)),
        "r is negative": der_sequence(
            b"\x02\x20" + number(2**256 - big_r, 32) + der_number(big_s)
        ),
        "r without octets": der_sequence(b"\x02\x00" + der_number(big_s)),
        "r alone": der_sequence(der_number(big_r)),
        "three numbers": der_sequence(ints + der_number(1)),
        "s before r": der_sequence(der_number(big_s) + der_number(big_r)),
        "side by side": raw_r + raw_s,
        "r + 2^512": der_sequence(der_number(big_r + 2**512) + der_number(big_s)),
    }
    for name, octets in wrong.items():
        yield case(name, octets, "nok")


ED_ORDER = 2**252 + 27742317777372353535851937790883648493


def ed25519_forgeries(path):
    for case in list(s.ed25519(path))[1::97]:  # the good verifications among them
        if case.op != "verify" or case.is_negative:
            continue
        sig, public = case.fields["sig"], case.fields["y"]
        high = int.from_bytes(sig[32:], "little") + ED_ORDER
        changes = {
            "s + order": {"sig": sig[:32] + high.to_bytes(32, "little")},
            "63 octets": {"sig": sig[:63]},
            "65 octets": {"sig": sig + b"\0"},
            "empty": {"sig": b""},
            "s is 0": {"sig": sig[:32] + bytes(32)},
            "r is 0": {"sig": bytes(32) + sig[32:]},
            "zeros": {"sig": bytes(64)},
            "another message": {"in": case.fields["in"] + b"\0"},
            "sign of the key's x": {"y": public[:31] + bytes([public[31] ^ 0x80])},
            "key off the curve": {"y": b"\x02" + bytes(31)},
        }
        for name, change in changes.items():
            yield Case(
                f"{case.where} ({name})", "verify", "ED25519", {**case.fields, **change}, "nok"
            )


PRIME_256 = 2**256 - 2**224 + 2**192 + 2**96 - 1


def ecdh_invalid_points(path):
    """Peers that are no points, or told in another way; each would leak the key if it were used."""
    good = next(
        c for c in s.ecdh(path) if c.op == "agree" and not c.is_negative and c.fields["bits"] == 256
    )
    x, y = (int.from_bytes(good.fields[n], "big") for n in ("px", "py"))
    points = {
        "off the curve": (x, y ^ 1),
        "infinity as 0, 0": (0, 0),
        "x and y exchanged": (y, x),
        "on the twist": (x ^ 1, y),
        "x alone": (x, 0),
        "x is the prime": (PRIME_256, y),
        "y + prime does not fit": (x, 2**256 - 1),
        "1, 1": (1, 1),
        # (0, sqrt(b)) of another curve: y^2 = x^3 - 3x + 1
        "a point of y^2 = x^3 - 3x + 1": (0, 1),
    }
    for name, (px, py) in points.items():
        yield Case(
            f"{good.where} ({name})",
            "agree",
            "ECDH",
            {**good.fields, "px": number(px, 32), "py": number(py, 32)},
            "badkey",
        )
    for name, px, py in (
        ("short", number(x, 32)[1:], number(y, 32)),
        ("long", b"\0" + number(x, 32), number(y, 32)),
        ("empty", b"", b""),
    ):
        yield Case(
            f"{good.where} ({name})",
            "agree",
            "ECDH",
            {**good.fields, "px": px, "py": py},
            "badkey",
            only="clrc",
        )


DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")


def pkcs1_forgeries(path):
    """Signatures made with the private key over blocks that RFC 8017, 9.2 does not make."""
    line, pair, _ = next(x for x in s.rsa_examples(path) if len(x[1]["n"]) == 256)
    n, d = (int.from_bytes(pair[name], "big") for name in ("n", "d"))
    hashed = digest("SHA256", b"forged")

    def block(tail, first=b"\0\1", fill=b"\xff", end=b"\0"):
        return first + fill * (256 - len(first) - len(end) - len(tail)) + end + tail

    info = DIGEST_INFO + hashed
    no_null = bytes.fromhex("302f300b0609608648016503040201") + b"\x04\x20" + hashed
    garbage = b"\0\1" + b"\xff" * 8 + b"\0" + info
    blocks = {
        "as it should be": block(info),
        "without NULL": block(no_null),
        "garbage behind": garbage + bytes(range(1, 256))[: 256 - len(garbage)],
        "garbage in the parameters": block(
            b"\x30\x33\x30\x0f\x06\x09" + info[6:15] + b"\x04\x02\xab\xcd\x04\x20" + hashed
        ),
        "block type 2": block(info, first=b"\0\2"),
        "block type 0": block(info, first=b"\0\0", fill=b"\0"),
        "first octet 1": block(info, first=b"\1\1"),
        "padding of 0xfe": block(info, fill=b"\xfe"),
        "no zero behind the padding": block(info, end=b"\xff"),
        "two zeros": block(info, end=b"\0\0"),
        "bare digest": block(hashed),
        "zeros behind": block(info + b"\0" * 8),
        "long lengths": block(b"\x30\x81\x31\x30\x81\x0d" + info[4:17] + b"\x04\x81\x20" + hashed),
        "SHA-384's identifier": block(info[:14] + b"\x02" + info[15:]),
        "0": bytes(256),
        "1": bytes(255) + b"\1",
    }
    fields = {"n": pair["n"], "e": pair["e"], "in": hashed}
    for name, em in blocks.items():
        signature = number(pow(int.from_bytes(em, "big"), d, n), 256)
        yield Case(
            s.place(path, f"{line} ({name})"),
            "verify",
            "RSASSA_PKCS1_V1_5_SHA256",
            {**fields, "sig": signature},
            "ok" if name == "as it should be" else "fail",
        )
    good = number(pow(int.from_bytes(blocks["as it should be"], "big"), d, n), 256)
    for name, octets in (
        ("s + n", number(int.from_bytes(good, "big") + n)),
        ("short", good[1:]),
        ("long", b"\0" + good),
        ("empty", b""),
        ("0", bytes(256)),
        ("n", pair["n"]),
        ("n - 1", number(n - 1, 256)),
    ):
        yield Case(
            s.place(path, f"{line} ({name})"),
            "verify",
            "RSASSA_PKCS1_V1_5_SHA256",
            {**fields, "sig": octets},
            "nok",
        )


def aead_changes(alg):
    """Every bit of the tag, and one of everything else, changed in a good message."""

    def make(path):
        source = s.gcm if alg == "AES_GCM" else s.ccm if alg == "AES_CCM" else s.chacha_boringssl
        good = next(
            c
            for c in source(path)
            if c.op in ("seal",)
            and len(c.fields["in"]) >= 16
            and len(c.tag) == 16
            and len(c.fields["iv"]) in (12, 13)
            and c.fields["aad"]
        )
        fields = {name: good.fields[name] for name in ("key", "iv", "aad")}
        fields = {**fields, "in": good.out, "tag": good.tag}
        for chunk in (0, 5):
            yield Case(
                f"{good.where} (as it is)",
                "open",
                alg,
                {**fields, "chunk": chunk},
                out=good.fields["in"],
            )
            for name, octets in fields.items():
                for bit in range(0, 8 * len(octets), 1 if name == "tag" else 8 * len(octets) - 1):
                    wrong = bytearray(octets)
                    wrong[bit // 8] ^= 1 << bit % 8
                    yield Case(
                        f"{good.where} ({name}, bit {bit})",
                        "open",
                        alg,
                        {**fields, name: bytes(wrong), "chunk": chunk},
                        "fail",
                    )
            yield Case(
                f"{good.where} (no additional data)",
                "open",
                alg,
                {**fields, "aad": b"", "chunk": chunk},
                "fail",
            )
            for name, change in (
                ("nonce without octets", {"iv": b""}),
                ("tag without octets", {"tag": b""}),
                ("tag of 4 octets", {"tag": good.tag[:4]}),
                ("tag of 17 octets", {"tag": good.tag + b"\0"}),
            ):
                yield Case(
                    f"{good.where} ({name})",
                    "open",
                    alg,
                    {**fields, **change, "chunk": chunk},
                    "nok",
                )

    return make


def cbc_macs(alg):
    """CBC with its IV added to the first block is CBC-MAC, whose value is the last block."""

    def make(path):
        needed = ("IV", "PLAINTEXT", "CIPHERTEXT")
        for line, r in parsers.response(path, needed):
            iv, plain, secret = (s.octets(r[name]) for name in needed)
            first = bytes(a ^ b for a, b in zip(plain, iv))
            message, mac = first + plain[len(iv) :], secret[-len(iv) :]
            yield from s.both_macs(path, line, alg, s.symmetric_key(r), message, mac)

    return make


def suites():
    rsa = "asymmetric/RSA/pkcs1v15sign-vectors.txt"
    return [
        s.Suite(
            "deterministic",
            "ECDSA_DETERMINISTIC",
            "own/rfc6979_ecdsa.json",
            from_json(deterministic),
        ),
        s.Suite("cipher", "AES_CTS", "own/rfc3962_cts.json", from_json(cipher_both_ways)),
        s.Suite("wrap", "AES_KW", "own/rfc3394_kw.json", from_json(key_wrap)),
        s.Suite("mac", "HMAC_SHA3", "own/nist_hmac_sha3.json", from_json(hmac)),
        s.Suite("derive", "PBKDF2_HMAC_SHA256", "own/rfc7914_pbkdf2.json", from_json(pbkdf2)),
        s.Suite("agree", "X25519", "own/rfc7748_x25519.json", from_json(x25519)),
        s.Suite(
            "cbc-mac",
            "AES_CBC_MAC_NOPAD",
            "ciphers/AES/CBC/CBCMMT256.rsp",
            cbc_macs("AES_CBC_MAC_NOPAD"),
        ),
        s.Suite(
            "cbc-mac",
            "DES3_CBC_MAC_NOPAD",
            "ciphers/3DES/CBC/TCBCMMT3.rsp",
            cbc_macs("DES3_CBC_MAC_NOPAD"),
        ),
        s.Suite("hostile", "ECDSA", "asymmetric/ECDSA/FIPS_186-3/SigGen.txt", ecdsa_encodings),
        s.Suite("hostile", "ED25519", "asymmetric/Ed25519/sign.input", ed25519_forgeries),
        s.Suite(
            "hostile",
            "ECDH",
            "asymmetric/ECDH/KASValidityTest_ECCStaticUnified_NOKC_ZZOnly_init.fax",
            ecdh_invalid_points,
        ),
        s.Suite("hostile", "RSASSA_PKCS1_V1_5", rsa, pkcs1_forgeries),
        s.Suite(
            "hostile", "AES_GCM", "ciphers/AES/GCM/gcmEncryptExtIV256.rsp", aead_changes("AES_GCM")
        ),
        s.Suite("hostile", "AES_CCM", "ciphers/AES/CCM/VPT256.rsp", aead_changes("AES_CCM")),
        s.Suite(
            "hostile",
            "CHACHA20_POLY1305",
            "ciphers/ChaCha20Poly1305/boringssl.txt",
            aead_changes("CHACHA20_POLY1305"),
        ),
    ]
