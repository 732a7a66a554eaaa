"""The command ``glasshouse``: its verbs, found when they are called, and the one way an error reaches a person."""

from __future__ import annotations

import difflib
import importlib
import os
import sys
import traceback

import click

from .. import __version__
from ..distributed.launcher import first_word, launched
from ..errors import GlasshouseError

__all__ = ["VERBS", "glasshouse", "run"]

VERBS = {
    "train": "Train a network on a table, and say how good it is.",
    "sweep": "Try many recipes on a table, and keep the best.",
    "predict": "Predict the rows of a table.",
    "evaluate": "Score a model on a table that has the target.",
    "diagnose": "Say what is wrong with a network, and cure it.",
    "prune": "Cut what a model does not need, and measure what that saves.",
    "report": "Write a page about a model that anybody can read.",
    "export": "Write a model as C99 or ONNX, and prove that it is the model.",
    "trace": "Work a training step of a small network out, number by number.",
    "check": "Mark a training step made by hand.",
    "serve": "Show the live page: train, watch and prune in a browser.",
    "lab": "Run what is said of networks as experiments.",
    "inspect": "Say what a model or a table holds.",
    "windows": "Cut sensor recordings into a table to train on.",
}
ON_RANKS = ("train", "sweep")  # what several ranks do together


class Verbs(click.Group):
    """A group whose commands are imported when they are called, so that --help is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in VERBS:
            near = difflib.get_close_matches(name, VERBS, n=1)
            cure = f"did you mean {near[0]!r}?" if near else f"the verbs are {', '.join(VERBS)}"
            raise click.UsageError(f"there is no verb {name!r}: {cure}", ctx)
        launch = launched()
        if launch is not None and name not in ON_RANKS:
            raise click.ClickException(f"{name} runs on one process: leave {launch.launcher} out")
        command: click.Command = getattr(importlib.import_module(f".{name}", __package__), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))


@click.group(
    cls=Verbs,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Example: glasshouse train example:breast_cancer --target target",
)
@click.version_option(__version__, message="%(prog)s %(version)s")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def glasshouse(debug: bool) -> None:
    """Small neural networks you can see through: train one on a table, learn whether to trust it, use it."""


def run(arguments: list[str] | None = None) -> None:
    """Run the command and exit: 0 done, 1 a check failed, 2 bad input or usage, 3 training diverged, 4 our fault."""
    # OpenMP threads that spin while they wait made boosted trees fifty times slower on a busy machine.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    code = _run(sys.argv[1:] if arguments is None else arguments)
    if code and launched():
        from ..distributed.world import joined, stop

        stop(joined(), code)
    sys.exit(code)


def _run(arguments: list[str]) -> int:
    if "--debug" in arguments:  # wherever it stands
        arguments = ["--debug", *(word for word in arguments if word != "--debug")]
    try:
        code = glasshouse.main(arguments, prog_name="glasshouse", standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return 2
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else "glasshouse"
        return _fail(f"{_one_line(error.format_message())} (see {command} --help)", 2)
    except click.ClickException as error:
        return _fail(_one_line(error.format_message()), 2)
    except (click.Abort, KeyboardInterrupt):
        return _fail("interrupted: nothing was written", 130)
    except SystemExit as error:  # 1 is Click's answer to a reader who has seen enough; else a rank for which 0 speaks
        return 0 if error.code == 1 else 2
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:  # a full disk behind standard output
        return _fail(f"cannot write: {error.strerror}", 2)
    except GlasshouseError as error:
        _trace(arguments)
        return _fail(_one_line(str(error)), error.exit_code)
    except Exception as error:
        _trace(arguments)
        return _fail(
            f"internal error: {_one_line(f'{type(error).__name__}: {error}')}: please report it, with --debug", 4
        )


def _trace(arguments: list[str]) -> None:
    if "--debug" in arguments:
        traceback.print_exc()


def _fail(message: str, code: int) -> int:
    """Say what is wrong, for all ranks if they all have it: rank 0 is heard first, and ends them."""
    launch = launched()
    if launch is not None and launch.rank > 0:
        first_word(launch.rank)
        message = f"rank {launch.rank}: {message}"
    click.echo(f"glasshouse: {message}", err=True)
    return code


def _one_line(text: str) -> str:
    """One line that cannot write to the terminal anything but text: names in tables are not ours."""
    return "".join(c if c.isprintable() else "�" for c in " ".join(text.split()))
