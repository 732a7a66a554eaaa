"""What tests of pages share: payloads that would do something if they were not text, and the contrast of colours."""

from __future__ import annotations

import re

SEEDS = (
    "<script>window.hacked=1</script>",
    "</style><script>window.hacked=2</script>",
    "</title><img src=x onerror=window.hacked=3>",
    '"><img src=x onerror="window.hacked=4">',
    "' onmouseover='window.hacked=5",
    "]]><script>window.hacked=6</script>",
    "--><svg onload=window.hacked=7>",
    "</svg><svg onload=window.hacked=8>",
    "</text><script>window.hacked=9</script>",
    "$\\frac{1}{",
    "$x^2$ & $\\alpha",
    "\\sqrt{$",
    "{{ 7*7 }}{% include 'x' %}",
    "javascript:window.hacked=10",
    "&lt;script&gt;window.hacked=11&lt;/script&gt;",
    "&#60;script&#62;window.hacked=12",
    "\u202eright to left\u202c",
    "\u2066isolated\u2069 \u200f",
    "nothing\x00here\x07\x1b[31m\x7f",
    "line\nbreak\r\ttab\u2028\u2029",
    "long " * 400,
    "W" * 3000,
    "😀👩\u200d👩\u200d👧 \U0001f3f3\ufe0f",
    "日本語の列 العربية हिन्दी",
    "url(https://example.org/x.png)",
    "expression(window.hacked=13)",
    "@import 'https://example.org/x.css';",
    "x; background: url(//example.org)",
    "<a href='https://example.org'>go</a>",
    "<meta http-equiv=refresh content='0;url=https://example.org'>",
    "@0@",
    "@7@",
    "-->",
    "<!--",
    "<![CDATA[",
    "%s %d {0} {name}",
    "\\u003cscript\\u003e",
    "\ufeff\ufffe\uffff",
    " ",
    "../../etc/passwd",
)
PAYLOADS = [seed if k == 0 else f"{k}{seed}" if k % 2 else f"{seed}{k}" for k in range(5) for seed in SEEDS]


def payload(k: int) -> str:
    """The k-th of them, round and round."""
    return PAYLOADS[k % len(PAYLOADS)]


def properties(css: str, scheme: str) -> dict[str, tuple[float, float, float]]:
    """The custom properties of a style sheet whose dark ones stand in a media query, as numbers from 0 to 255."""
    light, _, dark = css.partition("prefers-color-scheme: dark")
    found = re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6})", light + (dark if scheme == "dark" else ""))
    return {name: tuple(float(int(color[k : k + 2], 16)) for k in (1, 3, 5)) for name, color in found}


def luminance(color) -> float:
    parts = [c / 255 / 12.92 if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in color]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one, other) -> float:
    """As WCAG 2 has it, from 1 to 21."""
    a, b = sorted((luminance(one), luminance(other)))
    return (b + 0.05) / (a + 0.05)


def mixed(over, under, share: float) -> tuple[float, ...]:
    """A colour laid over another."""
    return tuple(share * a + (1 - share) * b for a, b in zip(over, under, strict=True))
