"""Clusters hold what belongs together, nothing else, and do not grow through chains."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from forensics.errors import UsageError
from forensics.fingerprints import Fingerprint, chance, distance, upright
from forensics.fingerprints.positions import turned_codes
from forensics.scan.duplicates import Prints, Thresholds, clusters, thresholds
from forensics.scan.row import ScanRow, State

Pixels = npt.NDArray[np.uint8]
Codes = npt.NDArray[np.uint8]
WINDOWS = {"dct": 4, "pdq": 1}


def scene(seed: int, side: int = 320) -> Pixels:
    """Return a picture with a natural spectrum."""
    rng = np.random.default_rng(seed)
    down, across = np.fft.fftfreq(side)[:, None], np.fft.fftfreq(side)[None, :]
    spectrum = np.fft.fft2(rng.standard_normal((side, side))) / np.maximum(np.hypot(down, across), 1 / side)
    field = np.real(np.fft.ifft2(spectrum))
    grey = np.clip(120 + 45 * field / field.std(), 0, 255).astype(np.uint8)
    return np.stack([grey] * 3, axis=2)


def prints_of(name: str, pixels: Pixels) -> Prints:
    dct, pdq = upright(np.ascontiguousarray(pixels))
    return Prints(name, "", dct.hex, pdq.hex, dct.quality, pdq.quality)


def jpeg(pixels: Pixels, quality: int) -> Pixels:
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def versions(pixels: Pixels) -> dict[str, Pixels]:
    small = np.asarray(Image.fromarray(pixels).resize((80, 80), Image.Resampling.LANCZOS))
    inner = pixels[16:-16, 16:-16]
    return {
        "as it is": pixels,
        "jpeg": jpeg(pixels, 30),
        "small": small,
        "mirrored": jpeg(pixels[:, ::-1], 60),
        "turned": np.rot90(pixels),
        "crop": inner,
        "turned crop": np.rot90(inner, -1),
        "border": np.pad(pixels, ((18, 18), (18, 18), (0, 0)), constant_values=255),
    }


def changed(code: Codes, bits: int, rng: np.random.Generator) -> Codes:
    flips = np.zeros((len(code), 256), np.uint8)
    for row in flips:
        row[rng.choice(256, bits, replace=False)] = 1
    return code ^ np.packbits(flips, axis=1)


def made_up(name: str, dct: Codes, pdq: Codes | None = None) -> Prints:
    return Prints(name, "", dct.tobytes().hex(), "" if pdq is None else pdq.tobytes().hex())


@pytest.mark.parametrize("engine", ["auto", "exact", "tables", "faiss"])
def test_versions_of_a_picture_are_one_cluster(engine: str) -> None:
    if engine == "faiss":
        pytest.importorskip("faiss")
    listed = []
    for seed in range(6):
        listed += [prints_of(f"{seed} {name}", p) for name, p in versions(scene(seed)).items()]
    listed += [prints_of(f"alone {seed}", scene(100 + seed)) for seed in range(8)]
    order = np.random.default_rng(4).permutation(len(listed))
    shuffled = [listed[n] for n in order]
    found = clusters(shuffled, engine=engine)
    for one, cluster in zip(shuffled, found, strict=True):
        first = next(other.id for other in shuffled if other.id.split()[0] == one.id.split()[0])
        assert cluster == ("" if one.id.startswith("alone") else first), one.id


def test_listing_order_decides_the_name_and_nothing_else() -> None:
    listed = [
        prints_of(f"{seed} {name}", p) for seed in range(4) for name, p in versions(scene(seed)).items()
    ]
    groups = []
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(len(listed))
        found = clusters(listed[n] for n in order)
        assert found == clusters([listed[n] for n in order])
        by_name: dict[str, set[str]] = {}
        for n, cluster in zip(order, found, strict=True):
            by_name.setdefault(cluster, set()).add(listed[n].id)
        groups.append(sorted(map(sorted, by_name.values())))
        firsts = {c: next(listed[n].id for n, d in zip(order, found, strict=True) if d == c) for c in found}
        assert all(name == first for name, first in firsts.items())
    assert groups[0] == groups[1] == groups[2]


def test_the_same_bytes_belong_together_whatever_they_are() -> None:
    one, other = "ab" * 32, "cd" * 32
    listed = [
        Prints("flat", one),
        Prints("else", other),
        Prints("no digest"),
        Prints("copy", one),
        Prints("x"),
    ]
    assert clusters(listed) == ("flat", "", "", "flat", "")
    assert clusters([]) == ()


def test_copies_bring_their_clusters_together_with_them() -> None:
    first = prints_of("a", scene(1))
    near = prints_of("b", jpeg(scene(1), 40))
    twin = Prints("c", "11" * 32, near.dct, near.pdq)
    listed = [Prints("t", "11" * 32, near.dct, near.pdq), prints_of("z", scene(2)), first, near, twin]
    assert clusters(listed) == ("t", "", "t", "t", "t")


def test_flat_pictures_are_not_compared() -> None:
    code = np.zeros((4, 32), np.uint8)
    flat = [Prints(f"{n}", "", code.tobytes().hex(), code[:1].tobytes().hex(), 0.4, 0.4) for n in range(3)]
    assert clusters(flat) == ("", "", "")
    usable = [Prints(one.id, "", one.dct, one.pdq) for one in flat]
    assert clusters(usable) == ("0", "0", "0")


def test_a_chain_is_cut_before_its_ends_differ() -> None:
    rng = np.random.default_rng(9)
    code = rng.integers(0, 256, (4, 32), dtype=np.uint8)
    order, links = rng.permutation(256), []
    for step in range(60):  # four more bits each: neighbours are near, the ends have nothing in common
        flips = np.zeros((4, 256), np.uint8)
        flips[:, order[: 4 * step]] = 1
        links.append(made_up(f"{step:02}", code ^ np.packbits(flips, axis=1)))
    limits = Thresholds(dct=8, pdq=-1, loose_dct=40, loose_pdq=-1)
    found = clusters(links, limits)
    codes = {one.id: Fingerprint.from_hex("dct", one.dct) for one in links}
    assert 3 <= len(set(found)) <= 20
    for name in set(found):
        members = [one.id for one, cluster in zip(links, found, strict=True) if cluster == name]
        middle = min(members, key=lambda m: max(distance(codes[m], codes[o]) for o in members))
        assert max(distance(codes[middle], codes[m]) for m in members) <= 40


def test_one_wrong_link_does_not_join_two_clusters() -> None:
    rng = np.random.default_rng(2)
    one, other = rng.integers(0, 256, (2, 4, 32), dtype=np.uint8)
    halfway = one.copy()
    halfway[:, :16] = other[:, :16]
    listed = [made_up(f"one {n}", changed(one, 10, rng)) for n in range(10)]
    listed += [made_up(f"other {n}", changed(other, 10, rng)) for n in range(10)]
    found = clusters([*listed, made_up("halfway", halfway)], Thresholds(80, -1, 88, -1))
    assert set(found[:10]) == {"one 0"}
    assert set(found[10:20]) == {"other 0"}


def test_unrelated_codes_stay_alone() -> None:
    rng = np.random.default_rng(3)
    listed = [
        made_up(str(n), rng.integers(0, 256, (4, 32), np.uint8), rng.integers(0, 256, (1, 32), np.uint8))
        for n in range(1500)
    ]
    assert set(clusters(listed)) == {""}


@pytest.mark.parametrize("kind", ["dct", "pdq"])
def test_each_kind_links_in_every_position(kind: str) -> None:
    rng = np.random.default_rng(8)
    code = rng.integers(0, 256, (WINDOWS[kind], 32), dtype=np.uint8)
    listed = []
    for number, turned in enumerate(turned_codes(code, kind)):
        text = changed(turned, 12, rng).tobytes().hex()
        listed.append(Prints(str(number), "", text if kind == "dct" else "", text if kind == "pdq" else ""))
    assert set(clusters(listed)) == {"0"}


def test_very_many_alike_are_one_cluster() -> None:
    rng = np.random.default_rng(6)
    code = rng.integers(0, 256, (4, 32), dtype=np.uint8)
    listed = [made_up(str(n), changed(code, 6, rng)) for n in range(700)]
    assert set(clusters(listed, engine="tables")) == {"0"}


def test_thresholds_keep_wrong_links_rare() -> None:
    before = thresholds(1)
    assert (before.dct, before.pdq) == (48, 31)
    for files in (10**3, 10**5, 10**6, 10**7):
        now = thresholds(files)
        assert now.dct <= before.dct
        assert now.pdq <= before.pdq
        for kind, most in (("dct", now.dct), ("pdq", now.pdq)):
            assert chance(kind, most, files).p_value <= 0.005
        before = now
    assert thresholds(10**15).dct == -1
    for wrong in (0.0, 1.0, -1.0):
        with pytest.raises(UsageError):
            thresholds(10, wrong)


def test_no_links_at_all_where_none_would_be_safe() -> None:
    listed = [prints_of("a", scene(1)), prints_of("b", scene(1))]
    assert clusters(listed, Thresholds(-1, -1, -1, -1)) == ("", "")
    assert clusters(listed) == ("a", "a")


def test_rows_become_prints() -> None:
    row = ScanRow(id="a", source="s", state=State.OK, sha256="00" * 32, pdq="11" * 32, pdq_quality=0.7)
    assert Prints.of(row) == Prints("a", "00" * 32, "", "11" * 32, 0.0, 0.7)


@pytest.mark.parametrize("wrong", [{"sha256": "zz"}, {"sha256": "00"}, {"dct": "00" * 32}, {"pdq": "x" * 64}])
def test_what_is_no_hash_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="'b'"):
        clusters([Prints("a"), Prints("b", **wrong)])
    with pytest.raises(UsageError):
        clusters([prints_of("a", scene(1)), prints_of("b", scene(2))], engine="no-such")
