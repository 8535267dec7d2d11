"""The ``detect`` kind: an image becomes candidates, each with a point, a size and a confidence."""

from lesionlab.kinds.detect.kind import DetectKind

KIND = DetectKind()
