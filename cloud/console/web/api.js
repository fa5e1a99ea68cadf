/* SPDX-License-Identifier: Apache-2.0 */
/* What the pages ask of the server. Nothing of it is kept in the browser: the session is a cookie that scripts can't read. */

let csrf = "login"; /* before there is a session: the header alone shows that no other page's form is asking */

/* Dispatches "logged-out" when the server no longer knows the session. */
export const session = new EventTarget();

async function send(method, path, {query, body, headers, signal} = {}) {
    const parameters = new URLSearchParams(Object.entries(query ?? {}).filter(([, value]) => value !== undefined && value !== null));
    const answer = await fetch(`api/${path}${parameters.size ? `?${parameters}` : ""}`, {
        method,
        signal,
        cache: "no-store",
        credentials: "same-origin",
        headers: {"X-Keymoor-CSRF": csrf, ...headers},
        body,
    }).catch((error) => {
        throw signal?.aborted ? error : new Error("The control plane does not answer.");
    });
    const text = await answer.text();
    const content = text === "" ? {} : JSON.parse(text);
    if (answer.status === 401 && path !== "login")
        session.dispatchEvent(new Event("logged-out"));
    if (!answer.ok)
        throw Object.assign(new Error(sentence(content.message ?? `The server answered ${answer.status}.`)), {status: answer.status});
    return content;
}

function sentence(text) {
    return text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");
}

function take(description) {
    csrf = description.csrf;
    return description;
}

export const login = async (name, password) => take(await send("POST", "login", {body: JSON.stringify({name, password})}));
export const current = async () => take(await send("GET", "session"));
export async function logout() {
    await send("POST", "logout", {body: "{}"});
    csrf = "login";
}

export async function logoutEverywhere() {
    await send("POST", "logout-everywhere", {body: "{}"});
    csrf = "login";
}

export const live = (event, message, signal) => send("GET", "live", {query: {event, message}, signal});
export const subscribe = (filter) => send("POST", "subscriptions", {body: JSON.stringify({filter})});
export const unsubscribe = (filter) => send("POST", "subscriptions/remove", {body: JSON.stringify({filter})});
export const checkCa = (caCertificate, verificationCertificate) =>
    send("POST", "ca-check", {body: JSON.stringify({caCertificate, verificationCertificate})});

/* aws: an operation of the control plane, by its path; parts of it come encoded. A body that is no text becomes JSON. */
export const aws = (method, path, {body, ...more} = {}) =>
    send(method, `aws${path}`, {...more, body: body === undefined || typeof body === "string" ? body : JSON.stringify(body)});
export const part = encodeURIComponent;
