"""What a person does on the live page, visit by visit, and the tables it is done with."""

from __future__ import annotations

import csv
import os
import re
import signal
from pathlib import Path

import numpy as np
from web.browser import Seen, Server

from glasshouse.models.train import train

CUT = ".before tr:nth-child(3) td:nth-child(3)"
CHART = ".curves .chart path.line.training[d^='M']"
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


def far(path: Path, table: Path) -> None:
    """A model of a table that lies elsewhere."""
    mixed(table, rows=60)
    train(table, target="verdict", out=path, hidden=(5,), epochs=1, baselines=False)


def begun(seen: Seen, hash_: str) -> None:
    """Train what the hash says."""
    seen.visit(hash_)
    seen.page.wait_for_selector(".columns tbody tr")
    seen.button("Train").click()
    seen.page.wait_for_url(re.compile("#/watch/t"))


def watched(seen: Seen) -> str:
    """The training that is open."""
    return re.search(r"watch/(t\d+)", seen.page.url)[1]


def trained(seen: Seen, hash_: str) -> str:
    """Train what the hash says, to the end; the training's id."""
    begun(seen, hash_)
    seen.page.wait_for_selector(".outcome", timeout=40_000)
    return watched(seen)


def grows(seen: Seen, tmp_path: Path) -> None:
    """Choose the table, correct a column, shape the network, and press Train."""
    page = seen.page
    seen.visit("")
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
    page.get_by_label("Epochs, at most").fill("4")
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
    page.wait_for_selector("text=/zip was handed to the browser/")
    seen.button("Undo").click()
    page.wait_for_selector("text=/^Undone: /")
    assert connections.first.inner_text() == whole


def steered(seen: Seen, tmp_path: Path) -> None:
    page = seen.page
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


def epoch(seen: Seen) -> int:
    return int(seen.page.locator(".facts dd").first.inner_text().split(" of ")[0])


def resumed(seen: Seen, server: Server, tmp_path: Path) -> None:
    page = seen.page
    (worker,) = server.workers()
    os.kill(worker, signal.SIGKILL)
    page.wait_for_selector("text=/^It failed: .*signal 9/")
    seen.button("Resume").wait_for()
    assert page.locator(".badge").inner_text() == "failed"
    seen.accessible()
    seen.shot("killed", tmp_path, whole=False)
    reached = epoch(seen)
    seen.button("Resume").click()
    page.wait_for_function(
        "(before) => parseInt(document.querySelector('.facts dd').textContent) > before + 2", arg=reached
    )
    assert page.locator(".badge").inner_text() == "training"
    assert page.locator("main > .wrongly").all_inner_texts() == [""]
    assert seen.button("Resume").count() == 0
    assert page.locator(CHART).count() == 1
