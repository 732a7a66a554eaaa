"""C99: what is written compiles without a warning, runs without a fault, and is the model; on its chip too."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_models import random_model

import glasshouse as gh
from glasshouse.exporting.c.mcu import MCUS, _link, emulated, sized
from glasshouse.exporting.c.names import Names, checked_name, in_comment, in_string
from glasshouse.exporting.c.proof import Compiled, compiler, proved
from glasshouse.exporting.c.writer import source
from glasshouse.exporting.columns import columns_of, encoded, raw_rows
from glasshouse.exporting.export import export
from glasshouse.exporting.plan import Plan, planned
from glasshouse.exporting.recordings import window_of
from glasshouse.tables.reading import as_table

SANITIZED = ("-O1", "-Werror", "-fsanitize=address,undefined,float-cast-overflow", "-fno-sanitize-recover=all")
WAYS = {
    "float": (False, None),
    "as precise": (False, None),
    "counts": (True, "int16"),
    "int8 of floats": (True, "float"),
}
CC = compiler()
few = settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
needs_cc = pytest.mark.skipif(CC is None, reason="there is no C compiler")
needs_arm = pytest.mark.skipif(shutil.which("arm-none-eabi-gcc") is None, reason="arm-none-eabi-gcc is not installed")
needs_qemu = pytest.mark.skipif(shutil.which("qemu-system-arm") is None, reason="qemu-system-arm is not installed")


@needs_cc
@pytest.mark.parametrize("way", WAYS)
@few
@given(seed=st.integers(0, 2**32 - 1))
def test_c_is_the_model(way: str, seed: int) -> None:
    model, rows = random_model(np.random.default_rng(seed), n_rows=300)
    int8, inputs = WAYS[way]
    plan = planned(model, "net", int8=int8, inputs=inputs, table=None if way == "as precise" else rows)
    assert CC is not None
    with Compiled(plan, CC, SANITIZED) as compiled:
        found = proved(plan, rows, compiled)
        assert found.holds or (way == "int8 of floats" and found.agree >= 0.98 * found.rows), str(found)
        x = plan.inputs(rows)
        if int8:
            np.testing.assert_array_equal(compiled.network(x), plan.outputs(x))


@needs_cc
@pytest.mark.parametrize("cc", ["gcc", "clang"])
@pytest.mark.parametrize("level", ["-O0", "-O2", "-Os"])
def test_no_compiler_warns_at_any_level(cc: str, level: str) -> None:
    path = shutil.which(cc)
    if path is None:
        pytest.skip(f"{cc} is not installed")
    for seed, (int8, inputs) in enumerate(WAYS.values()):
        model, rows = random_model(np.random.default_rng(seed), n_rows=50)
        plan = planned(model, "net", int8=int8, inputs=inputs, table=rows)
        with Compiled(plan, path, (level, "-Werror")) as compiled:
            assert compiled.messages == ""


@needs_cc
def test_a_header_is_c_plus_plus_too() -> None:
    plus_plus = shutil.which("g++") or shutil.which("clang++")
    if plus_plus is None:
        pytest.skip("there is no C++ compiler")
    model, _ = random_model(np.random.default_rng(5), with_encoder=True, n_rows=50)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "net.h").write_text(source(planned(model, "net"), [])["net.h"])
        words = [plus_plus, "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-x", "c++", "net.h"]
        assert subprocess.run(words, cwd=folder, capture_output=True, check=False).stderr == b""


@few
@given(seed=st.integers(0, 2**32 - 1))
def test_the_view_that_c_is_written_from_is_the_encoder(seed: int) -> None:
    model, rows = random_model(np.random.default_rng(seed), with_encoder=True, n_rows=200)
    found = encoded(columns_of(model.encoder), raw_rows(model.encoder, rows), model.network.n_features)
    np.testing.assert_array_equal(found, model.encoder.encode(rows).dense())


def small_plan(*, int8: bool, task: str = "classification") -> tuple[Plan, gh.Model, object]:
    name = "example:iris" if task == "classification" else "example:diabetes"
    model = gh.train(name, target="target", hidden=(8,), epochs=20, baselines=False, out="")
    rows = as_table(name)
    return planned(model, "small", int8=int8, table=rows), model, rows


@needs_arm
@pytest.mark.parametrize("int8", [False, True])
def test_stated_sizes_are_the_linkers(int8: bool) -> None:
    plan, _, _ = small_plan(int8=int8)
    stated = sized(plan, "cortex-m0plus")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        _link(plan, "cortex-m0plus", place, None)
        kept = (place / "firmware.map").read_text().split("Linker script and memory map")[1]
        regions = dict(re.findall(r"^\.(text|data|bss)\s+0x[0-9a-f]+\s+0x([0-9a-f]+)", kept, re.MULTILINE))
        own = subprocess.run(
            ["arm-none-eabi-size", "-A", "firmware_.o"], cwd=place, capture_output=True, text=True, check=True
        ).stdout
    harness = dict.fromkeys(("text", "bss"), 0)
    for section, size in re.findall(r"^\.(\S+)\s+([0-9]+)", own, re.MULTILINE):
        kind = "bss" if section.startswith("bss") else "text" if section.startswith(("text", "vectors")) else ""
        if kind:
            harness[kind] += int(size)
    flash = int(regions["text"], 16) + int(regions["data"], 16) - harness["text"]
    static = int(regions["data"], 16) + int(regions["bss"], 16) - harness["bss"]
    assert stated.flash == pytest.approx(flash, rel=0.02)
    assert stated.scratch == pytest.approx(static, rel=0.02)


@needs_arm
def test_whole_numbers_need_no_floating_point() -> None:
    plan, _, _ = small_plan(int8=True)
    with tempfile.TemporaryDirectory() as folder:
        _link(plan, "cortex-m0plus", Path(folder), None)
        names = {
            file: subprocess.run(
                ["arm-none-eabi-nm", file], cwd=folder, capture_output=True, text=True, check=True
            ).stdout
            for file in ("firmware.elf", "small.o")  # what predict needs, and all there is
        }
    assert "small_predict" in names["firmware.elf"]
    assert "small_predict_proba" in names["small.o"]
    for found in names.values():
        assert not re.findall(r"__aeabi_[fd]\w*", found)


@needs_arm
@needs_qemu
@pytest.mark.parametrize("mcu", MCUS)
@pytest.mark.parametrize("int8", [False, True])
@pytest.mark.parametrize("task", ["classification", "regression"])
def test_an_emulated_processor_gives_the_same_answers(mcu: str, int8: bool, task: str) -> None:
    plan, _, rows = small_plan(int8=int8, task=task)
    raw = plan.raw(rows)
    run = emulated(plan, mcu, raw)
    wanted = plan.answers(plan.outputs(plan.inputs(rows)))[: len(run.answers)]
    np.testing.assert_allclose(run.answers, wanted, rtol=1e-5)
    assert 0 < run.stack < 400
    assert (run.instructions > 100).all()


@needs_cc
@pytest.mark.parametrize("int8", [False, True])
@pytest.mark.parametrize("step", [4, 11, 15])
def test_samples_pushed_one_at_a_time_are_the_windows_of_python(tmp_path: Path, int8: bool, step: int) -> None:
    rng = np.random.default_rng(step)
    files = []
    for name, loudness in (("calm", 20), ("wild", 90)):
        recordings = [rng.normal(0, loudness, (60, 2)).astype(int) for _ in range(4)]
        text = "\n\n".join("\n".join(f"{a / 100:.2f},{b}" for a, b in recording) for recording in recordings)
        (tmp_path / f"{name}.csv").write_text(f"x,y\n{text}\n")
        files.append(tmp_path / f"{name}.csv")
    table = gh.windows(files, length=11, step=step)
    model = gh.train(table, target="label", group="recording", hidden=(6,), epochs=15, baselines=False, out="")
    found = export(model, out=tmp_path / "c", int8=int8, table=table, length=11, step=step, name="motion")
    assert found.proof.holds
    pushed = _pushed(tmp_path, files, int8=int8)
    rows = as_table(table)
    plan = planned(model, "motion", int8=int8, table=rows, window=window_of(model, 11, step))
    assert plan.classes is not None
    np.testing.assert_array_equal(pushed, np.array(plan.classes)[plan.answers(plan.outputs(plan.inputs(rows)))])
    assert (pushed == model.predict(table)).mean() > 0.9


@needs_cc
@few
@given(seed=st.integers(0, 2**32 - 1), way=st.sampled_from(list(WAYS)))
def test_rows_that_are_no_rows_are_answered_without_a_fault(seed: int, way: str) -> None:
    """No number, infinite ones, codes beyond the enum, flags that are neither 0 nor 1: an answer, and no overflow."""
    rng = np.random.default_rng(seed)
    model, rows = random_model(rng, with_encoder=True, n_rows=60)
    int8, inputs = WAYS[way]
    plan = planned(model, "net", int8=int8, inputs=inputs, table=rows)
    assert CC is not None
    with Compiled(plan, CC, SANITIZED) as compiled:
        records = compiled.row.records(plan.raw(rows))
        for field in records.dtype.names:
            kind = records.dtype[field]
            odd = [np.nan, np.inf, -np.inf, 1e30] if kind.kind == "f" else [np.iinfo(kind).min, np.iinfo(kind).max]
            where = rng.random(len(records)) < 0.3
            records[field][where] = rng.choice(np.array(odd).astype(kind), where.sum())
        assert len(compiled.answers(records)) == 60


@needs_cc
@few
@given(seed=st.integers(0, 2**32 - 1))
def test_a_number_that_is_none_is_missing(seed: int) -> None:
    model, rows = random_model(np.random.default_rng(seed), with_encoder=True, n_rows=60)
    assert CC is not None
    with Compiled(planned(model, "net", table=rows), CC) as compiled:
        records = compiled.row.records(compiled.plan.raw(rows))
        marked = records.copy()
        for members, flag in zip(compiled.row.members, compiled.row.flags, strict=True):
            for member in members if flag else ():
                marked[member][marked[flag] == 1] = np.nan
            if flag:
                marked[flag] = 0
        np.testing.assert_array_equal(compiled.answers(marked), compiled.answers(records))


def recorded(tmp_path: Path, gap: str = "") -> object:
    """A table of windows of 11 samples of one channel, with a gap or without."""
    rng = np.random.default_rng(1)
    text = "\n\n".join("\n".join(f"{x}" for x in rng.integers(-50, 50, 60)) for _ in range(6))
    (tmp_path / "a.csv").write_text(f"x\n{text}\n")
    (tmp_path / "b.csv").write_text("x\n" + text.replace("-", "") + "\n")
    gh.windows([tmp_path / "a.csv", tmp_path / "b.csv"], length=11, step=5, out=tmp_path / "w.csv")
    lines = (tmp_path / "w.csv").read_text().splitlines()
    if gap:
        for k in range(3, len(lines), 7):
            cells = lines[k].split(",")
            cells[lines[0].replace('"', "").split(",").index(gap)] = ""
            lines[k] = ",".join(cells)
    (tmp_path / "w.csv").write_text("\n".join(lines) + "\n")
    return gh.train(tmp_path / "w.csv", target="label", group="recording", hidden=(4,), epochs=3, baselines=False)


@needs_cc
@pytest.mark.parametrize("int8", [False, True])
def test_a_window_has_no_gaps_and_the_length_it_was_cut_with(tmp_path: Path, int8: bool) -> None:
    model = recorded(tmp_path, gap="x_mean")
    whole = as_table(tmp_path / "w.csv")
    with pytest.raises(gh.TableError, match="has windows with an empty cell: a window has all of its features"):
        export(model, out=tmp_path / "c", int8=int8, length=11, table=whole)
    filled = whole.take(np.flatnonzero([bool(cell) for cell in whole.columns["x_mean"].to_pylist()]))
    assert export(model, out=tmp_path / "c", int8=int8, length=11, step=5, table=filled).proof.holds
    with pytest.raises(gh.OptionError, match=r"length is 12, and no 12 samples have the mean .*: name the length they"):
        export(model, out=tmp_path / "d", int8=int8, length=12, table=filled)


PUSHES = """
#include "motion.h"
#include <stdio.h>
int main(void)
{{
    char line[256];
    {kind} sample[MOTION_CHANNELS];
    double a, b;
    int answer, n = 0;
    while (fgets(line, sizeof line, stdin)) {{
        if (sscanf(line, "%lf,%lf", &a, &b) != 2) {{
            motion_restart();
            continue;
        }}
        sample[0] = ({kind})(a * {scale}{half});
        sample[1] = ({kind})b;
        if (motion_push(sample, &answer)) {{
            puts(motion_label(answer));
        }}
    }}
    return n;
}}
"""


def _pushed(tmp_path: Path, files: list[Path], *, int8: bool) -> np.ndarray:
    """The answers of the compiled C to every recording, samples as counts of hundredths or as they are."""
    place = tmp_path / "c"
    form = {"kind": "int16_t", "scale": "100", "half": " + (a < 0 ? -0.5 : 0.5)"} if int8 else {}
    (place / "push.c").write_text(PUSHES.format(**({"kind": "float", "scale": "1", "half": ""} | form)))
    assert CC is not None
    subprocess.run([CC, "-Os", "-Werror", "motion.c", "push.c", "-o", "push", "-lm"], cwd=place, check=True)
    text = "\n\n".join(file.read_text() for file in files)
    made = subprocess.run([str(place / "push")], input=text, capture_output=True, text=True, check=True)
    return np.array(made.stdout.split())


@given(st.text(), st.text())
def test_names_are_identifiers_and_each_its_own(one: str, other: str) -> None:
    names = Names()
    made = [names.new(word) for word in (one, other, one)]
    assert len(set(made)) == 3
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in made)


@given(st.text(alphabet="*/\\?\n ax") | st.text())
def test_no_text_ends_a_comment(text: str) -> None:
    found = in_comment(text)
    assert not any(sign in found for sign in ("*", "\\", "??", "\n"))
    assert all(" " <= c <= "~" for c in found)


@needs_cc
@given(words=st.lists(st.text(alphabet="*/\\?\"'\n ax%") | st.text(), min_size=1, max_size=20))
@settings(max_examples=10, deadline=None)
def test_any_text_can_stand_in_a_comment_and_a_string(words: list[str]) -> None:
    lines = [f"/* {in_comment(word)} */ {in_string(word)}," for word in words]
    with tempfile.TemporaryDirectory() as folder:
        text = "const char *const words[] = {" + "\n".join(lines) + "};\n#include <stdio.h>\n#include <string.h>\n"
        text += "int main(void) { unsigned k; for (k = 0; k < sizeof words / sizeof *words; k++) "
        text += "{ fwrite(words[k], 1, strlen(words[k]) + 1, stdout); } return 0; }\n"
        Path(folder, "words.c").write_text(text)
        assert CC is not None
        words_ = [CC, "-std=c99", "-Wall", "-Wextra", "-pedantic", "-Werror", "words.c", "-o", "words"]
        subprocess.run(words_, cwd=folder, check=True)
        printed = subprocess.run([str(Path(folder, "words"))], capture_output=True, check=True).stdout
    assert printed.split(b"\0")[:-1] == [word.encode("utf-8", "replace").split(b"\0")[0] for word in words]


def test_which_prefixes_are_names() -> None:
    assert checked_name("har")
    assert checked_name("a1_b2")
    for name in ("", "1a", "A", "a__b", "a_", "int", "class", "a b", "a" * 50):
        assert not checked_name(name)
