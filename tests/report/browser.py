"""Run a driver script inside a page in headless Chromium and return what it recorded."""

import html
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--virtual-time-budget=6000", "--dump-dom"),
)

CATCH = """<script>
window.faults = [];
addEventListener("error", (event) => faults.push(event.message));
addEventListener("unhandledrejection", (event) => faults.push(String(event.reason)));
addEventListener("securitypolicyviolation", (event) => faults.push(event.violatedDirective));
console.error = (...words) => faults.push(words.join(" "));
</script>"""

HELPERS = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
FRAME = """<!doctype html>
<pre id="result"></pre>
<iframe src="page.html%s" style="border:0;width:%dpx;height:%dpx"></iframe>
<script>
addEventListener("message", (event) => { document.getElementById("result").textContent = event.data; });
</script>"""


def drive(directory, page, driver, width=1280, height=900, fragment=""):
    """Open a page, run a driver, and return what it put into ``seen``; any error in the page fails the test.

    The page is loaded in a frame, because a headless window has at least 500 pixels.
    """
    browser = next(filter(None, map(shutil.which, NAMES)), None)
    if browser is None:
        pytest.skip(f"no browser found (looked for {', '.join(NAMES)})")
    driven = page.replace("<head>", f"<head>{CATCH}", 1)
    before, end, after = driven.rpartition("</body>")
    (directory / "page.html").write_text(
        f"{before}<script>{HELPERS.replace('%s', driver)}</script>{end}{after}", encoding="utf-8"
    )
    (directory / "frame.html").write_text(FRAME % (html.escape(fragment), width, height), encoding="utf-8")
    command = [browser, *FLAGS, f"--user-data-dir={directory / 'profile'}", "--window-size=1600,1000"]
    ran = subprocess.run(
        [*command, (directory / "frame.html").as_uri()], capture_output=True, text=True, timeout=120, check=False
    )
    found = re.search(r'<pre id="result">(.*?)</pre>', ran.stdout, re.DOTALL)
    assert found, f"the page did not load: {ran.stderr[-2000:]}"
    assert found.group(1), f"the driver returned nothing: {ran.stderr[-2000:]}"
    result = json.loads(html.unescape(found.group(1)))
    assert result["faults"] == [], result["faults"]
    return result["seen"]
