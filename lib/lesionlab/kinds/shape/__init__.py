"""Kind ``shape``: a point and a size become a lesion's mask. Torch is imported only when a model is loaded or trained."""

from __future__ import annotations

from lesionlab.kinds.shape.kind import ShapeKind

KIND = ShapeKind()
