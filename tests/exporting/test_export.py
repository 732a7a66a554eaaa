"""The verb export: what it writes, says and refuses, and limits of flash and memory as contracts."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris

import glasshouse as gh
from glasshouse.cli.main import run
from glasshouse.errors import OptionError, TableError
from glasshouse.exporting import contract
from glasshouse.exporting.c import proof

needs_cc = pytest.mark.skipif(proof.compiler() is None, reason="there is no C compiler")


@pytest.fixture(scope="module")
def iris(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "iris.glass"
    gh.train("example:iris", target="target", hidden=(12,), epochs=30, baselines=False, out=path)
    return path


def of_no_file() -> gh.Model:
    """A model whose rows are in no file."""
    frame = load_iris(as_frame=True).frame
    return gh.train(frame, target="target", hidden=(3,), epochs=5, baselines=False, out="")


def glasshouse(*words: object) -> int:
    with pytest.raises(SystemExit) as end:
        run([str(word) for word in words])
    return int(end.value.code or 0)


@needs_cc
@pytest.mark.parametrize("int8", [False, True])
def test_what_is_written_passes_its_own_test(iris: Path, tmp_path: Path, int8: bool, capsys: Any) -> None:
    out = tmp_path / "firmware"
    assert glasshouse("export", iris, "--out", out, "--name", "flower", *["--int8"] * int8) == 0
    said = capsys.readouterr().out
    assert "on 150 of 150 rows" in said
    assert sorted(file.name for file in out.iterdir()) == ["Makefile", "flower.c", "flower.h", "flower_test.c"]
    header = (out / "flower.h").read_text()
    assert "No licence attaches to this file" in header
    assert "on 150 of 150 rows" in header
    made = subprocess.run(["make", "-C", str(out), "test"], capture_output=True, text=True, check=True)
    assert "16 of 16 rows as they should be" in made.stdout
    assert "warning" not in made.stderr


def test_a_model_goes_beside_itself_as_onnx(iris: Path, capsys: Any) -> None:
    pytest.importorskip("onnx")
    assert glasshouse("export", iris, "--to", "onnx", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert said["files"] == [str(iris.with_suffix(".onnx"))]
    assert said["proof"]["rows"] in (0, 150)


def test_json_says_all_of_it(iris: Path, tmp_path: Path, capsys: Any) -> None:
    assert glasshouse("export", iris, "--int8", "--out", tmp_path / "c", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert said["schema_version"] == 1
    assert said["size"]["flash"] == sum(said["size"][part] for part in ("code", "tables", "library"))
    assert said["scores"]["part"] == "test"
    assert set(said["scores"]["after"]) == {"accuracy", "log_loss"}


def test_without_rows_or_a_compiler_it_says_so(iris: Path, tmp_path: Path, monkeypatch: Any) -> None:
    found = gh.export(of_no_file(), out=tmp_path / "c")
    assert "name a table" in found.proof.reason or "no C compiler" in found.proof.reason
    assert len(found.files) == 4
    monkeypatch.setattr(proof, "compiler", lambda: None)
    monkeypatch.setattr("glasshouse.exporting.c.export.compiler", lambda: None)
    assert "no C compiler" in gh.export(iris, out=tmp_path / "d").proof.reason


def test_without_a_cross_compiler_sizes_are_estimates_and_called_so(
    iris: Path, tmp_path: Path, monkeypatch: Any, capsys: Any
) -> None:
    monkeypatch.setattr("glasshouse.exporting.c.mcu.GCC", "no-such-compiler")
    assert glasshouse("export", iris, "--int8", "--out", tmp_path / "c") == 0
    assert "estimated for cortex-m0plus" in capsys.readouterr().out


@pytest.mark.skipif(shutil.which("arm-none-eabi-gcc") is None, reason="arm-none-eabi-gcc is not installed")
@pytest.mark.parametrize("int8", [False, True])
def test_an_estimate_is_near_what_is_linked(iris: Path, tmp_path: Path, monkeypatch: Any, int8: bool) -> None:
    linked = gh.export(iris, out=tmp_path / "a", int8=int8).size
    monkeypatch.setattr("glasshouse.exporting.c.mcu.GCC", "no-such-compiler")
    estimated = gh.export(iris, out=tmp_path / "b", int8=int8).size
    assert linked is not None
    assert estimated is not None
    assert not estimated.linked
    assert estimated.flash == pytest.approx(linked.flash, rel=0.5)


REFUSED = {
    ("--inputs", "int16"): "int16 inputs are of networks in whole numbers: add --int8",
    ("--to", "onnx", "--mcu", "cortex-m4"): "mcu is of C: leave it out",
    ("--to", "onnx", "--flash", "1k"): "flash is of C",
    ("--no-encoder",): "leave --no-encoder out",
    ("--name", "Iris"): "name is 'Iris': it must be a name in C",
    ("--flash", "lots"): "flash is 'lots': it must be a number of bytes",
    ("--ram", "0"): "ram is '0'",
    ("--max-drop", "0.1"): "name one with --flash or --ram",
    ("--flash", "9k", "--max-drop", "2"): "max_drop is 2.0: it must be at least 0 and below 1",
    ("--length", "9"): "no feature of a window",
    ("--step", "9"): "name the length of a window too",
    ("--length", "1"): "length is 1: it must be a whole number from 2",
    ("--table", "nowhere.csv", "--int8"): "nowhere.csv",
    ("--to", "java"): "'java' is not one of",
}


@pytest.mark.parametrize("words", REFUSED)
def test_bad_choices_end_in_one_line_and_write_nothing(
    words: tuple[str, ...], iris: Path, tmp_path: Path, capsys: Any
) -> None:
    out = tmp_path / "out"
    assert glasshouse("export", iris, "--out", out, *words) == 2
    said = capsys.readouterr().err
    assert REFUSED[words] in said
    assert len([line for line in said.splitlines() if line.startswith("glasshouse:")]) == 1
    assert not out.exists()


def test_int8_without_rows_is_refused(iris: Path, tmp_path: Path) -> None:
    alone = tmp_path / "alone.glass"
    model = gh.load(iris)
    with pytest.raises(TableError, match="name a table"):
        gh.export(of_no_file(), int8=True, out=alone)
    with pytest.raises(OptionError, match="no place beside"):
        gh.export(model)
    occupied = tmp_path / "file"
    occupied.write_text("mine")
    with pytest.raises(gh.GlasshouseError, match="it is a file: name a folder"):
        gh.export(iris, out=occupied)
    assert occupied.read_text() == "mine"


def test_a_limit_is_kept_by_pruning_or_the_nearest_is_shown(iris: Path, tmp_path: Path, capsys: Any) -> None:
    whole = gh.export(iris, int8=True, out=tmp_path / "whole")
    assert whole.size is not None
    limit = whole.size.flash - 60
    found = gh.export(iris, int8=True, out=tmp_path / "fits", flash=limit, max_drop=0.2)
    assert found.met
    assert found.size is not None
    assert found.size.flash <= limit
    assert found.contract is not None
    assert found.contract.tried[0][0] == 1.0
    assert found.model.network.n_weights < whole.model.network.n_weights
    assert glasshouse("export", iris, "--int8", "--flash", "200", "--out", tmp_path / "never") == 1
    assert "the nearest that was found is above, and nothing was written" in capsys.readouterr().out
    assert not (tmp_path / "never").exists()


@needs_cc
def test_what_a_model_file_says_of_itself_is_no_code(tmp_path: Path, capsys: Any) -> None:
    """Names come from anywhere: here from a file that was made to break out of a comment."""
    model = gh.train("example:iris", target="target", hidden=(3,), epochs=5, baselines=False, out="")
    breaking_out = (
        f'*\\int system();static __attribute__((constructor))void z(){{system("touch {tmp_path}/owned");}}\\*'
    )
    evil = replace(model, origin=replace(model.origin, file=breaking_out))
    evil.save(tmp_path / "evil.glass")
    assert glasshouse("export", tmp_path / "evil.glass", "--table", "example:iris", "--out", tmp_path / "c") == 0
    assert not (tmp_path / "owned").exists()


def test_other_peoples_files_are_not_replaced(iris: Path, tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_text("all: mine\n")
    with pytest.raises(gh.GlasshouseError, match="it is none that Glasshouse wrote: choose another folder"):
        gh.export(iris, out=tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["Makefile"]
    for _ in range(2):  # our own are
        assert gh.export(iris, out=tmp_path / "c", name="main").files


@needs_cc
@pytest.mark.parametrize("name", ["proof", "firmware", "int", "reset", "1st", "größe"])
def test_any_name_of_a_file_will_do(iris: Path, tmp_path: Path, name: str) -> None:
    model = tmp_path / f"{name}.glass"
    model.write_bytes(iris.read_bytes())
    found = gh.export(model, table="example:iris", int8=True)
    assert found.proof.holds
    assert {file.parent for file in found.files} == {tmp_path / f"{name}-c"}


@needs_cc
def test_int8_of_float_inputs_is_proved(iris: Path, tmp_path: Path) -> None:
    found = gh.export(iris, int8=True, inputs="float", out=tmp_path / "c")
    assert found.proof.holds, str(found.proof)
    assert "float sepal_width" in (tmp_path / "c" / "iris.h").read_text()


@needs_cc
@pytest.mark.parametrize("to", ["c", "onnx"])
def test_large_numbers_are_judged_by_their_spread(tmp_path: Path, to: str) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(800, 2)), columns=["a", "b"])
    frame["y"] = 1e5 * (frame["a"] * frame["b"] + frame["a"])
    model = gh.train(frame, target="y", epochs=20, baselines=False, out="")
    found = gh.export(model, to=to, table=frame, out=tmp_path / "y")
    assert found.proof.holds, str(found.proof)
    assert found.proof.rows == 800


def test_counts_serve_the_middle_of_a_column_whatever_its_ends(tmp_path: Path) -> None:
    """A few numbers far away do not make the unit of all the others coarse."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.uniform(0, 3.9, 600).round(2)})
    frame["y"] = np.where(frame["x"] % 2 < 1, "even", "odd")
    frame.loc[:2, "x"] = 1e5
    model = gh.train(frame, target="y", hidden=(32, 32), epochs=150, baselines=False, out="")
    found = gh.export(model, int8=True, table=frame, out=tmp_path / "c")
    assert found.scores is not None
    assert found.scores.after["accuracy"] > found.scores.before["accuracy"] - 0.05


def test_counts_of_numbers_far_from_0_are_taken_from_an_offset(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"when": 1.7e9 + rng.normal(0, 1e6, 900), "p": 1013 + rng.normal(0, 1, 900)})
    frame["y"] = np.where((frame["when"] - 1.7e9) / 1e6 + frame["p"] - 1013 > 0, "up", "down")
    model = gh.train(frame, target="y", hidden=(8,), epochs=60, baselines=False, out="")
    found = gh.export(model, int8=True, table=frame, out=tmp_path / "c", name="far")
    assert found.proof.holds
    assert found.scores is not None
    assert found.scores.same > 0.98 * found.scores.rows
    assert "less 1700000000, in units of 1000" in (tmp_path / "c" / "far.h").read_text()


@needs_cc
def test_a_proof_that_fails_writes_nothing_and_says_so(
    iris: Path, tmp_path: Path, monkeypatch: Any, capsys: Any
) -> None:
    wrong = proof.Proof("cc", 150, 0.5, 149)
    monkeypatch.setattr("glasshouse.exporting.c.export.proved", lambda *_: wrong)
    assert glasshouse("export", iris, "--out", tmp_path / "c") == 1
    said = capsys.readouterr().out
    assert "refuted   cc: equal to the model on 149 of 150 rows" in said
    assert "the proof failed, and nothing was written" in said
    assert not (tmp_path / "c").exists()


def test_limits_in_bytes_and_kilobytes() -> None:
    assert contract.bytes_of("flash", "1.5K") == 1536
    with pytest.raises(OptionError):
        contract.bytes_of("flash", True)
