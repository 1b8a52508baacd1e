"""`forensics watermark identify`: which of many users was a picture made for?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from forensics.cli.paths import expand
from forensics.cli.progress import progress
from forensics.cli.status import UNREADABLE
from forensics.cli.watermark.options import FILE, ascii_line, keys_option, one_key, rate_option
from forensics.errors import ForensicsError, UsageError

__all__ = ["identify"]


@click.command(no_args_is_help=True)
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@keys_option
@click.option("--key", "name", help="Name or id of the key, if there are several.")
@click.option(
    "--users", type=FILE, help="One user on each line: identity in hex, then a comma and a name if you like."
)
@click.option(
    "--layout", type=click.Choice(("short", "standard", "long")), default="standard", show_default=True,
    help="Layout that the users' pictures are marked with.",
)  # fmt: skip
@rate_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object per file and line.")
def identify(paths: tuple[Path, ...], as_json: bool, **options: Any) -> int:
    """Say whom each picture was made for.

    With --users, the mark is compared with the code word of every user, so that what is too weak to be
    read may still be enough; the p-value counts the users. Without, the mark has to say it itself.
    """
    key = one_key(options["keys"], options["name"])
    users = _users(key, options["users"], options["layout"])
    found = list(expand(paths))
    if not found:
        raise UsageError("there are no files")
    status = 0
    with progress(len(found), "identifying") as advance:
        for path in found:
            record = _identify_one(path, key, users, options["rate"])
            click.echo(ascii_line(record) if as_json else _text(record))
            status = max(status, UNREADABLE if "error" in record else 0)
            advance()
    return status


def _users(key: Any, path: Path | None, layout: str) -> Any:
    from forensics.watermark.identification import Users

    if path is None:
        return None
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {path}: {error}") from None
    rows = [line.partition(",") for line in lines if line and not line.startswith("#")]
    names = tuple(name.strip() for _, _, name in rows)
    return Users(key, [identity.strip() for identity, _, _ in rows], layout), names


def _identify_one(path: Path, key: Any, users: Any, rate: float) -> dict[str, Any]:
    from forensics.media import open_media
    from forensics.watermark.watermarker import detect

    shown = str(path).encode("utf-8", "backslashreplace").decode()
    try:
        found = detect(open_media(path).pixels, [key], rate=rate)
    except ForensicsError as error:
        return {"path": shown, "identity": None, "reason": str(error), "error": error.code}
    record = {"path": shown, "detected": found.detected, "identity": None, "name": "", "log10_p": None}
    if not found.detected:
        return {**record, "reason": found.reason}
    if users is None:
        said = found.payload.identity if found.payload else None
        return {**record, "identity": said, "log10_p": round(found.log10_p, 2), "reason": found.reason}
    table, names = users
    best = table.identify(found.likelihoods)
    known = best.log10_p <= _log10(rate)
    return {
        **record,
        "identity": best.identity if known else None,
        "name": names[best.user] if known else "",
        "log10_p": round(best.log10_p, 2),
        "agreement": round(best.agreement, 3),
        "runner_up": round(best.runner_up, 3),
        "users": len(table),
        "copied": found.copied,
        "reason": "The mark fits this user." if known else "The mark fits none of the users.",
    }


def _log10(value: float) -> float:
    import math

    return math.log10(value)


def _text(record: dict[str, Any]) -> str:
    from forensics.report.safe import printable

    head = f"{printable(record['path'])}: "
    if record["identity"] is None:
        return head + printable(record["reason"])
    name = f" ({printable(record['name'])})" if record["name"] else ""
    text = f"{head}user {record['identity']}{name}, p = 10^{record['log10_p']}"
    return text + (" (the mark was copied from another picture)" if record.get("copied") else "")
