"""The page of a scan: a folder that any browser opens from disk, with no server and no network."""

from forensics.scan.page.source import PageSource
from forensics.scan.page.writing import check_place, write_page

__all__ = ["PageSource", "check_place", "write_page"]
