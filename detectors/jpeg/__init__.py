"""What JPEG left in a picture: the `jpeg` detector."""

from forensics.detectors.jpeg.detector import JpegDetector

__all__ = ["JpegDetector"]
