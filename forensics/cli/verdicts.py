"""Verdicts by name, as `--fail-on` takes them."""

from __future__ import annotations

from forensics.errors import UsageError

__all__ = ["verdicts"]


def verdicts(text: str) -> frozenset[str]:
    """Return the verdicts that a list with commas names.

    Raises:
        UsageError: There is none of a name.
    """
    from forensics.evidence import Verdict

    names = frozenset(name.strip() for name in text.split(",") if name.strip())
    known = {verdict.value for verdict in Verdict}
    if names - known:
        unknown = ", ".join(sorted(names - known))
        raise UsageError(f"--fail-on: no verdict called {unknown}; there are: {', '.join(sorted(known))}")
    return names
