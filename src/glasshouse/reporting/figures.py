"""The figures of a report, each drawn from its part of the twin, with what it shows said in words."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..drawing.curves import LossCurveDisplay
from ..drawing.health import FlowDisplay
from ..drawing.pruning import FrontierDisplay, NetworkDisplay
from ..drawing.svg import COLORS, drawn, slot
from ..drawing.svg import SERIES as N_SERIES
from ..drawing.words import number, plain, share
from ..models.scores import score_name
from ..pruning.budget import Point
from .apart import told_apart
from .words import score

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["NAMES", "Figure", "figures"]

NAMES = (
    *("predicted", "residuals", "roc", "precision_recall", "calibration"),
    *("loss", "score", "flow", "flat", "frontier", "network"),
)
SERIES = [COLORS[f"series-{k}"] for k in range(1, N_SERIES + 1)]
STEEP = 50  # times the lowest loss: whatever comes after such a fall is flat on a plain axis
FEW_ROWS = 10  # a point of fewer is not joined to the others
FEWEST_LOOKS = 3  # below which there is no course to draw
MOST_BANDS = 3
MOST_INPUTS = 45  # whose names can stand below each other


class Figure(NamedTuple):
    """A drawing, what it shows in words, and the names of its colours: (which series, name)."""

    svg: str
    said: str
    legend: tuple[tuple[int, str], ...] = ()


def figures(twin: Mapping[str, Any]) -> dict[str, Figure | None]:
    """Every figure by name, None where it does not apply; one at a time, so that matplotlib never holds two."""
    judged = twin["judged"]
    found: dict[str, Figure | None] = dict.fromkeys(NAMES)
    if judged["dots"]:
        found["predicted"] = _predicted(twin)
        found["residuals"] = _residuals(twin)
    if judged["curves"]:
        found["roc"] = _roc(twin)
        found["precision_recall"] = _precision_recall(twin)
    if judged["calibration"]:
        found["calibration"] = _calibration(twin)
    if twin["history"]:
        found["loss"] = _loss(twin["history"])
        if "validation_score" in twin["history"]["rows"][0]:
            found["score"] = _score(twin["history"])
    if twin["health"]["layers"]:
        found["flow"] = _flow(twin["health"])
    if len(twin["health"]["looks"]) >= FEWEST_LOOKS and twin["health"]["looks"][0]["flat"]:
        found["flat"] = _flat(twin["health"])
    if twin["pruning"] and (twin["pruning"]["frontier"] or twin["pruning"]["compared"]):
        found["frontier"] = _frontier(twin["pruning"])
    if twin["network"]["edges"]:
        found["network"] = _network(twin)
    return found


def _figure(
    name: str, draw: Callable[[Axes], object], said: str, legend: Sequence[tuple[int, str]] = (), **shape: Any
) -> Figure:
    return Figure(drawn(name, draw, said, **shape), said, tuple(legend))


def _class(twin: Mapping[str, Any], k: int) -> str:
    return plain(twin["judged"]["labels"][k], 32)


def _predicted(twin: Mapping[str, Any]) -> Figure:
    dots = twin["judged"]["dots"]
    true, predicted = np.array(dots["true"]), np.array(dots["predicted"])

    def draw(ax: Axes) -> None:
        low, high = float(min(true.min(), predicted.min())), float(max(true.max(), predicted.max()))
        ax.plot([low, high], [low, high], color=COLORS["muted"], linewidth=1)
        _dots(ax, true, predicted)
        ax.set(xlabel="true", ylabel="predicted")
        _short_numbers(ax, "x", "y")

    correlation = float(np.corrcoef(true, predicted)[0, 1]) if true.std() > 0 and predicted.std() > 0 else 0.0
    near = "hug" if correlation > 0.95 else "follow" if correlation > 0.6 else "hardly follow"
    return _figure(
        "predicted",
        draw,
        f"Predicted against true {plain(twin['model']['target'])}, {len(true):,} rows as dots: they {near} "
        f"the line of right answers (correlation {correlation:.2f}).",
        margins=(0.17, 0.16, 0.97, 0.95),
    )


def _dots(ax: Axes, x: Any, y: Any) -> None:
    """A cloud as one path of lines without length, whose round ends are the dots."""
    gaps = np.full(len(x), np.nan)
    ax.plot(
        np.column_stack((x, x, gaps)).ravel(),
        np.column_stack((y, y, gaps)).ravel(),
        color=COLORS["series-1"],
        linewidth=3.2,
        alpha=0.45,
        solid_capstyle="round",
    )


def _residuals(twin: Mapping[str, Any]) -> Figure:
    left = twin["judged"]["residuals"]

    def draw(ax: Axes) -> None:
        ax.stairs(left["counts"], left["edges"], fill=True, color=COLORS["series-1"], alpha=0.55)
        ax.axvline(0, color=COLORS["muted"], linewidth=1)
        ax.set(xlabel="true - predicted", ylabel="rows")
        _short_numbers(ax, "x", "y")

    return _figure(
        "residuals",
        draw,
        f"What is left over, true less predicted: on average {number(left['mean'])}, half of the rows within "
        f"± {number(left['half_within'])}, nine tenths within ± {number(left['nine_tenths_within'])}.",
        margins=(0.17, 0.16, 0.97, 0.95),
    )


def _roc(twin: Mapping[str, Any]) -> Figure:
    curves = twin["judged"]["curves"]

    def draw(ax: Axes) -> None:
        ax.plot([0, 1], [0, 1], color=COLORS["muted"], linewidth=1, linestyle=(0, (3, 3)))
        for color, curve in zip(SERIES, curves):
            ax.plot(curve["roc"]["false_positive_rate"], curve["roc"]["true_positive_rate"], color=color)
        ax.set(xlabel="false alarms, share of the others", ylabel="found, share of the class", **_unit())

    areas = [curve["roc_auc"] for curve in curves]
    legend = [(k + 1, f"{_class(twin, c['class'])}, area {c['roc_auc']:.3f}") for k, c in enumerate(curves)]
    lowest = min(areas)
    words = f"area {lowest:.3f}:" if len(areas) == 1 else f"areas {lowest:.3f} to {max(areas):.3f}: the lowest is"
    good = "far above" if lowest > 0.9 else "above" if lowest > 0.6 else "hardly above" if lowest > 0.5 else "not above"
    return _figure("roc", draw, f"ROC curve, {words} {good} the diagonal, which is guessing.", legend)


def _precision_recall(twin: Mapping[str, Any]) -> Figure:
    curves, total = twin["judged"]["curves"], twin["judged"]["confusion"]["rows"]

    def draw(ax: Axes) -> None:
        for color, curve in zip(SERIES, curves):
            ax.axhline(curve["rows"] / total, color=color, linewidth=0.8, linestyle=(0, (3, 3)), alpha=0.6)
            ax.plot(curve["precision_recall"]["recall"], curve["precision_recall"]["precision"], color=color)
        ax.set(xlabel="recall: found, share of the class", ylabel="precision: right when named", **_unit())

    legend = [
        (k + 1, f"{_class(twin, c['class'])}, average precision {c['average_precision']:.3f}")
        for k, c in enumerate(curves)
    ]
    means = [curve["average_precision"] for curve in curves]
    words = (
        f"average precision {means[0]:.3f}" if len(means) == 1 else f"{min(means):.3f} to {max(means):.3f} on average"
    )
    lines = f"line ({share(curves[0]['rows'] / total)})" if len(curves) == 1 else "lines, the share of each class"
    return _figure("pr", draw, f"Precision against recall, {words}; guessing would stay at the dashed {lines}.", legend)


def _unit() -> dict[str, Any]:
    return {"xlim": (-0.02, 1.02), "ylim": (-0.02, 1.03)}


def _calibration(twin: Mapping[str, Any]) -> Figure:
    found = twin["judged"]["calibration"]
    said, came, rows = (np.array([one[key] for one in found["bins"]]) for key in ("said", "came_true", "rows"))

    def draw(ax: Axes) -> None:
        ax.bar(
            [(one["from"] + one["to"]) / 2 for one in found["bins"]],
            0.24 * rows / rows.max(),
            0.09,
            color=COLORS["muted"],
            alpha=0.3,
        )
        ax.plot([0, 1], [0, 1], color=COLORS["muted"], linewidth=1, linestyle=(0, (3, 3)))
        low, high = ([one[end] for one in found["bins"]] for end in ("low", "high"))
        ax.vlines(said, low, high, color=COLORS["series-1"], linewidth=1, alpha=0.7)
        many = rows >= FEW_ROWS
        ax.plot(said[many], came[many], color=COLORS["series-1"], marker="o", markersize=4)
        ax.plot(said[~many], came[~many], color=COLORS["series-1"], marker="o", markersize=3, linewidth=0, alpha=0.45)
        ax.set(xlabel="it said", ylabel="it was so", **_unit())

    near = sum(one["low"] <= one["said"] <= one["high"] for one in found["bins"])
    return _figure(
        "calibration",
        draw,
        f"Calibration: {near} of {len(said)} points lie within chance of the diagonal, on average "
        f"{share(found['expected_error'])} off it. Lines are 95 % intervals; bars at the foot show how many rows each "
        "point stands for.",
    )


def _loss(history: Mapping[str, Any]) -> Figure:
    rows, best = history["rows"], history["best_epoch"]
    losses = [row[name] for row in rows for name in ("loss", "validation_loss") if row.get(name) is not None]
    steep = min(losses) > 0 and max(losses) > STEEP * min(losses)

    def draw(ax: Axes) -> None:
        LossCurveDisplay(rows).plot(ax, log=steep)
        ax.minorticks_off()
        ax.axvline(best, color=COLORS["muted"], linewidth=1, linestyle=(0, (2, 2)))
        ax.set_title(f"kept: epoch {best}", color=COLORS["muted"], loc="right", pad=3)
        _short_numbers(ax, "y")

    first, last, name = rows[0], rows[-1], "validation_loss"
    ends = f"the training loss {_went(first['loss'], last['loss'])}"
    if history["lowest_loss"] is not None:
        lowest = _at(rows, history["lowest_loss"])[name]
        ends += f", the validation loss {_went(first[name], last[name])}"
        ends += f"; at its lowest it was {number(lowest, 3)}, in epoch {history['lowest_loss']}"
    return _figure(
        "loss",
        draw,
        f"From epoch 1 to {history['epochs']} {ends}. Epoch {best} was kept.",
        margins=(0.14, 0.16, 0.97, 0.91),
    )


def _score(history: Mapping[str, Any]) -> Figure:
    rows, best, metric = history["rows"], history["best_epoch"], history["score"]
    values = [row["validation_score"] for row in rows]
    name = score_name(metric)

    def draw(ax: Axes) -> None:
        ax.plot(
            [row["epoch"] for row in rows], values, color=COLORS["series-2"], marker="o" if len(rows) == 1 else None
        )
        ax.axvline(best, color=COLORS["muted"], linewidth=1, linestyle=(0, (2, 2)))
        ax.set(xlabel="epoch", ylabel=f"{name} of validation rows")
        _whole_numbers(ax)
        _short_numbers(ax, "y")

    kept, highest = (score(metric, _at(rows, k)["validation_score"]) for k in (best, history["highest_score"]))
    peak = "its highest" if kept == highest else f"and {highest} at its highest, in epoch {history['highest_score']}"
    return _figure(
        "score",
        draw,
        f"The {name} of the validation rows is {kept} at the epoch that was kept, {peak}.",
        margins=(0.16, 0.16, 0.97, 0.91),
    )


def _at(rows: Sequence[Mapping[str, Any]], epoch: int) -> Mapping[str, Any]:
    return next(row for row in rows if row["epoch"] == epoch)


def _went(first: float | None, last: float | None) -> str:
    """What became of a loss, as far as its digits tell."""
    begin, end = number(first, 3), number(last, 3)
    if begin == end:
        return f"stays at {begin}"
    way = "goes" if first is None or last is None else "falls" if last < first else "rises"
    return f"{way} from {begin} to {end}"


def _flow(health: Mapping[str, Any]) -> Figure:
    from matplotlib.ticker import LogLocator

    layers = health["layers"]
    nothing = float("nan")
    sizes, slopes = ([layer[key] or nothing for layer in layers] for key in ("size", "gradient"))

    def draw(ax: Axes) -> None:
        FlowDisplay(sizes, slopes).plot(ax=ax)
        there = [value for value in (*sizes, *slopes) if value > 0]
        if there:
            ax.set_ylim(min(there) / 1.7, max(there) * 1.7)
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if there and max(there) < 1e3 * min(there) else (1,)))
        ax.minorticks_off()
        _short_numbers(ax, "y")

    ratio = slopes[0] / slopes[-1]
    reach = f"the gradient that reaches layer 1 is {number(ratio, 3)} times that of the last"
    return _figure(
        "flow",
        draw,
        f"From layer 1 to {len(layers)} activations go from {number(sizes[0], 3)} to {number(sizes[-1], 3)}; "
        f"{'no gradient reaches layer 1' if math.isnan(ratio) else reach}.",
    )


def _flat(health: Mapping[str, Any]) -> Figure:
    looks = health["looks"]
    layers = len(looks[0]["flat"])

    def draw(ax: Axes) -> None:
        for k, color in zip(range(layers), SERIES):
            values = [look["flat"][k] for look in looks]
            ax.plot([look["epoch"] for look in looks], values, color=color)
        ax.set(xlabel="epochs done", ylabel="flat units, share of the layer", ylim=(-0.02, 1.02))
        _whole_numbers(ax)

    last = ", ".join(f"layer {k} {share(v)}" for k, v in enumerate(looks[-1]["flat"][:6], start=1))
    legend = [(k + 1, f"layer {k + 1}") for k in range(min(layers, 6))]
    return _figure("flat", draw, f"Units that answer the same to nearly every row, at the last look: {last}.", legend)


def _frontier(pruning: Mapping[str, Any]) -> Figure:
    frontiers = pruning["compared"] or {pruning["criterion"]: pruning["frontier"]}
    unknown = float("nan")
    points = {
        name: [Point(**{key: unknown if value is None else value for key, value in one.items()}) for one in some]
        for name, some in frontiers.items()
    }
    every = [point for some in points.values() for point in some]
    whole = every[0].score + every[0].drop

    def draw(ax: Axes) -> None:
        FrontierDisplay(points, whole, pruning["metric"]).plot(ax=ax)
        for line in ax.lines[N_SERIES:-1]:
            line.set_linestyle((0, (3, 2)))
        for band in list(ax.collections) if len(points) > MOST_BANDS else ():  # more would cover each other
            band.remove()
        legend_drawn = ax.get_legend()
        if legend_drawn is not None:  # it stands below, where names wrap
            legend_drawn.remove()
        ax.set_ylabel(score_name(pruning["metric"]))

    smallest = min(every, key=lambda point: point.density)
    said = (
        f"{score_name(pruning['metric'])} against the share that is kept: {score(pruning['metric'], whole)} before, "
        f"{score(pruning['metric'], smallest.score)} with {share(smallest.density)} left; "
        f"{share(pruning['density'])} was kept."
    )
    legend = [(k + 1, name.replace("_", " ")) for k, name in enumerate(points)] if len(points) > 1 else []
    return _figure(
        "frontier", draw, said[0].upper() + said[1:], legend, size=(6.6, 3.2), margins=(0.1, 0.16, 0.98, 0.95)
    )


def _network(twin: Mapping[str, Any]) -> Figure:
    """Inputs bear their names where there is room for them."""
    drawn_of = told_apart(twin["network"])
    inputs = {int(k): name for k, name in drawn_of["inputs"].items()}
    outputs = drawn_of["outputs"]
    units = [layer["units"] for layer in twin["network"]["layers"]]
    shown = [layer["units"] for layer in drawn_of["layers"]]
    tallest = max(len(inputs), *shown[1:])
    names = [*inputs.values(), *outputs] if len(inputs) <= MOST_INPUTS else outputs
    named = {k: slot(place) for place, k in enumerate(inputs)} if len(inputs) <= MOST_INPUTS else {}
    ends = [slot(len(named) + k) for k in range(len(outputs))] if len(outputs) <= MOST_INPUTS else [""] * len(outputs)

    def draw(ax: Axes) -> None:
        NetworkDisplay.from_graph(drawn_of, named, ends).plot(ax=ax)
        ax.set(xlim=(-0.02 * len(units), 1.02 * len(units) - 1))

    left_out = drawn_of["connections"] - len(drawn_of["edges"])
    units_left = sum(units[1:]) - sum(shown[1:])
    rest = f"; the strongest {len(drawn_of['edges']):,} of {drawn_of['connections']:,} connections" if left_out else ""
    rest += f", without the {units_left:,} units that none of them reaches" if units_left else ""
    answers = "the answer" if units[-1] == 1 else f"{shown[-1]} answers"
    return _figure(
        "network",
        draw,
        f"The network, {'-'.join(map(str, units))}{rest or ', every connection'}: {len(inputs)} inputs at the left "
        f"lead to {answers} at the right.",
        size=(7.6, min(max(2.6, 0.2 * min(tallest, MOST_INPUTS)), 8.5)),
        margins=(0.27 if named else 0.04, 0.02, 0.8, 0.98),
        names=names,
    )


def _whole_numbers(ax: Axes) -> None:
    from matplotlib.ticker import MaxNLocator

    ax.xaxis.set_major_locator(MaxNLocator(integer=True))


def _short_numbers(ax: Axes, *axes: str) -> None:
    """Ticks as the text has its numbers: no powers of ten apart from them."""
    from matplotlib.ticker import FuncFormatter

    for name in axes:
        getattr(ax, f"{name}axis").set_major_formatter(FuncFormatter(lambda value, _: _tick(value)))


def _tick(value: float) -> str:
    if abs(value) >= 1e9:
        return f"{value:.3g}"
    return (
        f"{value / 1e6:.4g}M" if abs(value) >= 1e6 else f"{value / 1e3:.4g}k" if abs(value) >= 1e4 else f"{value:.4g}"
    )
