"""That the page loads, shows everything, and fits."""

import re
import time

SECTIONS = ["overview", "leaderboard", "layers", "predictors", "cost", "overall", "curves", "images", "results", "provenance"]


def walk(page):
    """Scrolls through the whole page, as figures are drawn when they come into view."""
    top = 0
    while top < page.evaluate("document.documentElement.scrollHeight"):
        page.evaluate(f"scrollTo(0, {top})")
        page.wait_for_timeout(50)
        top += 700
    page.evaluate("scrollTo(0, 0)")
    page.wait_for_timeout(50)


def figures(page):
    """Of each figure that is to be seen: its id, and the size of its drawing, or what it says in its place."""
    return page.evaluate(
        """() => [...document.querySelectorAll("figure[id]")].filter((figure) => !figure.closest("[hidden]")).map((figure) => {
          const drawing = figure.querySelector(".plot > svg");
          const box = drawing?.getBoundingClientRect();
          return {id: figure.id, size: box && [box.width, box.height], says: figure.querySelector(".plot > .nothing")?.textContent,
                  label: drawing?.getAttribute("aria-label"), parts: drawing?.querySelectorAll("*").length};
        })"""
    )


def loads(session):
    """Sections and figures are there, and each figure has a drawing with a size and a text alternative, or says why not."""
    started = time.monotonic()
    page = session.open()
    seconds = time.monotonic() - started
    wanted = session.expected.get("sections", SECTIONS)
    for section in SECTIONS:
        assert page.locator(f"section#{section}").count() == 1, section
        assert page.locator(f"section#{section} :is(h1, h2)").first.is_visible() == (section in wanted), section
    # What there is nothing to show in has no link, either.
    assert page.locator("#contents li:visible").count() == len(wanted), page.locator("#contents").inner_text()
    walk(page)
    shown = figures(page)
    for figure in shown:
        if figure["size"]:
            assert min(figure["size"]) > 40, figure
            assert len(figure["label"]) > 20 and figure["parts"] > 5, figure
        else:
            assert figure["says"], figure
    missing = set(session.expected["figures"]) - {figure["id"] for figure in shown if figure["size"]}
    assert not missing, missing
    # Numbers that are missing must never be spelled out as what a program calls them.
    text = page.locator("main").inner_text()
    for wrong in ("NaN ", "undefined", "null", "[object", "Infinity"):
        assert wrong not in text.replace("NaN\n", "").replace("NaN\t", ""), text[max(0, text.index(wrong) - 80) : text.index(wrong) + 40]
    for wanted in session.expected.get("texts", []):
        assert wanted in text, wanted
    drawn = page.evaluate("[...document.querySelectorAll('.drawing *')].filter((node) => /NaN|undefined|Infinity/.test(node.outerHTML.split('>')[0])).length")
    assert drawn == 0, f"{drawn} parts of drawings have no place"
    return {"seconds": seconds, "figures": [figure["id"] for figure in shown]}


def fits(session):
    """On phones nothing but tables, rows of images and the contents scrolls sideways, and no drawing is wider than its box."""
    for width, height in ((390, 844), (360, 640)):
        for scheme in ("light", "dark"):
            page = session.open(width, height, color_scheme=scheme)
            walk(page)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (width, scheme)
            wide = page.evaluate(
                """(width) => [...document.querySelectorAll("main *")]
                  .filter((node) => !node.closest(".scroll, .contents, .panel, pre, [hidden], .unseen, details:not([open]), dialog") && node.getBoundingClientRect().right > width + 1)
                  .map((node) => node.outerHTML.slice(0, 120))""",
                width,
            )
            assert not wide, wide[:3]
            page.context.close()


def labels_apart(session):
    """Names and ticks of drawings neither touch each other nor are cut off at their drawing's edges."""
    for width in (1280, 390):
        page = session.open(width, 900)
        walk(page)
        wrong = page.evaluate(
            """() => [...document.querySelectorAll(".plot > svg")].flatMap((drawing) => {
              const outer = drawing.getBoundingClientRect();
              const texts = [...drawing.querySelectorAll("text")].map((text) => [text.textContent, text.getBoundingClientRect()]);
              const found = texts.filter(([, box]) => box.left < outer.left - 1 || box.right > outer.right + 1 || box.bottom > outer.bottom + 1)
                .map(([text]) => `${drawing.closest("figure").id}: cut off: ${text}`);
              texts.forEach(([text, a], index) => texts.slice(index + 1).forEach(([other, b]) => {
                const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
                const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
                if (across > 1 && down > 3) found.push(`${drawing.closest("figure").id}: ${text} on ${other}`);
              }));
              return found;
            })"""
        )
        assert not wrong, (width, wrong[:8], len(wrong))
        page.context.close()


def without_scripts(session):
    """Without JavaScript the answer and the main leaderboards can be read, and nothing that needs it is shown."""
    page = session.open(java_script_enabled=False)
    text = page.locator("main").inner_text()
    for wanted in session.expected["texts"]:
        assert wanted in text, wanted
    assert page.locator("table.plain").first.is_visible()
    assert page.locator("#by-board").is_hidden()
    # No room is kept for contents that are not there.
    assert page.locator("main").bounding_box()["width"] > 1200
    assert page.locator("table.plain").first.bounding_box()["width"] > 300


def unreadable(session, before):
    """Scripts run, but the data can't be read: the page says so, and what needs no data can be read."""
    context = session.browser.new_context()
    context.add_init_script(before)
    page = context.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(session.page_file.as_uri())
    page.wait_for_selector("#unreadable:not([hidden])")
    text = page.locator("main").inner_text()
    for wanted in session.expected["texts"]:
        assert wanted in text, text[:2000]
    assert page.locator("#by-board").is_hidden()
    assert len(errors) == 1, errors


def says_it_is_too_old(session):
    unreadable(session, "delete window.DecompressionStream")


def says_it_is_damaged(session):
    unreadable(session, "")


def prints(session):
    """On paper everything is light and open, nothing is to be pressed, and long tables say what they leave out."""
    page = session.open(color_scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    page.wait_for_timeout(500)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    for gone in ("nav.contents", "#theme", ".tools"):
        assert page.locator(gone).first.is_hidden(), gone
    undrawn = [figure for figure in figures(page) if not figure["size"] and not figure["says"]]
    assert not undrawn, undrawn
    rows = page.locator("#leaderboard > .body > .grid-block tbody tr").count()
    assert rows == session.expected["rows"], rows
    assert session.expected["note"] in page.locator("#leaderboard > .body > .grid-block").inner_text()
    # Tables of thousands of rows are for the screen.
    assert page.locator("#results").is_hidden()
    path = session.out / "report.pdf"
    page.pdf(path=path, format="A4", print_background=True)
    pages = max(int(count) for count in re.findall(rb"/Count (\d+)", path.read_bytes()))
    assert 1 < pages < session.expected["pages"], pages
    return pages


def screenshots(session):
    """Pictures to look at: a window and a phone, light and dark, the whole page and its first screen."""
    for width, height in ((1280, 900), (390, 844)):
        for scheme in ("light", "dark"):
            page = session.open(width, height, color_scheme=scheme)
            walk(page)
            for whole in (True, False):
                path = session.out / f"{'page' if whole else 'screen'}-{width}-{scheme}.png"
                page.screenshot(path=path, full_page=whole)
                assert path.stat().st_size > 10_000
            page.context.close()
