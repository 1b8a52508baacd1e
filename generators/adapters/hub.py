"""How Hugging Face's libraries are to load a folder: no code of it, no connection, no bars."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from forensics.errors import UsageError

__all__ = ["check_brings_no_code", "offline", "quiet", "reason"]


def check_brings_no_code(folder: Path) -> None:
    """Refuse a folder with code.

    Raises:
        UsageError: There is some.
    """
    code = next(folder.rglob("*.py"), None)
    if code is not None:
        raise UsageError(f"{folder} brings code of its own, which is not run: {code.relative_to(folder)}")


@contextmanager
def quiet(logging: Any) -> Iterator[None]:
    """Have a library draw no bar while it loads.

    Args:
        logging: `utils.logging` of diffusers or transformers.
    """
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


@contextmanager
def offline(wanted: bool) -> Iterator[None]:
    """Have the library below diffusers and transformers refuse every connection, if that is wanted."""
    from huggingface_hub import constants

    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = before or wanted
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


def reason(error: Exception) -> str:
    """Return the first line of what a library says of an error, or the name of its class."""
    text = str(error).strip()
    return text.splitlines()[0][:200] if text else type(error).__name__
