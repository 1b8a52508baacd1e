"""Patterns in one channel: what textures are coloured by.

Every function takes random numbers, a height and a width, and returns (height, width) float32 in [0, 1].
Lengths follow the shorter side, so that a pattern shows about as many stripes or cells at any size.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from forensics.datasets.procedural import coloured_noise

__all__ = ["FIELDS", "cells", "checks", "clouds", "marble", "mazes", "ripples", "stripes"]

Floats = npt.NDArray[np.float32]
Field = Callable[[np.random.Generator, int, int], Floats]

_SPREAD = 0.2  # of one deviation of noise, so that 2.5 of them fill the range
_WOBBLE = 0.6  # radians by which fronts are out of place
_LEAST_CELL = 4.0  # pixels
_BAND = 0.14  # relative width of the band of frequencies of mazes


def clouds(rng: np.random.Generator, height: int, width: int, exponent: float | None = None) -> Floats:
    """Return fractal noise.

    Args:
        rng: Draws it.
        height: Rows.
        width: Columns.
        exponent: The amplitude falls as 1/f^exponent; drawn from 0.8 to 1.5 if none is given.
    """
    drawn = rng.uniform(0.8, 1.5) if exponent is None else exponent
    return _leveled(coloured_noise(rng, height, width, drawn))


# Domain warping, f(p + h(p)): Perlin, "An image synthesizer" (SIGGRAPH 1985); Quilez, "Domain warping".
def marble(rng: np.random.Generator, height: int, width: int) -> Floats:
    """Return noise that smoother noise displaces: veins and swirls."""
    import cv2

    noise, down, right = (coloured_noise(rng, height, width, a) for a in (1.6, 2.4, 2.4))
    reach = np.float32(rng.uniform(0.2, 0.35) * min(height, width))
    rows = np.arange(height, dtype=np.float32)[:, None] + reach * down
    columns = np.arange(width, dtype=np.float32)[None, :] + reach * right
    warped = cv2.remap(noise, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    return _leveled(np.asarray(warped, np.float32) * np.float32(1.2))


# What systems of reaction and diffusion settle to has one wavelength and no direction (Turing, "The chemical
# basis of morphogenesis", 1952): noise of one band of frequencies, sharpened, looks alike and takes no steps.
def mazes(rng: np.random.Generator, height: int, width: int) -> Floats:
    """Return winding bands of one width, or spots."""
    spectrum = np.fft.rfft2(rng.standard_normal((height, width), np.float32))
    radius = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None, :])
    middle = rng.uniform(5.0, 8.0) / min(height, width)
    band = np.exp(-(((radius - middle) / (_BAND * middle)) ** 2) / 2)
    noise = np.fft.irfft2(spectrum * band, s=(height, width))
    noise = noise / max(float(noise.std()), 1e-9) + rng.choice([0.0, -0.7, 0.7])
    return np.asarray(0.5 + 0.5 * np.tanh(2.5 * noise), np.float32)


# Worley, "A cellular texture basis function" (SIGGRAPH 1996): distances F1 and F2 to the nearest two points.
def cells(rng: np.random.Generator, height: int, width: int) -> Floats:
    """Return cells of even lightness with dark borders."""
    size = max(_LEAST_CELL, min(height, width) / rng.uniform(3.0, 5.5))
    corners = np.indices((int(height / size) + 3, int(width / size) + 3)).reshape(2, -1) - 1.0
    places = (corners + rng.uniform(0, 1, corners.shape)) * size
    first = np.full((height, width), np.inf, np.float32)
    second, light = first.copy(), np.zeros_like(first)
    rows, columns = np.arange(height, dtype=np.float32)[:, None], np.arange(width, dtype=np.float32)[None, :]
    for row, column, level in zip(*places, rng.uniform(0.25, 1, (places.shape[1],)), strict=True):
        distance = np.hypot(rows - np.float32(row), columns - np.float32(column))
        nearer = distance < first
        second = np.minimum(second, np.maximum(first, distance))
        np.copyto(light, np.float32(level), where=nearer)
        np.minimum(first, distance, out=first)
    border = np.clip((second - first) / np.float32(max(1.5, 0.14 * size)), 0, 1)
    return np.asarray(light * border, np.float32)


def ripples(rng: np.random.Generator, height: int, width: int) -> Floats:
    """Return rings around a place, which are not quite round."""
    row, column = rng.uniform(0.1, 0.9, 2) * (height, width)
    rows, columns = np.arange(height)[:, None] - row, np.arange(width)[None, :] - column
    away = np.hypot(rows, columns) * (2 * np.pi * rng.uniform(3.0, 6.0) / min(height, width))
    wobble = 0.5 * _WOBBLE * coloured_noise(rng, height, width, 2.0)
    return _edged(np.asarray(np.sin(away - rng.uniform(0, 2 * np.pi) + wobble), np.float32), rng)


def stripes(rng: np.random.Generator, height: int, width: int) -> Floats:
    """Return stripes that are not quite straight."""
    phase = _fronts(rng, height, width, rng.uniform(0, np.pi), rng.uniform(3.0, 7.0))
    return _edged(np.sin(phase), rng)


def checks(rng: np.random.Generator, height: int, width: int) -> Floats:
    """Return a chequerboard that is not quite straight."""
    angle, count = rng.uniform(0, np.pi / 2), rng.uniform(2.0, 3.5)
    crossing = (_fronts(rng, height, width, angle + turn, count) for turn in (0.0, np.pi / 2))
    return _edged(np.sin(next(crossing)) * np.sin(next(crossing)), rng)


def _leveled(noise: Floats) -> Floats:
    return np.asarray(np.clip(np.float32(0.5) + np.float32(_SPREAD) * noise, 0, 1), np.float32)


def _fronts(rng: np.random.Generator, height: int, width: int, angle: float, count: float) -> Floats:
    """Return the phase, in radians, of so many waves over the shorter side."""
    rows, columns = np.arange(height)[:, None], np.arange(width)[None, :]
    along = (np.cos(angle) * columns + np.sin(angle) * rows) * (2 * np.pi * count / min(height, width))
    wobble = _WOBBLE * coloured_noise(rng, height, width, 2.0)
    return np.asarray(along + wobble + rng.uniform(0, 2 * np.pi), np.float32)


def _edged(wave: Floats, rng: np.random.Generator) -> Floats:
    """Return a wave in [0, 1], from nearly a sine to nearly steps."""
    return np.asarray(0.5 + 0.5 * np.tanh(wave * rng.uniform(1.2, 4.0)), np.float32)


FIELDS: dict[str, Field] = {
    "cells": cells,
    "checks": checks,
    "clouds": clouds,
    "marble": marble,
    "mazes": mazes,
    "ripples": ripples,
    "stripes": stripes,
}
