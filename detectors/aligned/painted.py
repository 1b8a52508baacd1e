"""Photos in which a region was painted: by diffusion of its borders, or by the bundled flow."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
import numpy.typing as npt

from forensics.detectors.aligned.makers import MAKERS, Made, Make, Maker
from forensics.media.types import Pixels

if TYPE_CHECKING:
    from forensics.generators.pipelines.denoising import Denoising

__all__ = ["blob", "inpainted"]

_SHARE = (0.2, 0.45)  # of the side: diameter of what is painted
_RADIUS = 3.0  # px that inpainting looks at
_WINDOW = 64  # px, the pictures of the bundled flow
_STEPS, _ROUNDS = 8, 1


def blob(side: int, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Return a (side, side) mask with one uneven round region, away from the border where there is room."""
    import cv2

    angles = np.linspace(0, 2 * np.pi, 32, endpoint=False)
    radius = rng.uniform(*_SHARE) * side / 2
    radii = radius * (1 + 0.25 * rng.uniform() * np.cos(2 * angles + rng.uniform(0, 6)))
    radii *= 1 + 0.15 * rng.uniform() * np.cos(3 * angles + rng.uniform(0, 6))
    centre = rng.uniform(1.2 * radius, side - 1.2 * radius, 2)
    outline = centre + radii[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    mask = np.zeros((side, side), np.uint8)
    cv2.fillPoly(mask, [np.round(outline).astype(np.int32)], 1)
    return mask > 0


def inpainted(method: int) -> Make:
    """Return what paints a region of a photo from its borders, by a method of OpenCV."""

    def make(photo: Pixels, rng: np.random.Generator) -> Made:
        import cv2

        mask = blob(min(photo.shape[:2]), rng)
        bgr = cv2.cvtColor(photo, cv2.COLOR_RGB2BGR)
        painted = cv2.inpaint(bgr, mask.astype(np.uint8), _RADIUS, method)
        return Made(np.asarray(cv2.cvtColor(painted, cv2.COLOR_BGR2RGB), np.uint8), mask)

    return make


def _by_flow() -> Make:
    """Return what paints a region of a window of 64x64 by the bundled flow."""
    from forensics.generators.pipelines.base import Request
    from forensics.generators.pipelines.inpainting import Inpainting, Scene
    from forensics.generators.pipelines.opening import ENCODER, network_of, open_model, pipeline_of

    bundle = open_model("flow")
    pipeline, encode = cast("Denoising", pipeline_of(bundle)), network_of(bundle, ENCODER)

    def make(photo: Pixels, rng: np.random.Generator) -> Made:
        top, left = (int(rng.integers(0, n - _WINDOW + 1)) for n in photo.shape[:2])
        place = np.s_[top : top + _WINDOW, left : left + _WINDOW]
        scene = Scene(photo[place], blob(_WINDOW, rng))
        request = Request(seed=int(rng.integers(2**31)), steps=_STEPS, label=int(rng.integers(-1, 2)))
        pixels, mask = photo.copy(), np.zeros(photo.shape[:2], bool)
        pixels[place] = next(iter(Inpainting(pipeline, scene, encode, _ROUNDS).sample(request)))
        mask[place] = scene.open_at
        return Made(pixels, mask)

    return make


def _register() -> None:
    for name, method, source in (
        ("telea", 1, "Telea 2004, Journal of Graphics Tools 9(1)"),
        ("navier_stokes", 0, "Bertalmio et al. 2001, CVPR"),
    ):
        MAKERS.register(name)(
            Maker(
                name=name,
                family="painted",
                title="a region painted from its borders",
                source=source,
                open=lambda method=method: inpainted(method),  # type: ignore[misc]
                least=32,
            )
        )
    MAKERS.register("flow_painted")(
        Maker(
            name="flow_painted",
            family="painted",
            title="a region of a window of 64x64 painted by the bundled flow",
            source="Lugmayr et al. 2022, arXiv:2201.09865 (RePaint)",
            open=_by_flow,
            least=_WINDOW,
        )
    )


_register()
