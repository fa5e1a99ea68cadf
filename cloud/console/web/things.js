/* SPDX-License-Identifier: Apache-2.0 */
/* Things, and their shadows, whose desired state can be changed. */
import * as api from "./api.js";
import {h, attempt, button, facts, field, notice, place, table} from "./dom.js";
import {pager} from "./certificates.js";

async function showList(body) {
    await pager(body, "Things", ["Thing", "Type", "Attributes"],
        (nextToken) => api.aws("GET", "/things", {query: {maxResults: 50, nextToken}}),
        (page) => page.things.map((thing) => [h("a", {href: `#/things/${api.part(thing.thingName)}`}, thing.thingName), thing.thingTypeName ?? "",
            Object.entries(thing.attributes ?? {}).map(([name, value]) => `${name}=${value}`).join(", ")]),
        h("p", {class: "empty"}, "There are no things yet."));
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
    const result = {...after};
    for (const [name, value] of Object.entries(before ?? {})) {
        if (!(name in after))
            result[name] = null;
        else if (isObject(value) && isObject(after[name]))
            result[name] = withRemovals(value, after[name]);
    }
    return result;
}

function parse(text) {
    const value = JSON.parse(text);
    if (value === null || typeof value !== "object" || Array.isArray(value))
        throw new Error("The desired state must be an object: {...}");
    return value;
}

function section(title, value) {
    return value && h("div", {}, h("h3", {}, title), h("pre", {tabindex: 0, "aria-label": title}, pretty(value)));
}

async function showShadow(box, thing, name) {
    const path = `/things/${api.part(thing)}/shadow`;
    const query = name ? {name} : {};
    const shadow = await getShadow(path, query);
    const desired = h("textarea", {rows: 8, spellcheck: "false", class: "code", id: `desired-${name}`});
    const told = place();
    const save = h("button", {class: "primary"}, "Save the desired state");
    const form = h("form", {}, field("Desired state (JSON)", desired), told, h("div", {class: "actions"}, save,
        button("Refresh", () => showShadow(box, thing, name), told.show),
        shadow && button("Delete the shadow", async () => {
            if (!confirm("Delete this shadow?"))
                return;
            await api.aws("DELETE", path, {query});
            await showShadow(box, thing, name);
        }, told.show, {class: "danger"})));
    desired.value = pretty(shadow?.state?.desired);
    form.addEventListener("submit", (event) => {
        event.preventDefault();
        attempt(save, async () => {
            const wanted = withRemovals(shadow?.state?.desired, parse(desired.value));
            const body = {state: {desired: wanted}, ...(shadow ? {version: shadow.version} : {})};
            const accepted = await api.aws("POST", path, {query, body});
            await showShadow(box, thing, name);
            box.querySelector(".told").show(notice("good", `Saved as version ${accepted.version}.`));
            box.querySelector("textarea").focus();
        }, told.show);
    });
    const top = place({class: "told"});
    box.show(h("h2", {}, name ? `Shadow “${name}”` : "Classic shadow"), top,
        shadow ? h("p", {class: "hint"}, `Version ${shadow.version}`) : h("p", {class: "empty"}, "There is none yet; saving makes one."),
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
        openShadow(shadowName.value);
        shadowName.value = "";
    });
    const shadows = place();
    async function openShadow(one) {
        const box = place({class: "card"});
        shadows.append(box);
        await showShadow(box, name, one).catch((error) => box.show(notice("bad", error.message)));
    }
    body.show(h("section", {class: "card"}, facts([
            ["Name", thing.thingName], ["Type", thing.thingTypeName], ["Version", String(thing.version)],
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
