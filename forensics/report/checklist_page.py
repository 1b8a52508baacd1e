"""The Article 50 checklists of any number of files as one self-contained HTML file, as `report.html` is."""

from __future__ import annotations

from collections.abc import Iterable

from forensics import __version__
from forensics.article50 import MEASURES, CheckReport
from forensics.article50.records import NOTICE
from forensics.report.pages import data_address, environment

__all__ = ["render_checklists"]


def render_checklists(checked: Iterable[tuple[CheckReport, bytes | None]]) -> str:
    """Return the page. No file is opened for it; every text from a file is escaped.

    Args:
        checked: Checklists, each with a preview of its picture (`forensics.report.maps.preview`), or None.
    """
    pages = [(report, data_address(preview, "jpeg") if preview else "") for report, preview in checked]
    asked = {measure.name: measure for measure in MEASURES}
    template = environment().get_template("checklist.html.j2")
    return template.render(pages=pages, asked=asked, notice=NOTICE, version=__version__)
