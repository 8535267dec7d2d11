"""How the server behaves, from the environment: subprocesses that MONAI Label starts must see the same."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from lesionlab.errors import InputError
from lesionlab.task import Frozen

_MIB = 1024 * 1024
_PREFIX = "LESIONLAB_"

Positive = Annotated[int, Field(gt=0)]


class Settings(Frozen):
    """Settings; each is read from the environment variable ``LESIONLAB_`` + its name in capitals.

    Attributes:
        token: the secret that every request must carry, or None. Needed when others than this machine may connect.
        insecure_no_auth: let everybody in who can connect.
        origins: web origins, besides loopback ones and the server's own, that may use the server from a browser.
        tasks: folders of the lab's own task files.
        max_upload_mb: the largest request body, MiB.
        cache_mb: memory for opened volumes, MiB.
        workers: networks that run at the same time; more requests wait. One takes all processors already.
        lease_minutes: how long a case that was handed to somebody is kept from others.
    """

    token: str | None = Field(default=None, min_length=8)
    insecure_no_auth: bool = False
    origins: tuple[str, ...] = ()
    tasks: tuple[Path, ...] = ()
    max_upload_mb: Positive = 2048
    cache_mb: Positive = 1280
    workers: Positive = 1
    lease_minutes: Positive = 30

    @property
    def max_upload_bytes(self) -> int:
        """The largest request body."""
        return self.max_upload_mb * _MIB

    @property
    def cache_bytes(self) -> int:
        """Memory for opened volumes."""
        return self.cache_mb * _MIB

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """Read the settings; lists are separated as paths are (``:``), origins by commas.

        Raises:
            InputError: names the variable.
        """
        found: dict[str, object] = {}
        for name in cls.model_fields:
            text = environment.get(_PREFIX + name.upper(), "")
            if not text:
                continue
            separator = {"tasks": os.pathsep, "origins": ","}.get(name)
            found[name] = text if separator is None else tuple(part for part in text.split(separator) if part)
        try:
            return cls.model_validate(found)
        except ValidationError as error:
            first = error.errors()[0]
            name = _PREFIX + str(first["loc"][0]).upper()
            got = None if name == _PREFIX + "TOKEN" else repr(first["input"])
            raise InputError(f"environment variable {name}: {first['msg']}", got=got) from error

    def to_environment(self) -> dict[str, str]:
        """The variables that give these settings again."""
        values = {
            "token": self.token or "",
            "insecure_no_auth": "1" if self.insecure_no_auth else "",
            "origins": ",".join(self.origins),
            "tasks": os.pathsep.join(str(path) for path in self.tasks),
            "max_upload_mb": str(self.max_upload_mb),
            "cache_mb": str(self.cache_mb),
            "workers": str(self.workers),
            "lease_minutes": str(self.lease_minutes),
        }
        return {_PREFIX + name.upper(): value for name, value in values.items()}
