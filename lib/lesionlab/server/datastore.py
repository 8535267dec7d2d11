"""MONAI Label's folder datastore, made safe for several threads and strict about names."""

from __future__ import annotations

import json
import logging
import threading
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from filelock import FileLock
from monailabel.datastore.local import DataModel, ImageLabelModel, LocalDatastore

from lesionlab.errors import NotFoundError
from lesionlab.server.names import check_name
from lesionlab.store.files import copy_atomically, write_atomically
from lesionlab.task import nearest

logger = logging.getLogger(__name__)

#: What counts as an image or label file in the studies folder.
SUFFIXES = (".nii.gz", ".nii", ".nrrd", ".nhdr", ".mha", ".mhd", ".png", ".jpg", ".jpeg")

FINAL, ORIGINAL = "final", "original"


class StudiesDatastore(LocalDatastore):  # type: ignore[misc]
    """A folder of images with ``labels/<tag>/`` below it.

    MONAI Label refreshes the list of files from a watching thread; here a reader never sees it half done, and two
    writers never mix.
    """

    def __init__(self, folder: Path, auto_reload: bool = True, read_only: bool = False) -> None:
        self._writing = threading.RLock()
        super().__init__(
            str(folder), extensions=[f"*{suffix}" for suffix in SUFFIXES], auto_reload=auto_reload, read_only=read_only
        )
        if auto_reload:
            self._handler.on_moved = self._on_moved

    def close(self) -> None:
        """Stop watching the folder."""
        if self._auto_reload and hasattr(self, "_observer"):
            self._observer.stop()
            self._observer.join()

    def _on_moved(self, event: Any) -> None:
        """A file took its place at once: ours, or of another process on the same folder, such as batch inference."""
        path = Path(event.dest_path)
        if path == Path(self._datastore_config_path):
            with self._writing:
                self._init_from_datastore_file()
        elif not self._lists(path):
            self.refresh()

    def _lists(self, path: Path) -> bool:
        name, suffix = self._to_id(path.name)
        entry = self._datastore.objects.get(name)
        if entry is None or path.parent == Path(self._datastore.image_path()):
            return entry is not None
        label = entry.labels.get(path.parent.name)
        return label is not None and label.ext == suffix

    def _to_id(self, file: str) -> tuple[str, str]:
        for suffix in SUFFIXES:
            if file.lower().endswith(suffix):
                return file[: -len(suffix)], file[-len(suffix) :]
        return Path(file).stem, Path(file).suffix

    def _reconcile_datastore(self) -> None:
        with self._writing:
            super()._reconcile_datastore()

    def _remove_non_existing(self) -> int:
        self._init_from_datastore_file()
        images, gone = Path(self._datastore.image_path()), 0
        kept = {}
        for name, entry in list(self._datastore.objects.items()):
            if not (images / self._filename(name, entry.image.ext)).exists():
                gone += 1
                continue
            labels = {
                tag: label
                for tag, label in entry.labels.items()
                if (Path(self._datastore.label_path(tag)) / self._filename(name, label.ext)).exists()
            }
            gone += len(entry.labels) - len(labels)
            kept[name] = entry.model_copy(update={"labels": labels}) if len(labels) != len(entry.labels) else entry
        self._datastore.objects = kept
        return gone

    def _update_datastore_file(self, lock: bool = True) -> None:
        """Write the list of files; MONAI Label would leave half of it when the server dies, and not start again."""
        with self._writing, FileLock(self._lock_file) if lock else nullcontext():
            path = Path(self._datastore_config_path)
            self._ignore_event_config = True
            text = json.dumps(self._datastore.model_dump(exclude={"base_path"}), indent=2, default=str)
            write_atomically(path, text)
            self._config_ts = path.stat().st_mtime

    def _init_from_datastore_file(self, throw_exception: bool = False) -> None:
        try:
            super()._init_from_datastore_file(throw_exception=True)
        except ValueError:
            # It only lists what lies in the folders; what is noted in it of files is lost.
            path = Path(self._datastore_config_path)
            logger.exception("%s cannot be read and is made anew", path.name)
            path.replace(path.with_name(f"{path.name}.unreadable"))

    def add_image(self, image_id: str, image_filename: str, image_info: dict[str, Any]) -> str:
        """Copy an image in under a checked name; returns the name."""
        if image_id:
            check_name(image_id, "image")
        with self._writing:
            return str(super().add_image(image_id, image_filename, image_info))

    def save_label(self, image_id: str, label_filename: str, label_tag: str, label_info: dict[str, Any]) -> str:
        """Put a label in under checked names, at once; an older one of that tag in another format is removed."""
        check_name(image_id, "image")
        check_name(label_tag, "tag")
        with self._writing:
            keep_label(self, image_id, Path(label_filename), label_tag, label_info)
            return image_id

    def remove_image(self, image_id: str) -> None:
        """Remove an image and its labels, and forget it at once."""
        with self._writing:
            super().remove_image(image_id)
            self.refresh()

    def remove_label(self, label_id: str, label_tag: str) -> None:
        """Remove a label, and forget it at once."""
        with self._writing:
            super().remove_label(label_id, label_tag)
            self.refresh()


def keep_image(store: LocalDatastore, image: str, file: Path, info: dict[str, Any]) -> None:
    """Put an image into a store's folder, at once, and list it."""
    _, suffix = store._to_id(file.name)
    name = store._filename(image, suffix)
    copy_atomically(file, Path(store._datastore.image_path()) / name)
    noted = {**info, "ts": int(time.time()), "name": name}
    store._datastore.objects[image] = ImageLabelModel(image=DataModel(info=noted, ext=suffix))
    store._update_datastore_file()


def keep_label(store: LocalDatastore, image: str, file: Path, tag: str, info: dict[str, Any]) -> None:
    """Put a label into a store's folder, at once, and list it; an older one of that tag in another format is removed.

    Raises:
        NotFoundError: the store has no such image.
    """
    entry = store._datastore.objects.get(image)
    if entry is None:
        raise NotFoundError("there is no such image", got=image)
    previous = LocalDatastore.get_label_uri(store, image, tag)
    _, suffix = store._to_id(file.name)
    name = store._filename(image, suffix)
    folder = Path(store._datastore.label_path(tag))
    folder.mkdir(parents=True, exist_ok=True)
    copy_atomically(file, folder / name)
    entry.labels[tag] = DataModel(info={**info, "ts": int(time.time()), "name": name}, ext=suffix)
    store._update_datastore_file()
    if previous and previous != LocalDatastore.get_label_uri(store, image, tag):
        Path(previous).unlink(missing_ok=True)


def image_file(datastore: Any, image: str) -> Path:
    """The file of an image of any MONAI Label datastore.

    Raises:
        NotFoundError: with the nearest name that exists.
    """
    # Other datastores fetch what they are asked for, whether it exists or not.
    known = isinstance(datastore, StudiesDatastore) or image in datastore.list_images()
    uri = datastore.get_image_uri(image) if known else ""
    if not uri:
        names = datastore.list_images()
        raise NotFoundError(
            "there is no such image",
            got=image,
            expected=f"one of the {len(names)} images that GET /datastore/?output=all lists",
            hint=nearest(image, names),
        )
    return Path(uri)


def label_file(datastore: Any, label: str, tag: str) -> Path:
    """The file of a label of any MONAI Label datastore.

    Raises:
        NotFoundError: when the image has no label of that tag.
    """
    uri = datastore.get_label_uri(label, tag)
    if not uri:
        tags = sorted(datastore.get_labels_by_image_id(label))
        raise NotFoundError(
            f"image {label!r} has no label {tag!r}", expected=f"one of {', '.join(tags)}" if tags else "none yet"
        )
    return Path(uri)
