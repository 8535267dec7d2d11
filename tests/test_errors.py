"""One tree of errors, each with its status."""

from __future__ import annotations

import pytest

from lesionlab import errors


def test_a_message_is_what_got_expected_and_hint_in_one_line() -> None:
    error = errors.InputError("size_mm is not positive", got=-3.0, expected="a number > 0", hint="measure again")

    assert error.message == str(error) == "size_mm is not positive; got -3.0; expected a number > 0; measure again"


def test_what_was_not_said_is_left_out_and_text_is_not_quoted() -> None:
    assert errors.InputError("wrong").message == "wrong"
    assert errors.InputError("wrong", got="a.nii").message == "wrong; got a.nii"
    assert errors.InputError("wrong", got=0).message == "wrong; got 0"


@pytest.mark.parametrize(
    ("error", "http", "exit_status"),
    [
        (errors.InputError, 422, 2),
        (errors.NotFoundError, 404, 2),
        (errors.ConfigError, 500, 2),
        (errors.ConflictError, 409, 2),
        (errors.TooLargeError, 413, 2),
        (errors.InternalError, 500, 1),
    ],
)
def test_each_error_knows_its_statuses(error: type[errors.LesionLabError], http: int, exit_status: int) -> None:
    assert (error.http_status, error.exit_status) == (http, exit_status)
