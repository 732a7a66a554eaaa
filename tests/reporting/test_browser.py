"""The page in a browser: hostile names do nothing there, nothing is asked for, and all text can be read."""

from __future__ import annotations

import shutil

import pytest
from page_checks import PAYLOADS, payload

import glasshouse as gh
from glasshouse.tables.cells import Cells
from glasshouse.tables.reading import Table

CHROMIUM = shutil.which("chromium")
SIZES = ((1280, 900), (360, 740))
# Of every element with text of its own, the contrast of its colour with what lies behind it, grounds laid over grounds.
CONTRASTS = """
() => {
  const read = (text) => {
    const n = text.match(/-?[\\d.]+(?:e-?\\d+)?/g).map(Number);
    const whole = text.startsWith("color(") ? n.slice(0, 3).map((c) => 255 * c) : n.slice(0, 3);
    return [...whole, n.length > 3 ? n[3] : 1];
  };
  const over = (a, b) => a.slice(0, 3).map((c, k) => a[3] * c + (1 - a[3]) * b[k]);
  const light = (c) => {
    const [r, g, b] = c.map((x) => (x / 255 <= 0.04045 ? x / 255 / 12.92 : ((x / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    if (!element) return [255, 255, 255];
    const own = read(getComputedStyle(element).backgroundColor);
    return own[3] === 1 ? own.slice(0, 3) : over(own, ground(element.parentElement));
  };
  const found = [];
  for (const element of document.querySelectorAll("body *")) {
    if (![...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim())) continue;
    const style = getComputedStyle(element);
    const behind = ground(element);
    const ink = over(read(element instanceof SVGElement ? style.fill : style.color), behind);
    const [low, high] = [light(ink), light(behind)].sort((a, b) => a - b);
    found.push([(high + 0.05) / (low + 0.05), element.tagName, element.textContent.slice(0, 40)]);
  }
  return found.sort((a, b) => a[0] - b[0]);
}
"""


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("chromium is not installed: reports are tested without a browser only")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: no browser to drive")
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """A report of hostile names, and one of plain ones with nearly every part."""
    folder = tmp_path_factory.mktemp("pages")
    rows = 5 * len(PAYLOADS)
    columns = {f"{payload(k)} {k}": Cells.of([payload(40 * k + row % 40) for row in range(rows)]) for k in range(5)}
    columns["<b>y</b>"] = Cells.of([f"{payload(row % 7)} {row % 7}" for row in range(rows)])
    model = gh.train(Table("<i>t</i>", columns), target="<b>y</b>", hidden=(4,), epochs=1, baselines=False, out="")
    gh.report(model, out=folder / "hostile.html")
    plain = gh.train("example:breast_cancer", target="target", hidden=(16,), epochs=5, out="")
    gh.report(plain, out=folder / "trained.html")
    pruned = gh.prune(plain, "example:breast_cancer", density=0.2, epochs=2, out="")
    gh.report(pruned, "example:breast_cancer", out=folder / "pruned.html")
    return folder


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["hostile", "trained", "pruned"])
def test_a_page_does_nothing_and_can_be_read(browser, pages, name, scheme) -> None:
    for width, height in SIZES:
        tab = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
        asked, said = [], []
        tab.on("request", lambda request, asked=asked: asked.append(request.url))
        tab.on("console", lambda message, said=said: said.append(message.text))
        tab.on("pageerror", lambda error, said=said: said.append(str(error)))
        tab.on("dialog", lambda dialog, said=said: (said.append(dialog.message), dialog.dismiss()))
        address = (pages / f"{name}.html").as_uri()
        tab.goto(address)
        for details in tab.query_selector_all("summary"):
            details.click()
        tab.mouse.move(width / 2, height / 2)
        assert asked == [address]
        assert said == []
        assert tab.evaluate("window.hacked") is None
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        worst = tab.evaluate(CONTRASTS)
        assert len(worst) > 100
        assert worst[0][0] >= 4.5, worst[:5]
        tab.close()


def test_a_page_is_walked_by_keyboard_alone(browser, pages) -> None:
    """The first stop is the way past the contents; every place the contents name is there."""
    tab = browser.new_page(viewport={"width": 1280, "height": 900})
    tab.goto((pages / "trained.html").as_uri())
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.textContent") == "Skip to the report"
    assert tab.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
    stops = []
    for _ in range(9):
        tab.keyboard.press("Tab")
        stops.append(tab.evaluate("document.activeElement.hash"))
    assert stops[:3] == ["#scores", "#errors", "#learning"]
    for stop in (stop for stop in stops if stop):
        assert tab.query_selector(stop) is not None
    tab.close()


def test_what_is_folded_is_printed(browser, pages) -> None:
    tab = browser.new_page(viewport={"width": 800, "height": 1000}, color_scheme="dark")
    tab.goto((pages / "trained.html").as_uri())
    tab.emulate_media(media="print")
    assert tab.evaluate("document.querySelector('details dd').getBoundingClientRect().height") > 0
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(253, 253, 252)"
    assert tab.evaluate("getComputedStyle(document.querySelector('nav')).display") == "none"
    tab.close()
