"""`forensics train calibration`: a trained detector learns what its scores weigh."""

from __future__ import annotations

from pathlib import Path

import click

from forensics.cli.watermark.records import name_of

__all__ = ["calibration"]

FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)


@click.command(no_args_is_help=True)
@click.argument("folder", type=FOLDER)
@click.argument("tables", type=FOLDER)
@click.option("--code", default="", help="Of the finding, if TABLES holds several.")
@click.option("--as", "name", default="", metavar="NAME", help="Name that the detector is to be known by.")
def calibration(folder: Path, tables: Path, code: str, name: str) -> int:
    """Put a calibration into FOLDER, the detector that it was made for.

    FOLDER is of `forensics train detector`, TABLES of `forensics calibrate DIR --detector FOLDER -o TABLES`.
    """
    from forensics.detectors.learned.calibrated import put_table, table_in

    put_table(folder, table_in(tables, code), name)
    click.echo(f"{name_of(folder)}: weighed by {name_of(tables)}")
    return 0
