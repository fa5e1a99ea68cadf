/* SPDX-License-Identifier: Apache-2.0 */
/* The six steps by which a CA becomes known. Its files are checked on the server while they are put together. */
import * as api from "./api.js";
import {h, attempt, code, fault, place, say, time} from "./dom.js";
import {certificateOf} from "./file.js";

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

/* A file that misses its field would be opened by the browser, in place of the console. */
function keepThePage(signal) {
    for (const type of ["dragover", "drop"]) {
        window.addEventListener(type, (event) => {
            event.preventDefault();
            if (type === "dragover" && !event.target.closest?.(".drop"))
                event.dataTransfer.dropEffect = "none";
        }, {signal});
    }
}

/* drop: a field for one file, which may be dropped on it too. take(pem), null when there is none any more. */
function drop(name, label, take) {
    const input = h("input", {type: "file", id: name, accept: ".pem,.crt,.cer,.der", "aria-describedby": `${name}-hint`});
    const zone = h("div", {class: "drop"}, h("label", {for: name}, label), input, h("p", {class: "hint", id: `${name}-hint`}, "Choose a file or drop it here; PEM or DER."));
    let last = 0;
    /* Whatever was given before, it is gone: what is shown is what is checked, and what is sent. */
    async function accept(files) {
        const number = ++last;
        let pem = null;
        fault(input, null);
        try {
            if (files.length > 1)
                throw new Error("These are several files. Give one.");
            pem = files.length === 1 ? await certificateOf(files[0]) : null;
            if (number === last)
                await take(pem);
        } catch (error) {
            if (number !== last)
                return;
            input.value = "";
            fault(input, error.message);
            await take(null).catch(() => {});
        }
    }
    input.addEventListener("change", () => accept(input.files));
    for (const type of ["dragenter", "dragover"]) {
        zone.addEventListener(type, (event) => {
            event.preventDefault();
            zone.classList.add("over");
        });
    }
    zone.addEventListener("dragleave", (event) => {
        if (!zone.contains(event.relatedTarget))
            zone.classList.remove("over");
    });
    zone.addEventListener("drop", (event) => {
        event.preventDefault();
        zone.classList.remove("over");
        if (event.dataTransfer.files.length === 0) {
            fault(input, "That was no file.");
            return;
        }
        input.files = event.dataTransfer.files;
        accept(input.files);
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
    if (bad.length > 0)
        return `${bad.length} of the checks failed: ${bad.map((check) => words[check.name]).join("; ")}.`;
    return checks.some((check) => check.state === "waiting") ? "So far all is well." : "All checks passed.";
}

/* What the server read in a certificate, for who wonders which file that was. */
function summaryOf(certificate) {
    return certificate && h("p", {class: "read"}, h("bdi", {}, certificate.commonName ?? "Without a common name"), ", valid from ", time(certificate.notBeforeMs), " to ", time(certificate.notAfterMs));
}

/* results: of one file's checks; its step shows whether they are all good. */
function results(label) {
    const list = h("ul", {class: "checks", "aria-label": label});
    const read = place();
    const box = h("div", {}, read, list);
    box.update = (certificate, checks) => {
        read.show(summaryOf(certificate));
        list.replaceChildren(...checks.map(checkItem));
        box.closest(".step").classList.toggle("done", checks.every((check) => check.state === "good"));
    };
    return box;
}

/* ---- the page ---- */

function copying(text, what) {
    const copy = h("button", {type: "button", class: "quiet", "aria-label": `Copy ${what}`}, "Copy");
    copy.addEventListener("click", async () => {
        await navigator.clipboard.writeText(text).then(() => {
            copy.textContent = "Copied";
            say("Copied.");
        }, () => say("The browser does not let the console copy."));
    });
    return copy;
}

function commands(what, text, id) {
    return h("div", {class: "commands"}, code(what, text, id), copying(text, what));
}

function step(number, title, ...children) {
    return h("li", {class: "step"}, h("h2", {}, h("span", {class: "visually-hidden"}, `Step ${number}: `), title), children);
}

function showDone(body, id, options) {
    const heading = h("h2", {tabindex: -1}, "The CA is registered");
    body.show(h("section", {class: "card"}, heading,
                h("p", {}, options.setAsActive ? "It is active" : "It is inactive",
                  options.allowAutoRegistration ? ", and devices with its certificates register themselves on first contact." : ", and devices do not register themselves."),
                h("p", {class: "actions"}, h("a", {class: "as-button primary", href: `#/cas/${id}`}, "Show this CA"),
                  h("a", {class: "as-button", href: "#/events"}, "Watch the devices come"))));
    heading.focus();
    say("The CA is registered.");
}

export async function show(body, parts, signal) {
    const {registrationCode} = await api.aws("GET", "/registrationcode");
    const files = {ca: null, proof: null};
    const told = place();
    const caResults = results("Checks of the CA certificate");
    const proofResults = results("Checks of the verification certificate");
    const active = h("input", {type: "checkbox", id: "set-as-active", checked: true});
    const auto = h("input", {type: "checkbox", id: "allow-auto", checked: true});
    const registerButton = h("button", {class: "primary", type: "submit", disabled: true, "aria-describedby": "not-yet"}, "Register the CA");
    const notYet = h("p", {class: "hint", id: "not-yet"});
    let last = 0;

    async function check() {
        const number = ++last;
        registerButton.disabled = true;
        const result = await api.checkCa(files.ca ?? "", files.proof ?? "");
        if (number !== last)
            return; /* another file was given meanwhile */
        caResults.update(result.ca, result.checks.filter(isOfCa));
        proofResults.update(result.proof, result.checks.filter((one) => !isOfCa(one)));
        registerButton.disabled = !result.isReady;
        notYet.textContent = result.isReady ? "" : "When all checks of steps 5 and 6 have passed.";
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
             commands("the command of step 1", "openssl ecparam -genkey -name prime256v1 -noout -out verification.key")),
        step(2, "Copy the registration code of this account", commands("the registration code", registrationCode, "registration-code")),
        step(3, "Create a request with the code as its common name",
             commands("the command of step 3", `openssl req -new -key verification.key -out verification.csr \\\n    -subj "/CN=${registrationCode}"`)),
        step(4, "Sign it with the CA's key: the verification certificate", h("p", {class: "hint"}, "Where the CA lives; ca.pem and ca.key are its certificate and key."),
             commands("the command of step 4", "openssl x509 -req -in verification.csr -CA ca.pem -CAkey ca.key -CAcreateserial \\\n    -days 30 -sha256 -out verification.pem")),
        step(5, "Give the CA certificate", drop("ca-file", "CA certificate", taker("ca")), caResults),
        step(6, "Give the verification certificate", drop("proof-file", "Verification certificate", taker("proof")), proofResults)),
        h("section", {class: "card"}, h("h2", {}, "Registration"),
             h("p", {class: "choice"}, active, h("label", {for: "set-as-active"}, "Activate the CA")),
             h("p", {class: "choice"}, auto, h("label", {for: "allow-auto"}, "Let devices register themselves on first contact")),
             told, h("div", {class: "actions"}, registerButton, notYet)));
    form.addEventListener("submit", (event) => {
        event.preventDefault();
        const options = {setAsActive: active.checked, allowAutoRegistration: auto.checked};
        attempt(registerButton, async () => {
            const {certificateId} = await api.aws("POST", "/cacertificate",
                {query: options, body: {caCertificate: files.ca, verificationCertificate: files.proof}});
            showDone(body, certificateId, options);
        }, told.show);
    });
    keepThePage(signal);
    body.show(form);
    await check();
}
