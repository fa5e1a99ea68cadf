/* SPDX-License-Identifier: Apache-2.0 */
/* An MQTT client for tests: it sees what the broker carries, and publishes. */
import * as api from "./api.js";
import {h, attempt, blames, button, empty, fault, field, notice, place, say, teller, time} from "./dom.js";
import {live, listen} from "./live.js";

const SHOWN_MAX = 16384;  /* characters of a payload */
const PRETTY_MAX = 4096;  /* of one that is laid out anew: what is nested deeply grows by it */

/* JSON is laid out for reading, but only where that changes no number and no name. */
function pretty(text) {
    try {
        const value = JSON.parse(text);
        return JSON.stringify(value) === text.replace(/("(?:[^"\\]|\\.)*")|\s+/g, "$1") ? JSON.stringify(value, null, 2) : text;
    } catch {
        return text;
    }
}

function shownPayload({payload, payloadBase64}) {
    const whole = payload === undefined ? `base64: ${payloadBase64}` : payload;
    const text = whole.length <= PRETTY_MAX && payload !== undefined ? pretty(whole) : whole;
    return [h("pre", {class: "payload"}, text.slice(0, SHOWN_MAX)),
            text.length > SHOWN_MAX && h("p", {class: "hint"}, `${text.length - SHOWN_MAX} more characters are not shown.`)];
}

function item(message) {
    return h("li", {class: "message"}, h("div", {class: "head"}, h("code", {class: "topic"}, message.topic), " ",
        h("span", {class: "hint"}, time(message.timeMs), ` QoS ${message.qos}${message.retain ? ", retained" : ""}`, message.clientId && [", from ", h("bdi", {}, message.clientId)])),
        shownPayload(message));
}

function summary(messages) {
    return messages.length === 1 ? `Message on ${messages[0].topic}: ${(messages[0].payload ?? "octets that are no text").slice(0, 100)}` : `${messages.length} new messages.`;
}

function subscriptionBox() {
    const told = place();
    const filter = h("input", {required: true, maxlength: 256, spellcheck: "false", autocapitalize: "none"});
    const add = h("button", {}, "Subscribe");
    const list = h("ul", {class: "plain", "aria-label": "Subscriptions"});
    const form = h("form", {}, field("Topic filter", filter, "+ stands for one level, # for all that follow. Topics that begin with $ have to be named."), add);
    let shown = null;
    function showAll(subscriptions) {
        live.subscriptions = subscriptions;
        if (shown === subscriptions.join("\n"))
            return; /* who is at one of the buttons stays there */
        shown = subscriptions.join("\n");
        list.replaceChildren(...subscriptions.map((one) => h("li", {class: "line"}, h("code", {}, one), " ",
            button("Unsubscribe", () => unsubscribe(one), told.show, {class: "quiet", "aria-label": `Unsubscribe from ${one}`}))));
    }
    async function unsubscribe(one) {
        showAll((await api.unsubscribe(one)).subscriptions);
        say(`No longer subscribed to ${one}.`);
        filter.focus(); /* the button is gone */
    }
    form.addEventListener("submit", (event) => {
        event.preventDefault();
        fault(filter, null);
        attempt(add, async () => {
            showAll((await api.subscribe(filter.value)).subscriptions);
            say(`Subscribed to ${filter.value}.`);
            filter.value = "";
        }, blames(filter));
    });
    return {box: h("section", {class: "card"}, h("h2", {}, "Subscribe"), form, told, list), showAll};
}

function publishBox() {
    const told = place();
    const topic = h("input", {required: true, maxlength: 256, spellcheck: "false", autocapitalize: "none"});
    const payload = h("textarea", {rows: 4, spellcheck: "false", class: "code"});
    const qos = h("select", {}, h("option", {value: 0}, "0: at most once"), h("option", {value: 1}, "1: at least once"));
    const send = h("button", {class: "primary"}, "Publish");
    const form = h("form", {}, field("Topic", topic), field("Message", payload), field("Quality of service", qos), send);
    payload.value = "{\"message\": \"Hello from the Keymoor console\"}";
    form.addEventListener("submit", (event) => {
        event.preventDefault();
        fault(topic, null);
        told.show();
        attempt(send, async () => {
            await api.aws("POST", `/topics/${api.part(topic.value)}`, {query: {qos: qos.value}, body: payload.value});
            told.show(notice("good", `Published to ${topic.value}.`));
        }, blames(topic));
    });
    return h("section", {class: "card"}, h("h2", {}, "Publish"), form, told);
}

export function show(body, parts, signal) {
    const subscriptions = subscriptionBox();
    const messages = h("ol", {class: "messages", "aria-label": "Messages", tabindex: 0});
    const nothing = place();
    const tell = teller(summary, signal);
    const clear = button("Clear", async () => {
        live.clearMessages();
        all();
        say("No messages.");
    }, nothing.show, {class: "quiet"});
    const count = h("p", {class: "hint"});
    function counted() {
        const lost = live.lost > 0 ? ` ${live.lost} older ones did not fit.` : "";
        const brokers = live.brokers > 0 ? "" : " No broker is connected.";
        const n = messages.children.length;
        count.textContent = `${n > 0 ? `${n} ${n === 1 ? "message" : "messages"}, the newest first.` : ""}${lost}${brokers}`;
        messages.hidden = n === 0;
        nothing.show(n === 0 && empty("No messages so far.", "Subscribe to a topic filter, and what devices publish appears here."));
    }
    function all() {
        messages.replaceChildren(...live.messages.map(item).reverse());
        counted();
    }
    listen("messages", signal, (news) => {
        messages.prepend(...news.map(item).reverse());
        while (messages.children.length > live.messages.length)
            messages.lastElementChild.remove();
        counted();
        tell(news);
    });
    listen("state", signal, () => {
        counted();
        subscriptions.showAll(live.subscriptions);
    });
    body.show(h("div", {class: "pair"}, subscriptions.box, publishBox()),
        h("section", {class: "card"}, h("div", {class: "bar"}, h("h2", {}, "Messages"), clear), count, messages, nothing));
    subscriptions.showAll(live.subscriptions);
    all();
}
