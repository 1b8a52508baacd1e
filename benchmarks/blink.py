"""Eye states on persons never seen, blinks in real clips, and how fast clips are looked at.

    python benchmarks/blink.py [--rounds 2]

The network learned from other persons of the same set (mrl_train); nothing was chosen on those tested here
(mrl_dev), nor on the clips. The blink of in_ictu_oculi_0001 is known from the plot of its authors.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from common import data_folder, write_result

KNOWN = {"in_ictu_oculi_0001.mp4": [(2.40, 2.60)]}  # seconds, as published
DRAWS = 2000


def eyes(folder: Path) -> dict[str, Any]:
    """Return how well stills of persons never seen are told apart."""
    import re
    import tarfile

    import cv2

    from forensics.detectors.faces.eyes import EyeStates

    network = EyeStates()
    crops, closed, persons = [], [], []
    with tarfile.open(folder / "eyes" / "mrl_dev.tar") as archive:
        for member in sorted(archive, key=lambda m: m.name):
            told = re.search(r"s(\d+)_\d+_\d_\d_([01])_", member.name)
            file = archive.extractfile(member) if told else None
            if told is None or file is None:
                continue
            grey = cv2.imdecode(np.frombuffer(file.read(), np.uint8), cv2.IMREAD_GRAYSCALE)
            crops.append(cv2.resize(grey, (network.side, network.side), interpolation=cv2.INTER_AREA))
            closed.append(told[2] == "0")
            persons.append(int(told[1]))
    scores = network.closed(np.stack(crops)[:, None])[:, 0]
    truth, who = np.array(closed), np.array(persons)
    rng = np.random.default_rng(0)
    names = np.unique(who)
    parts = [np.flatnonzero(who == name) for name in names]
    drawn = [
        auc(scores[chosen], truth[chosen])
        for chosen in (
            np.concatenate([parts[i] for i in rng.integers(len(names), size=len(names))])
            for _ in range(DRAWS)
        )
    ]
    return {
        "pictures": len(truth),
        "closed": int(truth.sum()),
        "persons": len(names),
        "auc": round(auc(scores, truth), 4),
        "auc_95_by_person": [round(float(v), 4) for v in np.quantile(drawn, [0.025, 0.975])],
        "accuracy_at_a_half": round(float(((scores > 0.5) == truth).mean()), 4),
        "auc_of_each_person": {
            int(n): round(auc(scores[p], truth[p]), 4) for n, p in zip(names, parts, strict=True)
        },
    }


def auc(scores: np.ndarray, truth: np.ndarray) -> float:
    positive, negative = scores[truth][:, None], scores[~truth][None]
    return float((positive > negative).mean() + 0.5 * (positive == negative).mean())


def clip(path: Path, rounds: int) -> dict[str, Any]:
    """Return what the eyes of a clip do, and how long it takes to say so."""
    from forensics.detectors.faces.blink import BlinkDetector
    from forensics.detectors.faces.blinks import RATES, power
    from forensics.detectors.faces.telling import NOTICED
    from forensics.detectors.faces.watching import Refusal, people_of, watch
    from forensics.media import open_media

    wall, cpu = [], []
    for _ in range(rounds):
        start, used = time.perf_counter(), time.process_time()
        media = open_media(path)
        found = watch(media)
        wall.append(time.perf_counter() - start)
        cpu.append(time.process_time() - used)
    seen = people_of(media)  # found already, as long as the file is open
    people, frames = seen.people, len(seen.seconds)
    out: dict[str, Any] = {
        "frames": frames,
        "persons": len(people),
        "frames_with_the_longest": len(people[0].frames) if people else 0,
        "frames_per_second_of_wall_time": round(frames / float(np.median(wall)), 1),
        "frames_per_second_of_processor_time": round(frames / float(np.median(cpu)), 1),
        "evidence": [[e.code, e.status.value, e.p_value, e.llr] for e in BlinkDetector().examine(media)],
    }
    if isinstance(found, Refusal):
        return {**out, "refused": found.reason}
    blinks = found.blinks
    known = KNOWN.get(path.name)
    if known is not None:
        hits = [any(a < b.end and b.start < z for b in blinks.blinks) for a, z in known]
        outside = [b for b in blinks.blinks if not any(a < b.end and b.start < z for a, z in known)]
        out |= {"known_blinks_found": f"{sum(hits)}/{len(known)}", "other_blinks": len(outside)}
    return {
        **out,
        "watched_seconds": round(blinks.watched, 2),
        "blinks": [[round(b.start, 2), round(b.duration, 3)] for b in blinks.blinks],
        "longer_closures": [[round(b.start, 2), round(b.duration, 2)] for b in blinks.long],
        "per_minute": round(blinks.rate, 1),
        "power": {f"{r.name} {r.mean:g}": round(power(blinks.watched, r, NOTICED), 3) for r in RATES},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=2, help="of which the median time is given")
    arguments = parser.parse_args()
    folder = data_folder()
    chosen = ("d0.mp4", "d3.mp4", "d6.mp4", "d9.mp4", "in_ictu_oculi_0001.mp4")
    result = {
        "eyes": eyes(folder),
        "real": {name: clip(folder / "faces" / "real" / name, arguments.rounds) for name in chosen},
        "generated": {
            path.name: clip(path, 1) for path in sorted((folder / "faces" / "generated").glob("*.gif"))
        },
    }
    path = write_result("blink", "python benchmarks/blink.py", result)
    sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    main()
