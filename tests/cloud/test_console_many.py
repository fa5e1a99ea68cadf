#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The console of a large fleet: its pages stay as small as those of a little one."""
import hashlib
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
# pylint: disable=wrong-import-position
from broker_rig import until
from test_console_access import Rig

CERTIFICATES = 10000
NODES_MAX = 25000  # 500 rows of events, with all that is in them
NODES_GROWTH_MAX = 2000
HEAP_GROWTH_MAX = 8 << 20


class Many(Rig):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.register(cls.visitor(), "ca")
        cls.register(cls.visitor(), "device", "ca")
        with cls.cloud.database() as database:
            database.execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) INSERT INTO certificate "
                             "SELECT printf('%064x', i), account, ca_id, mode, status, generation_id, previous_account, transfer_to, customer_version, "
                             "created_ms + i, modified_ms, not_before_ms, not_after_ms FROM certificate, n WHERE id = ?",
                             (CERTIFICATES, cls.pki.identity("device")))
        cls.browser.login(cls.cloud)

    def size(self):
        """How many octets and elements there are in the tab, what is no longer used taken away."""
        b = self.browser
        b.cdp("Performance.enable")
        b.cdp("HeapProfiler.collectGarbage")
        metrics = {one["name"]: one["value"] for one in b.cdp("Performance.getMetrics")["metrics"]}
        return int(metrics["JSHeapUsedSize"]), int(metrics["Nodes"])

    def test_certificates_by_pages(self):
        b = self.browser
        b.visit("#/certificates", "Page 1")
        self.assertEqual(len(b.all("tbody tr")), 50)
        self.assertFalse(b.script("return [...document.querySelectorAll('.turning button:enabled')].some((e) => e.innerText === 'Previous')"))
        seen = set()
        for page in range(2, 12):
            seen.update(element.text for element in b.all("tbody th")[:3])
            b.button("Next").click()
            b.see(f"Page {page}")
            until(lambda: b.focused().get_attribute("aria-label") == f"Certificates, page {page}", "the new page's list is focused")  # pylint: disable=cell-var-from-loop
            self.assertEqual(len(b.all("tbody tr")), 50)
        self.assertEqual(len(seen), 30)
        b.button("Previous").click()
        b.see("Page 10")
        self.assertLess(self.size()[1], NODES_MAX)
        b.labelled("A certificate's id").send_keys(f" {self.pki.identity('device')} \n")
        b.see("Policies")
        b.visit("#/certificates", "Page 1")
        b.labelled("A certificate's id").send_keys("1234\n")
        self.assertFalse(b.script("return document.querySelector('.opener').checkValidity()"))

    def test_certificates_of_a_ca_by_pages(self):
        b = self.browser
        b.visit("#/cas", "ACTIVE")
        b.one("tbody a").click()
        b.see("Page 1")
        b.button("Next").click()
        b.see("Page 2")
        self.assertEqual(len(b.all("tbody tr")), 50)

    def test_events(self):
        b = self.browser
        b.visit("#/events", "ConsoleLogin")
        sizes = []
        for batch in range(40):
            self.cloud.add_events([{"client_id": f"batch-{batch}-{i}", "reason": "r" * 60, "certificate_id": f"{i:064x}"} for i in range(100)])
            # The page's whole text would stay in the browser's memory each time that it is asked for.
            newest = f"batch-{batch}-99"
            until(lambda: b.script("return document.querySelector('tbody tr').textContent.includes(arguments[0])", newest), newest)  # pylint: disable=cell-var-from-loop
            if batch in (9, 39):
                sizes.append(self.size())
        self.assertEqual(len(b.all("tbody tr")), 500)
        self.assertLess(sizes[1][1], NODES_MAX)
        self.assertLess(sizes[1][1] - sizes[0][1], NODES_GROWTH_MAX)
        self.assertLess(sizes[1][0] - sizes[0][0], HEAP_GROWTH_MAX)
        b.visit("#/cas", "ACTIVE")
        b.visit("#/events", "batch-39-99")
        self.assertEqual(len(b.all("tbody tr")), 500)

    def test_messages(self):
        b = self.browser
        b.visit("#/mqtt", "Subscribe")
        b.labelled("Topic filter").send_keys("large/#\n")
        b.one("button[aria-label='Unsubscribe from large/#']")
        visitor = self.visitor()
        for i in range(60):
            self.assertEqual(visitor.api("POST", f"aws/topics/large%2F{i}?qos=1", "m" * 100000).status, 200)
            b.see(f"large/{i}")
        self.assertEqual(len(b.all(".message")), (2 << 20) // 100000)
        self.assertLess(b.script("return document.querySelector('.messages').textContent.length"), 500000)


    def test_many_people(self):
        """Whose seat another one needs gets a new one, and what the page had subscribed to is there again."""
        b = self.browser
        b.visit("#/mqtt", "Subscribe")
        b.labelled("Topic filter").send_keys("crowd/#\n")
        b.one("button[aria-label='Unsubscribe from crowd/#']")
        own = self.visitor()
        tokens = [f"{i:064x}" for i in range(64)]
        with self.cloud.database() as database:
            database.executemany("INSERT INTO console_session SELECT ?, account, name, csrf, made_ms, used_ms FROM console_session LIMIT 1",
                                 [(hashlib.sha256(token.encode()).hexdigest(),) for token in tokens])
        name = own.cookie.split("=")[0]
        for token in tokens:
            self.assertEqual(own.api("GET", "session", Cookie=f"{name}={token}").status, 200)

        def published():
            self.assertEqual(own.api("POST", "aws/topics/crowd%2F1", "after all").status, 200)
            return "after all" in b.text()
        until(published, "messages come again")
        self.assertEqual(len(b.all("button[aria-label='Unsubscribe from crowd/#']")), 1)


if __name__ == "__main__":
    unittest.main(warnings="ignore")
