/* SPDX-License-Identifier: Apache-2.0 */
/* Login, the menu, and which page is shown: the part of the address behind #. */
import * as api from "./api.js";
import {h, attempt, blames, fault, field, notice, place, say} from "./dom.js";
import {live} from "./live.js";
import * as account from "./account.js";
import * as cas from "./cas.js";
import * as certificates from "./certificates.js";
import * as events from "./events.js";
import * as mqtt from "./mqtt.js";
import * as register from "./register.js";
import * as things from "./things.js";

const pages = {
    register: {title: "Register a CA", show: register.show},
    cas: {title: "CAs", one: "CA", show: cas.show},
    certificates: {title: "Certificates", one: "Certificate", show: certificates.show},
    things: {title: "Things", one: "Thing", show: things.show},
    events: {title: "Events", show: events.show},
    mqtt: {title: "MQTT client", show: mqtt.show},
    account: {title: "Your account", show: account.show},
};
const main = document.getElementById("main");
const header = document.getElementById("header");
let left = new AbortController(); /* aborted when the page that is shown is left */
let isIn = false;

/* ---- pages ---- */

function title(text) {
    document.title = `${text} - Keymoor console`;
}

/* The first part names the page, the rest is the page's own. */
function wanted() {
    const parts = location.hash.replace(/^#\/?/, "").split("/").filter(Boolean);
    try {
        return Object.hasOwn(pages, parts[0]) ? parts.map(decodeURIComponent) : ["cas"];
    } catch {
        return ["cas"]; /* an address that somebody made up */
    }
}

function shortened(name) {
    return /^[0-9a-f]{64}$/.test(name) ? `${name.slice(0, 8)}…` : name;
}

function leavePage() {
    left.abort();
    left = new AbortController();
    document.querySelector("dialog")?.close();
}

async function showPage(isNew) {
    const [name, ...rest] = wanted();
    leavePage();
    for (const link of document.querySelectorAll("header a")) {
        if (link.dataset.page === name)
            link.setAttribute("aria-current", "page");
        else
            link.removeAttribute("aria-current");
    }
    const body = place();
    const {title: all, one} = pages[name];
    const heading = h("h1", {tabindex: -1}, rest.length === 0 || !one ? all : [`${one} `, h("bdi", {}, shortened(rest[0]))]);
    title(heading.textContent);
    main.replaceChildren(heading, body);
    if (isNew)
        heading.focus();
    try {
        await pages[name].show(body, rest, left.signal);
    } catch (error) {
        if (error.status !== 401)
            body.show(notice("bad", error.message));
    }
}

/* ---- in and out ---- */

function enter(description) {
    isIn = true;
    header.hidden = false;
    document.getElementById("who").replaceChildren(h("a", {href: "#/account", "data-page": "account"}, description.name), `account ${description.account}, ${description.region}`);
    live.start();
    showPage(true);
}

function leave(why) {
    if (!isIn && why)
        return;
    isIn = false;
    leavePage();
    live.stop();
    header.hidden = true;
    showLogin(why);
}

function showLogin(why) {
    const name = h("input", {name: "name", autocomplete: "username", autocapitalize: "none", spellcheck: "false", required: true, maxlength: 64});
    const password = h("input", {name: "password", type: "password", autocomplete: "current-password", required: true, maxlength: 128});
    const enterButton = h("button", {class: "primary"}, "Log in");
    const form = h("form", {class: "login", "aria-labelledby": "login-title"}, h("img", {src: "icon.svg", alt: "", width: 48, height: 48}),
                   h("h1", {id: "login-title"}, "Log in to the Keymoor console"), why && notice("info", why), field("Name", name), field("Password", password), enterButton);
    form.addEventListener("submit", (event) => {
        event.preventDefault();
        fault(password, null);
        attempt(enterButton, async () => {
            const secret = password.value;
            password.value = "";
            enter(await api.login(name.value, secret));
        }, blames(password));
    });
    title("Log in");
    main.replaceChildren(form);
    name.focus();
    say(why);
}

/* ---- start ---- */

document.getElementById("menu").append(...Object.entries(pages).filter(([name]) => name !== "account").map(([name, page]) =>
    h("li", {}, h("a", {href: `#/${name}`, "data-page": name}, page.title))));
document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault(); /* the address names the page */
    main.focus();
});
document.getElementById("logout").addEventListener("click", async () => {
    await api.logout().catch(() => {});
    leave("");
    say("Logged out.");
});
window.addEventListener("hashchange", () => { if (isIn) showPage(true); });
api.session.addEventListener("logged-out", (event) => leave(event.detail ?? "Your session has ended. Log in again."));
api.current().then(enter, () => showLogin(""));
