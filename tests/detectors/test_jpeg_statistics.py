"""The statistics of the `jpeg` detector against independent references and known histories."""

from __future__ import annotations

import io
from math import comb, log10
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
import scipy.fft
from PIL import Image

from forensics.datasets.procedural import camera
from forensics.detectors.jpeg import coefficients as co
from forensics.detectors.jpeg import double_compression as dc
from forensics.detectors.jpeg import ghosts, grid, regions, tables
from forensics.media import JpegStructure, open_bytes
from forensics.media.quant import STANDARD_LUMA, ZIGZAG, ijg_table


def jpeg(pixels: np.ndarray, quality: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(file, "JPEG", quality=quality)
    return file.getvalue()


def decoded(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def luma(data: bytes) -> np.ndarray:
    return open_bytes(data).luma


def grey(pixels: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(np.ascontiguousarray(pixels)).convert("L"))


@pytest.fixture(scope="module")
def scene() -> np.ndarray:
    return camera(5, 384, 448)


@pytest.fixture(scope="module")
def other() -> np.ndarray:
    return camera(6, 384, 448)


def low_modes(quality: int) -> tuple[int, ...]:
    table = ijg_table(STANDARD_LUMA, quality)
    return tuple(table[m] for m in co.MODES)


def look(data: bytes, quality: int) -> dc.DoubleCompression:
    plane = luma(data)
    return dc.analyse(co.sample_blocks(plane), co.sample_blocks(plane, (4, 4)), low_modes(quality))


class TestCoefficients:
    def test_modes_agree_with_scipy(self) -> None:
        pixels = np.random.default_rng(0).integers(0, 256, (7, 5, 64), dtype=np.uint8)
        blocks = pixels.reshape(7, 5, 8, 8).astype(float) - 128
        reference = scipy.fft.dctn(blocks, axes=(2, 3), norm="ortho").reshape(7, 5, 64)
        assert np.allclose(co.dct_modes(pixels, tuple(range(64))), reference, atol=1e-3)

    def test_a_decoded_jpeg_lies_on_multiples_of_its_table(self, scene: np.ndarray) -> None:
        table = ijg_table(STANDARD_LUMA, 75)
        blocks = co.sample_blocks(luma(jpeg(scene, 75)))
        scaled = co.dct_modes(blocks.pixels[~blocks.clipped]) / [table[m] for m in co.MODES]
        assert np.abs(scaled - np.rint(scaled)).mean() < 0.06  # a quarter if it did not

    def test_blocks_are_those_of_the_picture(self) -> None:
        plane = np.random.default_rng(1).integers(0, 256, (50, 70), dtype=np.uint8)
        blocks = co.sample_blocks(plane, (3, 5))
        assert blocks.shape == (5, 8)
        assert np.array_equal(blocks.pixels[2, 4].reshape(8, 8), plane[3 + 16 : 3 + 24, 5 + 32 : 5 + 40])

    def test_large_pictures_are_thinned_evenly(self) -> None:
        blocks = co.sample_blocks(np.zeros((800, 1600), np.uint8), limit=1000)
        assert blocks.stride == 5
        assert blocks.shape == (20, 40)

    def test_clipped_blocks_are_named(self) -> None:
        plane = np.full((16, 16), 100, np.uint8)
        plane[2, 3], plane[12, 12] = 0, 255
        assert co.sample_blocks(plane).clipped.tolist() == [[True, False], [False, True]]
        pixels = np.full((16, 16, 3), 100, np.uint8)
        pixels[9, 1, 2] = 255
        assert co.clipped_colour(pixels, co.sample_blocks(plane)).tolist() == [[False, False], [True, False]]

    def test_bands_keep_the_grid(self) -> None:
        plane = np.arange(1000, dtype=np.uint16)[:, None].repeat(64, axis=1).astype(np.uint8)
        bands = co.band_sample(plane, 3 * 128 * 64, height=128)
        assert bands.shape == (384, 64)
        assert np.array_equal(bands[:, 0] % 8, np.arange(384) % 8)
        assert co.band_sample(plane, 1 << 20) is plane


class TestDoubleCompression:
    @pytest.mark.parametrize(("first", "last"), [(60, 80), (70, 90), (75, 95), (85, 95), (85, 75)])
    def test_an_earlier_save_is_found_with_its_quality(
        self, scene: np.ndarray, first: int, last: int
    ) -> None:
        once, twice = look(jpeg(scene, last), last), look(jpeg(decoded(jpeg(scene, first)), last), last)
        assert twice.gain > 5 * max(once.gain, 0.001)
        if first < last:
            assert abs(tables.nearest_quality(twice.steps) - first) <= 2

    @pytest.mark.parametrize("last", [70, 80, 90, 95])
    def test_a_single_save_is_none(self, scene: np.ndarray, last: int) -> None:
        assert look(jpeg(scene, last), last).gain < 0.02

    def test_likelihoods_are_distributions(self) -> None:
        density = dc.mode_histogram(np.random.default_rng(2).laplace(0, 12, 20_000).astype(np.float32))
        for last in (1, 2, 7, 40):
            rows = dc.likelihood_tables(density, last)
            assert rows.shape == (dc.MOST_STEP + 1, 2 * (dc.RANGE // last) + 1)
            assert np.allclose(rows.sum(axis=1), 1, atol=1e-6)
            assert (rows[:, rows.shape[1] // 2] == 0).all()

    def test_likelihoods_agree_with_simulation(self) -> None:
        rng = np.random.default_rng(3)
        values = rng.laplace(0, 15, 400_000)
        twice = np.rint((7 * np.rint(values / 7) + rng.normal(0, dc.ROUNDING, values.size)) / 4)
        counts = np.bincount(np.clip(twice, -20, 20).astype(int) + 20, minlength=41).astype(float)
        counts[[0, 20, 40]] = 0
        row = dc.likelihood_tables(dc.mode_histogram(values.astype(np.float32)), 4)[7]
        middle = row.size // 2
        modelled = row[middle - 20 : middle + 21].copy()
        modelled[[0, 20, 40]] = 0
        assert 0.5 * np.abs(counts / counts.sum() - modelled / modelled.sum()).sum() < 0.03

    def test_no_single_coefficient_denies_a_save_for_certain(self, scene: np.ndarray) -> None:
        # Two saves leave values that only pixels which were touched in between can have; their number must
        # decide, not one of them: at least a fiftieth of the probability is that of a single save.
        density = dc.mode_histogram(np.random.default_rng(2).laplace(0, 12, 20_000).astype(np.float32))
        for last in (2, 7):
            rows = dc.likelihood_tables(density, last)
            assert (rows >= 0.02 * rows[0] - 1e-12).all()
            assert (rows[1:] < 0.021 * rows[0]).any()  # it is needed: some values are next to impossible
        plane = luma(jpeg(decoded(jpeg(scene, 70)), 90))
        found = dc.analyse(co.sample_blocks(plane), co.sample_blocks(plane, (4, 4)), low_modes(90))
        assert min(float(table.min()) for table in found.tables) >= np.log(0.02) - 1e-6

    def test_blocks_add_up_to_the_whole(self, scene: np.ndarray) -> None:
        plane = luma(jpeg(decoded(jpeg(scene, 70)), 90))
        blocks = co.sample_blocks(plane)
        found = dc.analyse(blocks, co.sample_blocks(plane, (4, 4)), low_modes(90))
        ratios = dc.block_likelihoods(blocks, found)
        assert ratios.sums.sum() / ratios.counts.sum() == pytest.approx(found.gain, rel=0.02)
        assert (ratios.sums[blocks.clipped] == 0).all()


class TestGrid:
    def test_zero_counts_agree_with_scipy(self) -> None:
        plane = np.random.default_rng(4).normal(120, 3, (24, 31)).clip(0, 255).astype(np.uint8)
        counts = grid.zero_counts(plane)
        assert counts.shape == (17, 24)
        for y, x in ((0, 0), (16, 23), (5, 11)):
            window = scipy.fft.dctn(plane[y : y + 8, x : x + 8].astype(float), norm="ortho")
            reference = (np.abs(window[np.ix_(grid.FREQUENCIES, grid.FREQUENCIES)]) < 0.5).sum()
            assert abs(int(counts[y, x]) - int(reference)) <= 1

    def test_strips_make_no_difference(self, scene: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
        whole = grid.zero_counts(grey(scene))
        monkeypatch.setattr(grid, "STRIP", 100)
        assert np.array_equal(grid.zero_counts(grey(scene)), whole)

    @pytest.mark.parametrize(("top", "left"), [(0, 0), (3, 5), (7, 1)])
    @pytest.mark.parametrize("quality", [60, 85, 95])
    def test_a_former_grid_is_found(self, scene: np.ndarray, top: int, left: int, quality: int) -> None:
        plane = grey(decoded(jpeg(scene, quality))[top:, left:])
        votes = grid.grid_votes(grid.vote_cells(grid.zero_counts(plane)))
        assert votes.origin == ((-top) % 8, (-left) % 8)
        assert votes.log10_nfa < -20

    def test_without_a_grid_votes_are_at_chance(self) -> None:
        nfas = [
            grid.grid_votes(grid.vote_cells(grid.zero_counts(grey(camera(seed, 256, 256))))).log10_nfa
            for seed in range(20, 32)
        ]
        assert min(nfas) > -2.0

    def test_flat_cells_do_not_vote(self) -> None:
        cells = grid.vote_cells(grid.zero_counts(np.full((80, 80), 90, np.uint8)))
        assert (cells == -1).all()
        assert grid.grid_votes(cells).cells == 0

    @pytest.mark.parametrize("n", [1, 9, 200])
    def test_binomial_tail_agrees_with_whole_numbers(self, n: int) -> None:
        # scipy's tail is wrong by 40 % near 1e-290; 64^n P(X >= k) is a whole number
        terms = [comb(n, k) * 63 ** (n - k) for k in range(n + 1)]
        exact = [log10(sum(terms[k:])) - n * log10(64) for k in range(n + 1)]
        assert np.allclose(grid.log10_binomial_tail(n), exact, rtol=1e-9, atol=1e-9)

    @pytest.mark.parametrize(("first", "last"), [(60, 75), (70, 85), (75, 90), (85, 95)])
    def test_a_crop_between_saves_is_found(self, scene: np.ndarray, first: int, last: int) -> None:
        twice = jpeg(decoded(jpeg(scene, first))[3:, 6:], last)
        found = grid.dc_period(luma(twice))
        assert found.origin == (5, 2)
        assert found.step == ijg_table(STANDARD_LUMA, first)[0]
        assert found.score > 0.8

    @pytest.mark.parametrize("last", [75, 85, 95])
    def test_a_single_save_has_no_other_grid(self, scene: np.ndarray, last: int) -> None:
        assert grid.dc_period(luma(jpeg(scene, last))).score < 0.6


class TestRegions:
    def test_a_paste_from_another_grid_is_found_where_it_is(
        self, scene: np.ndarray, other: np.ndarray
    ) -> None:
        host = decoded(jpeg(scene, 85)).copy()
        host[99:227, 165:293] = decoded(jpeg(other, 80))[40:168, 80:208]
        cells = grid.vote_cells(grid.zero_counts(grey(host)))
        found = regions.foreign_grid(cells, grid.grid_votes(cells).phase)
        assert found.score > 15
        assert divmod(found.phase, 8) == ((99 - 40) % 8, (165 - 80) % 8)
        middle = (np.array([found.top, found.left]) + found.size / 2) * grid.CELL
        assert (np.abs(middle - [163, 229]) < 50).all()
        assert found.map[99 // 9 + 4, 165 // 9 + 4] > 0.5
        assert found.map[2, 2] == 0

    def test_honest_pictures_have_no_foreign_region(self, scene: np.ndarray) -> None:
        for pixels in (scene, decoded(jpeg(scene, 70)), decoded(jpeg(scene, 95))[3:, 5:]):
            cells = grid.vote_cells(grid.zero_counts(grey(pixels)))
            votes = grid.grid_votes(cells)
            assert regions.foreign_grid(cells, votes.phase if votes.log10_nfa < -3 else -1).score < 3

    @pytest.mark.parametrize("fine", [97, 98, 99])
    def test_two_grids_everywhere_are_no_region(self, scene: np.ndarray, fine: int) -> None:
        twice = decoded(jpeg(decoded(jpeg(scene, 80))[3:, 5:], fine))
        cells = grid.vote_cells(grid.zero_counts(grey(twice)))
        assert regions.foreign_grid(cells, grid.grid_votes(cells).phase).score < 5

    def test_a_grid_that_is_everywhere_is_no_region(self) -> None:
        rng = np.random.default_rng(8)
        cells = rng.integers(0, 64, (60, 60)).astype(np.int8)
        cells[rng.random(cells.shape) < 0.5] = 0
        cells[20:29, 20:29] = np.where(rng.random((9, 9)) < 0.7, 17, cells[20:29, 20:29])
        cells[20:29, 20:29][cells[20:29, 20:29] == 0] = 3
        assert regions.foreign_grid(cells, 0).score > 10
        cells[rng.random(cells.shape) < 0.08] = 17
        assert regions.foreign_grid(cells, 0).score < 3

    def test_a_paste_before_the_last_save_lacks_the_first(self, scene: np.ndarray, other: np.ndarray) -> None:
        def score(pixels: np.ndarray) -> regions.Region:
            data = jpeg(pixels, 92)
            plane, table = luma(data), low_modes(92)
            blocks = co.sample_blocks(plane)
            found = dc.analyse(blocks, co.sample_blocks(plane, (4, 4)), table)
            clipped = co.clipped_colour(decoded(data), blocks)
            return regions.lacking_save(dc.block_likelihoods(blocks, found, clipped), found.gain)

        host = decoded(jpeg(scene, 75)).copy()
        honest = score(host)
        host[99:227, 165:293] = other[40:168, 80:208]
        spliced = score(host)
        assert honest.score < 10
        assert spliced.score > 40
        middle = (np.array([spliced.top, spliced.left]) + spliced.size / 2) * 8
        assert (np.abs(middle - [163, 229]) < 50).all()

    def test_small_and_empty_lattices_are_survived(self) -> None:
        assert regions.foreign_grid(np.full((2, 3), -1, np.int8), -1).score == 0
        assert regions.lacking_save(dc.BlockRatios(np.zeros((3, 3)), np.zeros((3, 3))), 0.5).score == 0


class TestTables:
    @pytest.mark.parametrize("quality", [60, 75, 85, 92])
    def test_the_last_save_is_estimated_from_pixels(self, scene: np.ndarray, quality: int) -> None:
        estimate = tables.estimate_last_save(co.sample_blocks(grey(decoded(jpeg(scene, quality)))))
        assert estimate.steps == low_modes(quality)
        assert abs(estimate.quality - quality) <= 1
        assert 0.85 < estimate.fit < 1.25

    def test_pixels_without_a_save_fit_badly(self, scene: np.ndarray) -> None:
        assert tables.estimate_last_save(co.sample_blocks(grey(scene))).fit < 0.3

    def test_steps_and_qualities_agree(self) -> None:
        assert co.MODES == ZIGZAG[1:10]
        for quality in (50, 75, 90):
            table = ijg_table(STANDARD_LUMA, quality)
            assert abs(tables.nearest_quality([table[m] for m in co.MODES]) - quality) <= 1
            assert ijg_table(STANDARD_LUMA, tables.dc_step_quality(table[0]))[0] == table[0]

    @pytest.mark.parametrize(
        ("exact", "maker", "resaved"),
        [(True, "NIKON CORPORATION", True), (True, "HTC", False), (True, "", False), (False, "Canon", False)],
    )
    def test_table_origin(self, exact: bool, maker: str, resaved: bool) -> None:
        structure = cast("JpegStructure", SimpleNamespace(quality=85, quality_exact=exact))
        origin = tables.table_origin(structure, maker)
        assert origin.resaved is resaved
        assert "85" in origin.text


class TestMaps:
    def test_a_ghost_is_bright_where_the_earlier_save_was(self, scene: np.ndarray, other: np.ndarray) -> None:
        host = scene.copy()
        host[96:224, 160:288] = decoded(jpeg(other, 60))[96:224, 160:288]
        found = ghosts.ghost(co.sample_blocks(luma(jpeg(host, 92))))
        inside, outside = found.map[13:27, 21:35].mean(), found.map[30:, :].mean()
        assert found.quality == 60
        assert inside > outside + 0.2
        assert len(found.curve) == len(ghosts.GHOST_QUALITIES)

    def test_error_level_agrees_with_scipy(self, scene: np.ndarray) -> None:
        plane = grey(scene)
        levels = ghosts.error_level(co.sample_blocks(plane), 75)
        blocks = plane.reshape(48, 8, 56, 8).transpose(0, 2, 1, 3).astype(float) - 128
        modes = scipy.fft.dctn(blocks, axes=(2, 3), norm="ortho").reshape(48, 56, 64)[..., list(co.MODES)]
        steps = np.array(ijg_table(STANDARD_LUMA, 75))[list(co.MODES)]
        error = np.sqrt(((modes - steps * np.rint(modes / steps)) ** 2).mean(axis=2))
        assert np.allclose(levels, np.clip(error / np.percentile(error, 99), 0, 1), atol=1e-3)

    def test_flat_pictures_have_flat_maps(self) -> None:
        blocks = co.sample_blocks(np.full((64, 64), 128, np.uint8))
        assert (ghosts.error_level(blocks) == 0).all()
        assert np.isfinite(ghosts.ghost(blocks).map).all()
