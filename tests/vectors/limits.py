# SPDX-License-Identifier: Apache-2.0
"""What the documentation says is refused. A case that one of these limits covers must be refused,
and is counted apart; one that is answered all the same is a failure."""


def bits(octets):
    return int.from_bytes(octets, "big").bit_length()


def rsa_small(c):
    return c.alg.startswith("RSA") and bits(c.fields["n"]) < 2048


def rsa_odd_size(c):
    return c.alg.startswith("RSA") and bits(c.fields["n"]) >= 2048 and bits(c.fields["n"]) % 8


def dh_small(c):
    return c.alg.startswith("DH_") and bits(c.fields["p"]) < 2048


def short_tag(alg, shortest):
    def applies(c):
        length = c.fields.get("taglen", len(c.fields.get("tag", b"")))
        return c.alg == alg and c.op in ("seal", "open") and length < shortest

    return applies


def long_nonce(longest):
    return lambda c: c.op in ("seal", "open") and len(c.fields["iv"]) > longest


def short_hmac_key(shortest):
    return lambda c: c.alg.startswith("HMAC_") and len(c.fields["key"]) < shortest


def long_output(longest):
    return lambda c: c.op == "derive" and c.fields["len"] > longest


def des3_equal_parts(c):
    key = c.fields.get("key", b"")
    parts = [key[i : i + 8] for i in range(0, len(key), 8)]
    return c.alg.startswith("DES3_") and len(set(parts)) < len(parts)


KEY = ("badkey",)
CALL = ("refused",)
ANY = ("badkey", "refused", "panic")

# (the API's kinds, what the documentation says, whether it covers a case, how it is refused)
LIMITS = [
    (("clrc", "core"), "RSA keys below 2048 bits", rsa_small, KEY),
    (("clrc", "core"), "RSA keys of no whole number of octets", rsa_odd_size, KEY),
    (("clrc",), "DH groups below 2048 bits", dh_small, KEY),
    (("clrc", "core"), "GCM tags below 96 bits", short_tag("AES_GCM", 12), CALL),
    (("clrc",), "nonces above 64 octets", long_nonce(64), CALL),
    (("clrc",), "HMAC keys below 64 bits", short_hmac_key(8), KEY),
    (
        ("core",),
        "EdDSA with a context",
        lambda c: c.alg.startswith("ED") and "info" in c.fields,
        CALL,
    ),
    (("core",), "HMAC keys below 32 bits", short_hmac_key(4), KEY),
    (("clrc",), "DES3 keys with equal parts", des3_equal_parts, KEY),
    (("clrc",), "CCM tags below 96 bits", short_tag("AES_CCM", 12), CALL),
    (("clrc",), "keys above 4096 bits", long_output(512), CALL),
]


def limit_of(kind, case):
    """(what the documentation says, how it is refused), or None. tee is the Core API as well."""
    family = "core" if kind == "tee" else kind
    for kinds, text, applies, words in LIMITS:
        if family in kinds and applies(case):
            return text, words
    return None
