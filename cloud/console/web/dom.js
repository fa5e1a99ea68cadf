/* SPDX-License-Identifier: Apache-2.0 */
/* Elements by function calls. Texts become text nodes: nothing that comes from elsewhere is read as HTML. */

/* h: an element. Properties: on... are listeners, others are attributes; true sets an empty one, false and null set none. */
export function h(tag, properties, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(properties ?? {})) {
        if (name.startsWith("on"))
            element.addEventListener(name.slice(2), value);
        else if (value !== false && value !== null && value !== undefined)
            element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...children.flat(9).filter((child) => child !== null && child !== undefined && child !== false));
    return element;
}

/* say: to who listens to a screen reader. */
export function say(text) {
    const place = document.getElementById("said");
    place.textContent = "";
    /* The same words twice are said twice only when they were gone meanwhile. */
    setTimeout(() => { place.textContent = text; }, 50);
}

/* notice: a box that tells how something went; kind: good, bad or info. */
export function notice(kind, text) {
    return h("p", {class: `notice ${kind}`, role: kind === "bad" ? "alert" : "status"}, text);
}

/* button: what it does may fail; why is then shown by show(notice). It can't be pressed again meanwhile. */
export function button(label, action, show, more = {}) {
    const element = h("button", {type: "button", ...more}, label);
    element.addEventListener("click", () => attempt(element, action, show));
    return element;
}

export async function attempt(control, action, show) {
    control.disabled = true;
    try {
        await action();
    } catch (error) {
        show(notice("bad", error.message));
    } finally {
        control.disabled = false;
    }
}

/* place: an element whose content is changed as a whole. */
export function place(properties = {}) {
    const element = h("div", properties);
    element.show = (...children) => element.replaceChildren(...children.flat().filter(Boolean));
    return element;
}

/* field: a label and the control that it is for. */
let lastId = 0;
export function field(label, control, hint) {
    control.id ||= `field-${++lastId}`;
    if (hint)
        control.setAttribute("aria-describedby", `${control.id}-hint`);
    return h("div", {class: "field"}, h("label", {for: control.id}, label), control,
             hint && h("p", {class: "hint", id: `${control.id}-hint`}, hint));
}

/* table: rows of cells; the first cell of a row is its heading. */
export function table(caption, headings, rows) {
    return h("div", {class: "table", role: "region", "aria-label": caption, tabindex: 0},
             h("table", {}, h("caption", {class: "visually-hidden"}, caption),
               h("thead", {}, h("tr", {}, headings.map((text) => h("th", {scope: "col"}, text)))),
               h("tbody", {}, rows.map((cells) => h("tr", {}, cells.map((cell, i) => i === 0 ? h("th", {scope: "row"}, cell) : h("td", {}, cell)))))));
}

/* facts: a list of names and values; those without a value are left out. */
export function facts(pairs) {
    return h("dl", {}, pairs.filter(([, value]) => value !== null && value !== undefined && value !== "")
        .map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
}

const states = {ACTIVE: "good", ENABLED: "good", INACTIVE: "off", DISABLED: "off", REVOKED: "bad", PENDING_ACTIVATION: "wait", PENDING_TRANSFER: "wait"};
/* state: one word, coloured by what it means. */
export function state(text) {
    return h("span", {class: `state ${states[text] ?? "off"}`}, text);
}

export function time(ms) {
    const date = new Date(ms);
    return h("time", {datetime: date.toISOString()}, date.toLocaleString(undefined, {dateStyle: "medium", timeStyle: "medium"}));
}

/* id: a long one, whole for who copies or hears it, but taking no more room than it needs. */
export function id(text) {
    return h("code", {class: "id", title: text}, text);
}
