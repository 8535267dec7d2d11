"""The ``classify`` kind: image -> class scores."""

from lesionlab.kinds.classify.kind import ClassifyKind

KIND = ClassifyKind()
