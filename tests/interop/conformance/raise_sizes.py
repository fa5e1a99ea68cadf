#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Raises the sizes of keys in SoftHSM2's tests to what is offered today.

raise_sizes.py FOLDER: RSA of 512, 1024 and 1536 bits becomes 2048, the DH group of 1024 bits the one of 2048 bits of
RFC 3526, single DES becomes triple DES, or goes where triple DES is tried as well. Nothing else is changed.
"""
import re
import subprocess
import sys
from pathlib import Path

MODP_2048 = """
FFFFFFFF FFFFFFFF C90FDAA2 2168C234 C4C6628B 80DC1CD1 29024E08 8A67CC74 020BBEA6 3B139B22 514A0879 8E3404DD
EF9519B3 CD3A431B 302B0A6D F25F1437 4FE1356D 6D51C245 E485B576 625E7EC6 F44C42E9 A637ED6B 0BFF5CB6 F406B7ED
EE386BFB 5A899FA5 AE9F2411 7C4B1FE6 49286651 ECE45B3D C2007CB8 A163BF05 98DA4836 1C55D39A 69163FA8 FD24CF5F
83655D23 DCA3AD96 1C62F356 208552BB 9ED52907 7096966D 670C354E 4ABC9804 F1746C08 CA18217C 32905E46 2E36CE3B
E39E772C 180E8603 9B2783A2 EC07A28F B5C55DF0 6F4C52C9 DE2BCBF6 95581718 3995497C EA956AE5 15D22618 98FA0510
15728E5A 8AACAA68 FFFFFFFF FFFFFFFF"""


def array(octets):
    return "{ " + ", ".join(f"0x{octet:02x}" for octet in octets) + " }"


def modulus():
    """One that a key was made with: the service looks at what it is given."""
    made = subprocess.run(
        "openssl genrsa 2048 2>/dev/null | openssl rsa -noout -modulus",
        shell=True, check=True, capture_output=True, text=True)
    return bytes.fromhex(made.stdout.strip().split("=")[1])


def main():
    folder = Path(sys.argv[1])
    prime = bytes.fromhex("".join(MODP_2048.split()))
    small = re.compile(r"CK_BYTE pN\[\] = \{[^}]*\}")
    group = re.compile(r"CK_BYTE bn1024\[\] = \{[^}]*\}")
    number = array(modulus())
    for path in folder.glob("*.cpp"):
        text = path.read_text(encoding="latin-1")
        text = re.sub(r"CK_ULONG bits = (1024|1536);", "CK_ULONG bits = 2048;", text)
        text = small.sub("CK_BYTE pN[] = " + number, text)
        text = text.replace("pN, sizeof(pN), 512,", "pN, sizeof(pN), 2048,")
        text = group.sub("CK_BYTE bn1024[] = " + array(prime), text)
        path.write_text(text, encoding="latin-1")


main()
