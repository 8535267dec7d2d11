"""A small stand-in, on highdicom, for the parts of pydicom-seg that MONAI Label uses.

MONAI Label imports ``pydicom_seg`` unconditionally, and the package of that name does not work beside pydicom 3 and
numpy 2 (docs/decisions/0005-pydicom-seg-stand-in.md). Only the names that MONAI Label uses are offered.
"""

from pydicom_seg import template
from pydicom_seg.reader import MultiClassReader, MultiClassResult
from pydicom_seg.writer import MultiClassWriter

__all__ = ["MultiClassReader", "MultiClassResult", "MultiClassWriter", "template"]
