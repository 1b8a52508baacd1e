"""Seeds, mutations and hand-made bombs for the hostile-input benchmark."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

__all__ = ["HostileFile", "bombs", "mutate", "seeds"]

EXIF_MAKE, EXIF_MODEL, EXIF_COMMENT = 0x010F, 0x0110, 0x9286


@dataclass(frozen=True)
class HostileFile:
    """A file by name and content."""

    name: str
    data: bytes


def _picture(seed: int, side: int = 160) -> Image.Image:
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 255, (side // 8, side // 8, 3), dtype=np.uint8)
    smooth = Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC)
    noise = rng.normal(0, 6, (side, side, 3))
    return Image.fromarray(np.clip(np.asarray(smooth) + noise, 0, 255).astype(np.uint8))


def _saved(image: Image.Image, form: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def _exif(image: Image.Image) -> bytes:
    exif = image.getexif()
    exif[EXIF_MAKE], exif[EXIF_MODEL] = "NIKON CORPORATION", "NIKON D70"
    exif.get_ifd(0x8769)[EXIF_COMMENT] = b"ASCII\0\0\0Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1"
    return exif.tobytes()


def seeds(extra: tuple[Path, ...] = ()) -> tuple[HostileFile, ...]:
    """Return one small honest file per format and variant, and the small files given."""
    image = _picture(1)
    frames = [_picture(s, 96) for s in range(3)]
    xmp = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'/></x:xmpmeta>"
    from PIL.PngImagePlugin import PngInfo

    text = PngInfo()
    text.add_text("parameters", "a cat\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 512x512")
    text.add_itxt("XML:com.adobe.xmp", xmp.decode())
    deep = Image.fromarray((np.asarray(image.convert("L")).astype(np.uint16)) * 257)
    made = [
        HostileFile("a.jpg", _saved(image, "JPEG", quality=85, exif=_exif(image), comment=b"hello")),
        HostileFile("b.jpg", _saved(image, "JPEG", progressive=True, quality=70, subsampling=0)),
        HostileFile("c.jpg", _saved(image.convert("CMYK"), "JPEG", quality=80)),
        HostileFile("d.jpg", _saved(image.convert("L"), "JPEG", quality=60, xmp=xmp)),
        HostileFile("a.png", _saved(image, "PNG", pnginfo=text)),
        HostileFile("b.png", _saved(deep, "PNG")),
        HostileFile("c.png", _saved(image.quantize(64), "PNG")),
        HostileFile("d.png", _saved(frames[0], "PNG", save_all=True, append_images=frames[1:])),
        HostileFile("a.gif", _saved(frames[0], "GIF", save_all=True, append_images=frames[1:])),
        HostileFile("a.webp", _saved(image, "WEBP", quality=80, exif=_exif(image))),
        HostileFile("b.webp", _saved(image, "WEBP", lossless=True)),
        HostileFile("c.webp", _saved(frames[0], "WEBP", save_all=True, append_images=frames[1:])),
        HostileFile("a.avif", _saved(image, "AVIF", quality=60)),
        HostileFile("a.tif", _saved(image, "TIFF")),
        HostileFile("b.tif", _saved(image, "TIFF", compression="tiff_lzw")),
        HostileFile("c.tif", _saved(image.convert("L"), "TIFF", compression="jpeg")),
        HostileFile("a.bmp", _saved(image, "BMP")),
        *_clips(),
    ]
    return (*made, *(HostileFile(path.name, path.read_bytes()) for path in extra))


def _clips() -> Iterator[HostileFile]:
    import av

    for name, codec in (
        ("a.mp4", "mpeg4"),
        ("a.mov", "mjpeg"),
        ("a.mkv", "mpeg4"),
        ("a.webm", "libvpx"),
        ("a.avi", "mjpeg"),
    ):
        buffer = io.BytesIO()
        with av.open(buffer, "w", format={"mkv": "matroska"}.get(name[2:], name[2:])) as container:
            stream = container.add_stream(codec, rate=10)
            stream.width = stream.height = 96
            stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
            for number in range(6):
                frame = av.VideoFrame.from_ndarray(np.asarray(_picture(number, 96)), format="rgb24")
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        yield HostileFile(name, buffer.getvalue())


def mutate(files: tuple[HostileFile, ...], number: int, seed: int) -> HostileFile:
    """Return the mutated file of that number: a bit flip, cut, splice, fill, swap or wrong name."""
    rng = np.random.default_rng([seed, number])
    base = files[number % len(files)]
    data = bytearray(base.data)
    name = base.name
    kind = int(rng.integers(0, 7))
    at = int(rng.integers(0, len(data)))
    if kind <= 1:  # flip bits, often in the head, where structure is
        reach = len(data) if kind else min(len(data), 600)
        for place in rng.integers(0, reach, int(rng.integers(1, 24))):
            data[int(place)] ^= 1 << int(rng.integers(0, 8))
    elif kind == 2:
        del data[at:]
    elif kind == 3:  # splice in another file
        other = files[int(rng.integers(0, len(files)))].data
        start = int(rng.integers(0, len(other)))
        data[at : at + int(rng.integers(0, 4000))] = other[start : start + int(rng.integers(1, 4000))]
    elif kind == 4:
        length = int(rng.integers(1, 512))
        data[at : at + length] = bytes([int(rng.choice([0, 255, 65]))]) * length
    elif kind == 5:  # extreme numbers where sizes stand
        data[at : at + 4] = struct.pack(">I", int(rng.choice([0, 1, 0x7FFFFFFF, 0xFFFFFFFF, 65535])))
    else:
        name = f"x.{rng.choice(['jpg', 'png', 'mp4', 'tif', 'txt', 'c2pa'])}"
    return HostileFile(f"{number:05d}-{name}", bytes(data))


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _png(width: int, height: int, *extra: bytes, rows: bytes = b"") -> bytes:
    head = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    body = zlib.compress(rows or bytes(1 << 20), 9)
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(extra) + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")


def _blank_png(side: int) -> bytes:
    """Return a whole PNG of side x side black pixels: under 1 MB that decode to 3 bytes for each pixel."""
    squeeze = zlib.compressobj(9)
    row = bytes(1 + 3 * side)
    body = b"".join(squeeze.compress(row) for _ in range(side)) + squeeze.flush()
    head = _chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")


def _scan_bomb() -> bytes:
    """Return a progressive JPEG of 8,000 x 8,000 pixels whose last scan stands there 2,000 times."""
    data = _saved(Image.new("L", (8000, 8000), 128), "JPEG", progressive=True, quality=50)
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * 2000 + b"\xff\xd9"


def _entities() -> bytes:
    """Return a JPEG whose XMP expands to 10^11 copies of a word."""
    levels = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">' for i in range(1, 12))
    doctype = f'<!DOCTYPE x [<!ENTITY e0 "ha">{levels}]>'
    xmp = f'<?xml version="1.0"?>{doctype}<x:xmpmeta xmlns:x="adobe:ns:meta/">&e11;</x:xmpmeta>'
    return _saved(_picture(2), "JPEG", xmp=xmp.encode())


def _tiff_loop() -> bytes:
    return b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", 0) + struct.pack("<I", 8) + bytes(64)


def _gif_bomb() -> bytes:
    head = b"GIF89a" + struct.pack("<HHBBB", 16000, 12000, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 16000, 12000, 0) + b"\x02\x02\x4c\x01\0"
    return head + frame * 20000 + b"\x3b"


def _segment(marker: int, payload: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(payload) + 2) + payload


def _many_blocks() -> Iterator[HostileFile]:
    """Yield files of many metadata blocks, each of which is small, and below every bound of a single one."""
    xmp = b"XML:com.adobe.xmp\0\1\0\0\0"
    elements = b"<a>" + b"<b/>" * 95_000 + b"</a>"
    name = b"n" * (1 << 20)
    rdf = b"<r:RDF xmlns:r='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns:o='o/'>"
    rdf += b"<r:Description><o:%b>%b</o:%b></r:Description></r:RDF>"
    megabyte, more = zlib.compress(b"x" * (1 << 20), 9), zlib.compress(bytes(16 << 20), 9)
    texts = {
        "xmp-chunks.png": [_chunk(b"iTXt", xmp + zlib.compress(elements, 9))] * 2000,
        "itxt-chunks.png": [_chunk(b"iTXt", b"a\0\1\0\0\0" + more)] * 300,
        "ztxt-chunks.png": [_chunk(b"zTXt", b"a\0\0" + megabyte)] * 1800,
        "iccp-chunks.png": [_chunk(b"iCCP", b"p\0\0" + more)] * 800,
        "long-names.png": [
            _chunk(b"iTXt", xmp + zlib.compress(rdf % (name, b"<o:x>y</o:x>" * 4000, name), 9))
        ],
    }
    for file, chunks in texts.items():
        yield HostileFile(file, _png(64, 64, *chunks, rows=bytes(193 * 64)))
    jpeg = _saved(_picture(4), "JPEG")
    packet = b"http://ns.adobe.com/xap/1.0/\0<a>" + b"<b/>" * 16_000 + b"</a>"
    yield HostileFile("xmp-flood.jpg", jpeg[:2] + _segment(0xE1, packet) * 400 + jpeg[2:])
    fill = b"\xff" * 65_000 + b"\xff\xfe\0\2"
    yield HostileFile("fill-bytes.jpg", jpeg[:2] + fill * 400 + jpeg[2:])
    gif = _saved(_picture(5).quantize(16), "GIF")
    at = 13 + 3 * (2 << (gif[10] & 7))
    yield HostileFile("comments.gif", gif[:at] + b"\x21\xfe\1a\0" * 5_000_000 + gif[at:])
    endless = b"\x21\xfe" + (b"\xff" + b"x" * 255) * 100_000 + b"\0"
    yield HostileFile("comment.gif", gif[:at] + endless + gif[at:])
    yield HostileFile("boxes.mp4", b"\0\0\0\x18ftypisom\0\0\0\0isommp41" + b"\0\0\0\x08free" * 3_000_000)


def bombs() -> Iterator[HostileFile]:
    """Yield hand-made files that try to exhaust time, memory or stack."""
    yield from _many_blocks()
    zeros = zlib.compress(bytes(256 << 20), 9)
    yield HostileFile("empty.jpg", b"")
    yield HostileFile("one-byte.png", b"\x89")
    yield HostileFile("text.jpg", b"this is not a picture\n" * 100)
    yield HostileFile("pixels.png", _png(60000, 60000))
    yield HostileFile("declared.png", _png(0xFFFFFFFF, 0xFFFFFFFF))
    yield HostileFile("below-limit.png", _blank_png(14000))
    yield HostileFile("below-limit.jpg", _saved(Image.new("RGB", (14000, 14000), "teal"), "JPEG", quality=30))
    yield HostileFile(
        "ztxt.png", _png(64, 64, _chunk(b"zTXt", b"parameters\0\0" + zeros), rows=bytes(193 * 64))
    )
    yield HostileFile(
        "itxt.png",
        _png(64, 64, _chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zeros), rows=bytes(193 * 64)),
    )
    yield HostileFile("iccp.png", _png(64, 64, _chunk(b"iCCP", b"p\0\0" + zeros), rows=bytes(193 * 64)))
    yield HostileFile("scans.jpg", _scan_bomb())
    yield HostileFile("entities.jpg", _entities())
    yield HostileFile("ifd-loop.tif", _tiff_loop())
    yield HostileFile("frames.gif", _gif_bomb())
    jpeg = _saved(_picture(3), "JPEG")
    frame = jpeg.index(b"\xff\xc0")
    huge = jpeg[: frame + 5] + struct.pack(">HH", 65500, 65500) + jpeg[frame + 9 :]
    yield HostileFile("lying-size.jpg", huge)
    yield HostileFile(
        "app1-flood.jpg", jpeg[:2] + (b"\xff\xe1\xff\xff" + b"Exif\0\0" + bytes(65527)) * 400 + jpeg[2:]
    )
    yield HostileFile("app11-flood.jpg", jpeg[:2] + (b"\xff\xeb\xff\xffJP" + bytes(65531)) * 400 + jpeg[2:])
    yield HostileFile(
        "nested.mp4",
        b"\0\0\0\x18ftypisom\0\0\0\0isommp41"
        + b"".join(struct.pack(">I4s", 8 * (4000 - i), b"moov") for i in range(4000)),
    )
    yield HostileFile(
        "riff.webp", b"RIFF\xff\xff\xff\xffWEBPVP8X\x0a\0\0\0" + bytes([2, 0, 0, 0]) + b"\xff" * 6
    )
    yield HostileFile(
        "ftyp.avif", b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf" + b"\x7f\xff\xff\xffmeta" + bytes(200)
    )
