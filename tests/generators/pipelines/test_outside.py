"""Functions of somebody else's as generators: asked as they can be, and never trusted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from forensics.errors import ModelError, RegistryError, UsageError
from forensics.generators.pipelines.base import Request
from forensics.generators.pipelines.named import function_of
from forensics.generators.pipelines.opening import open_pipeline
from forensics.generators.pipelines.outside import GENERATORS, Outside, register, seed_of


def noise(count: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, 4, 5, 3), dtype=np.uint8)


def test_picture_depends_on_seed_and_number_alone() -> None:
    many = list(Outside(noise).sample(Request(7, seed=3, batch=7)))
    few = list(Outside(noise).sample(Request(4, seed=3, batch=3)))
    np.testing.assert_array_equal(few, many[:4])
    np.testing.assert_array_equal(many[2], noise(1, seed_of(3, 2))[0])
    assert len({picture.tobytes() for picture in many}) == 7


def test_seeds_of_runs_lie_apart() -> None:
    assert [seed_of(0, number) for number in range(3)] == [0, 1, 2]
    runs = [{seed_of(seed, number) for number in range(5000)} for seed in range(40)]
    assert all(len(seeds) == 5000 for seeds in runs)
    assert len(set().union(*runs)) == 40 * 5000
    assert max(map(max, runs)) < 2**32  # as NumPy's older generators and others take


def test_function_of_seeds_draws_a_batch_at_a_time() -> None:
    asked: list[int] = []

    def draw(seeds: Sequence[int]) -> np.ndarray:
        asked.append(len(seeds))
        return np.concatenate([noise(1, seed) for seed in seeds])

    found = list(Outside(draw).sample(Request(5, batch=2)))
    assert asked == [2, 2, 1]
    np.testing.assert_array_equal(found, list(Outside(noise).sample(Request(5))))


def test_only_what_is_taken_is_given() -> None:
    given: list[dict[str, object]] = []

    class Painter:
        labels = ("cat", "dog")

        def __call__(self, count: int, seed: int, prompt: str = "", label: int = -1) -> np.ndarray:
            given.append({"prompt": prompt, "label": label})
            return noise(count, seed)

    pipeline = Outside(Painter())
    request = Request(label=pipeline.recipe.label("dog"), prompt="a dog")
    next(pipeline.sample(request))
    next(pipeline.sample(Request()))
    assert given == [{"prompt": "a dog", "label": 1}, {"prompt": "", "label": -1}]
    with pytest.raises(UsageError, match="Painter takes no steps"):
        next(pipeline.sample(Request(steps=3)))
    with pytest.raises(UsageError, match="noise takes no prompt"):
        next(Outside(noise).sample(Request(prompt="a dog")))
    next(Outside(lambda **options: noise(options["count"], options["seed"])).sample(Request(steps=9)))


def test_clips_are_taken_too() -> None:
    clip = next(Outside(lambda count, seed: np.zeros((count, 6, 4, 4, 3), np.uint8)).sample(Request()))
    assert clip.shape == (6, 4, 4, 3)


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((1, 4, 4, 3), np.float32),
        np.zeros((2, 4, 4, 3), np.uint8),
        np.zeros((1, 4, 4), np.uint8),
        np.zeros((1, 3, 4, 4), np.uint8),
        np.zeros((1, 0, 4, 3), np.uint8),
        "a picture",
        None,
    ],
)
def test_what_is_no_picture_is_refused(wrong: object) -> None:
    with pytest.raises(ModelError, match=r"instead of \(1, H, W, 3\) uint8"):
        next(Outside(lambda count, seed: wrong, "mine").sample(Request()))


def test_failures_are_those_of_the_function() -> None:
    def broken(count: int, seed: int) -> np.ndarray:
        raise ZeroDivisionError("no\nway")

    with pytest.raises(ModelError, match=r"broken failed: ZeroDivisionError: no$"):
        next(Outside(broken).sample(Request()))
    for wrong in (lambda: 0, lambda count: 0, lambda seed, /, count: 0):
        with pytest.raises(UsageError, match="count and seed, or seeds"):
            Outside(wrong, "mine")
    with pytest.raises(UsageError, match="is no function"):
        Outside(3, "mine")  # type: ignore[arg-type]


def test_registered_functions_are_opened_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(GENERATORS, "_members", {})
    assert register("mine", noise) is noise
    np.testing.assert_array_equal(next(open_pipeline("mine").sample(Request())), noise(1, 0)[0])
    with pytest.raises(RegistryError, match="registered twice"):
        register("mine", lambda count, seed: noise(count, seed + 1))
    with pytest.raises(UsageError, match="no colon"):
        register("module:mine", noise)
    with pytest.raises(UsageError, match="count and seed"):
        register("other", lambda: noise(1, 0))
    with pytest.raises(UsageError, match="no model 'other'"):
        open_pipeline("other")


def test_functions_are_found_by_module_and_by_file(tmp_path: Path) -> None:
    code = "import numpy as np\nclass A:\n    @staticmethod\n    def draw(count, seed):\n"
    code += "        return np.full((count, 2, 2, 3), seed, np.uint8)\n"
    file = tmp_path / "made_up_painter.py"
    file.write_text(code)
    pipeline = open_pipeline(f"module:{file}:A.draw")
    assert [int(x[0, 0, 0]) for x in pipeline.sample(Request(3))] == [0, 1, 2]
    assert function_of("forensics.generators.pipelines.outside:seed_of") is seed_of
    for name, reason in (
        ("no_such_module:draw", "cannot be imported: ModuleNotFoundError"),
        (f"{tmp_path / 'none.py'}:draw", "cannot be imported: FileNotFoundError"),
        (f"{file}:paint", "has no 'paint'"),
        ("json:__name__", "is no function"),
        ("json", "names no function"),
        (":draw", "names no function"),
    ):
        with pytest.raises(UsageError, match=reason):
            open_pipeline(f"module:{name}")


def test_nothing_but_pipelines_of_diffusers_is_downloaded() -> None:
    with pytest.raises(UsageError, match="only pipelines of diffusers are downloaded"):
        open_pipeline("module:json:loads", download=True)
