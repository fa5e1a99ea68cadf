/* SPDX-License-Identifier: Apache-2.0 */
/* What happens, as it happens. */
import {h, id, place, time} from "./dom.js";
import {live, listen} from "./live.js";

function isCall(event) {
    return Boolean(event.detail?.operation);
}

function who(event) {
    return [event.clientId && h("span", {}, `client ${event.clientId} `),
            event.certificateId && h("a", {href: `#/certificates/${event.certificateId}`}, id(event.certificateId)),
            event.principal && h("span", {}, event.principal)];
}

function row(event) {
    const what = event.detail?.operation ?? "";
    return h("tr", {class: event.success ? "" : "refused"}, h("td", {}, time(event.timeMs)),
             h("th", {scope: "row"}, what || event.kind), h("td", {}, event.success ? "ok" : "refused"), h("td", {}, who(event)),
             h("td", {}, event.address ?? ""), h("td", {}, event.reason ?? ""));
}

export function show(body, parts, signal) {
    const calls = h("input", {type: "checkbox", id: "show-calls", checked: true});
    const count = h("span", {class: "hint"});
    const rows = h("tbody", {"aria-live": "polite", "aria-relevant": "additions"});
    const empty = place();
    const isShown = (event) => calls.checked || !isCall(event);
    function all() {
        const shown = live.events.filter(isShown);
        rows.replaceChildren(...shown.map(row).reverse());
        told();
    }
    function told() {
        count.textContent = live.isUp ? `Live. ${rows.children.length} events shown, the newest first.` : "Not connected; trying again.";
        empty.show(rows.children.length === 0 && h("p", {class: "empty"}, "Nothing has happened yet."));
    }
    calls.addEventListener("change", all);
    listen("events", signal, (events) => {
        rows.prepend(...events.filter(isShown).map(row).reverse());
        told();
    });
    listen("state", signal, told);
    body.show(h("p", {class: "choice"}, calls, h("label", {for: "show-calls"}, "Show calls of the API")), h("p", {}, count),
        h("div", {class: "table", role: "region", "aria-label": "Events", tabindex: 0}, h("table", {},
            h("caption", {class: "visually-hidden"}, "Events"),
            h("thead", {}, h("tr", {}, ["Time", "What", "Outcome", "Who", "Where from", "Why"].map((text) => h("th", {scope: "col"}, text)))), rows)), empty);
    all();
}
