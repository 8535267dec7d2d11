"""Studies on a DICOMweb server (a PACS): images come from there, final labels go there as DICOM SEG and stay here too."""

from __future__ import annotations

import logging
import re
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import requests
from monailabel.config import settings
from monailabel.datastore.dicom import DICOMwebClientX, DICOMWebDatastore
from monailabel.datastore.local import LocalDatastore
from monailabel.datastore.utils.dicom import dicom_web_download_series

from lesionlab.errors import InputError, LesionLabError, NotFoundError
from lesionlab.image.files import read_volume, write_volume
from lesionlab.image.volume import Volume
from lesionlab.server.datastore import FINAL, StudiesDatastore, keep_image, keep_label
from lesionlab.server.names import check_name
from lesionlab.store.dicom_seg import label_map, read_seg, seg_dataset
from lesionlab.store.dicom_series import open_series

logger = logging.getLogger(__name__)

_LISTED_SECONDS = 5.0
_PATIENCE = (0.0, 0.2, 0.8)  # seconds before each look; a server may need a moment to list what it stored
_UID = re.compile(r"[0-9]+(?:\.[0-9]+)+")
_SENT, _REFUSED = "sent", "refused"


class DicomWebStudies(DICOMWebDatastore):  # type: ignore[misc]
    """MONAI Label's DICOMweb datastore, with four differences.

    A label is kept here before it is sent, and stays when the server refuses it; it is sent again when labels are next
    looked for. Nothing is removed here because the server does not have it. Lists are at most some seconds old. Images
    and labels are read and written by our own code, so that their lattices agree exactly.

    The note of a final label (``GET /datastore/label/info``) says under ``dicomweb`` what became of it.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        self._writing = threading.RLock()
        self._listed: tuple[float, list[str]] = (-1e9, [])
        self._looked: tuple[float, dict[str, str]] = (-1e9, {})
        self._referenced: dict[str, str] = {}
        super().__init__(*args, **options)

    # A reader of the list of files must never see it half done; see StudiesDatastore.
    _remove_non_existing = StudiesDatastore._remove_non_existing
    # Written at once, like images and labels: a server that dies leaves no half of a file.
    _update_datastore_file = StudiesDatastore._update_datastore_file
    close = StudiesDatastore.close

    def _reconcile_datastore(self) -> None:
        with self._writing:
            super()._reconcile_datastore()

    def list_images(self) -> list[str]:
        """The series that the search filter of MONAI Label finds."""
        asked, found = self._listed
        if time.monotonic() - asked > _LISTED_SECONDS:
            series = self._client.search_for_series(search_filters=self._search_filter)
            found = [_value(one, "0020000E") for one in series]
            self._listed = (time.monotonic(), found)
        return list(found)

    def get_labeled_images(self, label_tag: str | None = None, labels: list[str] | None = None) -> list[str]:
        """Images with a final label, here or on the server."""
        images = set(self.list_images())
        here = set(LocalDatastore.get_labeled_images(self))
        return sorted(images & (here | set(self._segmentations())))

    def get_unlabeled_images(self, label_tag: str | None = None, labels: list[str] | None = None) -> list[str]:
        """Images without a final label."""
        return sorted(set(self.list_images()) - set(self.get_labeled_images()))

    def get_image_uri(self, image_id: str) -> str:
        """The image as a NIfTI file, fetched when it is first asked for."""
        with self._writing:
            folder = self._series_folder(image_id)
            present = str(LocalDatastore.get_image_uri(self, image_id) or "")
            if present and Path(present).is_file():
                return present
            with tempfile.TemporaryDirectory() as scratch:
                file = Path(scratch) / f"{image_id}.nii.gz"
                write_volume(read_volume(folder), file)
                keep_image(self, image_id, file, self._dicom_info(image_id))
            return str(LocalDatastore.get_image_uri(self, image_id))

    def get_label_uri(self, label_id: str, label_tag: str, image_id: str = "") -> str:
        """The label of an image; a final one that is not here is fetched. "" when there is none."""
        image = image_id or label_id
        present = str(LocalDatastore.get_label_uri(self, image, label_tag) or "")
        if label_tag != FINAL or (present and Path(present).is_file()):
            return present
        segmentation = self._segmentations().get(image)
        return "" if segmentation is None else self._fetch_label(image, segmentation)

    def save_label(
        self, image_id: str, label_filename: str, label_tag: str, label_info: dict[str, Any], label_id: str = ""
    ) -> str:
        """Keep a label here; a final one is sent to the server as DICOM SEG too."""
        check_name(label_tag, "tag")
        with self._writing:
            self.get_image_uri(image_id)
            keep_label(self, image_id, Path(label_filename), label_tag, label_info)
            if label_tag == FINAL:
                self._send(image_id)
            return image_id

    def _download_labeled_data(self) -> None:
        """Bring both sides together: send what was refused, fetch what is missing here, remove nothing."""
        for image in LocalDatastore.get_labeled_images(self):
            if self.get_label_info(image, FINAL).get("dicomweb") == _REFUSED:
                self._send(image)
        images = set(self.list_images())
        for image in self._segmentations():
            if image in images:
                self.get_image_uri(image)
                self.get_label_uri(image, FINAL)

    def _send(self, image: str) -> None:
        note = self.get_label_info(image, FINAL)
        try:
            series = self._store_seg(image, note)
        except (LesionLabError, requests.RequestException, OSError, ValueError) as error:
            logger.warning("the label of %s stays here; the DICOMweb server did not take it: %s", image, error)
            outcome = {"dicomweb": _REFUSED, "dicomweb_reason": " ".join(str(error).split())[:300]}
        else:
            self._looked = (-1e9, {})
            outcome = {"dicomweb": _SENT, "dicomweb_reason": "", "SeriesInstanceUID": series}
        self.update_label_info(image, FINAL, outcome)

    def _store_seg(self, image: str, note: dict[str, Any]) -> str:
        """Send the final label; the answer is the new series.

        Raises:
            InputError: the label is empty, or the server did not take it.
        """
        series = open_series(self._series_folder(image))
        mask = read_volume(Path(LocalDatastore.get_label_uri(self, image, FINAL)))
        named = [str(item.get("name", "")) for item in note.get("label_info") or [] if isinstance(item, dict)]
        values = sorted({int(value) for value in set(mask.array.ravel().tolist()) if value})
        names = {value: name for value, name in zip(values, named, strict=False) if name}
        dataset = seg_dataset(mask, series, names, str(note.get("author") or ""))
        answer = self._client.store_instances([dataset])
        if answer is not None and answer.get("FailedSOPSequence"):
            reason = answer.FailedSOPSequence[0].get("FailureReason", "unknown")
            raise InputError("the server did not store the segmentation", got=f"failure reason {reason}")
        self._check_there(str(dataset.SeriesInstanceUID))
        return str(dataset.SeriesInstanceUID)

    def _check_there(self, series: str) -> None:
        """Look whether a series is there: some servers drop an object and still say that they stored it."""
        for pause in _PATIENCE:
            time.sleep(pause)
            if self._client.search_for_series(search_filters={"SeriesInstanceUID": series}):
                return
        raise InputError("the server said that it stored the segmentation, but does not have it", got=series)

    def _fetch_label(self, image: str, segmentation: str) -> str:
        with self._writing, tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch) / "seg"
            dicom_web_download_series(None, segmentation, str(folder), self._client, False)
            lattice = read_volume(Path(self.get_image_uri(image))).geometry
            segments = read_seg(next(iter(sorted(folder.iterdir()))), lattice)
            file = Path(scratch) / f"{image}.nii.gz"
            mask = label_map(segments)
            write_volume(Volume(mask.array, mask.geometry), file)
            names = [{"name": one.name} for one in segments]
            note = {"label_info": names, "dicomweb": _SENT, "SeriesInstanceUID": segmentation}
            keep_label(self, image, file, FINAL, note)
            return str(LocalDatastore.get_label_uri(self, image, FINAL))

    def _series_folder(self, image: str) -> Path:
        """The folder of an image's DICOM files, fetched when it is empty.

        Raises:
            NotFoundError: the server has no such series.
        """
        if not _UID.fullmatch(image) or image not in self.list_images():
            raise NotFoundError("the DICOMweb server has no such series", got=image)
        folder = Path(self._datastore.image_path()) / image
        if not folder.is_dir() or not any(folder.iterdir()):
            with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".") as scratch:
                part = Path(scratch) / image
                dicom_web_download_series(None, image, str(part), self._client, self._fetch_by_frame)
                if folder.is_dir():
                    folder.rmdir()
                part.rename(folder)
        return folder

    def _segmentations(self) -> dict[str, str]:
        """For each image that has a DICOM SEG on the server, the newest one's series."""
        asked, found = self._looked
        if time.monotonic() - asked <= _LISTED_SECONDS:
            return found
        newest: dict[str, tuple[str, str]] = {}
        for one in self._client.search_for_series(search_filters={"Modality": "SEG"}):
            series = _value(one, "0020000E")
            if series not in self._referenced:
                self._referenced[series] = self._image_and_time(_value(one, "0020000D"), series)
            when, _, image = self._referenced[series].partition(" ")
            if image and (image not in newest or newest[image] < (when, series)):
                newest[image] = (when, series)
        found = {image: series for image, (_, series) in newest.items()}
        self._looked = (time.monotonic(), found)
        return found

    def _image_and_time(self, study: str, series: str) -> str:
        """When a DICOM SEG was made, a space, and the series that it segments ("" when it does not say)."""
        metadata = self._client.retrieve_series_metadata(study, series)
        if not metadata:
            return " "
        when = _value(metadata[0], "00080023") + _value(metadata[0], "00080033")
        referenced = metadata[0].get("00081115", {}).get("Value") or [{}]
        return f"{when} {_value(referenced[0], '0020000E')}"


def dicomweb_studies(url: str) -> DicomWebStudies:
    """The studies of a DICOMweb server, with MONAI Label's settings for access, prefixes, filter and cache."""
    from dicomweb_client.session_utils import create_session_from_gcp_credentials, create_session_from_user_pass

    session = None
    if "googleapis.com" in url:
        session = create_session_from_gcp_credentials()
    elif settings.MONAI_LABEL_DICOMWEB_USERNAME and settings.MONAI_LABEL_DICOMWEB_PASSWORD:
        session = create_session_from_user_pass(
            settings.MONAI_LABEL_DICOMWEB_USERNAME, settings.MONAI_LABEL_DICOMWEB_PASSWORD
        )
    client = DICOMwebClientX(
        url=url.rstrip("/"),
        session=session,
        qido_url_prefix=settings.MONAI_LABEL_QIDO_PREFIX,
        wado_url_prefix=settings.MONAI_LABEL_WADO_PREFIX,
        stow_url_prefix=settings.MONAI_LABEL_STOW_PREFIX,
    )
    return DicomWebStudies(
        client=client,
        search_filter=settings.MONAI_LABEL_DICOMWEB_SEARCH_FILTER,
        cache_path=(settings.MONAI_LABEL_DICOMWEB_CACHE_PATH or "").strip() or None,
        fetch_by_frame=settings.MONAI_LABEL_DICOMWEB_FETCH_BY_FRAME,
    )


def _value(dataset: dict[str, Any], tag: str) -> str:
    """The first value of a tag of DICOM JSON, "" when there is none."""
    values = dataset.get(tag, {}).get("Value") or [""]
    return str(values[0])
