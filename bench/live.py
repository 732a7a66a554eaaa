"""What the live page costs a training, and how smoothly it draws: ``python -m bench.live [--page]``.

A 784-300-100-10 network trains on one core, without anybody watching and with a page open, in turns; server and browser
have another core. Frames are those in which the page drew its network, counted in headless Chromium.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from json import dumps, loads
from pathlib import Path

import numpy as np

from bench import page

ROWS, COLUMNS, CLASSES = 6000, 784, 10
ROUNDS, SECONDS = 7, 8.0
CHROMIUM = "/usr/bin/chromium"


def table(path: Path) -> None:
    """As many columns as an image of 28 x 28 has pixels, and classes that can be learned from them."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, CLASSES, ROWS)
    X = np.clip(rng.normal(100, 60, (ROWS, COLUMNS)) + 12 * rng.normal(size=(CLASSES, COLUMNS))[y], 0, 255).astype(int)
    head = ",".join([*(f"p{k}" for k in range(COLUMNS)), "digit"])
    np.savetxt(path, np.column_stack((X, y)), fmt="%d", delimiter=",", header=head, comments="")


class Server:
    """`glasshouse serve` in a process of its own, asked with its token."""

    def __init__(self, folder: Path, cores: set[int]):
        environment = {**os.environ, "GLASSHOUSE_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "glasshouse", "serve", "--no-open", "--folder", str(folder)],
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        os.sched_setaffinity(self.process.pid, cores)
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if found := re.search(r"(http://\S+)/\?token=(\S+)", line):
                self.origin, self.token = found[1], found[2]
                return
        raise RuntimeError("the server did not say where it is")

    @property
    def address(self) -> str:
        return f"{self.origin}/?token={self.token}"

    def ask(self, path: str, body: dict[str, object] | None = None) -> dict[str, object]:
        request = urllib.request.Request(f"{self.origin}{path}", None if body is None else dumps(body).encode())
        request.add_header("Authorization", f"Bearer {self.token}")
        if body is not None:
            request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=60) as answer:
            return loads(answer.read())

    def workers(self) -> list[int]:
        children = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        return [int(pid) for file in children for pid in file.read_text().split()]


@contextlib.contextmanager
def training(folder: Path, cores: tuple[int, int]) -> Iterator[tuple[Server, str]]:
    """A server on one core, and a long training in its process on the other."""
    server = Server(folder, {cores[1]})
    try:
        asked = {"table": "digits.csv", "target": "digit", "hidden": [300, 100], "epochs": 5000, "learning_rate": 1e-5}
        id = str(server.ask("/api/trainings", asked)["id"])
        for pid in server.workers():
            for thread in Path(f"/proc/{pid}/task").iterdir():
                os.sched_setaffinity(int(thread.name), {cores[0]})
        while server.ask(f"/api/trainings/{id}")["status"]["epoch"] < 2:  # type: ignore[index]
            time.sleep(0.5)
        yield server, id
    finally:
        server.process.terminate()
        server.process.wait(20)


def pace(server: Server, id: str, seconds: float) -> tuple[float, float]:
    """Epochs a second over a while, by those that end in it, and the processor's seconds that each took."""

    def now() -> tuple[float, float]:
        (one,) = [t for t in server.ask("/api/trainings")["trainings"] if t["id"] == id]  # type: ignore[union-attr]
        return time.perf_counter(), float(one["epoch"])

    def boundary() -> tuple[float, float]:
        _, epoch = now()
        while (found := now())[1] == epoch:
            time.sleep(0.01)
        return found

    def worked() -> float:
        fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in server.workers()]
        return sum(int(field[11]) + int(field[12]) for field in fields) / os.sysconf("SC_CLK_TCK")

    began, first = boundary()
    before = worked()
    while time.perf_counter() - began < seconds:
        time.sleep(0.2)
    ended, last = boundary()
    return (last - first) / (ended - began), (worked() - before) / (last - first)


def main() -> None:
    from playwright.sync_api import sync_playwright

    cores = sorted(os.sched_getaffinity(0))[:2]
    os.sched_setaffinity(0, {cores[1]})  # and with us the browser
    alone, watched, frames, drawn = [], [], [], []  # the first two: epochs a second, seconds an epoch
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        table(Path(name, "digits.csv"))
        with training(Path(name), (cores[0], cores[1])) as (server, id):
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            view = browser.new_page(viewport={"width": 1280, "height": 900})
            view.goto(server.address)
            for k in range(ROUNDS):
                view.goto("about:blank")
                time.sleep(1)
                alone.append(pace(server, id, SECONDS))
                view.goto(f"{server.origin}/#/watch/{id}")
                view.wait_for_selector("canvas")
                time.sleep(1.5)
                view.evaluate(COUNT)
                watched.append(pace(server, id, SECONDS))
                shown, seconds, pictures = view.evaluate("window.counted()")
                frames.append(shown / seconds)
                drawn.append(pictures / seconds)
                print(
                    f"{k}: {alone[-1][0]:.2f} epochs a second alone, {watched[-1][0]:.2f} watched, "
                    f"{frames[-1]:.0f} frames, {drawn[-1]:.0f} of them drew the network",
                    flush=True,
                )
            if "--shot" in sys.argv:
                view.screenshot(path=sys.argv[sys.argv.index("--shot") + 1], full_page=True)
            browser.close()
    ratios = np.array(watched) / np.array(alone)
    wall, work = np.sort(1 / ratios[:, 0]), np.sort(ratios[:, 1])
    lines = ["| what | median | spread |", "|---|---|---|"]
    for name, found in (("processor time", work), ("time", wall)):
        middle = f"{np.median(found):.3f} | {found[0]:.3f} to {found[-1]:.3f}"
        lines.append(f"| {name} of an epoch, watched over unwatched | {middle} |")
    lines += [
        f"| frames a second | {np.median(frames):.0f} | {min(frames):.0f} to {max(frames):.0f} |",
        f"| of these, drew the network anew | {np.median(drawn):.0f} | {min(drawn):.0f} to {max(drawn):.0f} |",
    ]
    print("\n".join(lines))
    if "--page" in sys.argv:
        page.put("live", "\n".join(lines), page.PAGE.with_name("live.md"))


COUNT = """() => {
  const began = performance.now(), first = window.glasshouseFrames || 0;
  let shown = 0, on = true;
  const next = () => { shown += 1; if (on) requestAnimationFrame(next); };
  requestAnimationFrame(next);
  window.counted = () => {
    on = false;
    return [shown, (performance.now() - began) / 1000, (window.glasshouseFrames || 0) - first];
  };
}"""


if __name__ == "__main__":
    main()
