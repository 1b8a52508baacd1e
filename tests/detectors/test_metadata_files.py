"""The `metadata` detector on real bytes: the reader of metadata names fields as the table does."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from forensics.detectors.metadata import MetadataDetector
from forensics.evidence import Evidence, Origin, Question, Status
from forensics.media import open_bytes, open_media

INFOTEXT = "a lighthouse\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1234, Size: 512x512"
NODES = '{"3": {"class_type": "KSampler", "inputs": {"seed": 5, "steps": 20}}}'
GRAPH = '{"last_node_id": 9, "nodes": [{"id": 3, "type": "KSampler"}], "links": []}'
XMP = """<?xpacket begin='' id='W5M0MpCehiHzreSzNTczkc9d'?><x:xmpmeta xmlns:x='adobe:ns:meta/'>
<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description rdf:about=''
 xmlns:Iptc4xmpExt='http://iptc.org/std/Iptc4xmpExt/2008-02-29/' xmlns:TC260='http://www.tc260.org.cn/ns/AIGC/1.0/'
 xmlns:photoshop='http://ns.adobe.com/photoshop/1.0/' photoshop:Credit='Made with Google AI'
 Iptc4xmpExt:DigitalSourceType='http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia'>
<TC260:AIGC>{"Label":"1","ContentProducer":"x"}</TC260:AIGC></rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end='w'?>"""


def read(kind: str, **options: object) -> dict[str, Evidence]:
    file = io.BytesIO()
    Image.new("RGB", (64, 48), (90, 120, 60)).save(file, kind, **options)
    return {e.code: e for e in MetadataDetector().examine(open_bytes(file.getvalue()))}


def test_png_text() -> None:
    info = PngInfo()
    info.add_text("parameters", INFOTEXT)
    info.add_itxt("workflow", GRAPH, zip=True)
    summary = read("PNG", pnginfo=info)["metadata.generator"].summary
    assert "Stable Diffusion WebUI" in summary
    assert "ComfyUI" in summary


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "PNG"])
def test_exif(kind: str) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9286] = b"UNICODE\0" + INFOTEXT.encode("utf-16-be")
    exif[0x010F], exif[0x0110] = f"workflow:{GRAPH}", f"prompt:{NODES}"
    evidence = read(kind, exif=exif)
    assert "Stable Diffusion WebUI" in evidence["metadata.generator"].summary
    assert "ComfyUI" in evidence["metadata.generator"].summary
    assert "metadata.camera" not in evidence


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_xmp(kind: str) -> None:
    evidence = read(kind, xmp=XMP.encode())
    assert "Google AI" in evidence["metadata.generator"].summary
    assert "AIGC label" in evidence["metadata.generator"].summary
    assert [c.origin for c in evidence["metadata.source_type"].claims] == [Origin.SYNTHETIC]


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "PNG", "TIFF", "GIF", "BMP"])
def test_bare(kind: str) -> None:
    assert read(kind)["metadata.generator"].status is Status.CLEAR


def test_camera_photos_claim_captures_and_no_model(data_dir: Path) -> None:
    for path in sorted((data_dir / "photos/native").glob("*.jpg")):
        evidence = {e.code: e for e in MetadataDetector().examine(open_media(path))}
        assert evidence["metadata.generator"].status is Status.CLEAR, path.name
        assert evidence["metadata.camera"].question is Question.CAPTURED, path.name
