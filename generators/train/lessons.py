"""What a denoiser can learn from a trained one, and what it can learn of itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

__all__ = ["Lesson", "Method"]

Method: TypeAlias = Literal["reflow", "consistency", "standalone", "halved", "guided"]


@dataclass(frozen=True)
class Lesson:
    """What is learned, other than to denoise pictures.

    Attributes:
        method: `reflow`: straight ways from noise to what the teacher makes of it; `consistency`: where the
            teacher's way ends, from anywhere on it; `standalone`: where ways end, without a teacher;
            `halved`: to take two of the teacher's steps in one; `guided`: to say at once what the teacher
            says when it is guided.
        steps: Of the teacher: for each picture that it draws, or for a whole way; of the student, if it takes
            half as many; without a teacher, those of a whole way when the run ends.
        pairs: Of noise and picture, drawn before a reflow begins; no more than there are pictures to learn
            from.
        teacher: SHA-256 of its weights.
        first: Steps of a whole way when a run without a teacher begins.
        guidance: How strongly a guided teacher follows classes or words.
    """

    method: Method
    steps: int
    pairs: int = 0
    teacher: str = ""
    first: int = 10
    guidance: float = 1.0

    @property
    def ends(self) -> bool:
        """Whether ends of ways are learned: such models go no ways, and cannot teach any."""
        return self.method in ("consistency", "standalone")
