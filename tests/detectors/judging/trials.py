"""Made-up detectors and tiny sets: bright pictures are the made ones."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from forensics.detectors.base import Detector, DetectorInfo, not_applicable
from forensics.detectors.calibrating.corpus import Sample
from forensics.detectors.judging.looking import Judge, Looked, Said, Shown
from forensics.evidence import Calibration, Evidence, Grade, Measurement, Question, Status
from forensics.fusion.asking import judge_of
from forensics.media import Kind, Media

NOTE = "Calibrated on what nearest2 made."


class Bright(Detector):
    """A detector whose score is the mean of the pixels; it says nothing of dark ones."""

    info = DetectorInfo(
        name="bright", version="1", title="t", questions=(Question.SYNTHETIC,), kinds=(Kind.IMAGE,), needs="",
        source="s", calibration=Calibration(name="c", negatives=9, positives=9, note=NOTE), limits="l",
    )  # fmt: skip
    looked = 0

    def examine(self, media: Media) -> tuple[Evidence, ...]:
        type(self).looked += 1
        mean = float(media.pixels.mean())
        if mean < 20:
            return (not_applicable(self.info, Question.SYNTHETIC, "too dark"),)
        return (
            Evidence(
                detector="bright", code="bright.light", question=Question.SYNTHETIC, grade=Grade.OPINION,
                status=Status.CLEAR, summary="s", llr=(mean - 128) / 20, calibration=self.info.calibration,
                measurements=(Measurement(name="score", value=mean),),
            ),
        )  # fmt: skip


class Broken(Bright):
    """One that fails on every picture."""

    info = DetectorInfo(**{**vars(Bright.info), "name": "broken"})

    def examine(self, media: Media) -> tuple[Evidence, ...]:
        raise ValueError("boom")


def judge(*detectors: Detector) -> Judge:
    """Return those who look."""
    return judge_of(detectors or (Bright(),), Question.SYNTHETIC)


def picture(level: float, seed: int, side: int = 32) -> np.ndarray:
    """Return noise about a level: (side, side, 3) uint8."""
    drawn = np.random.default_rng(seed).normal(level, 12, (side, side, 3))
    return np.clip(np.rint(drawn), 0, 255).astype(np.uint8)


def tiny_set(folder: Path, sources: int = 6, makers: Sequence[str] = ("nearest2", "dim")) -> Path:
    """Write photos about 90, and what is made of each: by the first maker about 200, by others about 100."""
    rows = []
    for number in range(sources):
        split = "val" if number % 3 == 2 else "test"
        for maker in ("", *makers):
            level = 90 if not maker else 200 if maker == makers[0] else 100
            path = folder / ("fake" if maker else "real") / maker / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(picture(level + number, number)).save(path)
            name = path.relative_to(folder).as_posix()
            rows.append((name, "fake" if maker else "real", maker, f"s{number}", split))
    with (folder / "manifest.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([("file", "label", "maker", "source", "split"), *rows])
    return folder


def shown(
    name: str,
    score: float | None,
    *,
    fake: bool = False,
    maker: str = "",
    delivery: str = "none",
    llr: float | None = None,
    changed: bool = True,
    delivered: str = "",
    source: str = "",
) -> Shown:
    """Return a picture of which a finding said a score."""
    said = () if score is None else (Said(code="a.x", detector="a", score=score, llr=llr),)
    looked = Looked(
        file=name, sha256="h", delivery=delivery, delivered=delivered or f"{name}{delivery}", size=100,
        pixels=400, format="png", changed=changed, said=said, fused=llr,
    )  # fmt: skip
    return Shown(Sample(Path(name), name, fake, source or name, maker), looked)
