"""Whether a set of real and fake pictures can be told apart without a look at what they show.

Formats, sizes, bytes and what earlier encoders left are classified alone, and real pictures are set against
real ones that only size and format tell apart. What such a classifier reaches is no detection.

Sets that leak so: DIRE stores its maps by the format of the input (see the issues of its repository); the
shipped features of Durall et al. (arXiv:1911.00686) are of pictures of two sizes; GenImage has JPEG against
PNG (Grommelt et al., arXiv:2403.17608).
"""

from forensics.detectors.leaks.auditing import audit_leaks
from forensics.detectors.leaks.records import Control, Feature, Leak, LeakReport
from forensics.detectors.leaks.sampling import Sample, sample_of

__all__ = ["Control", "Feature", "Leak", "LeakReport", "Sample", "audit_leaks", "sample_of"]
