"""Build hook: the four linked folders go into the wheel by name.

So the wheel is right also where links are not supported (a Windows checkout, a ZIP download).
An editable installation keeps the links.
"""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FOLDERS = ("generators", "watermark", "detectors", "datasets")


class LinkedFolders(BuildHookInterface):  # type: ignore[type-arg]
    """Map each top-level folder to its place inside the package."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the folders to a standard wheel."""
        if version != "editable":
            build_data["force_include"].update({folder: f"forensics/{folder}" for folder in FOLDERS})
