"""Sessions: images that a client lends to the server for a while. MONAI Label's store, with its gaps closed."""

from __future__ import annotations

import shutil
import time
import uuid
from pathlib import Path
from typing import Any

from monailabel.utils.sessions import Sessions

from lesionlab.errors import NotFoundError
from lesionlab.server.names import check_name

_TOUCH_SECONDS = 30


class OwnSessions(Sessions):  # type: ignore[misc]
    """The sessions below one folder."""

    def remove_expired(self) -> int:
        """Remove what has expired, and folders without a description that are older than the longest session."""
        root, count, now = Path(self.store_path), 0, time.time()
        for folder in sorted(root.iterdir()) if root.is_dir() else []:
            if not folder.is_dir():
                continue
            if (folder / "meta.info").is_file():
                session = self.get_session(folder.name, update_ts=False, fetch_cache=False)
                expired = session is not None and 0 < session.expiry < now - session.last_access_ts
            else:
                expired = folder.stat().st_mtime < now - self.expiry
            if expired:
                self.remove_session(folder.name)
                count += 1
        return count

    def image(self, session_id: str) -> Path:
        """The image of a session: a file, or a folder of DICOM files.

        Raises:
            NotFoundError: when there is no such session, or it has expired.
        """
        check_name(session_id, "session_id")
        session = self.get_session(session_id, update_ts=False)
        if session is None:
            raise NotFoundError(
                "there is no such session",
                got=session_id,
                expected="an id that PUT /session/ gave",
                hint="it may have expired",
            )
        if time.time() - session.last_access_ts > _TOUCH_SECONDS:
            self.get_session(session_id, update_ts=True)
        return Path(session.image)

    def add(self, image: Path, expiry_seconds: int) -> dict[str, Any]:
        """Move an image in; returns what MONAI Label answers to ``PUT /session/``."""
        try:
            name, info = self.add_session(str(image), expiry_seconds, session_id=str(uuid.uuid4()))
        except OSError:
            shutil.rmtree(image, ignore_errors=True)
            raise
        return {"session_id": name, "session_info": info.to_json()}
