"""MetaImage, PNG and JPEG files, through ITK's readers. ITK speaks LPS."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from lesionlab.image.geometry import Geometry
from lesionlab.image.reading import check_bytes, check_neighbour, embed_2d, reading, spatial, tidy
from lesionlab.image.volume import Array, Volume

_LUMA = np.array([0.299, 0.587, 0.114])


def read_metaimage(path: Path) -> Volume:
    """Read ``.mha`` or ``.mhd``.

    Raises:
        InputError: the file is broken, has several channels or time points, or its data lie elsewhere.
    """
    with reading(path, "MetaImage"):
        head = path.open("rb").read(1 << 16).decode("latin-1")
        found = re.search(r"^ElementDataFile\s*=\s*(.*?)\s*$", head, re.MULTILINE)
        if found is None:
            raise ValueError("no ElementDataFile in the header")
        if found[1].upper() != "LOCAL":
            check_neighbour(path, found[1])
        image = _read(path, "MetaImageIO")
        if image.GetNumberOfComponentsPerPixel() != 1:
            raise ValueError(f"{image.GetNumberOfComponentsPerPixel()} channels, not one")
        array = _array(image)
        affine = _affine_lps(image)
    array = spatial(path, array)
    return tidy(path, array, Geometry.from_lps((1, 1, 1), affine).affine)


def read_picture(path: Path) -> Volume:
    """Read PNG or JPEG as one slice: axis i runs along a row of pixels to the right, j down, pixels are 1 mm.

    As in ITK and Slicer, pixel (x, y) lies at LPS (x, y, 0): the picture's right is the patient's left, down is posterior.
    Colour becomes luminance; transparency and the resolution for printing are ignored.

    Raises:
        InputError: the file is broken.
    """
    png = path.suffix.lower() == ".png"
    with reading(path, "PNG" if png else "JPEG"):
        image = _read(path, "PNGImageIO" if png else "JPEGImageIO")
        array = _array(image)
    if array.ndim == 3:
        array = grey(array)
    return tidy(path, spatial(path, array), np.diag([-1.0, -1.0, 1.0, 1.0]))


def write_metaimage(volume: Volume, path: Path) -> None:
    """Write ``.mha``, compressed."""
    import SimpleITK as sitk

    array = volume.array
    if array.dtype == np.bool_:
        array = array.astype(np.uint8)
    elif array.dtype == np.float16:
        array = array.astype(np.float32)
    image = sitk.GetImageFromArray(np.ascontiguousarray(array.T))
    affine, spacing = volume.geometry.affine_lps, np.asarray(volume.geometry.spacing_mm)
    image.SetOrigin(affine[:3, 3].tolist())
    image.SetSpacing(spacing.tolist())
    image.SetDirection((affine[:3, :3] / spacing).ravel().tolist())
    sitk.WriteImage(image, str(path), useCompression=True)


def grey(array: Array) -> Array:
    """Luminance (ITU-R BT.601) of (..., channels); one or two channels keep the first, alpha is dropped."""
    if array.shape[-1] < 3:
        return np.asarray(array[..., 0])
    luminance = array[..., :3] @ _LUMA
    return np.asarray(np.rint(luminance) if array.dtype.kind in "iu" else luminance, dtype=array.dtype)


def _read(path: Path, reader_name: str) -> Any:
    import SimpleITK as sitk

    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    reader.SetImageIO(reader_name)
    reader.ReadImageInformation()
    check_bytes(path, [*reader.GetSize(), reader.GetNumberOfComponents()], 8)
    return reader.Execute()


def _array(image: Any) -> Array:
    import SimpleITK as sitk

    array = sitk.GetArrayFromImage(image)
    spatial_axes = image.GetDimension()
    if spatial_axes not in (2, 3, 4):
        raise ValueError(f"{spatial_axes} axes, not 2 or 3")
    # ITK's arrays run slowest axis first, channels last.
    return np.asarray(array.transpose([*range(spatial_axes - 1, -1, -1), *range(spatial_axes, array.ndim)]))


def _affine_lps(image: Any) -> Array:
    axes = image.GetDimension()
    direction = np.asarray(image.GetDirection()).reshape(axes, axes) * np.asarray(image.GetSpacing())
    origin = np.asarray(image.GetOrigin())
    if axes == 2:
        plane = np.eye(3)
        plane[:2, :2], plane[:2, 2] = direction, origin
        return embed_2d(plane)
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = direction[:3, :3], origin[:3]
    return affine
