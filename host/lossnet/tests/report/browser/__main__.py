"""Drives a headless Chromium through a report's page.

    python browser CHECK PAGE OUT [EXPECTED]

CHECK names a function of one of the modules beside this file; PAGE is an HTML file, OUT a folder for what the check makes,
EXPECTED a JSON file with what the page must show. What a check returns is printed as JSON; what is wrong ends it with a
traceback.
"""

import json
import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

import access
import choices
import files
import forms
import loading
import reading
import tables

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--no-first-run",
]


class Session:
    """A browser, the page's file, and what the page has complained about."""

    def __init__(self, browser, page_file, out, expected):
        self.browser = browser
        self.page_file = page_file
        self.out = out
        self.expected = expected
        self.complaints = []

    def open(self, width=1280, height=900, state="", **options):
        """The page in a new window; `state` is what follows the # of its address."""
        context = self.browser.new_context(viewport={"width": width, "height": height}, **options)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("console", lambda message: message.type in ("error", "warning") and self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: (self.complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("requestfailed", lambda request: self.complaints.append(f"failed: {request.url[:200]}"))
        page.on("request", self.watch)
        page.goto(self.page_file.as_uri() + (f"#{state}" if state else ""))
        if options.get("java_script_enabled", True):
            page.wait_for_selector("html[data-ready]", state="attached")
        return page

    def watch(self, request):
        if not request.url.startswith(("file:", "data:", "blob:")):
            self.complaints.append(f"asks the network: {request.url[:200]}")


def chromium():
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    raise SystemExit("no chromium is on PATH")


def main():
    check, page_file, out, *expected = sys.argv[1:]
    expected = json.loads(Path(expected[0]).read_text()) if expected else None
    function = next(getattr(module, check) for module in (loading, tables, choices, files, forms, reading, access) if hasattr(module, check))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        session = Session(browser, Path(page_file), Path(out), expected)
        found = function(session)
        browser.close()
    assert not session.complaints, session.complaints
    print(json.dumps(found))


if __name__ == "__main__":
    main()
