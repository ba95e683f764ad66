"""Pure encoders: a tag and an array in, a Summary out. No input or output, no clock, no state."""

from ..proto.summary_pb2 import HistogramProto, Summary, SummaryMetadata
from .histogram import histogram, histogram_raw, make_histogram
from .image import draw_boxes, image, image_boxes, make_image
from .scalar import scalar
from .tags import clean_tag as _clean_tag
from .text import text

__all__ = [
    "HistogramProto",
    "Summary",
    "SummaryMetadata",
    "_clean_tag",
    "draw_boxes",
    "histogram",
    "histogram_raw",
    "image",
    "image_boxes",
    "make_histogram",
    "make_image",
    "scalar",
    "text",
]
