"""That what is saved is right."""

import csv
import io
import re
import struct
import xml.etree.ElementTree as ElementTree

from loading import walk

SVG = "{http://www.w3.org/2000/svg}"


def saved(page, button):
    """The file that a press on a button gives."""
    # Of more than ten files within a second or so, which no reader can ask for, Chromium drops one without a word.
    page.wait_for_timeout(400)
    with page.expect_download() as download:
        button.click()
    return download.value.suggested_filename, download.value.path().read_bytes()


def saves(session):
    """Every figure as SVG and PNG, tables as CSV with numbers in full, and as LaTeX."""
    page = session.open(color_scheme="dark")
    walk(page)
    names = set()
    for figure in page.locator("figure[id]:visible").all():
        figure.scroll_into_view_if_needed()
        if not figure.locator(".plot > svg").count():
            continue
        name, svg = saved(page, figure.get_by_role("button", name="SVG", exact=True))
        names.add(name)
        check_svg(name, svg)
        name, png = saved(page, figure.get_by_role("button", name="PNG", exact=True))
        check_png(name, png, figure.locator(".plot > svg").evaluate("(svg) => [svg.viewBox.baseVal.width, svg.viewBox.baseVal.height]"))
    check_tables(session, page)
    return sorted(names)


def check_svg(name, content):
    root = ElementTree.fromstring(content)
    assert root.tag == f"{SVG}svg" and name.endswith(".svg"), name
    assert root.find(f"{SVG}title").text, name
    texts = root.findall(f".//{SVG}text")
    assert texts and all(text.get("font-size") == "12px" or text.get("font-size").startswith("11") for text in texts), name
    for node in root.iter():
        # It must stand alone: no classes of the page, no variables, nothing to fetch.
        assert "class" not in node.attrib and "style" not in node.attrib, (name, node.attrib)
        assert not any("var(" in value or "light-dark" in value or "http" in value for value in node.attrib.values()), (name, node.attrib)
    # In light colours although the page is dark: dark text on white.
    assert any(text.get("fill") == "rgb(28, 32, 36)" for text in texts) or name.startswith("do-tasks"), {text.get("fill") for text in texts}


def check_png(name, content, size):
    assert content[:8] == b"\x89PNG\r\n\x1a\n", name
    width, height = struct.unpack(">II", content[16:24])
    assert (width, height) == (round(size[0] * 2), round(size[1] * 2)), (name, width, height, size)
    assert len(content) > 2000, (name, len(content))


def rows(content):
    return list(csv.DictReader(io.StringIO(content.decode("utf-8"))))


def check_tables(session, page):
    wanted = session.expected
    name, content = saved(page, page.locator("#leaderboard > .body > .grid-block .tools button", has_text="CSV"))
    found = rows(content)
    # Baselines stand between the loss networks, without a rank.
    assert [row["label"] for row in found if not row["rank"]] == wanted["baselines"]
    assert all(row["standing"] == "baseline" for row in found if not row["rank"])
    found = [row for row in found if row["rank"]]
    assert [row["label"] for row in found] == wanted["labels"]
    assert [row["score"] for row in found] == wanted["scores"]
    assert [float(row["value"]) for row in found] == wanted["values"]
    assert [float(row["interval_low"]) for row in found] == wanted["lows"]
    assert "picture" not in found[0]

    page.fill("#where", wanted["query"])
    page.wait_for_timeout(400)
    name, content = saved(page, page.locator("#results .grid-head .tools button", has_text="CSV"))
    found = rows(content)
    assert [row["backbone"] for row in found] == wanted["table_backbones"], (len(found), len(wanted["table_backbones"]))
    assert [None if row["value"] == "" else float(row["value"]) for row in found] == wanted["table_values"]

    name, content = saved(page, page.locator("#leaderboard > .body > .grid-block .tools button", has_text="LaTeX"))
    check_latex(name, content.decode("utf-8"), len(wanted["labels"]) + len(wanted["baselines"]))

    # A figure's other view is its numbers.
    figure = page.locator("#figure-heatmap")
    figure.get_by_role("button", name="Table").click()
    name, content = saved(page, figure.locator(".figure-table .tools button", has_text="CSV"))
    assert sorted(float(row["value"]) for row in rows(content)) == sorted(wanted["values"])
    name, content = saved(page, figure.get_by_role("button", name="SVG", exact=True))
    check_svg(name, content)


    # The table and its files go with the board that is chosen.
    figure = page.locator("#figure-leaderboard")
    figure.get_by_role("button", name="Table").click()
    file = figure.locator(".figure-table .tools button", has_text="CSV")
    before, _ = saved(page, file)
    page.select_option("#board", index=1)
    page.wait_for_timeout(400)
    after, _ = saved(page, file)
    assert after != before, after
    assert figure.locator(".figure-table caption").text_content() == figure.locator("h3").text_content()


def check_latex(name, text, count):
    """Everything that LaTeX would take for more than text is escaped, and every line has as many cells as columns."""
    assert name.endswith(".tex")
    for command in ("\\toprule", "\\midrule", "\\bottomrule", "\\begin{tabular}", "\\end{tabular}", "\\caption{"):
        assert text.count(command) == 1, command
    columns = len(re.search(r"\\begin\{tabular\}\{([lr]+)\}", text)[1])
    body = text.split("\\midrule\n")[1].split("    \\bottomrule")[0].strip("\n").split("\n")
    assert len(body) == count, len(body)
    for line in body:
        assert line.endswith(" \\\\"), line
        assert len(re.findall(r"(?<!\\)&", line)) == columns - 1, line
        assert not re.search(r"(?<!\\)[_%#~^]", line), line
        assert line.count("{") - line.count("\\{") == line.count("}") - line.count("\\}"), line
    assert "\\textbf{" in body[0]
