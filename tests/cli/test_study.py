"""``lesionlab study`` finds its studies by looking into one package."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lesionlab.cli import studies, study
from tests.cli.voxel_model import Cli

STUDY = """
DESCRIPTION = "Count to a number."
EXAMPLE = "lesionlab study made-up --to 3"

def arguments(parser):
    parser.add_argument("--to", type=int, required=True)

def run(args, output):
    output.line(" ".join(str(n + 1) for n in range(args.to)))
"""


@pytest.fixture
def made_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "made_up.py").write_text(STUDY)
    monkeypatch.setattr(studies, "__path__", [*studies.__path__, str(tmp_path)])
    monkeypatch.delitem(sys.modules, "lesionlab.cli.studies.made_up", raising=False)
    monkeypatch.delitem(sys.modules, study.__name__)  # its help lists what it found when it was imported


@pytest.mark.usefixtures("made_up")
def test_a_new_module_is_a_new_study_listed_explained_and_run(cli: Cli) -> None:
    listed, explained, run = (
        cli("study", "--help"),
        cli("study", "made-up", "--help"),
        cli("study", "made-up", "--to", 3),
    )

    assert "  made-up      Count to a number." in listed.out
    assert "example:\n  lesionlab study made-up --to 3" in explained.out
    assert (run.status, run.out, run.err) == (0, "1 2 3\n", "")


@pytest.mark.usefixtures("made_up")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["study"], "STUDY"),
        (["study", "madeup"], "did you mean 'made-up'?"),
        (["study", "made-up"], "--to"),
        (["study", "made-up", "--ot", "3"], "see 'lesionlab study made-up --help'"),
    ],
)
def test_a_wrong_study_or_argument_is_one_line(cli: Cli, arguments: list[str], words: str) -> None:
    answer = cli(*arguments)

    assert (answer.status, answer.out, answer.err.count("\n")) == (2, "", 1)
    assert words in answer.err


def test_listing_the_studies_imports_nothing_heavy() -> None:
    code = """
import sys
from lesionlab.cli import main
main(["study", "--help"])
sys.exit(" ".join({"torch", "monai", "scipy", "numpy", "sklearn", "matplotlib"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert (done.stderr.strip(), "studies:" in done.stdout) == ("", True)
