"""What an evaluation found, as a record: results.json."""

from __future__ import annotations

from pydantic import Field

from forensics import __version__
from forensics.detectors.evaluation.bootstrap import Figure
from forensics.evidence import Model, Question

__all__ = [
    "Alarms",
    "Cell",
    "CorpusRecord",
    "DeliveryRecord",
    "DetectorRecord",
    "Frozen",
    "Machine",
    "Missing",
    "Results",
    "Settings",
    "Thresholds",
]


class Settings(Model):
    """How it was asked.

    Attributes:
        question: What the label "fake" stands for.
        attacks: The deliveries by name.
        stored: How pictures are stored that a delivery does not store itself.
        split: Whose pictures were tested; "" for all.
        validation: Whose photos the second threshold was fixed on; "" for none.
        threshold: log10 posterior odds from which an audit counts an opinion, at an even prior.
        by: "maker" or "family".
        calibration: Name of the user's calibration; "" for the weights that ship.
        replicates: Resamplings of each interval.
    """

    question: Question
    attacks: tuple[str, ...]
    stored: str
    split: str
    validation: str
    threshold: float
    by: str
    calibration: str
    replicates: int


class DetectorRecord(Model):
    """A detector that was asked.

    Attributes:
        name: Registered.
        version: Of the method.
        weights: SHA-256 of the card of its weights, which names those of all files; "" without any.
        calibrated: What its weights rest on, as far as one set is named.
        seen: Makers of this corpus that it was trained or calibrated on, by its card, by the notes of its
            calibration, or because the user said so.
    """

    name: str
    version: str
    weights: str
    calibrated: str
    seen: tuple[str, ...]


class CorpusRecord(Model):
    """Pictures that were shown."""

    name: str
    split: str
    real: int
    fake: int
    real_sources: int
    fake_sources: int
    real_formats: dict[str, int]
    fake_formats: dict[str, int]
    sha256: str = Field(description="Of the names and hashes of all files.")


class DeliveryRecord(Model):
    """What a delivery did."""

    name: str
    real: int
    fake: int
    changed: int = Field(description="Pictures whose pixels are others than before.")
    formats: dict[str, int]
    real_bytes_per_pixel: float | None
    fake_bytes_per_pixel: float | None


class Frozen(Model):
    """The threshold of one row that was fixed on photos, before the test.

    Attributes:
        row: A finding, or all fused.
        score: From which a picture is taken for made; not above it were 99 % of the photos.
        photos: Number of deliveries of photos that it was fixed on.
        sources: Independent photos among them: with fewer than 100 it lies above all of them.
    """

    row: str
    score: float
    photos: int
    sources: int


class Thresholds(Model):
    """All thresholds, fixed before the test: thresholds.json.

    Attributes:
        log10_odds: That of an audit.
        corpus: Whose photos the others were fixed on; "" for none.
        rows: The others, of the rows that spoke of some of those photos.
    """

    schema_version: str = "1"
    log10_odds: float
    corpus: str
    rows: tuple[Frozen, ...]

    def of(self, row: str) -> float | None:
        """Return the threshold of a row that was fixed on photos; None where there is none."""
        return next((each.score for each in self.rows if each.row == row), None)


class Cell(Model):
    """One row in one column.

    Attributes:
        row: A finding, or all fused; "control.bytes_per_pixel" for what the size of the files alone tells.
        maker: A maker, or "all", "seen" or "unseen" ones together.
        delivery: A delivery, or "all" together.
        real: Photos that it speaks about.
        fake: Made pictures that it speaks about.
        real_answered: Share of all photos.
        fake_answered: Share of all made pictures.
        seen: Whether the row was trained or calibrated on this maker, as far as is known.
        figures: Ranking and ratios over what it speaks about; decisions over all pictures, where silence
            accuses nobody and finds nothing.
    """

    row: str
    maker: str
    delivery: str
    real: int
    fake: int
    real_answered: float
    fake_answered: float
    seen: bool
    figures: tuple[Figure, ...]

    def figure(self, name: str) -> Figure | None:
        """Return a measure by its name; None where it could not be measured."""
        return next((f for f in self.figures if f.name == name), None)


class Alarms(Model):
    """Real pictures that were taken for made ones.

    Attributes:
        corpus: Whose pictures.
        row: A finding, or all fused.
        delivery: The way.
        at: "odds" or "frozen 1 %": the threshold.
        pictures: That were looked at.
        answered: Of which it speaks.
        accused: At or above the threshold.
        low: Lower end of the 95 % interval of their share (Wilson), each picture its own source.
        high: Upper end.
    """

    corpus: str
    row: str
    delivery: str
    at: str
    pictures: int
    answered: int
    accused: int
    low: float
    high: float


class Missing(Model):
    """A picture that could not be read or delivered, and why."""

    name: str
    reason: str


class Machine(Model):
    """What it was measured on."""

    python: str
    system: str
    processor: str
    cores: int
    versions: dict[str, str]


class Results(Model):
    """All of it."""

    schema_version: str = "1"
    suite_version: str = __version__
    settings: Settings
    machine: Machine
    detectors: tuple[DetectorRecord, ...]
    corpora: tuple[CorpusRecord, ...]
    deliveries: tuple[DeliveryRecord, ...]
    makers: tuple[str, ...]
    thresholds: Thresholds
    cells: tuple[Cell, ...]
    alarms: tuple[Alarms, ...]
    left_out: tuple[Missing, ...]
    failed: tuple[str, ...]
    notes: tuple[str, ...]
