"""Windows of recordings: each feature against Python's own arithmetic, and where a window may lie."""

from __future__ import annotations

import statistics
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import glasshouse as gh
from glasshouse.tables import windows as module

SAMPLES = st.lists(st.integers(-8, 8).map(lambda k: k / 4), min_size=2, max_size=40)


def written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def by_hand(x: list[float]) -> dict[str, float]:
    """The features of one window, a sample at a time."""
    mean = statistics.fmean(x)
    steps = list(zip(x, x[1:]))
    return {
        "mean": mean,
        "deviation": statistics.fmean(abs(v - mean) for v in x),
        "min": min(x),
        "max": max(x),
        "difference": statistics.fmean(abs(b - a) for a, b in steps),
        "crossings": sum((a < 0) != (b < 0) for a, b in steps),
    }


@settings(deadline=None)
@given(x=SAMPLES, length=st.integers(2, 12), step=st.integers(1, 12), at_a_time=st.integers(1, 5))
def test_features_are_those_of_each_window(tmp_path_factory, x, length, step, at_a_time):
    file = written(tmp_path_factory.mktemp("w") / "r.csv", "x,y\n" + "".join(f"{v},{-2 * v}\n" for v in x))
    starts = range(0, len(x) - length + 1, step)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "AT_A_TIME", at_a_time)
        if not starts:
            with pytest.raises(gh.TableError, match="choose a smaller length"):
                gh.windows([file], length=length, step=step)
            return
        rows = gh.windows([file], length=length, step=step).to_pylist()
    assert len(rows) == len(starts)
    for row, start in zip(rows, starts):
        window = x[start : start + length]
        for name, value in by_hand(window).items():
            assert row[f"x_{name}"] == pytest.approx(value)
        for name, value in by_hand([-2 * v for v in window]).items():
            assert row[f"y_{name}"] == pytest.approx(value)


def test_blank_lines_part_recordings_and_files_name_labels(tmp_path):
    wave = written(tmp_path / "wave.csv", "x\n1\n2\n3\n\n\n4\n5\n6\n\n7\n")
    rest = written(tmp_path / "rest.csv", "x\n\n0\n0\n0\n")
    found = gh.windows([wave, rest], length=2).to_pandas()
    assert found.columns[:2].tolist() == ["recording", "label"]
    assert found["recording"].tolist() == ["wave-1", "wave-1", "wave-2", "wave-2", "rest-1", "rest-1"]
    assert found["label"].tolist() == ["wave"] * 4 + ["rest"] * 2
    assert found["x_max"].tolist() == [2, 3, 5, 6, 0, 0]


def test_no_window_reaches_over_a_recording_or_a_label(tmp_path):
    frame = pd.DataFrame({"who": [*"aaaabbbb"], "act": [*"rrwwwwww"], "x": range(8), "t": range(8)})
    frame.to_csv(tmp_path / "log.csv", index=False)
    frame.to_parquet(tmp_path / "log.parquet")
    for file in ("log.csv", "log.parquet"):
        found = gh.windows([tmp_path / file], length=2, step=2, label="act", recording="who", drop=["t"]).to_pandas()
        assert list(found[["recording", "act", "x_min"]].itertuples(index=False, name=None)) == [
            ("a", "r", 0),
            ("a", "w", 2),
            ("b", "w", 4),
            ("b", "w", 6),
        ]
        assert not any(name.startswith("t_") for name in found)


def test_files_of_one_name_hold_different_recordings(tmp_path):
    for person in ("ann", "bob"):
        (tmp_path / person).mkdir()
        written(tmp_path / person / "walk.csv", "x\n1\n2\n\n3\n4\n")
    found = gh.windows([tmp_path / "ann", tmp_path / "bob"], length=2)
    assert found["recording"].to_pylist() == ["walk-1", "walk-2", "walk-3", "walk-4"]


def test_they_train_by_group(tmp_path):
    rng = np.random.default_rng(0)
    for name, scale in (("shake", 3.0), ("still", 0.1)):
        recordings = ["".join(f"{v:.3f}\n" for v in rng.normal(size=40) * scale) for _ in range(8)]
        written(tmp_path / f"{name}.csv", "x\n" + "\n".join(recordings))
    table = gh.windows([tmp_path / "shake.csv", tmp_path / "still.csv"], length=20)
    model = gh.train(table, target="label", group="recording", baselines=False, out="")
    assert model.scores["test"]["accuracy"] == 1
    assert "recording" not in [e.name for e in model.encoder.encodings]


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("x\n1\nzwei\n3\n", {}, "channel 'x' of .* holds 'zwei' in row 2: a sample is a number"),
        ("x,y\n1,\n2,3\n", {}, "channel 'y' of .* holds 'nothing' in row 1"),
        ("x\n1\n2\n", {"length": 1}, "length is 1: it must be a whole number of at least 2 samples"),
        ("x\n1\n2\n", {"step": 0}, "step is 0"),
        ("x\n1\n2\n", {"label": "y"}, "has no column 'y'"),
        ("x\n1\n2\n", {"label": "recording"}, "label is 'recording'"),
        ("x\n1\n2\n", {"drop": ["x"]}, "has no channel"),
        ("x\n1\n2\n", {"drop": "x"}, "drop is 'x': it must be a list"),
        ('x,y\n1,"a\n\nb"\n2,c\n', {"drop": ["y"]}, "blank lines part no recordings in it"),
    ],
)
def test_what_cannot_be_cut_is_said(tmp_path, text, options, message):
    file = written(tmp_path / "r.csv", text)
    with pytest.raises((gh.TableError, gh.OptionError), match=message):
        gh.windows([file], **{"length": 2, **options})


def test_unlike_files_are_refused(tmp_path):
    one, other = written(tmp_path / "a.csv", "x\n1\n2\n"), written(tmp_path / "b.csv", "y\n1\n2\n")
    with pytest.raises(gh.TableError, match="has other channels than"):
        gh.windows([one, other], length=2)
    with pytest.raises(gh.OptionError, match="it must be a list"):
        gh.windows(str(one), length=2)
    with pytest.raises(gh.TableError, match="no recording was named"):
        gh.windows([], length=2)
