"""Every command in the examples and in their guide is one that there is."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click

from forensics.cli.main import cli

from .running import EXAMPLES, ROOT

COMMAND = re.compile(r"\bforensics (scan|results [a-z]+)\b([^\n;`|]*)")
OPTION = re.compile(r"(?<![\w-])--?[a-z][a-z-]*")


def commands() -> Iterator[tuple[str, str, str]]:
    for path in (*sorted(EXAMPLES.iterdir()), ROOT / "docs" / "scan_service.md"):
        if path.is_file():
            text = re.sub(r"\\\n\s*#?\s*", " ", path.read_text(encoding="utf-8"))
            text = text.replace('"forensics", "scan", ', "forensics scan ").replace('", "', " ")
            text = re.sub(r"forensics-scan scan", "forensics scan", text)
            for name, rest in COMMAND.findall(text):
                yield path.name, name, rest


def known_options(name: str) -> set[str]:
    command: click.Command = cli
    for part in name.split():
        assert isinstance(command, click.Group)
        found = command.get_command(click.Context(command), part)
        assert found is not None, name
        command = found
    return {option for one in command.params for option in (*one.opts, *one.secondary_opts)} | {"--help"}


def test_every_option_of_every_command_exists() -> None:
    found = list(commands())
    assert {file for file, _, _ in found} >= {
        "Containerfile", "airflow_dag.py", "alerts.yml", "forensics-scan.service", "github-action.yml",
        "forensics-scan-watch.service", "nightly.sh", "rayjob.yaml", "scan_service.md",
    }  # fmt: skip
    wrong = [
        (file, name, o)
        for file, name, rest in found
        for o in OPTION.findall(rest)
        if o not in known_options(name)
    ]
    assert not wrong
    assert sum(len(OPTION.findall(rest)) for _, _, rest in found) > 30
