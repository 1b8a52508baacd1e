"""Eyes open and closed: Closed Eyes in the Wild, and the set of the Media Research Lab."""

from __future__ import annotations

import re
from pathlib import Path

from forensics.datasets.layouts.base import LAYOUTS, Layout
from forensics.datasets.layouts.records import Found, Label, Record
from forensics.datasets.layouts.trees import below

__all__ = ["read_cew", "read_mrl"]

_CEW = re.compile(r"(?P<state>closed|open)", re.IGNORECASE)
_FACE = re.compile(r"(?P<source>.+?)(?:\.jpg)?(?:_face_\d+)?(?:_[LR])?$", re.IGNORECASE)
# s0001_00001_0_0_0_0_0_01: subject, number, sex, glasses, state, reflections, light, sensor.
_MRL = re.compile(
    r"(?P<subject>s\d{4})_(?P<number>\d+)_(?P<sex>[01])_(?P<glasses>[01])_(?P<state>[01])"
    r"_(?P<reflections>[0-2])_(?P<light>[01])_(?P<sensor>\d{2})$"
)
_SENSORS = {"01": "RealSense RS300 640x480", "02": "IDS 1280x1024", "03": "Aptina 752x480"}


def read_cew(root: Path) -> Found:
    """Return eyes and faces whose folder or name begins with "closed" or "open"; the source is the face."""
    records = []
    for path in below(root):
        match = _CEW.match(path.parent.name) or _CEW.match(path.name)
        face = _FACE.match(path.stem)
        if match and face:
            records.append(Record(path, Label.REAL, face["source"].lower(), state=match["state"].lower()))
    return Found(tuple(records))


def read_mrl(root: Path) -> Found:
    """Return the eyes whose names are those of the MRL set; the source is the person: split by it."""
    records = []
    for path in below(root):
        match = _MRL.match(path.stem)
        if match:
            records.append(
                Record(
                    path, Label.REAL, match["subject"], subject=match["subject"],
                    state="open" if match["state"] == "1" else "closed",
                    camera=_SENSORS.get(match["sensor"], match["sensor"]),
                )
            )  # fmt: skip
    return Found(tuple(records))


LAYOUTS.register("cew")(
    Layout(
        name="cew",
        title="Closed Eyes in the Wild",
        about="2,423 people, 1,192 with both eyes closed and 1,231 with both open: faces, and eyes of 24x24",
        licence="none stated; given out for research",
        where="http://parnec.nuaa.edu.cn/_upload/tpl/02/db/731/template731/pages/xtan/ClosedEyeDatabases.html",
        source="Song et al. 2014, Pattern Recognition 47(9)",
        expects="closedLeftEyes/closed_eye_0001.jpg_face_1_L.jpg, openLeftEyes/, ClosedFace/, OpenFace/, ...",
        read=read_cew,
    )
)
LAYOUTS.register("mrl")(
    Layout(
        name="mrl",
        title="MRL Eye Dataset",
        about="84,898 infra-red eyes of 37 people, open and closed",
        licence="none stated; given out for research",
        where="http://mrl.cs.vsb.cz/eyedataset",
        source="Fusek 2018, ISVC: Pupil localization using geodesic distance",
        expects="s0001/s0001_00001_0_0_0_0_0_01.png, ...",
        read=read_mrl,
    )
)
