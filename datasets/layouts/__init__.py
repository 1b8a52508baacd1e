"""Published sets of real, generated and tampered media: what each looks like on disk, read into records.

Nothing is downloaded: most of these sets are given out on request, under terms of their own. A set that was
unpacked is read by its folders, names and lists; no picture is opened.

Example:
    >>> from forensics.datasets.layouts import LAYOUTS
    >>> LAYOUTS.get("casia2").title
    'CASIA v2.0'
"""

from forensics.datasets.layouts.base import LAYOUTS, Archive, Checked, Layout, check_archives, read_layout
from forensics.datasets.layouts.records import Found, Label, Record, groups

__all__ = [
    "LAYOUTS",
    "Archive",
    "Checked",
    "Found",
    "Label",
    "Layout",
    "Record",
    "check_archives",
    "groups",
    "read_layout",
]
