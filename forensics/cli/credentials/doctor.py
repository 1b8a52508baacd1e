"""`forensics credentials doctor`: why a certificate would be refused for signing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from forensics.cli.credentials._passphrase import VARIABLE, passphrase
from forensics.cli.status import FOUND

if TYPE_CHECKING:
    from forensics.provenance.doctor import Diagnosis

__all__ = ["doctor"]

FILE = click.Path(path_type=Path, dir_okay=False)
MARKS = {"refused": "REFUSED", "warning": "warning", "ok": "ok"}


@click.command(
    no_args_is_help=True,
    epilog=f"Exit status 1 if it would be refused. The passphrase of a key: ${VARIABLE} or a prompt.",
)
@click.argument("chain", type=FILE)
@click.option("--key", type=FILE, help="Private key, to sign a picture on trial.")
@click.option("--trust", type=FILE, help="Trust policy (TOML).")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as one JSON object.")
def doctor(chain: Path, key: Path | None, trust: Path | None, as_json: bool) -> int:
    """Explain why validators would refuse the certificate CHAIN for signing, and how to mend it."""
    from forensics.provenance.doctor import diagnose
    from forensics.provenance.trust import TrustPolicy

    secret = None if key is None else passphrase(key)
    diagnosis = diagnose(chain, key, password=secret, policy=TrustPolicy.resolve(trust))
    click.echo(_json(diagnosis) if as_json else _text(diagnosis))
    return FOUND if diagnosis.refused else 0


def _json(diagnosis: Diagnosis) -> str:
    import json

    return json.dumps({**diagnosis.model_dump(mode="json"), "refused": diagnosis.refused})


def _text(diagnosis: Diagnosis) -> str:
    from forensics.report.safe import printable

    verdict = "would be REFUSED for signing" if diagnosis.refused else "can sign"
    lines = [
        f"{printable(diagnosis.subject)}: {verdict}",
        f"  issued by {printable(diagnosis.issuer)}, {diagnosis.algorithm or 'no C2PA algorithm'}, "
        f"until {diagnosis.expires[:10]}",
        "",
    ]
    for finding in sorted(diagnosis.findings, key=lambda f: list(MARKS).index(f.severity.value)):
        lines.append(
            f"  {MARKS[finding.severity.value]:8} {finding.code}: {printable(finding.explanation, 500)}"
        )
        if finding.remedy:
            lines.append(f"{'':11}-> {printable(finding.remedy)}")
    return "\n".join(lines)
