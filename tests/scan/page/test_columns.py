"""What a browser reads from the columns is what the rows said, for any number of rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from forensics.scan.page import columns as module
from forensics.scan.page import write_page
from forensics.scan.page.columns import DICTIONARIES, OTHERS, SETS, Clusters, Dictionary
from forensics.scan.page.plain import plain
from forensics.scan.row import ScanRow

from .reading import bodies, columns, meta, pictures, records
from .samples import Source, hostile_rows, jpeg, row, unreadable

CHUNK = 37


@pytest.fixture(scope="module", params=[0, 1, CHUNK, 3 * CHUNK + 5])
def page(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[list[ScanRow], Path]:
    rows = [row(n) if n % 7 else unreadable(n) for n in range(request.param)]
    rows += hostile_rows() if request.param == CHUNK else []
    folder = tmp_path_factory.mktemp("page") / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "CHUNK", CHUNK)
        write_page(Source(rows, previews={one.id: jpeg() for one in rows if one.width}), folder)
    return rows, folder


def test_numbers(page: tuple[list[ScanRow], Path]) -> None:
    rows, folder = page
    if not rows:
        assert bodies(folder, "index") == []
        return
    found = columns(folder)
    for key in ("modified", "bytes", "width", "height", "seconds", "duration"):
        assert found[key] == pytest.approx(np.array([getattr(one, key) for one in rows]), rel=1e-6)
    for key in ("llr_synthetic", "llr_altered"):
        wanted = [getattr(one, key) if one.verdict else np.nan for one in rows]
        assert found[key] == pytest.approx(np.array(wanted), rel=1e-6, nan_ok=True)


def test_names(page: tuple[list[ScanRow], Path]) -> None:
    rows, folder = page
    said, found = meta(folder), columns(folder) if rows else {}
    assert said["rows"] == len(rows)
    for key, name in DICTIONARIES.items():
        names = said["dictionaries"][key]
        assert [names[code] for code in found.get(key, ())] == [plain(name(one)) for one in rows]
    for key, several in SETS.items():
        members, groups = said["sets"][key]["names"], said["sets"][key]["groups"]
        read = [{members[m] for m in groups[code]} for code in found.get(key, ())]
        assert read == [{plain(name) for name in several(one)} for one in rows]


def test_texts_and_records(page: tuple[list[ScanRow], Path]) -> None:
    rows, folder = page
    names = [pair for part in records(folder, "texts") for pair in part]
    assert names == [[plain(one.id), plain(one.signer)] for one in rows]
    whole = [record for part in records(folder, "rows") for record in part]
    assert [record.get("exact_id", record["id"]) for record in whole] == [one.id for one in rows]
    assert [record.get("llr_altered", 0.0) for record in whole] == [one.llr_altered for one in rows]


def test_clusters_and_previews(page: tuple[list[ScanRow], Path]) -> None:
    rows, folder = page
    if not rows:
        return
    found = columns(folder)
    for one, number in zip(rows, found["cluster"], strict=True):
        same = {other.cluster for other, n in zip(rows, found["cluster"], strict=True) if n == number}
        assert same == {one.cluster}
        assert (number == 0) == (one.cluster == "")
    shown = pictures(folder) if found["preview"].any() else {}
    assert sorted(shown) == [n for n, file in enumerate(found["preview"]) if file]
    assert all(body == jpeg() for body in shown.values())


def test_a_full_dictionary_takes_the_rest_as_others() -> None:
    names = Dictionary(4)
    codes = [names.code(name) for name in ("a", "b", "c", "d", "e", "a", "d")]
    assert codes == [0, 1, 2, 3, 3, 0, 3]
    assert list(names.codes) == ["a", "b", "c", OTHERS]


def test_clusters_by_any_name() -> None:
    clusters = Clusters()
    assert [clusters.number(name) for name in ("", "a", "\ud800", "a", "")] == [0, 1, 2, 1, 0]


def test_more_groups_than_codes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_NAMES", 4)
    rows = [row(n, contradictions=(f"c{n}",)) for n in range(10)]
    write_page(Source(rows), tmp_path / "page")
    said = meta(tmp_path / "page")["sets"]["contradictions"]
    codes = columns(tmp_path / "page")["contradictions"]
    read = [[said["names"][m] for m in said["groups"][code]] for code in codes]
    assert read == [[f"c{n}"] for n in range(3)] + [[OTHERS]] * 7
