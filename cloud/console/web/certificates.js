/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates of devices. */
import * as api from "./api.js";
import {h, ask, button, code, empty, facts, id, notice, place, state, time} from "./dom.js";
import {opener, pager} from "./list.js";

/* certificates: those that load(marker) gives, by pages. */
export function certificates(body, caption, load, nothing) {
    return pager(body, caption, ["Certificate", "State", "Registered"], load, (page) => page.certificates.map((one) =>
        [h("a", {href: `#/certificates/${one.certificateId}`}, id(one.certificateId)), state(one.status), time(one.creationDate * 1000)]), nothing);
}

async function showList(body) {
    const list = place();
    body.show(opener("A certificate's id", "certificates", "\\s*[0-9a-f]{64}\\s*", "64 digits: the SHA-256 of the certificate."), list);
    await certificates(list, "Certificates", (marker) => api.aws("GET", "/certificates", {query: {pageSize: 50, marker}}),
        empty("No device has a certificate here yet.", "Those of registered CAs come by themselves when their device first connects."));
}

function links(kind, names) {
    return names.length === 0 ? "none" : h("ul", {class: "plain"}, names.map((name) =>
        h("li", {}, kind ? h("a", {href: `#/${kind}/${api.part(name)}`}, h("bdi", {}, name)) : h("bdi", {}, name))));
}

/* From each state the ones that may follow. */
function actions(certificate, change, told) {
    const {status} = certificate;
    const make = (label, newStatus, text, more) => status !== newStatus && button(label, change(newStatus, text), told.show, more);
    if (status === "REVOKED" || status === "PENDING_TRANSFER")
        return [];
    return [make("Activate", "ACTIVE", "The certificate is active."),
            make("Deactivate", "INACTIVE", "The certificate is inactive; its devices were disconnected."),
            make("Revoke", "REVOKED", "The certificate is revoked; its devices were disconnected.", {class: "danger"})];
}

async function showOne(body, certificateId) {
    const told = place({class: "told"});
    const path = `/certificates/${api.part(certificateId)}`;
    const {certificateDescription: certificate} = await api.aws("GET", path);
    const arn = certificate.certificateArn;
    const {things} = await api.aws("GET", "/principals/things", {headers: {"x-amzn-principal": arn}});
    const {policies} = await api.aws("POST", `/attached-policies/${api.part(arn)}`);
    const change = (newStatus, text) => async () => {
        if (newStatus === "REVOKED" && !await ask("Revoke this certificate? It can never be used again.", "Revoke it"))
            return;
        await api.aws("PUT", path, {query: {newStatus}});
        await showOne(body, certificateId);
        body.querySelector(".told").show(notice("good", text));
        (body.querySelector(".actions button") ?? document.querySelector("h1")).focus(); /* the one that was pressed is gone */
    };
    body.show(told,
        h("section", {class: "card"}, facts([
            ["Id", id(certificateId)], ["State", state(certificate.status)],
            ["CA", certificate.caCertificateId && h("a", {href: `#/cas/${certificate.caCertificateId}`}, id(certificate.caCertificateId))],
            ["Things", links("things", things)], ["Policies", links(null, policies.map((policy) => policy.policyName))],
            ["Valid from", time(certificate.validity.notBefore * 1000)], ["Valid until", time(certificate.validity.notAfter * 1000)],
            ["Registered", time(certificate.creationDate * 1000)]]),
        h("div", {class: "actions"}, actions(certificate, change, told))),
        h("details", {}, h("summary", {}, "The certificate (PEM)"), code("The certificate", certificate.certificatePem)));
}

export const show = (body, [certificateId]) => certificateId ? showOne(body, certificateId) : showList(body);
