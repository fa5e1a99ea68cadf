/* SPDX-License-Identifier: Apache-2.0 */
/* What happens while a page is open: one request after the other, each answered when there is something. */
import * as api from "./api.js";

export const KEEP = 500; /* the newest events and messages that are remembered while the console is open */
const KEEP_CHARACTERS = 2 << 20; /* of messages, all together */
const RETRY_MS = 2000;
const PAUSE_MS = 250; /* between two requests: what comes faster comes together */

const pause = (ms) => new Promise((done) => { setTimeout(done, ms); });

/* newest: as many of the last messages as there is room for. */
function newest(messages) {
    let room = KEEP_CHARACTERS;
    let n = 0;
    while (n < messages.length && n < KEEP) {
        const {payload, payloadBase64} = messages.at(-1 - n);
        room -= (payload ?? payloadBase64).length;
        if (room < 0)
            break;
        n++;
    }
    return messages.slice(messages.length - n);
}

class Live extends EventTarget {
    events = [];
    messages = [];
    subscriptions = [];
    brokers = 0;
    lost = 0;
    isUp = false;
    #event = 0;
    #message = 0;
    #seat = null;
    #stop = null;

    start() {
        this.#stop = new AbortController();
        this.#run(this.#stop.signal);
    }

    stop() {
        this.#stop?.abort();
        Object.assign(this, {events: [], messages: [], subscriptions: [], brokers: 0, lost: 0, isUp: false});
        this.#event = 0;
        this.#message = 0;
        this.#seat = null;
    }

    clearMessages() {
        this.messages = [];
    }

    async #run(signal) {
        while (!signal.aborted) {
            try {
                this.#take(await api.live(this.#event || undefined, this.#message || undefined, signal));
                await pause(PAUSE_MS);
            } catch (error) {
                if (signal.aborted || error.status === 401)
                    return;
                this.#tell("state", {isUp: this.isUp = false});
                await pause(RETRY_MS);
            }
        }
    }

    /* Another control plane answers, or a new one: it has to be told what was subscribed to, and counts messages anew. */
    #move(news) {
        if (this.#seat !== null && this.#seat !== news.seat) {
            this.#message = 0;
            for (const filter of this.subscriptions)
                api.subscribe(filter).catch(() => {}); /* the next news tell what is there */
        }
        this.#seat = news.seat;
    }

    #take(news) {
        this.#move(news);
        const first = news.messages[0]?.number;
        if (this.#message > 0 && first > this.#message + 1)
            this.lost += first - this.#message - 1;
        this.#event = news.events.at(-1)?.id ?? this.#event;
        /* Without any event so far the server would send the newest ones at once, again and again. */
        this.#event ||= 1;
        this.#message = news.messages.at(-1)?.number ?? this.#message;
        this.events = [...this.events, ...news.events].slice(-KEEP);
        this.messages = newest([...this.messages, ...news.messages]);
        this.subscriptions = news.subscriptions;
        this.brokers = news.brokers;
        this.brokerLost = news.lost;
        this.isUp = true;
        this.#tell("state", {});
        if (news.events.length > 0)
            this.#tell("events", news.events);
        if (news.messages.length > 0)
            this.#tell("messages", news.messages);
    }

    #tell(type, detail) {
        this.dispatchEvent(new CustomEvent(type, {detail}));
    }
}

export const live = new Live();

/* listen: until the page that the signal belongs to is left. */
export function listen(type, signal, take) {
    live.addEventListener(type, (event) => take(event.detail), {signal});
}
