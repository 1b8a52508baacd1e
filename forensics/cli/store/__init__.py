"""`forensics store`: the table of its commands, each imported only when it is called."""

from __future__ import annotations

import click

from forensics.cli.lazy import LazyGroup

__all__ = ["store"]

COMMANDS = {
    "init": ("forensics.cli.store.init:init", "Make an empty store."),
    "add": ("forensics.cli.store.add:add", "Register signed files."),
    "find": ("forensics.cli.store.find:find", "Find the entries that a file or a mark belongs to."),
    "show": ("forensics.cli.store.show:show", "Show an entry, and write its manifest store to a file."),
    "revoke": ("forensics.cli.store.revoke:revoke", "Withdraw a manifest; nothing is removed."),
    "verify": ("forensics.cli.store.verify:verify", "Check that the past of the store is as it was written."),
    "stats": ("forensics.cli.store.stats:stats", "Say how much the store holds."),
}


@click.group(cls=LazyGroup, lazy=COMMANDS)
def store() -> None:
    """Keep manifests where files that lost theirs find them again.

    The store is a file of SQLite, or a database of PostgreSQL that a team shares. It only grows.
    """
