"""The live page in Chromium against the real server: three visits, by hand and by keyboard, and names that attack."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from web.browser import NARROW, WIDE, Seen, Server, browser, needed
from web.visits import (
    CHART,
    CUT,
    MARKUP,
    begun,
    epoch,
    far,
    grows,
    hostile,
    mixed,
    prunes,
    resumed,
    steered,
    trained,
    watched,
    watches,
)

STRANGE = "main :is(img, script, iframe, style, object, embed, [onerror], [onload], [style*=inset])"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser() as found:
        yield found


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Server]:
    needed()
    folder = tmp_path_factory.mktemp("folder")
    serving = Server(folder)
    mixed(folder / "mixed.csv")
    hostile(folder / "hostile.csv")
    far(folder / "far.glass", tmp_path_factory.mktemp("elsewhere") / "gone.csv")
    yield serving
    serving.stop()


@pytest.fixture
def see(server, chromium) -> Iterator[Any]:
    """Open pages of the server; each must end without a complaint."""
    pages: list[Seen] = []

    def opened(size=WIDE, scheme="light", **more) -> Seen:
        pages.append(Seen(chromium, server, size, scheme, **more))
        return pages[-1]

    yield opened
    for page in pages:
        page.close()


GROWN = "#/grow?table=mixed.csv&hidden=12,6&epochs=4"


@pytest.fixture(scope="module")
def grown(server, chromium) -> str:
    """A training that is done, for what only looks at one: one that a visit left, if there was one."""
    seen = Seen(chromium, server)
    seen.visit("#/watch")
    told = seen.page.evaluate("async () => (await (await fetch('/api/trainings')).json()).trainings")
    done = [entry["id"] for entry in told if entry["state"] == "done" and entry["table"] == "mixed.csv"]
    id_ = done[-1] if done else trained(seen, GROWN)
    seen.close()
    return id_


def test_three_visits_wide_in_light_and_narrow_in_dark(see, tmp_path) -> None:
    both = see(WIDE, "light"), see(NARROW, "dark")
    # Both train at the same time, each for itself.
    for visit in (grows, watches, prunes):
        for seen in both:
            # What is behind another page is drawn once a second.
            seen.page.bring_to_front()
            visit(seen, tmp_path)


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


def test_a_toy_is_steered_killed_and_resumed(see, server, tmp_path) -> None:
    """Its worker is killed while it is watched, and the page needs no reload to go on."""
    seen = see()
    page = seen.page
    begun(seen, "#/grow?table=example:moons")
    steered(seen, tmp_path)
    resumed(seen, server, tmp_path)
    seen.button("Stop").click()
    page.wait_for_selector(".outcome", timeout=40_000)
    words = page.locator(".surface canvas").get_attribute("aria-label")
    assert re.search(r"\d+ of \d+ points lie on their own side", words)
    assert page.locator(".badge").inner_text() == "stopped"
    id_ = watched(seen)
    seen.visit("#/prune")
    page.locator(f"main a[href='#/prune/{id_}']").wait_for()
    assert page.locator("main a[href='#/prune/far.glass']").count() == 1


MOONS = "#/grow?table=example:moons&pace=10"


def test_what_diverged_offers_its_remedies(see, tmp_path) -> None:
    seen = see()
    page = seen.page
    begun(seen, "#/grow?table=example:diabetes&hidden=8&epochs=3&optimizer=sgd&learning_rate=1000")
    page.wait_for_selector("text=/^It failed: training diverged/")
    assert seen.button("Resume").count() == 0
    seen.accessible()
    seen.shot("diverged", tmp_path)
    sick = watched(seen)
    page.locator(".findings li", has_text="diverged").get_by_role("button", name=re.compile("^Train again")).click()
    page.wait_for_url(lambda url: "#/watch/t" in url and not url.endswith(sick))
    page.get_by_role("link", name=sick, exact=True).wait_for()


def test_an_optimiser_without_a_rate_is_asked_for_none(see) -> None:
    seen = see()
    page = seen.page
    seen.visit(f"{MOONS}&learning_rate=0.5")
    page.wait_for_selector(".columns tbody tr")
    rate = page.get_by_label("Learning rate")
    page.get_by_label("Optimiser").select_option("lbfgs")
    assert rate.is_disabled()
    assert "none" in page.locator(".field", has=rate).inner_text()
    assert "learning_rate" not in page.url
    seen.accessible()
    page.get_by_label("Optimiser").select_option("sgd")
    assert rate.is_enabled()
    assert "learning_rate=0.5" in page.url
    begun(seen, f"{MOONS}&optimizer=lbfgs")
    page.locator(".facts dd", has_text=re.compile(r"^\d+ of 200")).wait_for()
    seen.button("Pause").click()
    seen.button("Go on").wait_for()
    assert page.get_by_label("New learning rate").count() == 0 or page.get_by_label("New learning rate").is_hidden()
    assert "iteration" in seen.button("Step").get_attribute("title")
    at = epoch(seen)
    seen.button("Step").click()
    page.wait_for_function("(at) => parseInt(document.querySelector('.facts dd').textContent) === at + 1", arg=at)
    seen.accessible()
    seen.button("Stop").click()


def test_a_model_whose_table_is_not_there_is_shown_without_rows(see, tmp_path) -> None:
    seen = see()
    page = seen.page
    seen.visit("#/watch/file?id=far.glass")
    page.wait_for_selector("text=is not in the folder, so there is no row to work out")
    page.locator(".legend", has_text="fine").wait_for()
    page.locator(".stage").focus()
    for key in ("ArrowRight", "Enter"):
        page.keyboard.press(key)
    assert "so there is no row to work out" in page.locator(".spot").inner_text()
    assert page.locator(".arithmetic").is_hidden()
    assert page.locator(".strips canvas").count() == 0
    seen.accessible()
    seen.shot("rowless", tmp_path)


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


def test_the_keyboard_alone_is_enough(see, grown) -> None:
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
    page.wait_for_url(re.compile("#/watch/t"))
    assert page.evaluate("document.activeElement.tagName") == "H1"
    # It need not be waited for: another is done.
    seen.visit(f"#/watch/{grown}")
    page.wait_for_selector(".outcome")
    page.locator(".stage").focus()
    for key, said in (("ArrowDown", "unit 1 of layer 1"), ("ArrowRight", "layer 2"), ("End", "unit 5 of layer 2")):
        page.keyboard.press(key)
        assert said in page.locator("#said").inner_text()
        assert said in page.locator(".spot").inner_text()
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.activeElement.id === 'h-unit'")
    assert page.locator("#h-unit").inner_text() == "unit 5 of layer 2"
    page.keyboard.press("Escape")
    assert page.locator(".arithmetic").is_hidden()
    assert page.evaluate("document.activeElement.className") == "stage"
    page.go_back()
    page.locator(".arithmetic .result").first.wait_for()
    seen.tabbed()


def test_hostile_names_are_text(see) -> None:
    seen = see()
    page = seen.page
    begun(seen, "#/grow?table=hostile.csv&target=class&hidden=6&epochs=2")
    id_ = watched(seen)
    seen.visit("#/grow?table=hostile.csv&target=class")
    page.get_by_role("button", name=re.compile("^Show all")).click()
    page.wait_for_function("() => document.querySelectorAll('.columns tbody tr').length === 201")
    assert page.locator(".columns th span[title]").all_inner_texts()[0] == MARKUP[0]
    page.get_by_label("What is to be predicted").select_option(MARKUP[0])
    page.locator("tr.target th", has_text="<img").wait_for()
    seen.visit(f"#/watch/{id_}")
    page.wait_for_selector(".outcome", timeout=40_000)
    for hash_, ready in (
        (f"#/watch/{id_}?layer=1&unit=0&row=0", ".arithmetic .result"),
        (f"#/watch/{id_}?layer=2&unit=1&row=5&weight=2", ".arithmetic .step"),
        (f"#/prune/{id_}?density=0.5", f"{CUT}:not(:empty)"),
        ("#/watch", "main ul.trainings"),
    ):
        seen.visit(hash_)
        page.locator(ready).first.wait_for()
        page.wait_for_timeout(100)
        assert page.locator(STRANGE).count() == 0
        assert page.locator("a[href^='javascript']").count() == 0
    assert page.locator("script").count() == 1


def test_nothing_is_drawn_where_nothing_moves_and_less_where_less_is_wanted(see, grown) -> None:
    seen = see(reduced_motion="reduce")
    page = seen.page
    seen.visit(f"#/watch/{grown}")
    page.wait_for_selector(".outcome")
    page.wait_for_timeout(300)
    before = page.evaluate("glasshouseFrames")
    page.wait_for_timeout(300)
    assert page.evaluate("glasshouseFrames") == before > 0
    page.emulate_media(reduced_motion="reduce", color_scheme="dark")
    page.wait_for_function("(before) => glasshouseFrames > before", arg=before)
    # Turned dark at once, not over frames.
    page.wait_for_timeout(300)
    assert page.evaluate("glasshouseFrames") <= before + 2


def test_a_file_is_opened_by_button_and_by_drop(see, tmp_path) -> None:
    seen = see()
    page = seen.page
    seen.visit("#/grow")
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


def test_a_server_that_stops_is_told_and_forgiven(server, chromium, grown, tmp_path) -> None:
    seen = Seen(chromium, server)
    page = seen.page
    page.goto(server.url)
    page.wait_for_selector(".columns tbody tr")
    server.stop()
    try:
        seen.button("iris").click()
        page.wait_for_selector("#banner:has-text('The server was stopped.')")
        assert "start `glasshouse serve` again" in page.locator("#banner").inner_text()
    finally:
        server.start("--port", server.port)
    # Another server has another secret: the old page says which link to open.
    page.wait_for_selector("#banner:has-text('Open the link')")
    page.goto(server.url)
    page.wait_for_selector(".columns tbody tr")
    assert page.locator("#banner").inner_text() == ""
    # The browser itself notes a connection that failed; nothing else may be noted.
    assert [one for one in seen.problems if not re.search("Failed to load resource", one)] == []
    seen.problems.clear()
    # What the server before it trained is still there to be looked at.
    seen.visit("#/watch")
    page.locator("main ul.trainings a", has_text=grown).click()
    page.wait_for_selector(CHART, state="attached")
    page.wait_for_selector(".scores .ours .figure")
    page.locator(".strips canvas").first.wait_for()
    assert page.locator(".badge").inner_text() == "finished"
    page.locator(".stage").focus()
    page.keyboard.press("Enter")
    page.locator(".arithmetic .result").first.wait_for()
    seen.shot("again", tmp_path)
    seen.close()
