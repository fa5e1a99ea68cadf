/* SPDX-License-Identifier: Apache-2.0 */
/* Elements by function calls. Texts become text nodes: nothing that comes from elsewhere is read as HTML. */

/* h: an element. Properties are attributes; true sets an empty one, false and null set none. */
export function h(tag, properties, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(properties ?? {})) {
        if (value !== false && value !== null && value !== undefined)
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

/*
 * teller: says what comes often, all of it together and after a pause, so that much of it does not become chatter. summary(news): one sentence.
 * Until the page that the signal belongs to is left.
 */
const FIRST_MS = 1000;
const PAUSE_MS = 10000;
export function teller(summary, signal) {
    let news = [];
    let timer = null;
    function tell() {
        timer = news.length > 0 ? setTimeout(tell, PAUSE_MS) : null;
        if (news.length > 0)
            say(summary(news));
        news = [];
    }
    signal.addEventListener("abort", () => clearTimeout(timer));
    return (more) => {
        news.push(...more);
        timer ??= setTimeout(tell, FIRST_MS);
    };
}

/* notice: a box that tells how something went; kind: good, bad or info. */
export function notice(kind, text) {
    return h("p", {class: `notice ${kind}`, role: kind === "bad" ? "alert" : "status"}, text);
}

/* button: what it does may fail; why is then shown by show(notice). */
export function button(label, action, show, more = {}) {
    const element = h("button", {type: "button", ...more}, label);
    element.addEventListener("click", () => attempt(element, action, show));
    return element;
}

/* attempt: one at a time for each control. It is not disabled meanwhile, which would take the focus from it. */
export async function attempt(control, action, show) {
    if (control.getAttribute("aria-busy") === "true")
        return;
    control.setAttribute("aria-busy", "true");
    try {
        await action();
    } catch (error) {
        show(notice("bad", error.message));
    } finally {
        control.removeAttribute("aria-busy");
    }
}

/* ask: a question that has to be answered before anything else; whether the answer was yes, a word that says what is done then. */
export function ask(question, yes) {
    const box = h("dialog", {"aria-labelledby": "question"}, h("p", {id: "question"}, question),
                  h("form", {method: "dialog", class: "actions"}, h("button", {value: "no", autofocus: true}, "Cancel"), h("button", {value: "yes", class: "danger"}, yes)));
    return new Promise((done) => {
        box.addEventListener("close", () => {
            box.remove();
            done(box.returnValue === "yes");
        });
        document.body.append(box);
        box.showModal();
    });
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

/* fault: what is wrong with a field's content stands below it and is told with it; null: nothing is. */
export function fault(control, text) {
    const id = `${control.id}-fault`;
    const others = (control.getAttribute("aria-describedby") ?? "").split(" ").filter((one) => one !== "" && one !== id);
    document.getElementById(id)?.remove();
    control.toggleAttribute("aria-invalid", false);
    if (text !== null) {
        others.push(id);
        control.setAttribute("aria-invalid", "true");
        control.after(h("p", {class: "fault", role: "alert", id}, text));
    }
    if (others.length > 0)
        control.setAttribute("aria-describedby", others.join(" "));
    else
        control.removeAttribute("aria-describedby");
}

/* blames: for attempt: what went wrong is this field's fault. */
export function blames(control) {
    return (box) => {
        fault(control, box.textContent);
        control.focus();
    };
}

/* code: text to be read and copied; it can be focused, since it may be wider than its place. */
export function code(label, text, id) {
    return h("pre", {tabindex: 0, role: "group", "aria-label": label}, h("code", {id}, text));
}

/* table: rows of cells; the one that is at `main` is a row's heading. Where there is little room each cell brings its column's heading along. */
export function row(headings, cells, main = 0, properties = {}) {
    return h("tr", {role: "row", ...properties}, cells.map((cell, i) => i === main ? h("th", {scope: "row", role: "rowheader"}, cell) :
        h("td", {role: "cell", "data-heading": headings[i]}, cell)));
}
export function table(caption, headings, rows, main = 0) {
    const body = h("tbody", {role: "rowgroup"}, rows.map((cells) => row(headings, cells, main)));
    return h("div", {class: "table", role: "region", "aria-label": caption, tabindex: 0},
             h("table", {role: "table", "aria-label": caption},
               h("thead", {role: "rowgroup"}, h("tr", {role: "row"}, headings.map((text) => h("th", {scope: "col", role: "columnheader"}, text)))), body));
}

/* facts: a list of names and values; those without a value are left out. */
export function facts(pairs) {
    return h("dl", {}, pairs.filter(([, value]) => value !== null && value !== undefined && value !== "")
        .map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
}

/* empty: what stands where nothing is yet, and what to do about it. */
export function empty(text, hint, ...more) {
    return h("div", {class: "empty"}, h("p", {}, text), hint && h("p", {class: "hint"}, hint), more);
}

const states = {ACTIVE: "good", ENABLED: "good", INACTIVE: "off", DISABLED: "off", REVOKED: "bad", PENDING_ACTIVATION: "wait", PENDING_TRANSFER: "wait"};
/* state: one word, coloured by what it means. */
export function state(text) {
    return h("span", {class: `state ${Object.hasOwn(states, text) ? states[text] : "off"}`}, text);
}

export function time(ms) {
    const date = new Date(ms);
    return h("time", {datetime: date.toISOString()}, date.toLocaleString(undefined, {dateStyle: "medium", timeStyle: "medium"}));
}

/* id: a long one, whole for who copies or hears it, but taking no more room than it needs. */
export function id(text) {
    return h("code", {class: "id", title: text}, text);
}
