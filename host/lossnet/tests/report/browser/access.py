"""That people with any senses and hands can use the page."""

from axe_playwright_python.sync_playwright import Axe

from loading import walk


def accessible(session):
    """axe-core finds nothing serious, in a window and on a phone, light and dark, drawings and tables."""
    found = []
    for width, height, scheme in ((1280, 900, "light"), (1280, 900, "dark"), (390, 844, "light")):
        page = session.open(width, height, color_scheme=scheme, bypass_csp=True)
        walk(page)
        page.locator("#figure-heatmap").get_by_role("button", name="Table").click()
        page.locator("details.facet summary").first.click()
        results = Axe().run(page)
        for violation in results.response["violations"]:
            nodes = [node["html"][:200] for node in violation["nodes"][:3]]
            found.append((width, scheme, violation["impact"], violation["id"], len(violation["nodes"]), nodes))
        page.context.close()
    serious = [one for one in found if one[2] in ("serious", "critical")]
    assert not serious, serious
    return [one[:5] for one in found]


def structure(session):
    """Landmarks, one first heading, no level left out, names for all controls, and sizes that fingers hit."""
    page = session.open()
    levels = page.evaluate("[...document.querySelectorAll('main :is(h1, h2, h3, h4)')].filter((node) => !node.closest('[hidden], noscript, dialog')).map((node) => Number(node.tagName[1]))")
    assert levels.count(1) == 1, levels
    assert all(after <= before + 1 for before, after in zip(levels, levels[1:])), levels
    for landmark in ("header", "main", "nav[aria-label]"):
        assert page.locator(landmark).count() == 1, landmark
    nameless = page.evaluate(
        """[...document.querySelectorAll("button, select, input")]
          .filter((node) => !(node.textContent.trim() || node.getAttribute("aria-label") || node.labels?.length)).map((node) => node.outerHTML.slice(0, 120))"""
    )
    assert not nameless, nameless
    assert page.locator("[aria-live]").count() >= 1
