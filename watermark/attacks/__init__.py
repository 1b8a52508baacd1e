"""What happens to a marked picture: named attacks, short specifications of them, and suites of strengths.

The registry lists attacks that need one picture. Those that need several, or an embedder, are functions of
`forensics.watermark.attacks.adversary`; those on clips of `forensics.watermark.attacks.video`.

Example:
    >>> from forensics.watermark.attacks import parse_attack
    >>> attack = parse_attack("crop:0.5 + resize:1.41 + jpeg:70")
    >>> str(attack)
    'crop:0.5+resize:1.41+jpeg:70'
    >>> import numpy as np
    >>> attack(np.full((64, 96, 3), 128, np.uint8), seed=1).shape
    (63, 96, 3)
"""

from forensics.watermark.attacks.base import ATTACKS, Operation, Parameter
from forensics.watermark.attacks.specs import Attack, Step, parse_attack
from forensics.watermark.attacks.suites import Row, Suite, load_suite, suite_names

__all__ = [
    "ATTACKS",
    "Attack",
    "Operation",
    "Parameter",
    "Row",
    "Step",
    "Suite",
    "load_suite",
    "parse_attack",
    "suite_names",
]
