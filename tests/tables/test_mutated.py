"""Damaged tables: whatever the bytes, a table or one line of reason. 2,000 here; as a program, as many as it is told.

python tests/tables/test_mutated.py 100000 0    (how many, and a seed)
"""

from __future__ import annotations

import gzip
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from glasshouse.errors import GlasshouseError
from glasshouse.tables.columns import describe
from glasshouse.tables.encoder import TableEncoding
from glasshouse.tables.reading import Reading, read_table

WHOLE = [
    b"a,b,c\n1,2,3\n4,5,6\n7,8,9\n",
    b'"x y";z;day\n"1,5";"q";2024-01-31\n2,5;r;1.2.2024\n',
    "größe\tü\n1\t2\n".encode("latin-1"),
    "a,b\r1,2\r3,4\r".encode("utf-16"),
    b"1 2 3\n4 5 6\n",
    b"a|b||\n1|2||\n",
    gzip.compress(b"a,b\n1,2\n3,4\n", mtime=0),
    b"PAR1xxxxPAR1",
    b'a,b\n1,"x\ny"\n2,z\n',
    b"yes,1e308,NA\nno,-inf,?\n",
]
ODD = [0, 9, 10, 13, 32, 34, 44, 46, 59, 124, 255]


def mutated(rnd: random.Random) -> bytes:
    table = bytearray(rnd.choice(WHOLE) * rnd.choice([1, 1, 1, 3, 30]))
    for _ in range(rnd.randint(0, 6)):
        byte = rnd.choice([*ODD, rnd.randrange(256)])
        place = rnd.randrange(len(table) + 1)
        match rnd.randrange(3):
            case 0 if place < len(table):
                table[place] = byte
            case 1:
                table[place:place] = bytes([byte]) * rnd.randint(1, 8)
            case _:
                del table[place : place + rnd.randint(1, 9)]
    return bytes(table)


def said(rnd: random.Random) -> Reading:
    return Reading(
        delimiter=rnd.choice([None, None, None, ",", ";", " "]),
        header=rnd.choice([None, None, True, False]),
        decimal=rnd.choice([None, None, ","]),
        encoding=rnd.choice([None, None, None, "utf-8", "utf-16", "latin-1"]),
    )


def outcome(path: Path, reading: Reading) -> str:
    """What became of it: 'read', or the kind of error, of one line; anything else is raised."""
    try:
        table = read_table(path, reading)
        assert table.n_rows > 0
        assert {len(cells) for cells in table.columns.values()} == {table.n_rows}
        for name, cells in table.columns.items():
            describe(name, cells.counted())
        encoder = TableEncoding.fit(table)
        X, _ = encoder.transform(table)
        assert X.shape == (table.n_rows, len(encoder.feature_names))
        assert np.isfinite(X).all()
    except GlasshouseError as error:
        assert str(error)
        assert "\n" not in str(error), str(error)
        return type(error).__name__
    return "read"


def survey(count: int, seed: int, place: Path) -> tuple[Counter[str], float]:
    """How each of so many ended, and the seconds the slowest took."""
    rnd, ends, worst, path = random.Random(seed), Counter[str](), 0.0, place / "t.csv"
    for _ in range(count):
        table, reading = mutated(rnd), said(rnd)
        path.write_bytes(table)
        started = time.perf_counter()
        try:
            ends[outcome(path, reading)] += 1
        except Exception as error:
            raise AssertionError(f"{table!r} as {reading}: {type(error).__name__}: {error}") from error
        worst = max(worst, time.perf_counter() - started)
    return ends, worst


@pytest.mark.parametrize("seed", range(4))
def test_whatever_the_bytes_a_table_or_a_reason(seed, tmp_path) -> None:
    ends, _ = survey(500, seed, tmp_path)
    assert ends["read"] > 100
    assert sum(ends.values()) - ends["read"] > 50


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        ends, worst = survey(int(sys.argv[1]), int(sys.argv[2]), Path(folder))
    print(f"{dict(ends)}, the slowest in {worst:.2f} s")
