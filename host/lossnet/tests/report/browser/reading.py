"""That figures can be read: few lines in each, names whole, nothing squeezed, one colour per backbone."""

from loading import walk


def one_task(session):
    """Of many contenders of one task there is a panel for each variant, pairs are drawn that were tested, and a phone shows whole names."""
    page = session.open(1440, 900)
    walk(page)
    titles = page.locator("#figure-depth .panel-title").all_text_contents()
    assert sorted(titles) == sorted(session.expected["variants"]), titles
    lines = page.locator("#figure-depth .plot .line:not(.quiet) .stroke").count()
    assert lines == len(titles) * session.expected["backbones"], lines
    assert page.locator("#figure-pairs h3").inner_text().startswith("Differences from "), page.locator("#figure-pairs h3").inner_text()
    assert page.locator("#figure-pairs .pair").count() == 0
    assert 5 <= page.locator("#figure-pairs .score circle").count() <= 15
    assert page.locator("#figure-ranks .score circle").count() <= 12
    phone = session.open(390, 844)
    walk(phone)
    for figure in ("overview-0", "figure-leaderboard", "figure-ranks", "figure-pairs"):
        names = phone.locator(f"#{figure} text.name").all_text_contents()
        assert names and not any("\u2026" in name for name in names), (figure, names)
    height = phone.evaluate("document.documentElement.scrollHeight")
    assert height < 16_000, height
    return height


def far(session):
    """One interval, or baseline, that is far out ends in an arrow and squeezes nothing; memory that hardly differs has ticks."""
    page = session.open()
    walk(page)
    for figure in ("overview-0", "figure-leaderboard"):
        places = page.locator(f"#{figure} .score circle").evaluate_all("(circles) => circles.map((circle) => circle.cx.baseVal.value)")
        width = page.locator(f"#{figure} .plot > svg").evaluate("(svg) => svg.viewBox.baseVal.width")
        assert max(places) - min(places) > 0.05 * width, (figure, places, width)
        arrows = page.locator(f"#{figure} .score .whisker").evaluate_all("(paths) => paths.filter((path) => path.getAttribute('d').includes('L')).length")
        assert arrows >= 2, (figure, arrows)
        ends = page.locator(f"#{figure} .score .whisker").evaluate_all("(paths) => paths.map((path) => path.getBBox()).map((box) => [box.x, box.x + box.width])")
        assert all(low >= 0 and high <= width for low, high in ends), ends
    ticks = page.locator("#figure-by-backward-memory .axis").last.locator("text:not(.label)").all_text_contents()
    assert len(set(ticks)) >= 2, ticks


def grouped(session):
    """The main boards come first and are called so; the others stand by place and metric."""
    page = session.open()
    groups = page.locator("#board optgroup").evaluate_all("(groups) => groups.map((group) => [group.label, group.children.length])")
    assert groups == session.expected["groups"], groups
    assert page.locator("#board").evaluate("(select) => select.selectedIndex") == 0


def colours(session):
    """A backbone has the colour of its place in the alphabet, in each figure and in each legend."""
    page = session.open()
    walk(page)
    backbones = session.expected["backbones"]
    seen = 0
    for figure in ("figure-depth", "figure-curves"):
        for button in page.locator(f"#{figure} .legend button").all():
            name = button.inner_text().strip().split(" ")[0]
            look = button.locator("svg").get_attribute("class")
            assert look == f"line series-{backbones.index(name) % 16}", (figure, name, look)
            seen += 1
    assert seen >= 10, seen
