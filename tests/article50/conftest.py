"""The files that are checked, opened once, and what each measure says of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from forensics.article50 import MEASURES, Finding, Settings, Subject
from forensics.media import open_media
from forensics.provenance.store import ManifestStore

from ..marked_files import KEY, Workshop


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    made = Workshop(tmp_path_factory.mktemp("files"), tmp_path_factory.mktemp("beside"))
    made.furnish()
    return made


@pytest.fixture(scope="session")
def settings(workshop: Workshop) -> Iterator[Settings]:
    with ManifestStore(workshop.place) as store:
        yield Settings(trust=workshop.trust, keys=(KEY,), store=store)


@pytest.fixture(scope="session")
def subject(workshop: Workshop, settings: Settings) -> Callable[..., Subject]:
    """A file, opened; without changes of the settings it is decoded and searched only once."""
    known: dict[str, Subject] = {}

    def opened(name: str, **changes: Any) -> Subject:
        path = workshop[name]
        if changes:
            return Subject(path, open_media(path), replace(settings, **changes))
        if name not in known:
            known[name] = Subject(path, open_media(path), settings)
        return known[name]

    return opened


@pytest.fixture(scope="session")
def finding(subject: Callable[..., Subject]) -> Callable[..., Finding]:
    """What one measure says of one file."""
    run = {measure.name: measure.run for measure in MEASURES}
    return lambda measure, name, **changes: run[measure](subject(name, **changes))
