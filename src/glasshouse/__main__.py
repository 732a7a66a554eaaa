"""``python -m glasshouse`` is the command ``glasshouse``."""

from .cli.main import run

if __name__ == "__main__":
    run()
