"""From what a client sends to what a task is asked."""

from __future__ import annotations

import numpy as np
import pytest

from lesionlab.errors import InputError
from lesionlab.image.geometry import Geometry
from lesionlab.kinds import find_task
from lesionlab.kinds.shape.stock import check_fits, request_from_params
from lesionlab.kinds.shape.task import ShapeRequest
from lesionlab.server.names import base_name, check_name, check_url

TASK = find_task("lesion_shape")
# 20 x 30 x 40 voxels of 2 x 1 x 3 mm, turned by 30 degrees about the third axis; i runs backwards.
COS, SIN = np.cos(np.pi / 6), 0.5
TURNED = np.array([[-2 * COS, -SIN, 0, 11], [-2 * SIN, COS, 0, -7], [0, 0, 3, 5], [0, 0, 0, 1.0]])
GEOMETRY = Geometry((20, 30, 40), TURNED)


def asked(**params):
    return request_from_params(TASK, params, GEOMETRY)


def test_a_voxel_click_becomes_the_middle_of_that_voxel_in_space():
    request = asked(foreground=[[3, 4, 5]])
    # 11 - 2 cos30 * 3 - sin30 * 4; -7 - 2 sin30 * 3 + cos30 * 4; 5 + 3 * 5.
    assert request.point_mm == pytest.approx((11 - 6 * COS - 2, -7 - 3 + 4 * COS, 20))
    assert request.size_mm == TASK.size_mm.default


def test_background_clicks_become_points_that_do_not_belong_to_it():
    request = asked(foreground=[[3, 4, 5]], background=[[0, 0, 0], [0, 0, 1]])
    assert request.exclude_mm == (pytest.approx((11, -7, 5)), pytest.approx((11, -7, 8)))


def test_of_several_clicks_the_middle_counts_and_their_distance_bounds_the_size():
    # 12 voxels of 3 mm apart along k: 36 mm.
    request = asked(foreground=[[10, 15, 14], [10, 15, 26]], size_mm=8.0)
    assert request.size_mm == pytest.approx(36)
    assert GEOMETRY.ras_to_index(request.point_mm) == pytest.approx((10, 15, 20))
    assert asked(foreground=[[10, 15, 19], [10, 15, 21]], size_mm=25.0).size_mm == 25


def test_a_click_that_the_client_rounded_over_the_edge_is_taken_to_the_edge():
    assert GEOMETRY.ras_to_index(asked(foreground=[[20, -1, 40]]).point_mm) == pytest.approx((19, 0, 39))
    with pytest.raises(InputError, match="outside"):
        asked(foreground=[[22, 0, 0]])


def test_a_small_image_takes_no_default_size_that_it_cannot_hold():
    small = Geometry((8, 8, 8), np.eye(4))
    request = request_from_params(TASK, {"foreground": [[4, 4, 4]]}, small)
    assert request.size_mm == 8
    check_fits(TASK, request, small)


def test_points_at_the_outer_faces_fit_and_points_beyond_do_not():
    edge = GEOMETRY.index_to_ras((-0.5, 29.5, 39.5))
    check_fits(TASK, ShapeRequest(point_mm=edge), GEOMETRY)
    for index in ((-0.6, 0, 0), (0, 29.6, 0), (0, 0, 40)):
        with pytest.raises(InputError, match="outside"):
            check_fits(TASK, ShapeRequest(point_mm=GEOMETRY.index_to_ras(index)), GEOMETRY)


def test_a_size_fits_up_to_the_longest_edge():
    point = GEOMETRY.index_to_ras((10, 15, 20))
    check_fits(TASK, ShapeRequest(point_mm=point, size_mm=120), GEOMETRY)
    with pytest.raises(InputError, match=r"120\.5 mm.*1\.0 to 120\.0 mm"):
        check_fits(TASK, ShapeRequest(point_mm=point, size_mm=120.5), GEOMETRY)
    with pytest.raises(InputError, match="size_mm"):
        check_fits(TASK, ShapeRequest(point_mm=point, size_mm=0.5), GEOMETRY)


@pytest.mark.parametrize(
    "name", ["case_1", "2: Axial T1 (3 mm)", "症例 1", "Köln_β", "1.2.840.113619", "a..b", "x" * 200]
)
def test_names_of_volumes_are_names(name):
    assert check_name(name, "image") == name


@pytest.mark.parametrize(
    "name", ["", ".", "..", ".x", "a/b", "a\\b", "a\0", "a\n", "-x", "x" * 201, "症" * 67, "a%2fb", "a|b", "\ud800"]
)
def test_paths_and_control_characters_are_no_names(name):
    with pytest.raises(InputError, match="image"):
        check_name(name, "image")


def test_of_an_uploaded_files_path_only_the_last_part_counts():
    assert base_name("/home/me/My Scans/ct 1.nii.gz", "file") == "ct 1.nii.gz"
    assert base_name("C:\\scans\\ct.nrrd", "file") == "ct.nrrd"
    for wrong in (None, "", "/", "x/..", "..\\.."):
        with pytest.raises(InputError, match="file"):
            base_name(wrong, "file")


def test_a_url_is_read_once_and_strictly():
    check_url("/infer/lesion_shape", b"image=%E7%97%87%E4%BE%8B&output=json&expiry=-1")
    check_url("/proxy/dicom/qido/studies", b"PatientName=*&includefield=a&includefield=b")
    for path, query in (
        ("/infer/x", b"image=a&image=b"),
        ("/infer/x", b"image=%ff"),
        ("/infer/x", b"image=a%00"),
        ("/proxy/dicom/../instances", b""),
        ("/ohif/..\\x", b""),
    ):
        with pytest.raises(InputError):
            check_url(path, query)
