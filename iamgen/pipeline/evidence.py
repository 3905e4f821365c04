"""The evidence bundle: one zip with the same bytes for the same answer, and its verification."""

import io
import zipfile
from pathlib import Path

from iamgen import __version__
from iamgen.access.maps import open_maps
from iamgen.errors import InputError
from iamgen.model.drift import Review
from iamgen.model.result import SuggestResult
from iamgen.outputs._evidence import bundle_files, wrong_files

_MOMENT = (1980, 1, 1, 0, 0, 0)
MAX_BYTES = 500_000_000
"""What a bundle may unfold to when it is verified."""


def make_bundle(result: SuggestResult, reviews: tuple[Review, ...]) -> bytes:
    """Return the bundle as the bytes of a zip file."""
    maps = open_maps()
    versions = {"iamgen": __version__, "access maps": maps.version, **maps.sources}
    return packed(bundle_files(result, maps.table("controls"), reviews, versions=versions))


def packed(files: dict[str, bytes]) -> bytes:
    """Return files as a zip: sorted, without dates, one compression."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as bundle:
        for path, data in sorted(files.items()):
            info = zipfile.ZipInfo(path, _MOMENT)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            bundle.writestr(info, data, compresslevel=9)
    return out.getvalue()


def verify_bundle(path: Path) -> tuple[str, ...]:
    """Return what of a bundle is not as it was written; empty when every byte is.

    Raises:
        InputError: it cannot be read, or is no bundle.
    """
    try:
        data = path.read_bytes()
        files = _unpacked(data, str(path))
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", place=str(path)) from None
    wrong = wrong_files(files)
    if not wrong and packed(files) != data:
        return ("the zip file itself: its structure is not as it was written",)
    return wrong


def _unpacked(data: bytes, place: str) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as bundle:
            rows = bundle.infolist()
            if sum(row.file_size for row in rows) > MAX_BYTES or len(rows) > 100_000:
                raise InputError("unfolds to more than a bundle can hold", place=place)
            files = {row.filename: bundle.read(row) for row in rows}
            if len(files) != len(rows):
                raise InputError("holds one name twice", place=place)
            return files
    except (zipfile.BadZipFile, EOFError, ValueError, NotImplementedError, OSError) as error:
        raise InputError(f"is no evidence bundle: {error}", place=place) from None
    except Exception as error:  # zlib's own error has no common base
        if type(error).__module__ == "zlib":
            raise InputError(f"is damaged: {error}", place=place) from None
        raise
