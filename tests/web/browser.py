"""A browser and a server for the tests of the live page, and the checks that every state of the page must pass."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
WIDE, NARROW = (1440, 900), (390, 844)


def needed() -> Any:
    """Playwright's entry, or a skip that says what is not there."""
    found = pytest.importorskip("playwright.sync_api", reason="the page is tested with playwright, which is not here")
    if CHROMIUM is None:
        pytest.skip("the page is tested with Chromium, which is not here: install Debian's chromium")
    return found


class Server:
    """`glasshouse serve` as a process of its own over a folder; who asks for its URL waits until it is there."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.start()

    def start(self, *more: str) -> None:
        folder = self.folder
        command = [sys.executable, "-m", "glasshouse", "serve", "--no-open", "--folder", str(folder), *more]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=folder)
        self._url = ""

    @property
    def url(self) -> str:
        assert self.process.stdout is not None
        while not self._url:
            line = self.process.stdout.readline()
            if not line:
                raise AssertionError(f"the server ended before it said where it is: code {self.process.wait()}")
            if "http://" in line:
                self._url = line[line.index("http://") :].strip()
        return self._url

    @property
    def origin(self) -> str:
        return "http://" + urlsplit(self.url).netloc

    @property
    def port(self) -> str:
        return str(urlsplit(self.url).port)

    def workers(self) -> list[int]:
        """The processes that train for it."""
        mine = str(self.process.pid)
        found = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                # The name stands in brackets and may hold anything; behind it come the state and the parent.
                if stat.read_text().rpartition(")")[2].split()[1] == mine:
                    found.append(int(stat.parent.name))
        return found

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


@contextmanager
def browser() -> Iterator[Any]:
    """Chromium, with one profile for all pages: what was read once is not read again."""
    with needed().sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        profile = chromium.new_context()
        profile.add_init_script("globalThis.PWNED = 0;")
        yield profile
        profile.close()
        chromium.close()


class Seen:
    """A page, known to the server and still empty, and everything on it that must not have happened."""

    def __init__(self, chromium: Any, server: Server, size: tuple[int, int] = WIDE, scheme: str = "light", **more: Any):
        self.server, self.size, self.scheme = server, size, scheme
        width, height = size
        chromium.request.get(server.url).dispose()  # which sets the cookie
        self.page = chromium.new_page()
        self.page.set_viewport_size({"width": width, "height": height})
        self.page.emulate_media(color_scheme=scheme, **more)
        self.page.set_default_timeout(20_000)
        self.problems: list[str] = []
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.problems.append(f"error: {error}"))
        self.page.on("dialog", self._dialog)
        self.page.on("request", self._request)

    def _console(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.problems.append(f"console: {message.text}")

    def _dialog(self, dialog: Any) -> None:
        self.problems.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _request(self, request: Any) -> None:
        if urlsplit(request.url).scheme != "data" and not request.url.startswith(self.server.origin + "/"):
            self.problems.append(f"asked another host: {request.url}")

    def visit(self, hash_: str) -> None:
        self.page.goto(f"{self.server.origin}/{hash_}")

    def button(self, name: str) -> Any:
        return self.page.get_by_role("button", name=name, exact=True)

    def shot(self, name: str, folder: Path, whole: bool = True) -> None:
        """Keep a picture, where GLASSHOUSE_SHOTS says or beside the test's other files."""
        place = Path(os.environ.get("GLASSHOUSE_SHOTS") or folder)
        place.mkdir(parents=True, exist_ok=True)
        path = place / f"page-{name}-{self.size[0]}-{self.scheme}.png"
        self.page.screenshot(path=str(path), full_page=whole)
        assert path.stat().st_size > 5000

    def close(self) -> None:
        """End it; nothing that must not happen may have happened."""
        marker = self.page.evaluate("globalThis.PWNED")
        self.page.close()
        assert marker == 0, "a name was executed"
        assert not self.problems, self.problems

    def accessible(self) -> None:
        """Names, ids, headings, contrast, targets, live regions, width: what is wrong with them, nothing."""
        # What fades in on a press would be measured half faded.
        self.page.evaluate(FADED)
        wrong = self.page.evaluate(CHECKS)
        assert not wrong, "\n".join(wrong)

    def tabbed(self) -> list[str]:
        """Go through the whole page with the Tab key; every control is met, in the order it is seen in, visibly."""
        wanted = self.page.evaluate(CONTROLS)
        met: list[str] = []
        # From the first control on: where Tab begins else is where a hand was last.
        self.page.evaluate("document.querySelector('.skip').focus()")
        for _ in range(len(wanted) + 5):
            found = self.page.evaluate(FOCUSED)
            if found is None or found["key"] in met:
                break
            assert found["outline"], f"the focus on {found['key']} cannot be seen"
            assert found["inside"], f"{found['key']} has the focus outside of what is seen"
            met.append(found["key"])
            self.page.keyboard.press("Tab")
        assert set(wanted) <= set(met), f"the Tab key does not reach {set(wanted) - set(met)}"
        wrong = self.page.evaluate(ORDER)
        assert not wrong, "\n".join(wrong)
        return met


HELPERS = """
const shown = (e) => e.checkVisibility({opacityProperty: true, visibilityProperty: true}) && e.getClientRects().length
  && !e.closest(".unseen");
const text = (e) => (e?.textContent ?? "").trim();
const texts = (ids) => ids.split(" ").map((id) => text(document.getElementById(id))).join(" ").trim();
const named = (e) => e.getAttribute("aria-label")
  || texts(e.getAttribute("aria-labelledby") ?? "")
  || [...(e.labels ?? [])].map(text).join(" ").trim()
  || (["SELECT", "INPUT", "PROGRESS", "CANVAS"].includes(e.tagName) ? "" : text(e)) || e.title || "";
const spot = (e) => `${e.tagName.toLowerCase()}.${e.className?.baseVal ?? e.className} ${text(e).slice(0, 40)}`;
const CONTROL = "a[href], button, input:not([type=file]), select, summary, [tabindex='0']";
const usable = (e) => shown(e) && !e.disabled;
const keyed = (e) => `${[...document.querySelectorAll(CONTROL)].indexOf(e)} ${named(e).slice(0, 40)}`;
"""


def script(body: str) -> str:
    """A function of JavaScript with the helpers at hand."""
    return f"() => {{ {HELPERS} {body} }}"


FADED = """() => {
  document.body.getBoundingClientRect();
  return Promise.allSettled(document.getAnimations().map((animation) => animation.finished));
}"""

CONTROLS = script("return [...document.querySelectorAll(CONTROL)].filter(usable).map(keyed);")

FOCUSED = script("""
  const e = document.activeElement;
  if (!e || e === document.body) return null;
  const style = getComputedStyle(e);
  const box = e.getBoundingClientRect();
  const outline = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  const inside = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  return {key: keyed(e), outline, inside};
""")

# Of two neighbours in one box, the later stands to the right of the earlier or below it.
ORDER = script("""
  const still = (e) => getComputedStyle(e).position !== "fixed" && !e.classList.contains("skip");
  const all = [...document.querySelectorAll(CONTROL)].filter((e) => usable(e) && still(e));
  const wrong = [];
  for (let k = 1; k < all.length; k++) {
    const [one, other] = [all[k - 1], all[k]];
    let parent = one.parentElement;
    while (!parent.contains(other)) parent = parent.parentElement;
    const [a, b] = [one, other].map((e) => {
      while (e.parentElement !== parent && e !== parent) e = e.parentElement;
      return e.getBoundingClientRect();
    });
    if (b.left < a.left - 1 && b.top < a.top - 1) wrong.push(`${spot(one)} before ${spot(other)}`);
  }
  return wrong;
""")

CHECKS = script("""
  const wrong = [];
  const must = (right, what, e) => right || wrong.push(`${what}${e ? `: ${spot(e)}` : ""}`);
  const all = (selector) => [...document.querySelectorAll(selector)].filter(shown);

  for (const e of all(CONTROL + ", [role], canvas, svg, progress")) {
    const silent = e.closest("[aria-hidden=true]") || ["alert", "status"].includes(e.getAttribute("role"));
    must(silent || named(e), "no name", e);
  }
  const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
  must(new Set(ids).size === ids.length, `an id twice: ${ids.filter((id, k) => ids.indexOf(id) !== k)}`);
  for (const attribute of ["for", "aria-labelledby", "aria-describedby"]) {
    for (const e of document.querySelectorAll(`[${attribute}]`)) {
      for (const id of e.getAttribute(attribute).split(" ")) must(document.getElementById(id), `no ${id}`, e);
    }
  }
  const heads = [...document.querySelectorAll("h1, h2, h3, h4")].filter((e) => e.checkVisibility());
  const levels = heads.map((e) => Number(e.tagName[1]));
  must(levels[0] === 1 && levels.filter((level) => level === 1).length === 1, `not one first heading: ${levels}`);
  must(levels.every((level, k) => !k || level <= levels[k - 1] + 1), `a level is left out: ${levels}`);
  for (const e of document.querySelectorAll("[tabindex]")) must(e.tabIndex <= 0, "an order of its own", e);
  must(document.querySelector("[role=status][aria-live=polite]"), "nothing tells what changes");
  must(document.querySelector("[role=alert]"), "nothing tells what went wrong");
  for (const e of all("th")) must(e.hasAttribute("scope"), "a head of nothing", e);
  for (const e of all("button, select, input, summary, nav a, a.button")) {
    const {width, height} = e.getBoundingClientRect();
    must(width >= 24 && height >= 24, `${Math.round(width)} x ${Math.round(height)}`, e);
  }
  const wide = document.documentElement.scrollWidth;
  must(wide <= innerWidth, `${wide} wide in ${innerWidth}`);

  const canvas = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
  const rgb = (words) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = words;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const linear = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  const light = ([r, g, b]) => 0.2126 * linear(r / 255) + 0.7152 * linear(g / 255) + 0.0722 * linear(b / 255);
  const known = new Map();
  const contrast = (ink, paper) => {
    const key = `${ink} on ${paper}`;
    if (!known.has(key)) {
      const [dark, bright] = [light(rgb(ink)), light(rgb(paper))].sort((one, other) => one - other);
      known.set(key, (bright + 0.05) / (dark + 0.05));
    }
    return known.get(key);
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const e = walker.currentNode.parentElement;
    if (!text(walker.currentNode) || !shown(e) || e.closest(":disabled, noscript, title, option, .skip")) continue;
    const style = getComputedStyle(e);
    let behind = e;
    while (behind && rgb(getComputedStyle(behind).backgroundColor)[3] < 255) behind = behind.parentElement;
    const paper = getComputedStyle(behind ?? document.body).backgroundColor;
    const ink = e instanceof SVGElement ? style.fill : style.color;
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const found = contrast(ink, paper);
    must(found >= (large ? 3 : 4.5), `contrast ${found.toFixed(2)} of ${ink} on ${paper}`, e);
  }
  return wrong;
""")
