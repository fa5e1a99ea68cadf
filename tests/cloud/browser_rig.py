# SPDX-License-Identifier: Apache-2.0
"""A headless Chromium for tests of the console: what is on the page for eyes, ears and fingers."""
import os
import tempfile

from broker_rig import until

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

SHOTS = os.environ.get("KM_TEST_SHOTS")
WAIT_S = 60


class Browser:
    def __init__(self):
        # pylint: disable=consider-using-with
        self.home = tempfile.TemporaryDirectory(prefix="km-chromium-", ignore_cleanup_errors=True)
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-background-networking",
                         "--disable-component-update", "--no-first-run", f"--user-data-dir={self.home.name}", "--window-size=1280,1000"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
        self.driver.set_page_load_timeout(WAIT_S)

    def close(self):
        self.driver.quit()
        self.home.cleanup()

    def shot(self, name):
        if SHOTS:
            self.driver.save_screenshot(f"{SHOTS}/{name}.png")

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector):
        return until(lambda: self.all(selector), f"an element {selector}; the page says {self.text()[:800]}")[0]

    def text(self):
        return self.driver.execute_script("return document.body.innerText")

    def see(self, text):
        until(lambda: text in self.text(), f"the text {text!r}; the page says {self.text()[:800]}")

    def labelled(self, label):
        """The control that a label is for, as a screen reader finds it."""
        return until(lambda: self.driver.execute_script(
            "return [...document.querySelectorAll('label')].find((l) => l.textContent === arguments[0])?.control ?? null", label),
            f"a control labelled {label!r}; the page says {self.text()[:500]}")

    def button(self, text):
        return until(lambda: self.driver.execute_script(
            "return [...document.querySelectorAll('button:enabled')].find((b) => b.innerText === arguments[0] && b.checkVisibility()) ?? null",
            text), f"a button {text!r} that can be pressed; the page says {self.text()[:1500]}")

    def go(self, page):
        self.one(f"#menu a[data-page={page}]").click()
        title = self.one(f"#menu a[data-page={page}]").text
        until(lambda: self.driver.execute_script("return document.querySelector('h1')?.innerText") == title, f"the page {title}")

    def focused(self):
        return self.driver.switch_to.active_element

    def cdp(self, method, **parameters):
        return self.driver.execute_cdp_cmd(method, parameters)

    def script(self, text, *arguments):
        return self.driver.execute_script(text, *arguments)

    def login(self, cloud):
        self.driver.get(cloud.url + "/console/")
        self.labelled("Name").send_keys(cloud.user, Keys.TAB, cloud.password, Keys.ENTER)
        self.one("#menu a[aria-current]")

    def visit(self, address, text):
        """A page by its address, and what is to be seen on it."""
        self.script("location.hash = arguments[0]", address)
        self.see(text)

    def give(self, label, path):
        """A file for a field."""
        self.labelled(label).send_keys(path)

    def drop(self, selector, files):
        """Drops files, (name, octets) each, as from a file manager; none: a piece of text."""
        self.script(DROP, selector, [(name, list(octets)) for name, octets in files])

    # ---- how it is looked at ----

    def scheme(self, name):
        self.cdp("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name},
                                                         {"name": "prefers-reduced-motion", "value": "reduce"}])

    def screen(self, width=1280, height=900, scale=1):
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=False)

    def spill(self):
        """What is wider than the screen, and makes the page move sideways."""
        return self.script(SPILL)

    def contrast(self):
        """Texts that stand out from their ground by less than 4.5 to 1."""
        return self.script(CONTRAST)

    # ---- keys ----

    def key(self, name, shift=False):
        code, text = KEYS[name]
        event = {"key": name if name != "Space" else " ", "code": name, "windowsVirtualKeyCode": code, "modifiers": 8 if shift else 0}
        self.cdp("Input.dispatchKeyEvent", type="keyDown", text=text, **event)
        self.cdp("Input.dispatchKeyEvent", type="keyUp", **event)

    def type(self, text):
        for letter in text:
            self.cdp("Input.dispatchKeyEvent", type="keyDown", key=letter, text=letter)
            self.cdp("Input.dispatchKeyEvent", type="keyUp", key=letter)

    def tab_to(self, name):
        """Tab, until what has this name is focused; each stop on the way shows that it is focused."""
        seen = []
        for _ in range(80):
            self.key("Tab")
            element = self.focused()
            seen.append(element.accessible_name)
            if element.tag_name != "body":
                assert self.script(FOCUS, element), f"{seen[-1]!r} does not show that it is focused"
            if seen[-1] == name:
                return element
        raise AssertionError(f"Tab does not lead to {name!r} but to {seen}")

    # ---- what a screen reader is told ----

    def tree(self):
        """The accessibility tree without what it ignores: (role, name, description, properties, parent's index), parents first."""
        nodes = {node["nodeId"]: node for node in self.cdp("Accessibility.getFullAXTree")["nodes"]}
        found = []

        def add(node, parent):
            here = parent
            if not node["ignored"]:
                value = lambda what: node.get(what, {}).get("value", "")  # noqa: E731
                properties = {one["name"]: one["value"].get("value") for one in node.get("properties", [])}
                found.append((value("role"), value("name"), value("description"), properties, parent))
                here = len(found) - 1
            for child in node.get("childIds", []):
                if child in nodes:
                    add(nodes[child], here)
        roots = [node for node in nodes.values() if node.get("parentId") not in nodes]
        for root in roots:
            add(root, None)
        return found


KEYS = {"Tab": (9, ""), "Enter": (13, "\r"), "Escape": (27, ""), "Space": (32, " "), "ArrowDown": (40, "")}

DROP = """
const data = new DataTransfer();
if (arguments[1].length === 0) data.items.add("some text", "text/plain");
for (const [name, octets] of arguments[1]) data.items.add(new File([new Uint8Array(octets)], name));
document.querySelector(arguments[0]).dispatchEvent(new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true}));
"""

# Headings that are focused to be read need not show it.
FOCUS = """
const style = getComputedStyle(arguments[0]);
return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
"""

SPILL = """
const wide = document.documentElement.clientWidth;
if (document.documentElement.scrollWidth <= wide) return [];
return [...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > wide + 1)
    .map((e) => [e.tagName, e.className, e.textContent.slice(0, 40)]);
"""

CONTRAST = """
function parse(c) { const m = c.match(/[\\d.]+/g).map(Number); return m.length > 3 ? m : [...m, 1]; }
function light([r, g, b]) {
    const f = (v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b);
}
function ground(e) {
    for (; e; e = e.parentElement) {
        const c = parse(getComputedStyle(e).backgroundColor);
        if (c[3] === 1) return c;
    }
    return [255, 255, 255, 1];
}
const bad = [];
for (const e of document.querySelectorAll("body *")) {
    const has = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!has || !e.checkVisibility() || e.closest(":disabled, script, noscript, .visually-hidden, .skip")) continue;
    const [a, b] = [light(parse(getComputedStyle(e).color)), light(ground(e))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) bad.push([e.tagName, e.className, e.textContent.slice(0, 40), ratio]);
}
return bad;
"""
