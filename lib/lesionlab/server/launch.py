"""Start the server: MONAI Label's, with our border around it, in this process."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

from lesionlab.errors import InputError, NotFoundError
from lesionlab.server.access import is_loopback
from lesionlab.server.settings import Settings

if TYPE_CHECKING:
    from lesionlab.predict import Predictor

logger = logging.getLogger(__name__)

#: How long, in seconds, running requests may take to end when the server stops.
_LAST_WORDS = 5
_ENTRY = Path(__file__).parent / "entry"


def serve(
    studies: str,
    host: str = "127.0.0.1",
    port: int = 8000,
    tasks: tuple[Path, ...] = (),
    *,
    insecure_no_auth: bool = False,
    max_upload_mb: int | None = None,
    predictor: Predictor | None = None,
) -> None:
    """Serve until interrupted.

    Args:
        studies: a folder of images (made when it does not exist), or the URL of a DICOMweb server.
        host: the address to listen at. Others than this machine are let in only with a token
            (environment variable ``LESIONLAB_TOKEN``) or with ``insecure_no_auth``.
        port: the TCP port.
        tasks: folders of the lab's own task files.
        insecure_no_auth: let everybody in who can connect.
        max_upload_mb: the largest request body, MiB.
        predictor: answers requests; by default one with the shipped weights.

    Raises:
        InputError: when the address would open the server to others unguarded, or the studies are no folder.
    """
    settings = _settings(tasks, insecure_no_auth, max_upload_mb)
    if not is_loopback(host) and settings.token is None and not settings.insecure_no_auth:
        raise InputError(
            "the server would be open to everybody",
            got=f"host {host}",
            expected="127.0.0.1, or a token",
            hint="set LESIONLAB_TOKEN to a secret that clients send, or give --insecure-no-auth",
        )
    place = _studies(studies)
    _environment(place, port, settings)

    import uvicorn

    _register(place, predictor, settings)
    logger.info("serving %s at http://%s:%d", place, host, port)
    uvicorn.run(
        "lesionlab.server.asgi:app",
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=_LAST_WORDS,
    )


def _settings(tasks: tuple[Path, ...], insecure_no_auth: bool, max_upload_mb: int | None) -> Settings:
    found = Settings.from_environment()
    changed: dict[str, object] = {"tasks": (*found.tasks, *(path.resolve() for path in tasks))}
    if insecure_no_auth:
        changed["insecure_no_auth"] = True
    if max_upload_mb is not None:
        changed["max_upload_mb"] = max_upload_mb
    return found.model_copy(update=changed)


def _studies(studies: str) -> str:
    if studies.startswith(("http://", "https://")):
        return studies
    folder = Path(studies).resolve()
    if folder.exists() and not folder.is_dir():
        raise NotFoundError("the studies are not a folder", got=studies, expected="a folder of images, or a URL")
    folder.mkdir(parents=True, exist_ok=True)
    return str(folder)


def _environment(studies: str, port: int, settings: Settings) -> None:
    """What MONAI Label reads when it is imported, here and in the processes that it starts."""
    os.environ.update(
        {
            **settings.to_environment(),
            "MONAI_LABEL_APP_DIR": str(_ENTRY),
            "MONAI_LABEL_STUDIES": studies,
            "MONAI_LABEL_APP_CONF": json.dumps({}),
            "MONAI_LABEL_SERVER_PORT": str(port),
            "MONAI_LABEL_TRACKING_ENABLED": "false",
        }
    )
    os.environ.setdefault("PYTHONPATH", "")
    os.environ.setdefault("MONAI_LABEL_CORS_ORIGINS", json.dumps([f"http://127.0.0.1:{port}"]))


def _register(studies: str, predictor: Predictor | None, settings: Settings) -> None:
    """Give MONAI Label our app, so that it need not look for it."""
    from monailabel.interfaces.utils.app import apps

    from lesionlab.server.app import LesionLabApp

    apps[f"{_ENTRY}{studies}"] = LesionLabApp(str(_ENTRY), studies, {}, predictor=predictor, settings=settings)
