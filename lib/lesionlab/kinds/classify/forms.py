"""How a ``classify`` task looks at an image: the five forms of its ``input``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from lesionlab.task import Frozen

Positive = Annotated[float, Field(gt=0)]
Edge = Annotated[int, Field(ge=16, le=1024)]


class PatchForm(Frozen):
    """A crop around a point, of a plane or of a volume.

    Attributes:
        dimension: 2 for planes, 3 for volumes.
        voxels: samples along each edge of the crop.
        side: edge of the crop in multiples of the size; None where a size is never used.
        default_mm, default_share: edge of the crop without a size, in mm or as a share of the image's longest side.
        magnifications: crops whose answers are averaged, as factors of the edge; training draws one of them each time.
    """

    form: Literal["patch"]
    dimension: Literal[2, 3] = 2
    voxels: Edge = 128
    side: Positive | None = None
    default_mm: Positive | None = None
    default_share: Annotated[float, Field(gt=0, le=1)] | None = None
    magnifications: tuple[Positive, ...] = Field(default=(1.0,), min_length=1)

    @model_validator(mode="after")
    def _check(self) -> PatchForm:
        if (self.default_mm is None) == (self.default_share is None):
            raise ValueError("give either default_mm or default_share")
        return self


class ImageForm(Frozen):
    """A whole plane, shrunk to fit ``voxels`` (one edge, or rows and columns) without distortion."""

    form: Literal["image"]
    voxels: Edge | tuple[Edge, Edge] = 224


class SlicesForm(Frozen):
    """2.5D: axial slices, each with its neighbours as channels; the scores of the slices are pooled to the case.

    Attributes:
        voxels: samples along each edge of a slice.
        channels: neighbouring slices that the network sees at once, the slice itself in the middle.
        step_mm: distance between slices; None means the image's own.
        most: at most so many slices, spread evenly.
        pool: how slice scores become the case's: learnt weights (Ilse et al. 2018), or the mean of the ``top`` highest.
        shown: how many of the slices that decided are reported.
    """

    form: Literal["slices"]
    voxels: Edge = 192
    channels: Literal[1, 3, 5] = 3
    step_mm: Positive | None = None
    most: int = Field(default=40, ge=1, le=200)
    pool: Literal["attention", "top"] = "attention"
    top: int = Field(default=4, ge=1)
    shown: int = Field(default=3, ge=1)


class VolumeForm(Frozen):
    """A whole volume, shrunk to fit ``voxels`` (one edge, or along R, A, S) without distortion."""

    form: Literal["volume"]
    voxels: Edge | tuple[Edge, Edge, Edge] = 64


class ViewsForm(Frozen):
    """An examination: one image whose third axis is the view. Sides are compared, and projections of a side seen together.

    Attributes:
        voxels: rows and columns that a view is shrunk to fit.
        views: along the third axis, a side and a projection each: R-CC, L-CC, R-MLO, L-MLO.
    """

    form: Literal["views"]
    voxels: Edge | tuple[Edge, Edge] = (256, 160)
    views: tuple[Annotated[str, Field(pattern=r"^[RL]-[A-Z]+$")], ...] = ("R-CC", "L-CC", "R-MLO", "L-MLO")

    @model_validator(mode="after")
    def _check(self) -> ViewsForm:
        right = sorted(view[2:] for view in self.views if view.startswith("R-"))
        left = sorted(view[2:] for view in self.views if view.startswith("L-"))
        if not right or right != left or len(set(self.views)) != len(self.views):
            raise ValueError("each projection must be there once for R and once for L")
        return self


Form = Annotated[PatchForm | ImageForm | SlicesForm | VolumeForm | ViewsForm, Field(discriminator="form")]


def dimension_of(form: PatchForm | ImageForm | SlicesForm | VolumeForm | ViewsForm) -> Literal[2, 3]:
    """Whether images of a form are planes (2) or volumes (3); an examination is a volume of views."""
    if isinstance(form, PatchForm):
        return form.dimension
    return 2 if isinstance(form, ImageForm) else 3


def planar(form: PatchForm | ImageForm | SlicesForm | VolumeForm | ViewsForm) -> bool:
    """Whether the network of a form sees planes."""
    return not isinstance(form, VolumeForm) and not (isinstance(form, PatchForm) and form.dimension == 3)
