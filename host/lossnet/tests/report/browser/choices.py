"""That what a reader chooses holds, and that a keyboard is enough."""

from urllib.parse import parse_qs

from loading import walk
from tables import column, status


def ground(page):
    return page.evaluate("getComputedStyle(document.body).backgroundColor")


def themes(session):
    """Light and dark follow the system until the reader chooses."""
    light = session.open(color_scheme="light")
    dark = session.open(color_scheme="dark")
    pale, deep = ground(light), ground(dark)
    assert pale != deep
    light.get_by_role("button", name="Dark").click()
    assert ground(light) == deep
    dark.get_by_role("button", name="Light").click()
    assert ground(dark) == pale
    dark.get_by_role("button", name="Auto").click()
    assert ground(dark) == deep


def addresses(session):
    """The address holds all choices: opened elsewhere it shows the same, and editing it changes the page."""
    wanted = session.expected
    page = session.open()
    page.get_by_role("button", name="Dark").click()
    page.select_option("#board", index=1)
    facet = page.locator("details.facet", has_text="Backbone").first
    facet.locator("summary").click()
    facet.locator("label").filter(has=page.locator(f'input[value="{wanted["backbone"]}"]')).click()
    page.keyboard.press("Escape")
    page.fill("#find", "4")
    page.locator('#leaderboard thead th[data-key="seconds"] button').click()
    page.fill("#where", "value>0.5")
    page.wait_for_timeout(400)
    state = page.evaluate("location.hash.slice(1)")
    chosen = parse_qs(state)
    assert chosen["only.backbone"] == [wanted["backbone"]] and chosen["theme"] == ["dark"] and chosen["where"] == ["value>0.5"], chosen
    assert chosen["sort"] == ["seconds:desc"] and chosen["board"] == [wanted["board"]], chosen

    other = session.open(state=state)
    for look in (ground, lambda one: column(one, "leaderboard", "label"), lambda one: status(one, "results"), lambda one: one.input_value("#board"), lambda one: one.input_value("#find")):
        assert look(other) == look(page), (look(other), look(page))
    before = status(other, "leaderboard")
    other.evaluate("location.hash = ''")
    other.evaluate("location.hash = 'find=nothing-is-called-so'")
    other.wait_for_timeout(300)
    assert status(other, "leaderboard") != before
    assert status(other, "leaderboard").startswith("0 of"), status(other, "leaderboard")
    # A plain anchor is not a choice.
    anchor = session.open(state="results")
    anchor.wait_for_timeout(200)
    assert anchor.locator("#results h2").is_visible()


def focused(page):
    return page.evaluate("document.activeElement.outerHTML.slice(0, 160)")


def keyboard(session):
    """Skip link, contents, heads of tables, facets, marks of drawings and images work without a mouse."""
    page = session.open()
    page.keyboard.press("Tab")
    assert "skip" in focused(page)
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none"
    page.locator("#contents a", has_text="All results").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "results-title"

    head = page.locator('#leaderboard thead th[data-key="value"] button')
    head.focus()
    page.keyboard.press("Enter")
    assert page.locator('#leaderboard thead th[data-key="value"]').get_attribute("aria-sort") == "descending"
    assert page.evaluate("document.activeElement.closest('th')?.dataset.key") == "value", "the focus stays on the head"

    page.locator("details.facet summary").first.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert " of " in status(page, "leaderboard")
    page.keyboard.press("Escape")
    assert page.locator("details.facet").first.get_attribute("open") is None

    drawing = page.locator("#figure-heatmap svg")
    drawing.scroll_into_view_if_needed()
    page.wait_for_timeout(300)
    drawing.focus()
    page.keyboard.press("ArrowRight")
    first = page.locator(".tip").inner_text()
    assert page.locator(".tip").is_visible() and "Rank" in first, first
    page.keyboard.press("ArrowRight")
    assert page.locator(".tip").inner_text() != first
    assert page.locator("#announcements").text_content()
    page.keyboard.press("Escape")
    assert page.locator(".tip").is_hidden()

    image = page.locator(".image .open").first
    image.scroll_into_view_if_needed()
    image.focus()
    page.keyboard.press("Enter")
    dialog = page.locator("dialog.viewer")
    assert dialog.is_visible()
    before = dialog.locator("p.note").inner_text()
    assert "image 1 of" in before, before
    page.keyboard.press("ArrowRight")
    assert "image 2 of" in dialog.locator("p.note").inner_text()
    width = dialog.locator("img").bounding_box()["width"]
    page.keyboard.press("-")
    assert abs(dialog.locator("img").bounding_box()["width"] * 2 - width) < 1
    assert dialog.locator("img").evaluate("(image) => getComputedStyle(image).imageRendering") == "pixelated"
    page.keyboard.press("Escape")
    assert dialog.is_hidden()


def points(session):
    """A mouse over a drawing shows what is under it, and a legend's entry brings its line out."""
    page = session.open()
    walk(page)
    drawing = page.locator("#figure-depth .plot > svg")
    drawing.scroll_into_view_if_needed()
    page.wait_for_timeout(300)
    circle = page.locator("#figure-depth .plot > svg .line .mark").last.bounding_box()
    page.mouse.move(circle["x"] + 2, circle["y"] + 2)
    assert page.locator(".tip").is_visible()
    assert page.locator("#figure-depth .plot .line.strong").count() == 1
    page.mouse.move(5, 5)
    assert page.locator("#figure-depth .plot .line.strong").count() == 0
    entry = page.locator("#figure-depth .legend button").nth(1)
    entry.click()
    page.mouse.move(5, 5)
    assert entry.get_attribute("aria-pressed") == "true"
    assert page.locator("#figure-depth .plot .line.dim").count() > 0
    page.locator("#figure-curves").scroll_into_view_if_needed()
    page.wait_for_timeout(300)
    ticks = page.locator("#figure-curves .axis text").all_inner_texts()
    page.check("#curve-log")
    assert page.locator("#figure-curves .axis text").all_inner_texts() != ticks
    before = page.locator("#figure-curves .plot > svg").get_attribute("aria-label")
    page.select_option("#curve", index=1)
    assert page.locator("#figure-curves .plot > svg").get_attribute("aria-label") != before
