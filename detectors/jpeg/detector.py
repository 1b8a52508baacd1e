"""The `jpeg` detector: earlier saves, grids, tables and the thumbnail."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from forensics.detectors import calibration
from forensics.detectors.base import DETECTORS, Detector, DetectorInfo, not_applicable
from forensics.detectors.jpeg import measure
from forensics.detectors.jpeg.coefficients import Floats
from forensics.detectors.jpeg.double_compression import DoubleCompression
from forensics.detectors.jpeg.ghosts import GHOST_QUALITIES
from forensics.detectors.jpeg.regions import Region
from forensics.detectors.jpeg.tables import dc_step_quality, nearest_quality, table_origin
from forensics.detectors.jpeg.thumbnail import compare, read_thumbnail
from forensics.evidence import (
    Calibration,
    Evidence,
    EvidenceMap,
    Grade,
    Measurement,
    Plot,
    Question,
    Series,
    Status,
)
from forensics.media import Kind, Media

__all__ = ["JpegDetector"]

# From here on an opinion is shown as a signal; below it, it was looked for and not found.
SIGNAL = 0.5
# The same for a region that was pasted: regular textures vote for grids, too.
REGION_SIGNAL = 1.0
NULL = Calibration(
    name="votes without a grid", negatives=0, positives=0, note="Exact: votes for 64 phases are binomial."
)
_HISTORY = "Every save by a chat, a site or an editor leaves such traces: it says nothing about content."
_REGION = (
    "Honest composites (collages, screenshots of pictures, overlaid text or logos) look the same; regular "
    "textures can mimic a grid. "
    "Not found says little: scaling or a strong last save removes the traces."
)


@DETECTORS.register("jpeg")
class JpegDetector(Detector):
    """Statistics of block-DCT coefficients on the file's own grid."""

    info: ClassVar[DetectorInfo] = DetectorInfo(
        name="jpeg",
        version="1",
        title="JPEG history: earlier saves, foreign grids, regions with another past, tables, thumbnail",
        questions=(Question.HISTORY, Question.ALTERED),
        kinds=(Kind.IMAGE,),
        needs="",
        source=(
            "Bianchi & Piva 2012 (TIFS 7(2), 7(3)); Nikoukhah et al. 2021 (ZERO, IPOL 11); "
            "Farid 2009 (TIFS 4(1)); Kee & Farid 2010 (SPIE 7541)"
        ),
        calibration=Calibration(
            name="jpeg_*",
            negatives=0,
            positives=0,
            note="Each finding has its own set; see the calibration of the evidence.",
        ),
        limits=_REGION,
    )

    def examine(self, media: Media) -> tuple[Evidence, ...]:
        """Look at one file; see `Detector.examine`."""
        if media.container.kind is Kind.VIDEO:
            return (not_applicable(self.info, Question.HISTORY, "It looks at pictures only."),)
        luma = media.luma
        reason = measure.too_plain(luma)
        if reason:
            return (
                *self._tables(media),
                not_applicable(self.info, Question.HISTORY, reason),
                *self._thumbnail(media),
            )
        seen = measure.measure(luma, media.jpeg, lambda: media.pixels)
        return (
            *self._tables(media),
            self._grid(seen),
            *self._double(seen),
            self._foreign_grid(seen, media),
            *self._lacking_save(seen),
            *self._thumbnail(media),
        )

    def _tables(self, media: Media) -> Iterator[Evidence]:
        structure = media.jpeg
        if structure is None or not structure.tables:
            return
        origin = table_origin(structure, media.metadata.get("exif", "Make") or "")
        yield self._evidence(
            "tables",
            Question.HISTORY,
            Status.SIGNAL if origin.resaved else Status.CLEAR,
            origin.text,
            grade=Grade.CLAIM,
            limits="Many phones write libjpeg's tables; a program can write any. " + _HISTORY,
            measurements=(
                Measurement(name="quality", value=structure.quality),
                Measurement(name="exactly libjpeg's", value=structure.quality_exact),
                Measurement(name="subsampling", value=structure.subsampling),
                Measurement(name="progressive", value=structure.progressive),
            ),
        )

    def _grid(self, seen: measure.Seen) -> Evidence:
        """Where grids lie: of a JPEG an earlier one, of anything else that it was a JPEG once."""
        maps = (
            EvidenceMap(
                name="error_level",
                caption="What one more save would change: for the eye only, texture is always bright.",
                values=seen.error_level,
            ),
        )
        period = seen.period
        if period is None:
            return self._former_jpeg(seen, maps)
        scale = calibration.load("jpeg_grid")
        llr = scale.llr(period.score)
        found = llr >= SIGNAL
        row, column = period.origin
        summary = (
            f"It was cropped or moved between two JPEG saves: an earlier grid begins at ({column}, {row})."
            if found
            else "No trace of an earlier JPEG grid beside the present one."
        )
        return self._evidence(
            "grid",
            Question.HISTORY,
            Status.SIGNAL if found else Status.CLEAR,
            summary,
            llr=llr,
            calibration=scale.to_calibration(),
            limits=_HISTORY,
            measurements=(
                Measurement(name="energy", value=round(period.energy, 1)),
                Measurement(name="second energy", value=round(period.second, 1)),
                Measurement(name="DC step", value=period.step),
                Measurement(name="earlier quality, about", value=dc_step_quality(period.step)),
            )
            if found
            else (),
            maps=maps,
        )

    def _former_jpeg(self, seen: measure.Seen, maps: tuple[EvidenceMap, ...]) -> Evidence:
        votes, save = seen.votes, seen.last_save
        p_value = float(min(1.0, 10.0 ** max(votes.log10_nfa, -300.0))) if votes is not None else 1.0
        found = seen.has_grid and votes is not None
        measurements: tuple[Measurement, ...] = ()
        summary = "No trace of a JPEG grid."
        if votes is not None and found:
            row, column = votes.origin
            summary = f"The pixels were a JPEG once: its grid begins at ({column}, {row})."
            measurements = (
                Measurement(name="votes", value=votes.votes),
                Measurement(name="cells", value=votes.cells),
                Measurement(name="grid begins at column", value=column, unit="px"),
                Measurement(name="grid begins at row", value=row, unit="px"),
            )
            if save is not None:
                summary = f"{summary[:-1]}, saved at about quality {save.quality}."
                measurements += (Measurement(name="quality, about", value=save.quality),)
        return self._evidence(
            "grid",
            Question.HISTORY,
            Status.SIGNAL if found else Status.CLEAR,
            summary,
            p_value=p_value,
            calibration=NULL,
            limits=_HISTORY + " Pixel art and pictures enlarged eight times mimic a grid.",
            measurements=measurements,
            maps=maps,
        )

    def _double(self, seen: measure.Seen) -> Iterator[Evidence]:
        found = seen.double
        if found is None:
            return
        if found.coefficients < measure.LEAST_COEFFICIENTS:
            yield not_applicable(
                self.info, Question.HISTORY, "Too few coefficients are left to look for earlier saves."
            )
            return
        scale = calibration.load("jpeg_double")
        llr = scale.llr(measure.double_score(found))
        signal = llr >= SIGNAL
        quality = nearest_quality(found.steps)
        summary = (
            f"It was saved as a JPEG before, at about quality {quality}, on the same grid."
            if signal
            else "No trace of an earlier JPEG save on the same grid."
        )
        yield self._evidence(
            "double",
            Question.HISTORY,
            Status.SIGNAL if signal else Status.CLEAR,
            summary,
            llr=llr,
            calibration=scale.to_calibration(),
            limits=_HISTORY + " A save at a much higher quality before the last one leaves no trace.",
            measurements=self._double_measurements(found, quality) if signal else (),
            maps=(
                EvidenceMap(
                    name="ghost",
                    caption=f"Bright blocks fit a save at quality {seen.ghost.quality}: for the eye only.",
                    values=seen.ghost.map,
                ),
            ),
            plots=(
                Plot(
                    title="Difference to a re-save",
                    x_label="quality",
                    y_label="relative to no earlier save",
                    series=(
                        Series(name="picture", x=tuple(map(float, GHOST_QUALITIES)), y=seen.ghost.curve),
                    ),
                ),
            ),
        )

    def _double_measurements(self, found: DoubleCompression, quality: int) -> tuple[Measurement, ...]:
        return (
            Measurement(name="gain per coefficient", value=round(found.gain, 4), unit="nat"),
            Measurement(name="earlier quality, about", value=quality),
            Measurement(name="earlier steps", value=" ".join(map(str, found.steps))),
        )

    def _foreign_grid(self, seen: measure.Seen, media: Media) -> Evidence:
        if seen.foreign is None:
            large = f"It is larger than {measure.VOTE_PIXELS // 1_000_000} megapixels: no votes for grids."
            return self._silent("foreign_grid", measure.grids_hidden(media.jpeg) or large)
        return self._region(
            "foreign_grid",
            "jpeg_foreign_grid",
            measure.region_score(seen.foreign),
            "A region lies on another JPEG grid than the rest: pasted from another picture or place.",
            "No region on another JPEG grid than the rest.",
            seen.foreign,
        )

    def _lacking_save(self, seen: measure.Seen) -> Iterator[Evidence]:
        if seen.lacking is None:
            if seen.double is not None:
                reason = "No earlier save on its grid shows clearly, so that none can be missed anywhere."
                yield self._silent("lacking_save", reason)
            return
        yield self._region(
            "lacking_save",
            "jpeg_lacking_save",
            measure.region_score(seen.lacking),
            "A region lacks an earlier JPEG save that the rest of the picture shows: it came in later.",
            "No region lacks the earlier JPEG save that the picture shows.",
            seen.lacking,
        )

    def _region(
        self, code: str, table: str, score: float, found: str, absent: str, region: Region
    ) -> Evidence:
        scale = calibration.load(table)
        llr = scale.llr(score)
        signal = llr >= REGION_SIGNAL
        return self._evidence(
            code,
            Question.ALTERED,
            Status.SIGNAL if signal else Status.CLEAR,
            found if signal else absent,
            # Not found is no evidence of honesty: most ways of altering leave nothing here.
            llr=llr if signal else None,
            p_value=None if signal else _p_value(llr),
            calibration=scale.to_calibration(),
            limits=_REGION,
            measurements=_of_region(region) if signal else _of_region(region)[:1],
            maps=(EvidenceMap(name=code, caption="Bright: another past than the rest.", values=region.map),)
            if signal
            else (),
        )

    def _silent(self, code: str, reason: str) -> Evidence:
        return self._evidence(f"{code}.not_applicable", Question.ALTERED, Status.NOT_APPLICABLE, reason)

    def _thumbnail(self, media: Media) -> Iterator[Evidence]:
        data = media.jpeg.thumbnail if media.jpeg is not None else None
        thumbnail = read_thumbnail(data) if data else None
        match = compare(media.luma, thumbnail) if thumbnail is not None else None
        if match is None:
            return
        scale = calibration.load("jpeg_thumbnail")
        llr = scale.llr(match.score)
        signal = llr >= SIGNAL
        summary = (
            "The embedded thumbnail shows something else than the picture."
            if signal
            else "The embedded thumbnail shows the picture."
        )
        yield self._evidence(
            "thumbnail",
            Question.ALTERED,
            Status.SIGNAL if signal else Status.CLEAR,
            summary,
            llr=llr if signal else None,
            p_value=None if signal else _p_value(llr),
            calibration=scale.to_calibration(),
            limits="A crop by a program that forgets the thumbnail looks the same; one that renews it "
            "hides every edit.",
            measurements=(
                Measurement(name="correlation", value=round(match.correlation, 4)),
                Measurement(name="quarter turns", value=match.turns),
            ),
            maps=(
                EvidenceMap(
                    name="thumbnail",
                    caption="Bright: differs from the thumbnail.",
                    values=_as_shown(match.map, match.turns),
                ),
            )
            if signal
            else (),
        )

    def _evidence(
        self, code: str, question: Question, status: Status, summary: str, **more: object
    ) -> Evidence:
        fields: dict[str, object] = {"grade": Grade.OPINION, **more}
        return Evidence.model_validate(
            {
                "detector": self.info.name,
                "version": self.info.version,
                "code": f"{self.info.name}.{code}",
                "question": question,
                "status": status,
                "summary": summary,
                **fields,
            }
        )


def _of_region(region: Region) -> tuple[Measurement, ...]:
    """Return the numbers behind a region."""
    score = Measurement(name="-log10 false alarms, by the model", value=round(region.score, 2))
    grown = region.grown
    if grown is None:
        return (score,)
    row, column = divmod(region.phase, 8)
    return (
        score,
        Measurement(name="its grid begins at column", value=column, unit="px"),
        Measurement(name="its grid begins at row", value=row, unit="px"),
        Measurement(name="votes for it there", value=grown.votes),
        Measurement(name="votes for any there", value=grown.cells),
        Measurement(name="log10 of regions as likely by chance", value=round(grown.log10_nfa, 1)),
    )


# P(LR >= x) <= 1 / x where the hypothesis does not hold (Royall 2000, "On the probability of observing
# misleading statistical evidence", JASA 95): a p-value for what does not reach a signal.
def _p_value(llr: float) -> float:
    return float(min(1.0, 10.0**-llr))


def _as_shown(values: Floats, turns: int) -> Floats:
    """Turn a map of the thumbnail onto the picture's grid."""
    return np.ascontiguousarray(np.rot90(values, -turns))
