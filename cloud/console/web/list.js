/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of which there may be very many: a page at a time, and a way to what is known by its name. */
import {h, button, field, place, table} from "./dom.js";

/* pager: load(marker) gives a page, rows(page) its rows; empty is shown when there are none at all. */
export async function pager(body, caption, headings, load, rows, empty) {
    const markers = [undefined]; /* of the pages that were seen, and of the next one */
    const list = place();
    const turning = place({class: "actions turning"});
    async function turn(n) {
        const page = await load(markers[n]);
        markers[n + 1] = page.nextMarker ?? page.nextToken;
        const all = rows(page);
        const isOne = n === 0 && !markers[1];
        list.show(all.length === 0 && n === 0 ? empty : table(isOne ? caption : `${caption}, page ${n + 1}`, headings, all));
        turning.show(isOne ? [] : [button("Previous", () => turned(n - 1), list.show, {disabled: n === 0}), h("span", {class: "hint"}, `Page ${n + 1}`),
                                   button("Next", () => turned(n + 1), list.show, {disabled: !markers[n + 1]})]);
    }
    /* The button that was pressed is gone; the list tells which page it is. */
    async function turned(n) {
        await turn(n);
        list.firstElementChild.focus();
    }
    body.show(list, turning);
    await turn(0);
}

/* opener: a field for the name of one of them. */
export function opener(label, page, pattern, hint) {
    const name = h("input", {required: true, pattern, maxlength: 128, spellcheck: "false", autocapitalize: "none"});
    const form = h("form", {class: "line opener", role: "search"}, field(label, name, hint), h("button", {}, "Open"));
    form.addEventListener("submit", (event) => {
        event.preventDefault();
        location.hash = `#/${page}/${encodeURIComponent(name.value.trim())}`;
    });
    return form;
}
