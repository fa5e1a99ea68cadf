/* SPDX-License-Identifier: Apache-2.0 */
/* The six steps by which a CA becomes known. Its files are checked on the server while they are put together. */
import * as api from "./api.js";
import {h, attempt, notice, place, say} from "./dom.js";

const FILE_MAX = 65536;
const words = {
    "ca-reads": "The CA certificate can be read",
    "ca-is-ca": "It is a CA (basicConstraints CA:TRUE)",
    "ca-key": "Its key is of a kind that is taken",
    "ca-dates": "It is valid now",
    "ca-new": "It is not registered yet",
    "proof-reads": "The verification certificate can be read",
    "proof-signature": "It is signed by the CA's key",
    "proof-dates": "It is valid now",
    "proof-code": "Its common name is the registration code",
};
const signs = {good: "✓", bad: "✗", waiting: "…"};
const spoken = {good: "passed", bad: "failed", waiting: "not checked yet"};

/* ---- files ---- */

/* PEM as it is; DER, as openssl writes it on request, becomes PEM. */
async function pemOf(file) {
    if (file.size > FILE_MAX)
        throw new Error(`${file.name} is too large for a certificate.`);
    const octets = new Uint8Array(await file.arrayBuffer());
    const text = new TextDecoder("latin1").decode(octets);
    if (text.includes("-----BEGIN"))
        return text;
    const base64 = btoa(text).replace(/(.{64})/g, "$1\n");
    return `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`;
}

/* drop: a field for one file, which may be dropped on it too. take(pem) */
function drop(name, label, take, show) {
    const input = h("input", {type: "file", id: name, accept: ".pem,.crt,.cer,.der"});
    const zone = h("div", {class: "drop"}, h("label", {for: name}, label), input, h("p", {class: "hint"}, "or drop the file here; PEM or DER"));
    const accept = () => input.files.length > 0 && attempt(input, async () => take(await pemOf(input.files[0])), show);
    input.addEventListener("change", accept);
    for (const type of ["dragenter", "dragover"]) {
        zone.addEventListener(type, (event) => {
            event.preventDefault();
            zone.classList.add("over");
        });
    }
    zone.addEventListener("dragleave", () => zone.classList.remove("over"));
    zone.addEventListener("drop", (event) => {
        event.preventDefault();
        zone.classList.remove("over");
        input.files = event.dataTransfer.files;
        accept();
    });
    return zone;
}

/* ---- checks ---- */

function checkItem(check) {
    return h("li", {class: `check ${check.state}`, "data-check": check.name},
             h("span", {"aria-hidden": "true", class: "sign"}, signs[check.state]), " ", words[check.name] ?? check.name,
             h("span", {class: "visually-hidden"}, `: ${spoken[check.state]}`), check.reason && h("span", {class: "reason"}, `: ${check.reason}`));
}

function isOfCa(check) {
    return check.name.startsWith("ca-");
}

function summary(checks) {
    const bad = checks.filter((check) => check.state === "bad");
    const waiting = checks.filter((check) => check.state === "waiting");
    if (bad.length > 0)
        return `${bad.length} of the checks failed: ${bad.map((check) => words[check.name]).join("; ")}.`;
    return waiting.length > 0 ? "So far all is well." : "All checks passed.";
}

/* ---- the page ---- */

function commands(text) {
    const copy = h("button", {type: "button", class: "quiet"}, "Copy");
    copy.addEventListener("click", async () => {
        await navigator.clipboard.writeText(text).then(() => say("Copied."), () => say("The browser does not let the console copy."));
    });
    return h("div", {class: "commands"}, h("pre", {tabindex: 0, "aria-label": "Commands"}, h("code", {}, text)), copy);
}

function step(number, title, ...children) {
    return h("li", {class: "step"}, h("h2", {}, h("span", {class: "visually-hidden"}, `Step ${number}: `), title), children);
}

function showDone(body, id, options) {
    const heading = h("h2", {tabindex: -1}, "The CA is registered");
    body.show(h("section", {class: "card"}, heading,
                h("p", {}, options.setAsActive ? "It is active" : "It is inactive",
                  options.allowAutoRegistration ? ", and devices with its certificates register themselves on first contact." : ", and devices do not register themselves."),
                h("p", {}, h("a", {href: `#/cas/${id}`}, "Show this CA")),
                h("p", {}, h("a", {href: "#/events"}, "Watch the devices come"))));
    heading.focus();
    say("The CA is registered.");
}

export async function show(body) {
    const {registrationCode} = await api.aws("GET", "/registrationcode");
    const files = {ca: null, proof: null};
    const told = place();
    const caChecks = h("ul", {class: "checks", "aria-label": "Checks of the CA certificate"});
    const proofChecks = h("ul", {class: "checks", "aria-label": "Checks of the verification certificate"});
    const active = h("input", {type: "checkbox", id: "set-as-active", checked: true});
    const auto = h("input", {type: "checkbox", id: "allow-auto", checked: true});
    const registerButton = h("button", {class: "primary", type: "submit", disabled: true}, "Register the CA");

    async function check() {
        const result = await api.checkCa(files.ca ?? "", files.proof ?? "");
        caChecks.replaceChildren(...result.checks.filter(isOfCa).map(checkItem));
        proofChecks.replaceChildren(...result.checks.filter((one) => !isOfCa(one)).map(checkItem));
        registerButton.disabled = !result.isReady;
        if (files.ca || files.proof)
            say(summary(result.checks));
    }
    const taker = (name) => (pem) => {
        files[name] = pem;
        told.show();
        return check();
    };
    const form = h("form", {}, h("ol", {class: "steps"},
        step(1, "Generate a key pair for the verification certificate",
             commands("openssl ecparam -genkey -name prime256v1 -noout -out verification.key")),
        step(2, "Copy the registration code of this account", h("p", {}, h("code", {id: "registration-code", class: "code"}, registrationCode))),
        step(3, "Create a request with the code as its common name",
             commands(`openssl req -new -key verification.key -out verification.csr \\\n    -subj "/CN=${registrationCode}"`)),
        step(4, "Sign it with the CA's key: the verification certificate", h("p", {class: "hint"}, "Where the CA lives; ca.pem and ca.key are its certificate and key."),
             commands("openssl x509 -req -in verification.csr -CA ca.pem -CAkey ca.key -CAcreateserial \\\n    -days 30 -sha256 -out verification.pem")),
        step(5, "Give the CA certificate", drop("ca-file", "CA certificate", taker("ca"), told.show), caChecks),
        step(6, "Give the verification certificate", drop("proof-file", "Verification certificate", taker("proof"), told.show), proofChecks)),
        h("section", {class: "card"}, h("h2", {}, "Registration"),
             h("p", {class: "choice"}, active, h("label", {for: "set-as-active"}, "Activate the CA")),
             h("p", {class: "choice"}, auto, h("label", {for: "allow-auto"}, "Let devices register themselves on first contact")),
             told, registerButton));
    form.addEventListener("submit", (event) => {
        event.preventDefault();
        const options = {setAsActive: active.checked, allowAutoRegistration: auto.checked};
        attempt(registerButton, async () => {
            const {certificateId} = await api.aws("POST", "/cacertificate",
                {query: options, body: {caCertificate: files.ca, verificationCertificate: files.proof}});
            showDone(body, certificateId, options);
        }, told.show);
    });
    body.show(form);
    await check();
}
