"""`forensics credentials verify`: do the credentials of these files hold?"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from forensics.cli.status import FOUND, UNREADABLE

if TYPE_CHECKING:
    from forensics.provenance import CredentialReport, TrustPolicy

__all__ = ["verify"]


@click.command(no_args_is_help=True)
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object per file and line.")
@click.option("--trust", type=click.Path(path_type=Path, dir_okay=False), help="Trust policy (TOML).")
@click.option(
    "--allow-untrusted", is_flag=True, help="Be content with a signer that the policy does not know."
)
def verify(files: tuple[Path, ...], as_json: bool, trust: Path | None, allow_untrusted: bool) -> int:
    """Check whether the credentials of each FILE hold: intact, trusted, and no broken link in the chain.

    Exits with 0 if all do, with 1 if some do not, with 3 if some file could not be read. Nothing is fetched
    from the network.
    """
    from forensics.provenance import TrustPolicy

    policy = TrustPolicy.resolve(trust)
    results = [_check(file, policy, allow_untrusted) for file in files]
    for result in results:
        click.echo(result.as_json() if as_json else result.as_text())
    if any(result.report is None for result in results):
        return UNREADABLE
    return 0 if all(result.holds for result in results) else FOUND


@dataclass(frozen=True)
class _Result:
    """What came of one file; no report if it could not be read."""

    file: Path
    report: CredentialReport | None
    holds: bool
    error: str = ""

    def as_json(self) -> str:
        report = self.report.model_dump(mode="json") if self.report else None
        error = self.error or None
        return json.dumps(
            {"path": str(self.file), "verified": self.holds, "credentials": report, "error": error}
        )

    def as_text(self) -> str:
        from forensics.report.safe import printable

        if self.report is None:
            return f"UNREADABLE  {printable(self.error)}"
        word = "OK" if self.holds else "FAILED"
        facts = f"{self.report.state.value}, chain {self.report.chain.value}"
        return f"{word:<10}  {printable(str(self.file))}: {facts}. {printable(self.report.message)}"


def _check(file: Path, policy: TrustPolicy, allow_untrusted: bool) -> _Result:
    from forensics.errors import MediaError
    from forensics.provenance import Chain, CredentialState, read

    try:
        report = read(file, policy)
    except MediaError as error:
        return _Result(file, None, holds=False, error=str(error))
    untrusted = allow_untrusted and report.state is CredentialState.VALID_UNTRUSTED
    return _Result(file, report, holds=report.proof or (untrusted and report.chain is not Chain.BROKEN))
