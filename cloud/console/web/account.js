/* SPDX-License-Identifier: Apache-2.0 */
/* Who is logged in, and where devices go. */
import * as api from "./api.js";
import {h, ask, button, facts, place} from "./dom.js";

export async function show(body) {
    const {name, account, region, endpoint} = await api.current();
    const told = place();
    body.show(told, h("section", {class: "card"}, facts([["Name", name], ["Account", account], ["Region", region], ["Endpoint of devices", endpoint && h("code", {}, endpoint)]]),
        h("div", {class: "actions"}, button("Log out everywhere", async () => {
            if (!await ask("End all your sessions, this one and those of other browsers?", "Log out everywhere"))
                return;
            await api.logoutEverywhere();
            api.session.dispatchEvent(new CustomEvent("logged-out", {detail: "You are logged out everywhere."}));
        }, told.show, {class: "danger"}))));
}
