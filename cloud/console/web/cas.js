/* SPDX-License-Identifier: Apache-2.0 */
/* The registered CAs. */
import * as api from "./api.js";
import {h, button, facts, id, notice, place, state, table, time} from "./dom.js";
import {pager} from "./certificates.js";

async function showList(body) {
    await pager(body, "Registered CAs", ["CA", "State", "Registered"],
        (marker) => api.aws("GET", "/cacertificates", {query: {pageSize: 50, marker}}),
        (page) => page.certificates.map((ca) => [h("a", {href: `#/cas/${ca.certificateId}`}, id(ca.certificateId)), state(ca.status), time(ca.creationDate * 1000)]),
        h("p", {class: "empty"}, "No CA is registered. ", h("a", {href: "#/register"}, "Register one.")));
}

async function showOne(body, caId) {
    const told = place();
    const path = `/cacertificate/${api.part(caId)}`;
    const {certificateDescription: ca} = await api.aws("GET", path);
    const issued = await api.aws("GET", `/certificates-by-ca/${api.part(caId)}`, {query: {pageSize: 50}});
    const change = (query, text) => async () => {
        await api.aws("PUT", path, {query});
        await showOne(body, caId);
        body.querySelector(".told").show(notice("good", text));
        body.querySelector(".actions button").focus(); /* the one that was pressed is gone */
    };
    const isActive = ca.status === "ACTIVE";
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
                if (!confirm("Delete this CA? It has to be registered anew afterwards."))
                    return;
                await api.aws("DELETE", path);
                location.hash = "#/cas";
            }, told.show, {class: "danger"}))),
        h("h2", {}, "Certificates that it issued"),
        issued.certificates.length === 0 ? h("p", {class: "empty"}, "None is known.") :
            table("Certificates of this CA", ["Certificate", "State", "Registered"], issued.certificates.map((one) =>
                [h("a", {href: `#/certificates/${one.certificateId}`}, id(one.certificateId)), state(one.status), time(one.creationDate * 1000)])),
        h("details", {}, h("summary", {}, "The certificate (PEM)"), h("pre", {tabindex: 0, "aria-label": "The certificate"}, ca.certificatePem)));
}

export const show = (body, [caId]) => caId ? showOne(body, caId) : showList(body);
