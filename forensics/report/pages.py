"""What all pages share: templates in which every text is escaped, and pictures as data addresses."""

from __future__ import annotations

import base64

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from forensics.report.safe import printable

__all__ = ["data_address", "environment"]


def environment() -> Environment:
    """Return the environment of the templates; its filter `show` escapes hidden characters as well."""
    made = Environment(
        loader=PackageLoader("forensics.report"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["show"] = printable
    return made


def data_address(data: bytes, kind: str) -> str:
    """Return an encoded picture as an address that holds it.

    Example:
        >>> data_address(b"x", "png")
        'data:image/png;base64,eA=='
    """
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"
