"""That tables sort and filter as they should, and fast."""


def column(page, section, key):
    """What the rows in view show in a column."""
    return page.evaluate(
        """([section, key]) => {
          const heads = [...document.querySelectorAll(`#${section} .grid thead th`)];
          const at = heads.findIndex((head) => head.dataset.key === key);
          return [...document.querySelectorAll(`#${section} .grid tbody tr:not(.space, .baseline)`)].map((row) => row.children[at].textContent);
        }""",
        [section, key],
    )


def press(page, section, key):
    page.locator(f'#{section} .grid thead th[data-key="{key}"] button').first.click()


def direction(page, section, key):
    return page.locator(f'#{section} .grid thead th[data-key="{key}"]').first.get_attribute("aria-sort")


def sorts(session):
    """A press on a column's head orders the rows, a second one reverses them; missing values stay last."""
    page = session.open()
    wanted = session.expected
    first = len(wanted["best_first"])
    assert column(page, "leaderboard", "label")[:first] == wanted["best_first"]
    assert direction(page, "leaderboard", "rank") == "ascending"
    press(page, "leaderboard", "seconds")
    assert direction(page, "leaderboard", "seconds") == "descending"
    assert direction(page, "leaderboard", "rank") == "none"
    assert column(page, "leaderboard", "label")[:first] == wanted["slowest_first"], column(page, "leaderboard", "label")[:first]
    press(page, "leaderboard", "seconds")
    assert direction(page, "leaderboard", "seconds") == "ascending"
    assert column(page, "leaderboard", "label")[:first] == wanted["slowest_first_reversed"]

    press(page, "results", "value")
    found = [float(text.replace("\u2212", "-")) for text in column(page, "results", "value")[:20]]
    assert all(abs(a - b) <= 5e-5 * abs(b) for a, b in zip(found, wanted["largest"], strict=True)), (found, wanted["largest"])
    press(page, "results", "value")
    found = [float(text.replace("\u2212", "-")) for text in column(page, "results", "value")[:20]]
    assert all(abs(a - b) <= 5e-5 * abs(b) for a, b in zip(found, wanted["smallest"], strict=True)), (found, wanted["smallest"])
    # What has no value is last in either direction.
    page.evaluate("document.querySelector('#results .scroll').scrollTop = 1e9")
    page.wait_for_timeout(200)
    assert column(page, "results", "value")[-1] == "–"
    press(page, "results", "backbone")
    assert column(page, "results", "backbone")[0] == wanted["first_backbone"]


def status(page, section):
    return page.locator(f"#{section} .grid-head .status").first.inner_text().replace("\u202f", "")


def filters(session):
    """Words, facets and conditions leave exactly the rows that fit, and clearing brings all back."""
    page = session.open()
    wanted = session.expected
    everything = status(page, "leaderboard")
    page.fill("#find", "vgg 4")
    assert status(page, "leaderboard") == wanted["by_words"], status(page, "leaderboard")
    assert all("vgg" in text and "4" in text for text in column(page, "leaderboard", "label"))
    drawn = page.locator("#figure-leaderboard svg text.name:not(.baseline)").all_inner_texts()
    assert len(drawn) == min(30, int(wanted["by_words"].split()[0])), drawn
    page.get_by_role("button", name="Clear filters").click()
    assert status(page, "leaderboard") == everything

    facet = page.locator("details.facet", has_text="Backbone").first
    facet.locator("summary").click()
    for name in wanted["facet"]:
        facet.locator("label").filter(has=page.locator(f'input[value="{name}"]')).click()
    assert status(page, "leaderboard") == wanted["by_facet"]
    assert set(column(page, "leaderboard", "backbone")) == set(wanted["facet"])
    page.locator("#figure-heatmap").scroll_into_view_if_needed()
    page.wait_for_timeout(300)
    assert page.locator("#figure-heatmap svg").get_attribute("aria-label").startswith(f"Heat map of {len(wanted['facet'])} backbones")
    assert "2" in facet.locator("summary .count").inner_text()
    page.locator("h1").click()
    assert not facet.evaluate("(node) => node.open")

    page.select_option("#board", index=3)
    assert wanted["board_answer"] in page.locator("#leaderboard .lead").inner_text()

    for query, count in wanted["queries"].items():
        page.fill("#where", query)
        page.wait_for_timeout(500)
        assert status(page, "results") == count, (query, status(page, "results"), count)
    page.fill("#where", "there is no such row")
    page.wait_for_timeout(500)
    assert "Nothing matches" in page.locator("#results tbody").inner_text()


MEASURE = """async (run) => {
  const frame = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
  await frame();
  const started = performance.now();
  %s;
  document.body.offsetHeight;
  return performance.now() - started;
}"""


def fast(session):
    """A large page opens in bounded time; filters and orders of its table, and another board, take less than a blink."""
    page = session.open()
    found = {"load": page.evaluate("performance.getEntriesByType('navigation')[0].domComplete")}
    number = """document.querySelector('#results .grid thead th[data-key="value"] button').click()"""
    text = """document.querySelector('#results .grid thead th[data-key="backbone"] button').click()"""
    # Through the address, as typing waits for a pause.
    for name, query in {"word": "network3", "condition": "value%3E0.7"}.items():
        start = page.evaluate(
            """(query) => new Promise((resolve) => {
              const started = performance.now();
              addEventListener("hashchange", () => setTimeout(() => resolve(performance.now() - started)), {once: true});
              location.hash = "where=" + query;
            })""",
            query,
        )
        found[f"filter by {name}"] = start
    page.evaluate("location.hash = 'theme=light'")
    page.wait_for_timeout(1500)
    assert status(page, "results") == session.expected["all"], status(page, "results")
    found["sort by number"] = page.evaluate(MEASURE % number)
    found["sort by text"] = page.evaluate(MEASURE % text)
    found["another board"] = page.evaluate(
        MEASURE % "const board = document.querySelector('#board'); board.selectedIndex = 2; board.dispatchEvent(new Event('change'))"
    )
    assert page.locator("#results tbody tr").count() < 80, "only rows in view are in the document"
    return found
