# SPDX-License-Identifier: Apache-2.0
"""One test case: what is asked, what has to come back, and where that is written."""
import hashlib

HASHES = {
    "MD5": 16,
    "SHA1": 20,
    "SHA224": 28,
    "SHA256": 32,
    "SHA384": 48,
    "SHA512": 64,
    "SHA3_224": 28,
    "SHA3_256": 32,
    "SHA3_384": 48,
    "SHA3_512": 64,
}
TEE_HASHES = {name: 0x50000001 + i for i, name in enumerate(list(HASHES)[:6])}
CURVE_BITS = {"P-192": 192, "P-224": 224, "P-256": 256, "P-384": 384, "P-521": 521}


def digest(name, message):
    return hashlib.new(name.replace("SHA3_", "sha3_").lower(), message).digest()


def hash_name(text):
    """SHA-1, SHA256, sha512 ... as the algorithms' names have it."""
    name = text.strip().upper().replace("SHA-", "SHA").replace("SHA3-", "SHA3_")
    if name not in HASHES:
        raise ValueError(f"no hash: {text}")
    return name


def number(octets_or_int, length=None):
    """Big-endian octets without leading zeros, or exactly so many."""
    value = octets_or_int
    if isinstance(value, (bytes, bytearray)):
        value = int.from_bytes(value, "big")
    return value.to_bytes(length or max(1, (value.bit_length() + 7) // 8), "big")


def der_number(value):
    body = value.to_bytes(value.bit_length() // 8 + 1, "big")
    return b"\x02" + bytes([len(body)]) + body


def der_sequence(body):
    length = bytes([len(body)]) if len(body) < 128 else b"\x81" + bytes([len(body)])
    return b"\x30" + length + body


def rsa_public(n, e):
    return {"n": number(n), "e": number(e)}


def rsa_pair(n, e, d, p=None, q=None):
    """All eight numbers; the primes are found from d when they are not given (SP 800-56B, C.1)."""
    if not p:
        k = d * e - 1
        r, t = k, 0
        while r % 2 == 0:
            r, t = r // 2, t + 1
        p = 0
        for g in range(2, 200):
            y = pow(g, r, n)
            for _ in range(t):
                x = pow(y, 2, n)
                if x == 1 and y not in (1, n - 1):
                    p = gcd(y - 1, n)
                    break
                y = x
            if p:
                break
        q = n // p
    p, q = max(p, q), min(p, q)
    assert p * q == n
    return {
        "n": number(n),
        "e": number(e),
        "d": number(d),
        "p": number(p),
        "q": number(q),
        "dp": number(d % (p - 1)),
        "dq": number(d % (q - 1)),
        "qi": number(pow(q, -1, p)),
    }


def montgomery_public(private):
    """The public value of a private one of X25519 or X448, which the Core API wants (RFC 7748, 5)."""
    k = int.from_bytes(private, "little")
    if len(private) == 32:
        p, a24, bits, base = 2**255 - 19, 121665, 255, 9
        k = k & (2**255 - 8) | 2**254
    else:
        p, a24, bits, base = 2**448 - 2**224 - 1, 39081, 448, 5
        k = k & (2**448 - 4) | 2**447
    x2, z2, x3, z3 = 1, 0, base, 1
    for t in range(bits - 1, -1, -1):
        bit = k >> t & 1
        if bit:
            x2, z2, x3, z3 = x3, z3, x2, z2
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        aa, bb, da, cb = a * a, b * b, d * a, c * b
        e = aa - bb
        x3, z3 = (da + cb) ** 2 % p, base * (da - cb) ** 2 % p
        x2, z2 = aa * bb % p, e * (aa + a24 * e) % p
        if bit:
            x2, z2, x3, z3 = x3, z3, x2, z2
    return (x2 * pow(z2, p - 2, p) % p).to_bytes(len(private), "little")


def gcd(a, b):
    while b:
        a, b = b, a % b
    return a


class Pair:
    """A signature of two numbers: DER for the crypto library, side by side in the Core API."""

    def __init__(self, r, s, length):
        self.r, self.s, self.length = r, s, length

    def octets(self, kind):
        if kind == "clrc":
            return der_sequence(der_number(self.r) + der_number(self.s))
        size = 8 * self.length
        if self.r >> size or self.s >> size:
            return None
        return number(self.r, self.length) + number(self.s, self.length)


class Case:
    """expect: ok (with out, tag), fail, badkey, or differs (an answer, but another than out)."""

    def __init__(
        self,
        where,
        op,
        alg,
        fields,
        expect="ok",
        out=None,
        tag=None,
        hash_name=None,
        only=None,
        mgf=None,
    ):
        self.where, self.op, self.alg, self.fields = where, op, alg, fields
        self.expect, self.out, self.tag, self.hash = expect, out, tag, hash_name
        self.only = only  # an API's kind where the case has a meaning, None: all
        self.mgf = mgf  # hash of OAEP's mask where it is another

    def algorithm(self, kind):
        """ECDSA goes by the hash in the Core API and by the key in the library."""
        if kind != "clrc" and self.alg in ("ECDSA", "ECDSA_DETERMINISTIC"):
            return f"{self.alg}_{self.hash}"
        return self.alg

    def line(self, kind):
        """The request, or None when this API has no way to say it."""
        if self.only not in (None, kind) or (self.mgf and kind == "clrc"):
            return None
        if self.alg == "ED448" and "info" in self.fields and kind == "clrc":
            return None  # a context
        words = [self.op, self.algorithm(kind)]
        for name, value in self.fields.items():
            if isinstance(value, Pair):
                value = value.octets(kind)
                if value is None:
                    return None
            words.append(f"{name}={value}" if isinstance(value, int) else f"{name}:{value.hex()}")
        if self.mgf:
            words.append(f"mgf={TEE_HASHES[self.mgf]}")
        return " ".join(words)

    @property
    def is_negative(self):
        return self.expect != "ok"
