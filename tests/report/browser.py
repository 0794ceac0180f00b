"""A page in real headless Chromium: a driver runs inside it, and what it saw comes back as JSON."""

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
<pre id="told"></pre>
<iframe src="page.html%s" style="border:0;width:%dpx;height:%dpx"></iframe>
<script>
addEventListener("message", (event) => { document.getElementById("told").textContent = event.data; });
</script>"""


def drive(folder, page, driver, width=1280, height=900, fragment=""):
    """Open a page and return what a driver puts into ``seen``; any error in the page fails the test.

    The page stands in a frame, for a headless window is never narrower than 500 pixels.
    """
    browser = next(filter(None, map(shutil.which, NAMES)), None)
    if browser is None:
        pytest.skip(f"no browser here (looked for {', '.join(NAMES)})")
    driven = page.replace("<head>", f"<head>{CATCH}", 1)
    before, end, after = driven.rpartition("</body>")
    (folder / "page.html").write_text(
        f"{before}<script>{HELPERS.replace('%s', driver)}</script>{end}{after}", encoding="utf-8"
    )
    (folder / "frame.html").write_text(FRAME % (html.escape(fragment), width, height), encoding="utf-8")
    command = [browser, *FLAGS, f"--user-data-dir={folder / 'profile'}", "--window-size=1600,1000"]
    ran = subprocess.run(
        [*command, (folder / "frame.html").as_uri()], capture_output=True, text=True, timeout=120, check=False
    )
    found = re.search(r'<pre id="told">(.*?)</pre>', ran.stdout, re.DOTALL)
    assert found, f"no page came back: {ran.stderr[-2000:]}"
    assert found.group(1), f"the driver said nothing: {ran.stderr[-2000:]}"
    told = json.loads(html.unescape(found.group(1)))
    assert told["faults"] == [], told["faults"]
    return told["seen"]
