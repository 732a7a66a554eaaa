"""``glasshouse serve``: the live page, in a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .options import reading_options

if TYPE_CHECKING:
    from ..tables.reading import Reading

__all__ = ["serve"]


@click.command(epilog="Example: glasshouse serve titanic.csv")
@click.argument("source", metavar="[TABLE|MODEL]", required=False)
@click.option("--folder", metavar="DIR", help="Whose tables and models are shown.  [default: that of TABLE, or this]")
@click.option("--host", metavar="ADDRESS", default="127.0.0.1", show_default=True, help="Any other lets machines in.")
@click.option("--port", type=int, metavar="N", help="Where to listen.  [default: the first free one from 8321]")
@click.option("--open/--no-open", "open_page", default=True, help="Open a browser, where there is a display.")
@reading_options
def serve(
    source: str | None, folder: str | None, host: str, port: int | None, open_page: bool, reading: Reading
) -> None:
    """Show the live page: train on your own table, watch it learn, prune it, take it away.

    It runs on this machine and for you alone: only who has the link that is printed can use it, and it reads nothing
    but the tables and models that lie in one folder. Closing the page does not end a training. Ctrl-C stops the server;
    trainings that were under way keep their last checkpoint, and the next glasshouse serve offers to resume them.
    """
    from ..web.serve import serve as serve_page

    serve_page(source, folder=folder, host=host, port=port, open_page=open_page, reading=reading)
