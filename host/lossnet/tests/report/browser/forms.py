"""That a score has one form wherever it stands, and that what is read first is in view."""

import csv
import io

from files import saved
from loading import walk
from tables import column


def one_form(session):
    """Charts, tables, tooltips, files and the page without scripts show each score as lossnet wrote it."""
    forms = session.expected["forms"]
    page = session.open(1440, 1000)
    walk(page)
    values = [form["value"] for form in forms]
    assert "0.81" in values or len(set(values)) > 6, values
    # The chart of the leaderboard has all of them, in this order; that of the overview the best, and the baselines.
    for figure, wanted in (("figure-leaderboard", forms), ("overview-0", forms[:5] + forms[12:])):
        shown = page.locator(f"#{figure} svg text.number").all_text_contents()
        assert shown == [form["value"] for form in wanted], (figure, shown, wanted)
        assert all(form["value"] in page.locator(f"#{figure} svg").get_attribute("aria-label") for form in wanted[:5])
    by_name = {form["name"]: form for form in forms}
    names = page.locator("#leaderboard > .body > .grid-block tbody tr th").all_text_contents()
    cells = page.locator('#leaderboard > .body > .grid-block tbody tr td.number:has-text("0.")').all_text_contents()
    for form in forms:
        assert form["name"] in names and form["score"] in cells, (form, cells)
    in_cells = set(page.locator("#figure-heatmap svg .in-cell").all_text_contents())
    assert in_cells == {form["value"] for form in forms[:12]}, in_cells
    for backbone, value in zip(column(page, "results", "backbone"), column(page, "results", "value"), strict=True):
        assert value == by_name[backbone]["value"], (backbone, value)
    drawing = page.locator("#figure-leaderboard svg")
    drawing.scroll_into_view_if_needed()
    page.wait_for_timeout(200)
    drawing.focus()
    for form in forms[:3]:
        page.keyboard.press("ArrowDown")
        assert f": {form['value']}" in page.locator(".tip").inner_text()
    page.keyboard.press("Escape")
    for button in ("CSV", "LaTeX"):
        _, content = saved(page, page.locator("#leaderboard > .body > .grid-block .tools button", has_text=button))
        text = content.decode("utf-8")
        for form in forms:
            # LaTeX has minus signs of its own.
            assert form["score"].replace("-", "$-$" if button == "LaTeX" else "-") in text, (button, form, text)
        if button == "CSV":
            found = {row["label"]: row["score"] for row in csv.DictReader(io.StringIO(text))}
            assert found == {form["name"]: form["score"] for form in forms}, found
    plain = session.open(java_script_enabled=False)
    text = plain.locator("main").inner_text()
    assert all(form["score"] in text for form in forms), text


def in_view(session):
    """At 1440 pixels the standing on the leaderboard and the value in all results are in view and not cut off."""
    page = session.open(1440, 900)
    walk(page)
    for section, key in (("leaderboard", "value"), ("leaderboard", "standing"), ("results", "value")):
        wrong = page.evaluate(
            """([section, key]) => {
              const table = document.querySelector(`#${section} > .body > .grid-block table`);
              const box = table.closest(".scroll").getBoundingClientRect();
              const at = [...table.querySelectorAll("thead th")].findIndex((head) => head.dataset.key === key);
              return [...table.rows].map((row) => row.children[at]).filter((cell) => cell)
                .filter((cell) => cell.getBoundingClientRect().right > box.right || (cell.querySelector("button") ?? cell).scrollWidth > (cell.querySelector("button") ?? cell).clientWidth + 1)
                .map((cell) => cell.textContent);
            }""",
            [section, key],
        )
        assert not wrong, (section, key, wrong[:5])
