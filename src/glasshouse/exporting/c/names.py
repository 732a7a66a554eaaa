"""Identifiers of C out of names of columns and labels, which are not ours; and what of them may stand in a comment."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["Names", "checked_name", "in_comment", "in_string", "symbols"]

RESERVED = (
    "auto break case char const continue default do double else enum extern float for goto if inline int long register "
    "restrict return short signed sizeof static struct switch typedef union unsigned void volatile while "
    # of C++, as the header may be read by its compilers
    "alignas alignof and and_eq asm bitand bitor bool catch char8_t char16_t char32_t class compl concept consteval "
    "constexpr constinit const_cast co_await co_return co_yield decltype delete dynamic_cast explicit export false "
    "friend mutable namespace new noexcept not not_eq nullptr operator or or_eq private protected public "
    "reinterpret_cast requires static_assert static_cast template this thread_local throw true try typeid typename "
    "using virtual wchar_t xor xor_eq "
    # what headers define as a word, where they do
    "assert errno i386 linux math_errhandling null signgam stderr stdin stdout unix"
)
KEYWORDS = frozenset(RESERVED.split())
LONGEST = 40
SIGNS = {"<=": " le ", ">=": " ge ", "<": " lt ", ">": " gt ", "+": " plus ", "%": " percent "}
OURS = (
    *("class", "classes", "count", "features", "h", "label", "missing", "needs_arithmetic_shifts", "network"),
    *("outputs", "predict", "predict_proba", "push", "row", "value"),
)


def symbols(prefix: str) -> Names:
    """Where the names of enums and enumerators come from: all that is ours is taken."""
    return Names(*(f"{prefix}_{word}" for word in OURS))


class Names:
    """Identifiers, each handed out once.

    Examples
    --------
    >>> names = Names()
    >>> names.new("Größe (cm)"), names.new("grosse cm"), names.new("1st Flr SF"), names.new("class")
    ('grosse_cm', 'grosse_cm_2', 'n1st_flr_sf', 'class_')
    """

    def __init__(self, *taken: str) -> None:
        self.taken = set(taken)
        self.numbers: dict[str, int] = {}  # where to go on counting, of words met before

    def new(self, text: str, *endings: str, longest: int = LONGEST) -> str:
        """An identifier like `text`, no other's, also with each of these endings."""
        for sign, spoken in SIGNS.items():
            text = text.replace(sign, spoken)
        plain = unicodedata.normalize("NFKD", text.replace("ß", "ss")).encode("ascii", "ignore").decode().lower()
        word = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:longest].rstrip("_") or "unnamed"
        word = f"n{word}" if word[0].isdigit() else f"{word}_" if word in KEYWORDS else word
        name, number = word, self.numbers.get(word, 2)
        while any(f"{name}{ending}" in self.taken for ending in ("", *endings)):
            name, number = f"{word}_{number}", number + 1
        self.numbers[word] = number
        self.taken |= {f"{name}{ending}" for ending in ("", *endings)}
        return name


def checked_name(name: str) -> bool:
    """Whether a prefix of symbols is one: a letter, then letters, digits and single underscores; no keyword."""
    return re.fullmatch(r"[a-z](_?[a-z0-9])*", name) is not None and name not in KEYWORDS and len(name) <= LONGEST


def in_comment(text: str, longest: int = 60) -> str:
    """Text as a comment may hold it: printable ASCII without a star, a backslash or two question marks together.

    A comment ends with a star and a slash, and names come from anywhere.
    """
    plain = (c if " " <= c <= "~" else "?" for c in " ".join(text.split()))
    words = re.sub(r"\?\?+", "?", "".join(plain).translate({ord("*"): "x", ord("\\"): "/"}))
    return words if len(words) <= longest else words[: longest - 3] + "..."


def in_string(text: str) -> str:
    """Text as a literal of UTF-8 bytes."""
    made = []
    for byte in text.encode():
        char = chr(byte)
        made.append(char if " " <= char <= "~" and char not in '"\\?' else f"\\{byte:03o}")
    return '"' + "".join(made) + '"'
