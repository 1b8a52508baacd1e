"""Train one generator of every family on pictures that need no download, and draw with each.

Run `python examples/train_every_family.py FOLDER --minutes 3`: each of eight trainings takes that long, on a
CPU too. FOLDER/models gets the models, FOLDER/drawn what they draw, with a sheet of each (grid.png).
Interrupted, it goes on where it was. Needs the extra `train`.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path

from forensics.cli.main import main as run

# What learns on what: the codecs first, which others work in.
RUNS = (
    ("codec", "codec", "--preset photos --data shapes"),
    ("words", "codec", "--preset tokens --data shapes"),
    ("flow", "flow", "--preset photos --data shapes --classes --codec {models}/codec"),
    ("diffusion", "diffusion", "--preset pixels --data shapes --classes"),
    ("gan", "gan", "--preset photos --data shapes --classes"),
    ("nf", "nf", "--preset tarflow --data shapes"),
    ("tokens", "tokens", "--preset causal --data shapes --codec {models}/words"),
    ("video", "video", "--preset pixels --data sprites"),
)
SMOKE = tuple(
    (family, family, "--preset smoke --steps 2 --most 40") for family in ("codec", "flow", "gan", "video")
)


def forensics(command: str) -> None:
    """Run one command of the suite, and end with its status if it fails."""
    sys.stdout.write(f"$ forensics {command}\n")
    try:
        run(shlex.split(command))
    except SystemExit as end:
        if end.code:
            raise


def main(folder: Path, minutes: float, smoke: bool) -> None:
    """Train, then draw."""
    models = folder / "models"
    for name, family, options in SMOKE if smoke else RUNS:
        place, given = shlex.quote(str(models / name)), options.format(models=shlex.quote(str(models)))
        time = "" if smoke else f" --minutes {minutes:g}"
        forensics(f"train {family} {place} {given} --licence CC0-1.0{time}")
        if family != "codec":
            drawn = shlex.quote(str(folder / "drawn" / name))
            forensics(f"generate {place} --out {drawn} --count 16 --overwrite")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Train one generator of every family, and draw with each.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--minutes", type=float, default=3.0, help="of each training")
    parser.add_argument("--smoke", action="store_true", help="two steps each, to see that everything works")
    given = parser.parse_args()
    main(given.folder, given.minutes, given.smoke)
