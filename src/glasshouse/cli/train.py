"""``glasshouse train``: parse, train, show; the screen fits sixteen lines."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import click

from .diagnose import finding_lines
from .options import column_options, kinds_of, reading_options
from .progress import progress
from .report import Plan, also, ended, planned, report_option, written
from .show import counted, echo_json, echo_lines, half_width, named, number, score_name, surprised

if TYPE_CHECKING:
    from ..health.findings import Diagnosis
    from ..models.leaks import Leak
    from ..models.model import Model
    from ..models.run import Run
    from ..tables.reading import Reading

__all__ = ["train"]

MOST_LEAKS = 6


@click.command(epilog="Example: glasshouse train titanic.csv --target Survived")
@click.argument("table")
@click.option("--target", required=True, help="The column to predict: its name, its number from 1, or 'last'.")
@click.option("--test", metavar="TABLE", help="Rows to judge by, instead of a fifth of TABLE.")
@column_options
@click.option("--weights", metavar="COL", help="The column that says how much each row counts.")
@click.option("--group", metavar="COL", help="Rows of one value stay on one side of the split.")
@click.option("--order", metavar="COL", help="Test on the latest rows by this column of dates or numbers.")
@reading_options
@click.option("--out", metavar="FILE", help="Where the model goes.  [default: beside TABLE, as TABLE.glass]")
@click.option("--hidden", metavar="N,N,…", help="Units of each hidden layer; 0 for none.  [default: 128,128]")
@click.option("--activation", metavar="NAME", help="relu, leaky_relu, tanh, sigmoid, …  [default: relu]")
@click.option("--initializer", metavar="NAME", help="Of the weights.  [default: what the activation wants]")
@click.option("--optimizer", metavar="NAME", help="adam, adamw, sgd, rmsprop or lbfgs.  [default: adam]")
@click.option("--density", type=float, metavar="SHARE", help="Of the connections, from the start.  [default: 1]")
@click.option("--learning-rate", type=float, help="Of the first step.  [default: 0.005]")
@click.option("--epochs", type=int, help="At most.  [default: 60]")
@click.option(
    "--batch-size", type=int, metavar="N", help="Rows a step, over all ranks.  [default: 128, or 64 of few rows]"
)
@click.option("--dropout", type=float, metavar="SHARE", help="Of the hidden units, left out by a step.  [default: 0]")
@click.option("--l2", type=float, help="The penalty on squared weights.  [default: 0.0002]")
@click.option("--clip-norm", type=float, help="Shorten the gradient to this norm where it is longer.")
@click.option("--warm-up", type=int, metavar="STEPS", help="The rate rises over these.  [default: 0]")
@click.option("--sync-every", type=int, metavar="STEPS", help="Ranks average their weights after these.  [default: 1]")
@click.option(
    "--metric", metavar="NAME", help="What chooses the epoch: log_loss, accuracy, roc_auc; of numbers rmse, r2, mae."
)
@click.option("--refit", is_flag=True, help="Train the network that is kept on all rows once the scores are known.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seeds split, weights and order.")
@click.option("--baselines/--no-baselines", default=True, help="Train plain predictors on the same rows, to compare.")
@click.option("--checkpoint", metavar="FILE", help="Keep the whole state of the training there, after every epoch.")
@click.option("--memory", metavar="SIZE", help="Read TABLE in parts if it takes more.  [default: half of what is free]")
@click.option("--resume", is_flag=True, help="Go on from the checkpoint, to the same model as without the stop.")
@report_option(None, "Write a page about the model beside it, as NAME.html.  [default: where matplotlib is]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead.")
def train(
    table: str,
    target: str,
    test: str | None,
    kinds: tuple[str, ...],
    drop: tuple[str, ...],
    missing: tuple[str, ...],
    weights: str | None,
    group: str | None,
    order: str | None,
    reading: Reading,
    out: str | None,
    hidden: str | None,
    activation: str | None,
    initializer: str | None,
    optimizer: str | None,
    density: float | None,
    learning_rate: float | None,
    epochs: int | None,
    batch_size: int | None,
    dropout: float | None,
    l2: float | None,
    clip_norm: float | None,
    warm_up: int | None,
    sync_every: int | None,
    metric: str | None,
    refit: bool,
    seed: int,
    baselines: bool,
    checkpoint: str | None,
    resume: bool,
    memory: str | None,
    with_report: bool | None,
    as_json: bool,
) -> None:
    """Train a network on TABLE, and say how good it is.

    TABLE is CSV or TSV (delimiter, quotes, header, encoding, decimal mark and gzip are found out), Parquet, a folder of
    like files, or example:NAME for one of breast_cancer, diabetes, digits, iris, wine, and in the plane moons,
    circles, spirals, xor. Rows are dealt to training, validation and test; whatever chooses sees validation only, and
    every printed score is of test rows. Ctrl-C ends the training early and keeps the best network so far;
    under mpirun it ends the job, and --resume goes on from the last checkpoint.
    """
    from ..distributed.world import world
    from ..models.train import place_for
    from ..models.train import train as train_model
    from ..tables.reading import as_table

    speaks = world().rank == 0
    plan = planned(with_report if speaks else False, place_for(table, test, out), table, test)
    with progress(quiet=as_json or not speaks) as watchers:
        model = train_model(
            table,
            target=target,
            test=test,
            kinds=kinds_of(kinds),
            drop=drop,
            missing=missing,
            weights=weights,
            group=group,
            order=order,
            reading=reading,
            out=out,
            hidden=_sizes(hidden),
            activation=activation,
            initializer=initializer,
            optimizer=optimizer,
            density=density,
            learning_rate=learning_rate,
            epochs=epochs,
            batch_size=batch_size,
            dropout=dropout,
            l2=l2,
            clip_norm=clip_norm,
            warm_up=warm_up,
            sync_every=sync_every,
            metric=metric,
            refit=refit,
            seed=seed,
            baselines=baselines,
            checkpoint=checkpoint,
            resume=resume,
            memory=memory,
            watchers=watchers,
        )
        plan = written(
            plan, model, lambda: None if test is None else as_table(test, reading, of_another=True), watchers
        )
    if not speaks:
        return
    if as_json:
        echo_json(_document(model, plan))
    else:
        echo_lines(_screen(model, plan))
    ended(plan, quiet=as_json)


def _sizes(words: str | None) -> tuple[int, ...] | None:
    """Units of each hidden layer, from words like 64,32."""
    if words is None or words.strip() == "0":
        return None if words is None else ()
    try:
        return tuple(int(word) for word in words.split(","))
    except ValueError as error:
        raise click.BadParameter(f"{words!r} is no list of whole numbers: write --hidden 64,32") from error


def _document(model: Model, plan: Plan) -> dict[str, Any]:
    run = _run_of(model)
    return {
        "model": None if run.path is None else str(run.path),
        "report": None if plan.place is None else str(plan.place),
        "task": model.task,
        "target": model.target,
        "rows": run.sizes.train + run.sizes.validation + model.scores["test"]["rows"],
        "leaks": [leak._asdict() for leak in run.leaks],
        "health": run.health.to_dict(),
        "features": model.network.n_features,
        "parameters": len(model.network.parameters),
        "epochs": run.epochs,
        "interrupted": run.interrupted,
        "refit": model.origin.refit,
        "seconds": run.seconds,
        "seed": model.recipe.seed,
        "metric": model.metric,
        "validation": model.scores["validation"],
        "test": {**model.scores["test"], "intervals": model.intervals},
        "baselines": {baseline.name: {**baseline.scores, "seconds": baseline.seconds} for baseline in run.baselines},
    }


def _run_of(model: Model) -> Run:
    assert model.run is not None
    return model.run


def _screen(model: Model, plan: Plan) -> list[str]:
    return [*_reading(model), *_training(model), *_scores(model), *_ending(model, plan)]


def _reading(model: Model) -> list[str]:
    """The table, and what surprised in it, by column."""
    run = _run_of(model)
    dialect = f", {run.table.dialect}" if run.table.dialect else ""
    lines = [f"{run.table.name}: {run.n_rows:,} rows, {len(run.table.columns)} columns{dialect}"]
    lines += [f"  {note}" for note in run.table.notes]
    dropped: dict[str, list[str]] = {}
    for column in run.columns:
        if not column.kept:
            dropped.setdefault(column.kind, []).append(column.name)
    if dropped:
        lines.append("  dropped   " + ", ".join(f"{named(names)} ({kind})" for kind, names in dropped.items()))
    missing = {column.name: column.missing for column in run.columns if column.missing and column.kept}
    if missing:
        lines.append("  missing   " + counted(missing))
    unreadable = [column for column in run.columns if column.kind == "number" and column.unreadable]
    if unreadable:
        lines.append(f"  no number {counted({c.name: c.unreadable for c in unreadable})}: taken as missing")
    if run.without_target:
        lines.append(f"  left out  {run.without_target:,} rows without {model.target}")
    lines += surprised(run.surprises)
    odd = [f"{found!r} as {known!r}" for found, known in run.test_labels.matched.items()]
    odd += [f"{label!r} unknown, {count:,} wrong" for label, count in run.test_labels.unknown.items()]
    if odd:
        lines.append("  labels    " + ", ".join(odd[:4]) + (f" and {len(odd) - 4} more" if len(odd) > 4 else ""))
    return lines + [_leak(leak, model.target) for leak in run.leaks[:MOST_LEAKS]]


def _leak(leak: Leak, target: str) -> str:
    if leak.weights:
        signs = ["+" if weight > 0 else "-" for weight in leak.weights]
        total = " ".join(f"{sign} {named([name])}" for sign, name in zip(signs, leak.columns))
        return f"  leak?     {total.removeprefix('+ ')} is {target}: unless all are known before it, --drop one"
    (name,) = leak.columns
    how = f"{leak.score:.1%} right" if leak.score < 0.9995 else "always right"
    return f"  leak?     {named([name])} alone tells {target}, {how}: unless it is known before, --drop it"


def _training(model: Model) -> list[str]:
    run, test = _run_of(model), model.scores["test"]
    where = "nothing was chosen on these" if test["source"] == "held out" else f"all of {test['source']}"
    origin = model.origin
    rule = f"; by groups of {origin.group}" if origin.group else f"; by {origin.order}" if origin.order else ""
    sizes = "-".join(map(str, model.network.sizes))
    meaning = model.one_column.description
    return [
        f"{run.sizes.train:,} rows to train, {run.sizes.validation:,} to choose, "
        f"{test['rows']:,} to test ({where}{rule})",
        f"{model.target}: {meaning}; network {sizes}, {len(model.network.parameters):,} parameters, "
        f"best epoch {run.best_epoch} of {run.epochs}{' (stopped by hand)' if run.interrupted else ''}",
        *_steps(model),
    ]


def _steps(model: Model) -> list[str]:
    """What a step is, where that is not the default: of several ranks, or of larger batches."""
    run, recipe = _run_of(model), model.recipe
    if run.ranks == 1 and not recipe.warm_up:
        return []
    ranks = f"{run.ranks} ranks, " if run.ranks > 1 else ""
    apart = f", averaged every {recipe.sync_every} steps" if recipe.sync_every > 1 and run.ranks > 1 else ""
    rise = f", rising over {recipe.warm_up:,} steps" if recipe.warm_up else ""
    return [f"{ranks}{recipe.batch_size:,} rows a step in all{apart}, learning rate {recipe.learning_rate:.3g}{rise}"]


def _scores(model: Model) -> list[str]:
    """A row for each baseline and one for the network, all on the test rows."""
    run = _run_of(model)
    names = [name for name in model.scores["test"] if name not in ("rows", "source")]
    rows = [(baseline.name, baseline.scores, baseline.seconds) for baseline in run.baselines]
    rows.append(("this network", model.scores["test"], run.seconds))
    lines = [" " * 22 + "".join(f"{score_name(name):>16}" for name in names) + f"{'seconds':>10}"]
    for title, found, seconds in rows:
        cells = [number(name, found[name]) if name in found else "–" for name in names]
        if title == "this network":
            cells = [f"{cell} {half_width(name, model.intervals[name])}" for name, cell in zip(names, cells)]
        lines.append(f"  {title:20}" + "".join(f"{cell:>16}" for cell in cells) + f"{seconds:>10.1f}")
    return lines


def _health(health: Diagnosis) -> list[str]:
    """ "healthy", or what is worth a warning."""
    ill = [line for finding in health.findings if finding.severity != "note" for line in finding_lines(finding)]
    return ["the doctor found:", *ill] if ill else ["healthy: the doctor found nothing"]


def _ending(model: Model, plan: Plan) -> list[str]:
    """One plain line when the network is not clearly better; the file; what to type next."""
    from ..models.scores import main_score, measure_apart, verdict

    run, test = _run_of(model), model.scores["test"]
    main = main_score(model.one_column, run.test_labels.y)
    differences = [(baseline.name, difference) for baseline, difference in run.differences]
    compared = verdict(differences, measure_apart(main if main in test else next(iter(test))))
    lines = [*([compared] if compared else []), *_health(run.health)]
    if model.origin.refit:
        rows = sum(run.sizes)
        lines.append(f"scored, then trained anew on all {rows:,} rows, {run.best_epoch} epochs: that network is kept")
    if run.path is not None:
        file = shlex.quote(str(run.path))
        lines.append(f"wrote {file}{also(plan)}     next: glasshouse predict {file} TABLE")
    return [*lines, plan.said] if plan.said else lines
