/* SPDX-License-Identifier: Apache-2.0 */
/* An MQTT client for tests: it sees what the broker carries, and publishes. */
import * as api from "./api.js";
import {h, attempt, button, field, notice, place, say, time} from "./dom.js";
import {live, listen} from "./live.js";

function shownPayload(message) {
    if (message.payloadBase64 !== undefined)
        return h("pre", {class: "payload"}, `base64: ${message.payloadBase64}`);
    try {
        return h("pre", {class: "payload"}, JSON.stringify(JSON.parse(message.payload), null, 2));
    } catch {
        return h("pre", {class: "payload"}, message.payload);
    }
}

function item(message) {
    return h("li", {class: "message"}, h("div", {class: "head"}, h("code", {}, message.topic), " ",
        h("span", {class: "hint"}, time(message.timeMs), ` QoS ${message.qos}${message.retain ? ", retained" : ""}${message.clientId ? `, from ${message.clientId}` : ""}`)),
        shownPayload(message));
}

function subscriptionBox(told) {
    const filter = h("input", {required: true, maxlength: 256, spellcheck: "false", autocapitalize: "none"});
    const add = h("button", {}, "Subscribe");
    const list = h("ul", {class: "plain", "aria-label": "Subscriptions"});
    const form = h("form", {}, field("Topic filter", filter, "+ stands for one level, # for all that follow. Topics that begin with $ have to be named."), add);
    function showAll(subscriptions) {
        list.replaceChildren(...subscriptions.map((one) => h("li", {class: "line"}, h("code", {}, one), " ",
            button("Unsubscribe", async () => showAll((await api.unsubscribe(one)).subscriptions), told.show, {class: "quiet", "aria-label": `Unsubscribe from ${one}`}))));
    }
    form.addEventListener("submit", (event) => {
        event.preventDefault();
        attempt(add, async () => {
            showAll((await api.subscribe(filter.value)).subscriptions);
            say(`Subscribed to ${filter.value}.`);
            filter.value = "";
            told.show();
        }, told.show);
    });
    return {box: h("section", {class: "card"}, h("h2", {}, "Subscribe"), form, list), showAll};
}

function publishBox(told) {
    const topic = h("input", {required: true, maxlength: 256, spellcheck: "false", autocapitalize: "none"});
    const payload = h("textarea", {rows: 4, spellcheck: "false", class: "code"});
    const qos = h("select", {}, h("option", {value: 0}, "0: at most once"), h("option", {value: 1}, "1: at least once"));
    const send = h("button", {class: "primary"}, "Publish");
    const form = h("form", {}, field("Topic", topic), field("Message", payload), field("Quality of service", qos), send);
    payload.value = "{\"message\": \"Hello from the Keymoor console\"}";
    form.addEventListener("submit", (event) => {
        event.preventDefault();
        attempt(send, async () => {
            await api.aws("POST", `/topics/${api.part(topic.value)}`, {query: {qos: qos.value}, body: payload.value});
            told.show(notice("good", `Published to ${topic.value}.`));
        }, told.show);
    });
    return h("section", {class: "card"}, h("h2", {}, "Publish"), form);
}

export function show(body, parts, signal) {
    const told = place();
    const subscriptions = subscriptionBox(told);
    const messages = h("ol", {class: "messages", role: "log", "aria-label": "Messages", "aria-live": "polite", tabindex: 0});
    const count = h("p", {class: "hint"});
    function counted() {
        const lost = live.lost > 0 ? ` ${live.lost} older ones did not fit.` : "";
        const brokers = live.brokers > 0 ? "" : " No broker is connected.";
        const some = messages.children.length > 0 ? `${messages.children.length} messages, the newest first.` : "No messages so far.";
        count.textContent = `${some}${lost}${brokers}`;
    }
    function all() {
        messages.replaceChildren(...live.messages.map(item).reverse());
        counted();
    }
    listen("messages", signal, (news) => {
        messages.prepend(...news.map(item).reverse());
        counted();
    });
    listen("state", signal, counted);
    body.show(told, h("div", {class: "pair"}, subscriptions.box, publishBox(told)),
        h("section", {class: "card"}, h("h2", {}, "Messages"), count, messages, button("Clear", async () => {
            live.clearMessages();
            all();
        }, told.show, {class: "quiet"})));
    subscriptions.showAll(live.subscriptions);
    all();
}
