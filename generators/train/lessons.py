"""What a denoiser can learn from a trained one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

__all__ = ["Lesson", "Method"]

Method: TypeAlias = Literal["reflow", "consistency"]


@dataclass(frozen=True)
class Lesson:
    """What is learned from a teacher.

    Attributes:
        method: `reflow`: straight ways from noise to what the teacher makes of it; `consistency`: where the
            teacher's way ends, from anywhere on it.
        steps: Of the teacher: for each picture that it draws, or for a whole way.
        pairs: Of noise and picture, drawn before a reflow begins; no more than there are pictures to learn
            from.
        teacher: SHA-256 of its weights.
    """

    method: Method
    steps: int
    pairs: int = 0
    teacher: str = ""
