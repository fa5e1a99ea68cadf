/* SPDX-License-Identifier: Apache-2.0 */
/* Things, and their shadows, whose desired state can be changed. */
import * as api from "./api.js";
import {h, ask, attempt, blames, button, code, empty, facts, fault, field, notice, place, table} from "./dom.js";
import {opener, pager} from "./list.js";

async function showList(body) {
    const list = place();
    body.show(opener("A thing's name", "things", "\\s*[A-Za-z0-9:_\\-]+\\s*"), list);
    await pager(list, "Things", ["Thing", "Type", "Attributes"],
        (nextToken) => api.aws("GET", "/things", {query: {maxResults: 50, nextToken}}),
        (page) => page.things.map((thing) => [h("a", {href: `#/things/${api.part(thing.thingName)}`}, h("bdi", {}, thing.thingName)), thing.thingTypeName ?? "",
            Object.entries(thing.attributes ?? {}).map(([name, value]) => `${name}=${value}`).join(", ")]),
        empty("There are no things yet.", "A thing stands for a device: its certificates, attributes and shadows."));
}

/* ---- one shadow ---- */

const pretty = (value) => JSON.stringify(value ?? {}, null, 2);

async function getShadow(path, query) {
    try {
        return await api.aws("GET", path, {query});
    } catch (error) {
        if (error.status === 404)
            return null;
        throw error;
    }
}

/* What the old desired state has and the new one has not is taken away by null. */
function withRemovals(before, after) {
    const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
    const result = Object.entries(after);
    for (const [name, value] of Object.entries(before ?? {})) {
        if (!Object.hasOwn(after, name))
            result.push([name, null]);
        else if (isObject(value) && isObject(after[name]))
            result.push([name, withRemovals(value, after[name])]); /* the last one of a name stays */
    }
    return Object.fromEntries(result);
}

function parse(text) {
    let value = null;
    try {
        value = JSON.parse(text);
    } catch (error) {
        throw new Error(`This is no JSON: ${error.message}.`);
    }
    if (value === null || typeof value !== "object" || Array.isArray(value))
        throw new Error("The desired state must be an object: {...}");
    return value;
}

function section(title, value) {
    return value && h("div", {}, h("h3", {}, title), code(title, pretty(value)));
}

async function showShadow(box, thing, name) {
    const path = `/things/${api.part(thing)}/shadow`;
    const query = name ? {name} : {};
    const shadow = await getShadow(path, query);
    const desired = h("textarea", {rows: 8, spellcheck: "false", class: "code"});
    const told = place();
    const save = h("button", {class: "primary"}, "Save the desired state");
    const form = h("form", {}, field("Desired state (JSON)", desired), told, h("div", {class: "actions"}, save,
        button("Refresh", async () => {
            await showShadow(box, thing, name);
            box.querySelector("textarea").focus();
        }, told.show),
        shadow && button("Delete the shadow", async () => {
            if (!await ask("Delete this shadow?", "Delete the shadow"))
                return;
            await api.aws("DELETE", path, {query});
            await showShadow(box, thing, name);
            box.querySelector("textarea").focus(); /* the button is gone */
        }, told.show, {class: "danger"})));
    desired.value = pretty(shadow?.state?.desired);
    form.addEventListener("submit", (event) => {
        event.preventDefault();
        fault(desired, null);
        told.show();
        attempt(save, async () => {
            const wanted = withRemovals(shadow?.state?.desired, parse(desired.value));
            const body = {state: {desired: wanted}, ...(shadow ? {version: shadow.version} : {})};
            const accepted = await api.aws("POST", path, {query, body});
            await showShadow(box, thing, name);
            box.querySelector(".told").show(notice("good", `Saved as version ${accepted.version}.`));
            box.querySelector("textarea").focus();
        }, blames(desired));
    });
    const top = place({class: "told"});
    box.show(h("h2", {}, name ? `Shadow “${name}”` : "Classic shadow"), top,
        shadow ? h("p", {class: "hint"}, `Version ${shadow.version}`) : h("p", {class: "hint"}, "There is none yet; saving makes one."),
        h("div", {class: "pair"}, h("div", {}, form), h("div", {}, section("Reported", shadow?.state?.reported), section("Delta", shadow?.state?.delta))));
}

/* ---- one thing ---- */

async function showOne(body, name) {
    const path = `/things/${api.part(name)}`;
    const thing = await api.aws("GET", path);
    const {principals} = await api.aws("GET", `${path}/principals`);
    const {results} = await api.aws("GET", `/api/things/shadow/ListNamedShadowsForThing/${api.part(name)}`);
    const shadowName = h("input", {maxlength: 64, pattern: "[A-Za-z0-9:_\\-]+", required: true});
    const add = h("form", {class: "line"}, field("A named shadow", shadowName), h("button", {}, "Open"));
    add.addEventListener("submit", (event) => {
        event.preventDefault();
        openShadow(shadowName.value).then((box) => box.querySelector("textarea")?.focus());
        shadowName.value = "";
    });
    const shadows = place();
    async function openShadow(one) {
        const label = one ? `Shadow “${one}”` : "Classic shadow";
        const open = [...shadows.children].find((other) => other.getAttribute("aria-label") === label);
        const box = open ?? place({class: "card", role: "group", "aria-label": label});
        shadows.append(box);
        await showShadow(box, name, one).catch((error) => box.show(notice("bad", error.message)));
        return box;
    }
    body.show(h("section", {class: "card"}, facts([
            ["Name", h("bdi", {}, thing.thingName)], ["Type", thing.thingTypeName], ["Version", String(thing.version)],
            ["Certificates", principals.length === 0 ? "none" : h("ul", {class: "plain"}, principals.map((arn) => {
                const certificate = arn.split("/").at(-1);
                return h("li", {}, h("a", {href: `#/certificates/${certificate}`}, h("code", {class: "id"}, certificate)));
            }))]]),
        Object.keys(thing.attributes ?? {}).length > 0 &&
            table("Attributes", ["Attribute", "Value"], Object.entries(thing.attributes))), shadows, add);
    for (const one of ["", ...results])
        await openShadow(one);
}

export const show = (body, [name]) => name ? showOne(body, name) : showList(body);
