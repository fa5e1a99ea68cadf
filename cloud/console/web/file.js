/* SPDX-License-Identifier: Apache-2.0 */
/* A file that somebody gives: the certificate in it, and nothing else, may leave the computer. */

const FILE_MAX = 65536;
const NOT_SENT = "Nothing was sent.";

/* contents: of the DER element at an offset; null: there is none, or it is not whole. */
function contents(octets, at) {
    let begin = at + 2;
    let length = octets[at + 1];
    if (length > 0x83 || length === 0x80)
        return null;
    if (length > 0x80) {
        const end = begin + length - 0x80;
        for (length = 0; begin < end; begin++)
            length = length * 256 + octets[begin];
    }
    return begin + length <= octets.length ? {begin, end: begin + length} : null;
}

/* What stands in a DER file, by its first elements; null: something else. */
function kindOf(octets) {
    const outer = octets[0] === 0x30 ? contents(octets, 0) : null;
    if (outer === null || outer.end !== octets.length)
        return null;
    const [tag, , version, next] = octets.subarray(outer.begin);
    if (tag === 0x06)
        return "bundle";
    if (tag === 0x02)
        return version === 3 && next === 0x30 ? "container" : "key";
    const inner = tag === 0x30 ? contents(octets, outer.begin) : null;
    if (inner === null)
        return null;
    const first = octets[inner.begin];
    if (first === 0x06)
        return octets[inner.end] === 0x04 ? "key" : null; /* with a password; a public key is no certificate either */
    return first === 0xa0 || first === 0x02 ? "certificate" : null;
}

const others = {
    key: "holds a private key. It has not left this computer. Private keys stay where they are: give the certificate.",
    container: `is a PKCS#12 file, which may hold a private key. ${NOT_SENT} Give the certificate alone, as PEM or DER.`,
    bundle: `is a PKCS#7 bundle. ${NOT_SENT} Give one certificate, as PEM or DER.`,
};

function fromPem(name, text) {
    const labels = [...text.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----/g)].map((match) => match[1]);
    const [whole] = text.match(/-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/) ?? [];
    if (labels.length > 1)
        throw new Error(`${name} holds ${labels.length} things: ${[...new Set(labels)].join(", ").toLowerCase()}. ${NOT_SENT} Give a file with one certificate.`);
    if (!whole)
        throw new Error(`${name} holds no certificate but this: ${labels[0].toLowerCase()}. ${NOT_SENT}`);
    return `${whole}\n`;
}

/* certificateOf: the certificate in a file, as PEM. Fails with a sentence for people. */
export async function certificateOf(file) {
    if (file.size > FILE_MAX)
        throw new Error(`${file.name} is too large for a certificate. ${NOT_SENT}`);
    const octets = new Uint8Array(await file.arrayBuffer());
    const text = Array.from(octets, (octet) => String.fromCharCode(octet)).join("");
    const plain = text.replaceAll("\0", ""); /* some editors write PEM in two octets a letter */
    if (/PRIVATE KEY/i.test(plain))
        throw new Error(`${file.name} ${others.key}`);
    if (plain.includes("-----BEGIN "))
        return fromPem(file.name, plain);
    const kind = kindOf(octets);
    if (kind !== "certificate")
        throw new Error(`${file.name} ${others[kind] ?? `holds no certificate, neither PEM nor DER. ${NOT_SENT}`}`);
    return `-----BEGIN CERTIFICATE-----\n${btoa(text).replace(/(.{64})/g, "$1\n")}\n-----END CERTIFICATE-----\n`;
}
