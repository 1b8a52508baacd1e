"""The card of an exported model for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["export_text"]


def export_text(card: Mapping[str, Any]) -> str:
    """Return a card with a section "export" as Markdown."""
    export = card["export"]
    rows = "\n".join(
        f"| {x['file']} | {x['largest']:.3g} | {x['relative']:.3g} | {_share(x['changed'])} | "
        f"{_share(x['auc'])} | {_share(x['auc_after'])} |"
        for x in export["losses"]
    )
    files = "\n".join(f"- `{name}`: SHA-256 `{digest}`" for name, digest in card["files"].items())
    size = f", {export['side']} by {export['side']}" if export["side"] else ""
    left = (
        f"\nLeft out, as it holds no longer: {', '.join(export['left out'])}.\n" if export["left out"] else ""
    )
    return f"""# {card.get("name", "A model")}, {export["precision"]}{size}

{card.get("task", "")}

- exported by suite {card["suite"]}
- losses measured on {export["measured on"]}, by {", ".join(export["measured by"])}
- trained with: `{card.get("command", "not stated")}`
- licence of the data: {card.get("licence", "not stated")}

| network | largest difference | by the largest value | decisions changed | AUC before | AUC after |
|---|--:|--:|--:|--:|--:|
{rows}
{left}
**Limits.** {card.get("limits", "")}

{files}
"""


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
