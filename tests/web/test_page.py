"""The live page in Chromium against the real server: three visits, by hand and by keyboard, and names that attack."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from web.browser import NARROW, WIDE, Seen, Server, browser

CUT = ".before tr:nth-child(3) td:nth-child(3)"
CHART = ".curves .chart path.line.training[d^='M']"
STRANGE = "img, script, iframe, style, object, embed, [onerror], [onload], [style*=inset]"
MARKUP = (
    "<img src=x onerror=PWNED=1>",
    "<script>PWNED=1</script>",
    '"><svg onload=PWNED=1>',
    "javascript:PWNED=1",
    "'-PWNED=1-'",
    "${PWNED=1}",
    "{{constructor.constructor('PWNED=1')()}}",
    "</textarea><iframe srcdoc='<script>parent.PWNED=1</script>'>",
    "<a href=javascript:PWNED=1 style=position:fixed;inset:0>x</a>",
    "__proto__",
    "constructor",
    "<style>*{display:none}</style>",
    "&lt;b&gt; \u202e txt.exe",
    "a=b&id=1#/prune?x=%00",
)


def mixed(path: Path, rows: int = 600) -> None:
    """A table of what tables are made of: numbers, categories, gaps, a date, an identifier, names that are no names."""
    rng = np.random.default_rng(5)
    size, kind = rng.normal(10, 3, rows), rng.integers(0, 3, rows)
    ill = size + 2 * kind + rng.normal(0, 1.5, rows) > 12.5
    with path.open("w", newline="") as file:
        write = csv.writer(file).writerow
        write(["number of the case", "size, in mm", "kind", MARKUP[0], "seen on", "note", "verdict"])
        for k in range(rows):
            write(
                [
                    k + 1,
                    "" if rng.random() < 0.08 else f"{size[k]:.2f}",
                    ["soft", "hard", MARKUP[2]][kind[k]],
                    "" if rng.random() < 0.2 else f"{rng.exponential(3):.3f}",
                    f"2024-{1 + k % 12:02d}-{1 + k % 28:02d}",
                    f"{MARKUP[k % len(MARKUP)]} no. {k}",
                    "ill & <b>not</b> well" if ill[k] else "well",
                ]
            )


def hostile(path: Path) -> None:
    """Two hundred columns whose names are attacks, cells that are, and classes that are."""
    rng = np.random.default_rng(6)
    names = [f"{MARKUP[k % len(MARKUP)]}{k if k >= len(MARKUP) else ''}" for k in range(200)]
    with path.open("w", newline="") as file:
        write = csv.writer(file).writerow
        write([*names, "class"])
        for k in range(90):
            cells = [MARKUP[int(rng.integers(3))] if j % 3 == 0 else f"{rng.normal():.3f}" for j in range(200)]
            write([*cells, MARKUP[k % 3]])


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser() as found:
        yield found


@pytest.fixture(scope="module")
def server(tmp_path_factory, chromium) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("folder")
    mixed(folder / "mixed.csv")
    hostile(folder / "hostile.csv")
    serving = Server(folder)
    yield serving
    serving.stop()


@pytest.fixture
def see(chromium, server) -> Iterator[Any]:
    """Open pages of the server; each must end without a complaint."""
    pages: list[Seen] = []

    def opened(size=WIDE, scheme="light", **more) -> Seen:
        pages.append(Seen(chromium, server, size, scheme, **more))
        return pages[-1]

    yield opened
    for page in pages:
        page.close()


def trained(seen: Seen, hash_: str) -> str:
    """Train what the hash says, to the end; the training's id."""
    seen.visit(hash_)
    seen.page.wait_for_selector(".columns tbody tr")
    seen.button("Train").click()
    seen.page.wait_for_selector(".outcome", timeout=40_000)
    return re.search(r"watch/(t\d+)", seen.page.url)[1]


GROWN = "#/grow?table=mixed.csv&hidden=12,6&epochs=15"


@pytest.fixture(scope="module")
def grown(chromium, server) -> str:
    """A training that is done, for what only looks at one."""
    seen = Seen(chromium, server)
    id_ = trained(seen, GROWN)
    seen.close()
    return id_


@pytest.mark.parametrize(("size", "scheme"), [(WIDE, "light"), (NARROW, "dark")], ids=["wide", "narrow"])
def test_three_visits(see, tmp_path, size, scheme) -> None:
    seen = see(size, scheme)
    grows(seen, tmp_path)
    watches(seen, tmp_path)
    prunes(seen, tmp_path)


def grows(seen: Seen, tmp_path: Path) -> None:
    """Choose the table, correct a column, shape the network, and press Train."""
    page = seen.page
    page.wait_for_selector(".columns tbody tr")
    seen.button("moons").wait_for()
    seen.shot("first", tmp_path, whole=False)
    page.get_by_role("button", name="mixed.csv").click()
    page.wait_for_selector("tbody th:has-text('size, in mm')")
    assert page.get_by_label("What is to be predicted").input_value() == "verdict"
    assert "left out" in page.locator("tr:has(th:has-text('number of the case')) .becomes").inner_text()
    page.get_by_label(f"Read {MARKUP[0]} as").select_option("drop")
    page.wait_for_url(re.compile("drop="))
    page.locator(f"tr.dropped:has(th:has-text({MARKUP[0]!r}))").wait_for()
    for layer, units in ((1, "12"), (2, "6")):
        page.get_by_label(f"Hidden layer {layer}", exact=True).fill(units)
    page.get_by_label("Epochs, at most").fill("15")
    assert "hidden=12,6" in page.url
    seen.accessible()
    seen.shot("grow", tmp_path)
    seen.button("Train").click()
    page.wait_for_url(re.compile("#/watch/t"))


def watches(seen: Seen, tmp_path: Path) -> None:
    """See it trained and judged, and follow the arithmetic of a unit and of a weight; its numbers add up."""
    page = seen.page
    page.wait_for_selector(".outcome", timeout=40_000)
    page.wait_for_selector(CHART, state="attached")
    assert page.locator(".scores .ours .figure").count() == 3
    assert page.locator(".strips canvas").count() == 4
    page.locator(".stage").focus()
    page.keyboard.press("Enter")
    page.locator(".arithmetic .result").first.wait_for()
    terms = page.locator(".arithmetic table").first.locator("tbody tr")
    added = [float(row.replace("\u2212", "-")) for row in terms.locator("td:last-child").all_inner_texts()]
    assert abs(sum(added[:-1]) - added[-1]) < 0.002
    page.locator(".arithmetic button.link").first.click()
    page.wait_for_selector("text=dL/dw")
    assert re.search(r"layer=1&unit=0&row=0&weight=\d+", page.url)
    seen.accessible()
    seen.shot("watch", tmp_path)


def prunes(seen: Seen, tmp_path: Path) -> None:
    """Preview a cut, cut, take it away as C, and undo it."""
    page = seen.page
    page.get_by_role("link", name="Prune it").click()
    page.wait_for_url(re.compile("pruning=p"))
    connections = page.locator(".before tr:nth-child(3) td")
    page.wait_for_selector(f"{CUT}:not(:empty)")
    whole = connections.first.inner_text()
    page.get_by_label("Density").fill("0.3")
    page.get_by_label("Density").press("Tab")
    page.wait_for_function("() => document.querySelectorAll('.chart .tried').length > 1")
    assert connections.last.inner_text() != whole
    seen.button("Cut here").click()
    page.wait_for_selector("text=/^Cut: /", timeout=40_000)
    assert connections.first.inner_text() != whole
    seen.accessible()
    seen.shot("prune", tmp_path)
    page.locator(".export summary").click()
    with page.expect_download() as coming:
        page.get_by_role("link", name="C", exact=True).click()
    assert coming.value.suggested_filename.endswith(".zip")
    seen.button("Undo").click()
    page.wait_for_selector("text=/^Undone: /")
    assert connections.first.inner_text() == whole


@pytest.mark.parametrize(("size", "scheme"), [(WIDE, "dark"), (NARROW, "light"), ((360, 700), "light")])
def test_other_sizes_and_colours(see, grown, tmp_path, size, scheme) -> None:
    """Narrow in light, wide in dark, and the least width there is, over what is already trained."""
    seen = see(size, scheme)
    for name, hash_, ready in (
        ("grow", GROWN, ".columns tbody tr"),
        ("watch", f"#/watch/{grown}?layer=2&unit=1&row=3", ".arithmetic .result"),
        ("prune", f"#/prune/{grown}?density=0.2", f"{CUT}:not(:empty)"),
        ("choose", "#/watch", "main ul.trainings"),
    ):
        seen.visit(hash_)
        seen.page.locator(ready).first.wait_for()
        seen.accessible()
        seen.shot(name, tmp_path)


def test_a_toy_is_steered_while_it_is_watched(see, tmp_path) -> None:
    seen = see()
    page = seen.page
    seen.visit("#/grow?table=example:moons")
    page.wait_for_selector(".columns tbody tr")
    seen.button("Train").click()
    page.locator(".surface canvas").wait_for()
    page.locator(".facts dd", has_text=re.compile(r"^[2-9] of 200")).wait_for()
    seen.shot("toy", tmp_path, whole=False)
    seen.button("Pause").click()
    seen.button("Go on").wait_for()
    page.locator(".stage").focus()
    page.keyboard.press("Enter")
    page.locator(".arithmetic .result").first.wait_for()
    before = page.locator(".numbers").inner_text()
    seen.button("Step").click()
    page.wait_for_function("(before) => document.querySelector('.numbers').innerText !== before", arg=before)
    page.get_by_label("New learning rate").fill("fast")
    page.get_by_label("New learning rate").press("Enter")
    page.wait_for_selector("text=“fast” is no number")
    page.get_by_label("New learning rate").fill("0,02")
    seen.button("Set").click()
    seen.button("Go on").click()
    page.locator(".facts div:has-text('learning rate') dd", has_text=re.compile(r"^0\.0[12]")).wait_for()
    seen.accessible()
    seen.button("Stop").click()
    page.wait_for_selector(".outcome", timeout=40_000)
    words = page.locator(".surface canvas").get_attribute("aria-label")
    assert re.search(r"\d+ of \d+ points lie on their own side", words)


def test_the_hash_holds_the_state(see) -> None:
    seen = see()
    page = seen.page
    seen.visit("#/grow?table=example:iris&hidden=7&activation=tanh&seed=3")
    page.wait_for_selector("tbody th:has-text('petal')")
    page.reload()
    page.wait_for_selector("tbody th:has-text('petal')")
    assert page.get_by_label("Hidden layer 1", exact=True).input_value() == "7"
    assert page.get_by_label("Activation").input_value() == "tanh"
    assert page.get_by_label("Seed").input_value() == "3"
    seen.button("wine").click()
    page.wait_for_selector("tbody th:has-text('alcohol')")
    page.go_back()
    page.wait_for_selector("tbody th:has-text('petal')")
    assert page.get_by_label("Hidden layer 1", exact=True).input_value() == "7"
    page.get_by_label("Hidden layer 1", exact=True).fill("many")
    page.wait_for_selector("text=“many” is no whole number")
    seen.button("Train").click()
    page.wait_for_selector("text=A number is mistyped")
    assert page.get_by_label("Hidden layer 1", exact=True).evaluate("(e) => e === document.activeElement")
    page.get_by_label("Density").fill("2")
    page.wait_for_selector("text=2 is out of range")
    assert "#/grow" in page.url


def test_the_keyboard_alone_is_enough(see) -> None:
    seen = see()
    page = seen.page
    seen.visit("#/grow?table=example:iris&hidden=5,4&epochs=8")
    page.wait_for_selector("tbody th:has-text('petal')")
    seen.tabbed()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "Train":
            break
    page.keyboard.press("Enter")
    page.wait_for_selector(".outcome", timeout=40_000)
    assert page.evaluate("document.activeElement.tagName") == "H1"
    page.locator(".stage").focus()
    for key, said in (("ArrowDown", "unit 1 of layer 1"), ("ArrowRight", "layer 2"), ("End", "unit 3 of layer 2")):
        page.keyboard.press(key)
        assert said in page.locator("#said").inner_text()
        assert said in page.locator(".spot").inner_text()
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.activeElement.id === 'h-unit'")
    assert page.locator("#h-unit").inner_text() == "unit 3 of layer 2"
    page.keyboard.press("Escape")
    assert page.locator(".arithmetic").is_hidden()
    assert page.evaluate("document.activeElement.className") == "stage"
    page.go_back()
    page.locator(".arithmetic .result").first.wait_for()
    seen.tabbed()


def test_hostile_names_are_text(see) -> None:
    seen = see()
    page = seen.page
    seen.visit("#/grow?table=hostile.csv&target=class&hidden=6&epochs=2")
    page.get_by_role("button", name=re.compile("^Show all")).click()
    page.wait_for_function("() => document.querySelectorAll('.columns tbody tr').length === 201")
    assert page.locator(".columns th span[title]").all_inner_texts()[0] == MARKUP[0]
    page.get_by_label("What is to be predicted").select_option(MARKUP[0])
    page.locator("tr.target th", has_text="<img").wait_for()
    id_ = trained(seen, "#/grow?table=hostile.csv&target=class&hidden=6&epochs=2")
    for hash_, ready in (
        (f"#/watch/{id_}?layer=1&unit=0&row=0", ".arithmetic .result"),
        (f"#/watch/{id_}?layer=2&unit=1&row=5&weight=2", ".arithmetic .step"),
        (f"#/prune/{id_}?density=0.5", f"{CUT}:not(:empty)"),
        ("#/watch", "main ul.trainings"),
    ):
        seen.visit(hash_)
        page.locator(ready).first.wait_for()
        page.wait_for_timeout(100)
        assert (
            page.locator(
                "main :is(img, script, iframe, style, object, embed, [onerror], [onload], [style*=inset])"
            ).count()
            == 0
        )
        assert page.locator("a[href^='javascript']").count() == 0
    assert page.locator("script").count() == 1


def test_nothing_is_drawn_where_nothing_moves_and_less_where_less_is_wanted(see, grown) -> None:
    seen = see(reduced_motion="reduce")
    page = seen.page
    seen.visit(f"#/watch/{grown}")
    page.wait_for_selector(".outcome")
    page.wait_for_timeout(300)
    before = page.evaluate("glasshouseFrames")
    page.wait_for_timeout(500)
    assert page.evaluate("glasshouseFrames") == before > 0
    page.emulate_media(reduced_motion="reduce", color_scheme="dark")
    page.wait_for_function("(before) => glasshouseFrames > before", arg=before)
    # Turned dark at once, not over frames.
    page.wait_for_timeout(300)
    assert page.evaluate("glasshouseFrames") <= before + 2


def test_a_file_is_opened_by_button_and_by_drop(see, tmp_path) -> None:
    seen = see()
    page = seen.page
    page.wait_for_selector(".columns tbody tr")
    own = tmp_path / "own <b>table.csv"
    mixed(own, rows=60)
    page.locator("input[type=file]").set_input_files(own)
    page.wait_for_selector("tbody th:has-text('size, in mm')")
    assert "table=upload" in page.url
    transfer = page.evaluate_handle(
        """() => { const moved = new DataTransfer();
        moved.items.add(new File(["u,v\\n" + "1,2\\n3,4\\n".repeat(20)], "dropped.csv")); return moved; }"""
    )
    page.dispatch_event(".drop", "drop", {"dataTransfer": transfer})
    page.wait_for_selector("tbody th:has-text('u')")
    page.locator(".card[aria-pressed=true]", has_text="dropped").wait_for()


def test_a_server_that_stops_is_told_and_forgiven(chromium, tmp_path) -> None:
    mixed(tmp_path / "mixed.csv", rows=60)
    serving = Server(tmp_path)
    seen = Seen(chromium, serving)
    seen.page.wait_for_selector(".columns tbody tr")
    serving.stop()
    seen.button("iris").click()
    seen.page.wait_for_selector("#banner:has-text('The server was stopped.')")
    assert "start `glasshouse serve` again" in seen.page.locator("#banner").inner_text()
    again = Server(tmp_path, "--port", serving.port)
    try:
        # Another server has another secret: the old page says which link to open.
        seen.page.wait_for_selector("#banner:has-text('Open the link')")
        seen.page.goto(again.url)
        seen.page.wait_for_selector(".columns tbody tr")
        assert seen.page.locator("#banner").inner_text() == ""
        # The browser itself notes a connection that failed; nothing else may be noted.
        assert [one for one in seen.problems if not re.search("Failed to load resource", one)] == []
        seen.problems.clear()
        seen.close()
    finally:
        again.stop()
