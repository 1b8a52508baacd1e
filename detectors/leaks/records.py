"""What an audit for leaks says."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

__all__ = ["Control", "Feature", "Leak", "LeakReport", "Measured"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Measured(_Frozen):
    """How well something tells two classes apart, on pictures whose sources it was not fitted to.

    Attributes:
        accuracy: Mean of the shares of both classes that are told right; 0.5 is chance.
        auc: Area under the ROC curve; 0.5 is chance.
        low: Lower end of its 95 % interval, by a bootstrap over sources.
        high: Upper end.
    """

    accuracy: float
    auc: float
    low: float
    high: float


class Feature(_Frozen):
    """One thing that may give a class away, alone.

    Attributes:
        name: What it is, in words.
        measured: What it reaches.
        real: Its usual value in real pictures: the most common one, or the median.
        fake: The same of fakes.
    """

    name: str
    measured: Measured
    real: str
    fake: str


class Leak(_Frozen):
    """One family of things that need no look at what is shown.

    Attributes:
        family: "container", "size", "bytes", "history", or "all" of them together.
        about: What it looks at.
        measured: What the family reaches.
        leaks: Whether the lower end of the interval is above the bound of the audit.
        features: Those of the family, the most telling first; none of "all".
    """

    family: str
    about: str
    measured: Measured
    leaks: bool
    features: tuple[Feature, ...] = ()


class Control(_Frozen):
    """Real pictures against other real pictures, of which one half was treated as fakes are stored.

    Attributes:
        name: "same", "size" or "format".
        about: What was done to one half.
        pictures: In both halves.
        measured: What a detector of spectra reaches; None where the control says nothing.
        leaks: Whether the lower end of the interval is above the bound of the audit.
        reason: Why it says nothing.
    """

    name: str
    about: str
    pictures: int = 0
    measured: Measured | None = None
    leaks: bool = False
    reason: str = ""


class LeakReport(_Frozen):
    """What can be told of a set without a look at what its pictures show.

    Attributes:
        reals: Pictures that were read.
        fakes: The same.
        sources: Groups of pictures that are not independent.
        unreadable: Files that were left out.
        bound: An area under the curve that is surely above this is a leak.
        leaks: The families, and all together at the end.
        controls: Real against real.
        detector: What a detector reaches that sees everything: the leaks and a spectrum of the pixels.
        share: Of what that detector reaches beyond chance, how much the strongest leak reaches, 0 to 1; None
            where the detector is not surely above chance.
    """

    reals: int
    fakes: int
    sources: int
    unreadable: tuple[str, ...]
    bound: float
    leaks: tuple[Leak, ...]
    controls: tuple[Control, ...]
    detector: Measured
    share: float | None

    @property
    def leaky(self) -> bool:
        """Whether any family or control leaks; the control "same" says that the audit itself is wrong."""
        return any(leak.leaks for leak in self.leaks) or any(control.leaks for control in self.controls)

    @property
    def sentence(self) -> str:
        """The result, in one sentence."""
        if self.share is None:
            return "no detector of this audit is surely above chance here, with leaks or without"
        return f"{100 * self.share:.0f} % of what a detector can reach here needs no look at the content"
