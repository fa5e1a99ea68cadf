/* SPDX-License-Identifier: Apache-2.0 */
/* What happens, as it happens. */
import {h, empty, id, place, row, table, teller, time} from "./dom.js";
import {KEEP, live, listen} from "./live.js";

function isCall(event) {
    return Boolean(event.detail?.operation);
}

function who(event) {
    return [event.clientId && h("span", {}, "client ", h("bdi", {}, event.clientId), " "),
            event.certificateId && h("a", {href: `#/certificates/${event.certificateId}`}, id(event.certificateId)),
            event.principal && h("span", {}, event.principal)];
}

const headings = ["Time", "What", "Outcome", "Who", "Where from", "Why"];

function rowOf(event) {
    return row(headings, [time(event.timeMs), event.detail?.operation ?? event.kind, event.success ? "ok" : "refused", who(event), event.address ?? "", event.reason ?? ""],
               1, {class: event.success ? "" : "refused"});
}

function summary(events) {
    const refused = events.filter((event) => !event.success).length;
    return `${events.length} new ${events.length === 1 ? "event" : "events"}${refused > 0 ? `, ${refused} refused` : ""}.`;
}

export function show(body, parts, signal) {
    const calls = h("input", {type: "checkbox", id: "show-calls", checked: true});
    const count = h("p", {class: "hint"});
    const list = table("Events", headings, []);
    const rows = list.querySelector("tbody");
    const nothing = place();
    const tell = teller(summary, signal);
    const isShown = (event) => calls.checked || !isCall(event);
    function all() {
        rows.replaceChildren(...live.events.filter(isShown).map(rowOf).reverse());
        told();
    }
    function told() {
        const n = rows.children.length;
        count.textContent = live.isUp ? `Live. ${n} ${n === 1 ? "event" : "events"} shown, the newest first.` : "Not connected; trying again.";
        count.classList.toggle("live", live.isUp);
        list.hidden = n === 0;
        nothing.show(n === 0 && empty("Nothing has happened yet.", "Logins, calls of the API, and devices that come and go appear here."));
    }
    calls.addEventListener("change", all);
    listen("events", signal, (news) => {
        const shown = news.filter(isShown);
        rows.prepend(...shown.slice(-KEEP).map(rowOf).reverse());
        while (rows.children.length > KEEP)
            rows.lastElementChild.remove();
        told();
        tell(shown);
    });
    listen("state", signal, told);
    body.show(h("div", {class: "bar"}, count, h("p", {class: "choice"}, calls, h("label", {for: "show-calls"}, "Show calls of the API"))), list, nothing);
    all();
}
