"""Sets of pairs: alike in all but their making, the same twice, split by their photos."""

from __future__ import annotations

import csv
import hashlib
import json
from collections import Counter, defaultdict
from contextlib import ExitStack
from dataclasses import replace
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from forensics.datasets.procedural import camera, encode
from forensics.detectors.aligned import AlignedRecipe, build, pairs, standard_degradations
from forensics.detectors.aligned.reals import cut_of, listed
from forensics.detectors.aligned.recipe import attack_of, makers_for, split_of
from forensics.detectors.leaks.history import earlier_jpeg
from forensics.errors import ForensicsError, UsageError
from forensics.media import open_media
from forensics.watermark.attacks import parse_attack
from tests.detectors.aligned.photos import folder_of

MAKERS = ("nearest2", "transposed3", "telea")
LUMA = np.array([0.299, 0.587, 0.114])


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folder_of(tmp_path_factory.mktemp("aligned") / "photos", count=9)


@pytest.fixture(scope="module")
def recipe(photos: Path) -> AlignedRecipe:
    return AlignedRecipe(photos=(str(photos),), makers=MAKERS, count=9, size=32, per_photo=2, seed=4)


@pytest.fixture(scope="module")
def built(recipe: AlignedRecipe, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("aligned") / "set"
    build(folder, recipe)
    return folder


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def digests(folder: Path) -> dict[str, str]:
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_the_manifest_names_every_file_and_nothing_else(built: Path) -> None:
    table = rows(built)
    there = {
        p.relative_to(built).as_posix() for kind in ("real", "fake") for p in (built / kind).rglob("*.jpg")
    }
    assert {row["file"] for row in table} == there
    assert Counter(row["label"] for row in table) == {"real": 9, "fake": 18}
    assert all((built / row["mask"]).is_file() for row in table if row["maker"] == "telea")
    assert all(not row["mask"] for row in table if row["maker"] != "telea")


def test_both_classes_are_stored_alike(built: Path) -> None:
    seen = defaultdict(set)
    for row in rows(built):
        media = open_media(built / row["file"])
        assert media.jpeg is not None
        assert (str(media.pixels.shape[1]), str(media.pixels.shape[0])) == (row["width"], row["height"])
        structure = replace(media.jpeg, thumbnail=None)
        seen[row["label"]].add((structure, media.metadata, media.extension_matches))
    assert seen["real"] == seen["fake"]
    assert len(seen["real"]) == 1


def test_the_same_recipe_gives_the_same_bytes_and_another_seed_others(
    built: Path, recipe: AlignedRecipe, tmp_path: Path
) -> None:
    build(tmp_path / "again", recipe)
    assert digests(tmp_path / "again") == digests(built)
    build(tmp_path / "other", replace(recipe, seed=5))
    assert digests(tmp_path / "other")["real/000000.jpg"] != digests(built)["real/000000.jpg"]


def test_a_build_goes_on_where_it_stopped(built: Path, recipe: AlignedRecipe, tmp_path: Path) -> None:
    class Stop(Exception):
        pass

    left = iter(range(4))

    def advance() -> None:
        if next(left) == 3:
            raise Stop

    with pytest.raises(Stop):
        build(tmp_path / "set", recipe, advance)
    assert not json.loads((tmp_path / "set" / "build.json").read_text())["finished"]
    assert not (tmp_path / "set" / "manifest.csv").exists()
    done = build(tmp_path / "set", recipe)
    assert done.kept == 12
    left_out = {"build.json"}  # it counts what the last run did
    assert {k: v for k, v in digests(tmp_path / "set").items() if k not in left_out} == {
        k: v for k, v in digests(built).items() if k not in left_out
    }


def test_a_folder_with_something_else_is_refused(built: Path, recipe: AlignedRecipe, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="another build"):
        build(built, replace(recipe, count=8))
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(UsageError, match="not empty"):
        build(tmp_path, recipe)


def test_photos_and_what_is_written_do_not_overlap(recipe: AlignedRecipe, photos: Path) -> None:
    for place in (photos, photos / "out", photos.parent):
        with pytest.raises(UsageError, match="overlap"):
            build(place, recipe)


def test_pairs_in_memory_are_those_of_the_files(built: Path, recipe: AlignedRecipe) -> None:
    found = list(pairs(recipe))
    assert [p.maker for p in found] == [row["maker"] for row in rows(built) if row["maker"]]
    for pair in found[:4]:
        assert np.array_equal(pair.real, open_media(built / f"real/{pair.number:06d}.jpg").pixels)
        file = built / "fake" / pair.maker / f"{pair.number:06d}.jpg"
        assert np.array_equal(pair.fake, open_media(file).pixels)
    of_test = list(pairs(recipe, "test"))
    assert [p.number for p in of_test] == [p.number for p in found if p.split == "test"]
    with pytest.raises(UsageError, match="no split"):
        next(pairs(recipe, "holdout"))


def test_what_is_one_photo_or_group_is_in_one_split(recipe: AlignedRecipe) -> None:
    many = replace(recipe, count=40, group="[ab](?=_)", shares=(0.5, 0.0, 0.5))
    with ExitStack() as stack:
        groups = {photo.group for photo in listed(stack, many.photos, many.group, 1)}
        assert groups == {"a", "b"}
        with pytest.raises(UsageError, match="finds nothing"):
            listed(stack, many.photos, "camera_\\d", 1)
        with pytest.raises(UsageError, match="regular expression"):
            listed(stack, many.photos, "(", 1)
    splits = defaultdict(set)
    for pair in pairs(recipe):
        splits[pair.source].add(pair.split)
    assert all(len(found) == 1 for found in splits.values())


def test_splits_have_their_shares_and_do_not_depend_on_other_photos(recipe: AlignedRecipe) -> None:
    counts = Counter(split_of(recipe, f"photo {n}") for n in range(3000))
    shares = [counts[split] / 3000 for split in ("train", "val", "test")]
    assert np.allclose(shares, recipe.shares, atol=0.03)


def test_makers_take_turns_and_held_out_ones_wait_for_the_test(recipe: AlignedRecipe) -> None:
    held = replace(recipe, held_out=("telea",), per_photo=1)
    train = Counter(m for n in range(10) for m in makers_for(held, MAKERS, "train", n))
    test = Counter(m for n in range(9) for m in makers_for(held, MAKERS, "test", n))
    assert train == {"nearest2": 5, "transposed3": 5}
    assert test == dict.fromkeys(MAKERS, 3)
    assert set(makers_for(replace(recipe, per_photo=9), MAKERS, "val", 5)) == set(MAKERS)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"held_out": ("gan",)}, "no makers"),
        ({"held_out": MAKERS}, "none is left"),
        ({"shares": (0.5, 0.5)}, "add up"),
        ({"count": 0}, "at least 1"),
        ({"size": 8}, "at least 16"),
        ({"degrade": ("melt",)}, "no attack"),
        ({"codec": "gif"}, "no codec"),
        ({"size": 64}, "smaller --size"),
    ],
)
def test_what_does_not_fit_is_refused(
    recipe: AlignedRecipe, tmp_path: Path, changes: dict[str, object], says: str
) -> None:
    with pytest.raises(UsageError, match=says):
        build(tmp_path / "set", replace(recipe, **changes))


def test_degradations_are_done_to_both_alike(recipe: AlignedRecipe, tmp_path: Path) -> None:
    spec = "noise:8+resize:0.75"
    one = replace(recipe, codec="png", count=3, per_photo=1, makers=("nearest2",))
    plain, done = list(pairs(one)), list(pairs(replace(one, degrade=(spec,))))
    attack = parse_attack(spec)
    for before, after in zip(plain, done, strict=True):
        for which in ("real", "fake"):
            wanted = attack(getattr(before, which), seed=one.seed + before.number)
            assert np.array_equal(getattr(after, which), wanted)
    mixed = replace(one, degrade=("none", "blur:1"), count=9)
    assert {pair.degradation for pair in pairs(mixed)} == {"none", "blur:1"}
    record = build(tmp_path / "set", replace(one, degrade=(spec,))).record
    assert record["degradations"][spec] == {"pictures": 6, "changed": 6, "mean_difference": 0.0}


@pytest.mark.parametrize("name", standard_degradations(96))
def test_every_standard_degradation_changes_pictures(name: str) -> None:
    spec = standard_degradations(96)[name]
    picture = camera(np.random.default_rng(2), 96, 96)
    attack = attack_of(spec)
    if attack is None:
        assert (name, spec) == ("native", "none")
        return
    done = attack(picture, seed=1)
    assert done.shape != picture.shape or not np.array_equal(done, picture)
    assert min(done.shape[:2]) >= 32


def test_a_degradation_that_does_nothing_is_refused(recipe: AlignedRecipe, tmp_path: Path) -> None:
    with pytest.raises(ForensicsError, match="changed no picture"):
        build(tmp_path / "set", replace(recipe, count=2, degrade=("brightness:1",)))


def test_history_of_lossy_photos_is_wiped_out_and_others_are_cut_as_they_are(tmp_path: Path) -> None:
    picture = camera(np.random.default_rng(2), 96, 96)
    (tmp_path / "lossless.png").write_bytes(encode(picture))
    (tmp_path / "lossy.jpg").write_bytes(encode(picture, "jpeg"))
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    with ExitStack() as stack:
        broken, lossless, lossy = listed(stack, (str(tmp_path),), "", 1)
        rng = np.random.default_rng
        assert cut_of(broken, 32, rng(0)) is None
        assert cut_of(lossless, 97, rng(0)) is None
        plain, small, large = (
            cut_of(lossless, 90, rng(0)),
            cut_of(lossy, 32, rng(0)),
            cut_of(lossy, 64, rng(0)),
        )
    assert plain is not None
    assert small is not None
    assert large is not None
    windows = [picture[y : y + 90, x : x + 90] for y in range(7) for x in range(7)]
    assert any(np.array_equal(plain.pixels, window) for window in windows)
    assert (plain.washed, small.washed, large.washed) == ("", "scaled", "shifted")
    assert small.pixels.shape == (32, 32, 3)


def test_nothing_of_an_earlier_jpeg_is_left_in_reals(tmp_path: Path) -> None:
    photos = folder_of(tmp_path, 2, side=128, codec="jpeg")
    (whole,) = {earlier_jpeg(open_media(path).luma) for path in photos.iterdir()}
    assert whole == 90
    for size in (64, 128):  # scaled, and moved by a part of a pixel
        recipe = AlignedRecipe((str(photos),), ("nearest2",), count=2, size=size, codec="png")
        assert {earlier_jpeg(np.ascontiguousarray(pair.real[..., 1])) for pair in pairs(recipe)} == {0}


def test_on_their_own_grid_both_classes_have_the_save_of_the_photo(tmp_path: Path) -> None:
    photos = folder_of(tmp_path, 2, side=128, codec="jpeg")
    recipe = AlignedRecipe(
        (str(photos),), ("nearest2",), count=4, size=64, codec="png", own_grid=True, match=False
    )
    for pair in pairs(recipe):
        whole = open_media(photos / Path(pair.source).name).pixels
        windows = [whole[y : y + 64, x : x + 64] for y in range(0, 65, 16) for x in range(0, 65, 16)]
        off = min(np.abs(window.astype(int) - pair.real.astype(int)).mean() for window in windows)
        assert off < 1.0  # the same save again changes little: borders, and roundings of colours
        for pixels in (pair.real, pair.fake):
            assert earlier_jpeg(np.ascontiguousarray(pixels @ LUMA).round().astype(np.uint8)) == 90


def test_a_photo_of_a_rare_kind_is_scaled_even_so(tmp_path: Path) -> None:
    picture = camera(np.random.default_rng(2), 96, 96)
    (tmp_path / "grey.jpg").write_bytes(encode(np.ascontiguousarray(picture[..., 0]), "jpeg"))
    (tmp_path / "web.webp").write_bytes(encode(picture, "webp"))
    with ExitStack() as stack:
        found = [
            cut_of(photo, 32, np.random.default_rng(0), own_grid=True)
            for photo in listed(stack, (str(tmp_path),), "", 1)
        ]
    assert [real.washed for real in found if real] == ["scaled", "scaled"]


def test_one_split_alone_is_that_of_the_whole_set(recipe: AlignedRecipe, built: Path, tmp_path: Path) -> None:
    one = rows(built)[0]["split"]
    build(tmp_path / "one", replace(recipe, only=one))
    written = {p.relative_to(tmp_path / "one"): p.read_bytes() for p in (tmp_path / "one").rglob("*.jpg")}
    assert all((built / name).read_bytes() == data for name, data in written.items())
    assert {row["split"] for row in rows(tmp_path / "one")} == {one}
    assert len(written) == sum(row["split"] == one for row in rows(built)) > 0
    with pytest.raises(UsageError, match="no split"):
        replace(recipe, only="rest")


def test_fewer_photos_than_reals_are_cut_several_times(recipe: AlignedRecipe) -> None:
    found = list(pairs(replace(recipe, count=20, per_photo=1, makers=("nearest2",))))
    assert len(found) == 20
    assert max(Counter(pair.source for pair in found).values()) == 3
    assert len({pair.real.tobytes() for pair in found}) == 20


def test_procedural_photos_need_no_files() -> None:
    found = list(pairs(AlignedRecipe(photos=("procedural",), makers=("nearest2",), count=4, size=32)))
    assert len({pair.source for pair in found}) == 4


def test_makers_of_ones_own_are_named_without_their_paths(recipe: AlignedRecipe, tmp_path: Path) -> None:
    models = Path(str(resources.files("forensics"))) / "models"
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    for place in ("a/mine", "b/mine"):
        (tmp_path / place).symlink_to(models / "codec")
    mine, again = (f"codec:{tmp_path / place}" for place in ("a/mine", "b/mine"))
    given = replace(recipe, makers=("nearest2", mine), count=2, size=32)
    record = build(tmp_path / "set", given).record
    name = f"codec_{(models / 'codec').resolve().name}"
    assert {row["maker"] for row in rows(tmp_path / "set")} == {"", "nearest2", name}
    assert (record["families"][name], set(record["splits"])) == (
        "own",
        {r["split"] for r in rows(tmp_path / "set")},
    )
    with pytest.raises(UsageError, match="one name"):
        build(tmp_path / "other", replace(given, makers=(mine, again)))
