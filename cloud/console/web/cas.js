/* SPDX-License-Identifier: Apache-2.0 */
/* The registered CAs. */
import * as api from "./api.js";
import {certificates} from "./certificates.js";
import {h, ask, button, code, empty, facts, id, notice, place, state, time} from "./dom.js";
import {pager} from "./list.js";

async function showList(body) {
    await pager(body, "Registered CAs", ["CA", "State", "Registered"],
        (marker) => api.aws("GET", "/cacertificates", {query: {pageSize: 50, marker}}),
        (page) => page.certificates.map((ca) => [h("a", {href: `#/cas/${ca.certificateId}`}, id(ca.certificateId)), state(ca.status), time(ca.creationDate * 1000)]),
        empty("No CA is registered.", "Devices whose certificates a registered CA has signed are let in.", h("a", {class: "as-button primary", href: "#/register"}, "Register a CA")));
}

async function showOne(body, caId) {
    const told = place();
    const path = `/cacertificate/${api.part(caId)}`;
    const {certificateDescription: ca} = await api.aws("GET", path);
    const change = (query, text) => async () => {
        await api.aws("PUT", path, {query});
        await showOne(body, caId);
        body.querySelector(".told").show(notice("good", text));
        body.querySelector(".actions button").focus(); /* the one that was pressed is gone */
    };
    const isActive = ca.status === "ACTIVE";
    const issued = place();
    const isAuto = ca.autoRegistrationStatus === "ENABLE";
    told.className = "told";
    body.show(told,
        h("section", {class: "card"}, facts([
            ["Id", id(ca.certificateId)], ["State", state(ca.status)], ["Self-registration of devices", state(isAuto ? "ENABLED" : "DISABLED")],
            ["Mode", ca.certificateMode], ["Valid from", time(ca.validity.notBefore * 1000)], ["Valid until", time(ca.validity.notAfter * 1000)],
            ["Registered", time(ca.creationDate * 1000)]]),
        h("div", {class: "actions"},
            button(isActive ? "Deactivate" : "Activate", change({newStatus: isActive ? "INACTIVE" : "ACTIVE"}, isActive ? "The CA is inactive." : "The CA is active."), told.show),
            button(isAuto ? "Disable self-registration" : "Enable self-registration",
                   change({newAutoRegistrationStatus: isAuto ? "DISABLE" : "ENABLE"}, isAuto ? "Devices no longer register themselves." : "Devices register themselves on first contact."), told.show),
            button("Delete", async () => {
                if (!await ask("Delete this CA? It has to be registered anew afterwards.", "Delete the CA"))
                    return;
                await api.aws("DELETE", path);
                location.hash = "#/cas";
            }, told.show, {class: "danger"}))),
        h("h2", {}, "Certificates that it issued"),
        issued,
        h("details", {}, h("summary", {}, "The certificate (PEM)"), code("The certificate", ca.certificatePem)));
    await certificates(issued, "Certificates of this CA", (marker) => api.aws("GET", `/certificates-by-ca/${api.part(caId)}`, {query: {pageSize: 50, marker}}), empty("None is known."));
}

export const show = (body, [caId]) => caId ? showOne(body, caId) : showList(body);
