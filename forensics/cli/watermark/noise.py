"""`forensics watermark noise`: look for marks in the noise that pictures were drawn from."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forensics.cli.noise import SCHEMES, mark_of, word_options
from forensics.cli.watermark.options import json_option, keys_option, load_ring, rate_option
from forensics.cli.watermark.records import Record, json_text, walk

if TYPE_CHECKING:
    from forensics.generators.pipelines.marked import Sighting

__all__ = ["noise", "sighting_record"]

EMPTY: Record = dict.fromkeys(
    ("path", "detected", "p_value", "log10_p", "rate", "scheme", "key", "key_name", "payload", "layout",
     "verified", "agreement", "published_log10_p", "quarters", "flipped", "reason")
)  # fmt: skip


@click.command(no_args_is_help=True)
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--model", required=True, help="That they may have been drawn with: a name, or a folder.")
@click.option("--scheme", type=click.Choice(SCHEMES), required=True, help="Which marks to look for.")
@keys_option
@word_options
@click.option("--label", default="", help="Name of the class that they were drawn of, if it is known.")
@click.option("--steps", type=click.IntRange(min=1), help="Back to the noise, instead of the model's.")
@click.option("--turned", is_flag=True, help="Look also at pictures turned by quarters and mirrored.")
@click.option(
    "--fit", is_flag=True, help="Cut the middle square of pictures, and scale it to the model's size."
)
@rate_option
@json_option
def noise(
    paths: tuple[Path, ...],
    model: str,
    scheme: str,
    keys: tuple[Path, ...],
    rate: float,
    as_json: bool,
    **options: Any,
) -> int:
    """Say of each picture whether MODEL drew it from noise that one of your keys marks, and what that says.

    A picture is taken back to its noise by DDIM, which needs the very model. The p-value is the chance that
    a picture made without the key looks the same; it counts all keys, and turns if they are looked at. Exits
    with 0 whether there are marks or not; the status is 3 if a picture cannot be read, or has not the size
    of the model's.
    """
    from forensics.cli.given import picture_for
    from forensics.generators.pipelines.base import Request
    from forensics.generators.pipelines.marked import look, markable
    from forensics.generators.pipelines.opening import open_pipeline

    ring = load_ring(keys)
    pipeline = markable(open_pipeline(model))
    marks = [mark_of(scheme, key, pipeline.recipe.shape, options) for key in ring]
    request = Request(label=pipeline.recipe.label(options["label"]), steps=options["steps"] or 0)
    names = {key.id: key.name for key in ring}

    def work(path: Path) -> Record:
        picture = picture_for(pipeline, path, fit=options["fit"])
        seen = look(pipeline, picture, marks, request, turned=options["turned"])
        return sighting_record(seen, rate, names)

    def show(record: Record) -> str:
        whole = {**EMPTY, **record}
        return json_text(whole) if as_json else _text(whole)

    return walk(paths, "looking for marks", work, show)


def sighting_record(seen: Sighting, rate: float, names: dict[str, str]) -> Record:
    """Return what was found as JSON has it.

    Args:
        seen: The best of what was looked at.
        rate: Of false alarms, at which a mark counts as found.
        names: What the owner calls keys, by their ids.
    """
    found = seen.found
    detected = found.log10_p <= math.log10(rate)
    payload = found.payload if detected else None
    return {
        "detected": detected,
        "p_value": found.p_value,
        "log10_p": round(found.log10_p, 2),
        "rate": rate,
        "scheme": found.scheme,
        "key": found.key if detected else None,
        "key_name": names.get(found.key) if detected else None,
        "payload": payload.identity if payload else None,
        "layout": payload.layout if payload else None,
        "verified": payload.verified if payload else None,
        "agreement": round(found.agreement, 3),
        "published_log10_p": None if found.published is None else round(found.published, 2),
        "quarters": seen.quarters if detected else None,
        "flipped": seen.flipped if detected else None,
        "reason": "The noise is marked." if detected else "No mark of these keys was found in the noise.",
    }


def _text(record: Record) -> str:
    from forensics.report.safe import printable

    head = f"{printable(record['path'])}: {printable(record['reason'])}"
    if record["error"]:
        return head
    lines = [head, f"  p-value    10^{record['log10_p']} (rate {record['rate']:g})"]
    if record["detected"]:
        lines.append(f"  key        {printable(record['key_name'])} ({record['key']})")
    if record["payload"] is not None:
        said = {True: "its tag is right", False: "its tag is wrong"}[record["verified"]]
        said = "without a tag" if record["layout"] == "raw" else said
        lines.append(f"  payload    {record['payload']} ({record['layout']}; {said})")
    if record["quarters"] or record["flipped"]:
        mirrored = "mirrored, and " if record["flipped"] else ""
        lines.append(f"  turned     {mirrored}{90 * record['quarters']} degrees to the left, to fit")
    return "\n".join(lines)
