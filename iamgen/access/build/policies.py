"""AWS managed policies, SAM policy templates and SAM connectors, packed.

Source packages: moto (Apache-2.0, the policies' documents are AWS's) and aws-sam-translator (Apache-2.0). Only the
data is kept; the notice stands in `access_maps/README.md`.
"""

import json
import lzma
from importlib import metadata
from pathlib import Path
from typing import Any

from iamgen.access.build.catalogue import package_folder

_FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME}]


def pack(data: Any) -> bytes:
    """Return data as xz-packed JSON, the same bytes for the same data."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return lzma.compress(text.encode(), format=lzma.FORMAT_XZ, check=lzma.CHECK_CRC32, filters=_FILTERS)


def managed_policies() -> tuple[bytes, dict[str, str]]:
    """Return the packed documents of all AWS managed policies and the version of their source."""
    package_folder("moto")
    from moto.iam.aws_managed_policies import (  # type: ignore[import-untyped,unused-ignore]
        aws_managed_policies_data,
    )

    raw = json.loads(aws_managed_policies_data)
    policies = {
        name: {
            "path": row.get("Path", "/"),
            "version": row.get("DefaultVersionId", ""),
            "date": str(row.get("UpdateDate") or row.get("CreateDate", ""))[:10],
            "document": row["Document"],
        }
        for name, row in raw.items()
    }
    return pack({"schema": 1, "policies": policies}), {"moto": metadata.version("moto")}


def sam_templates() -> tuple[bytes, dict[str, str]]:
    """Return SAM's packed policy templates and connectors and the version of their source."""
    folder = package_folder("samtranslator")
    templates = json.loads((folder / "policy_templates_data" / "policy_templates.json").read_bytes())["Templates"]
    connectors = json.loads(Path(folder / "model" / "connector_profiles" / "profiles.json").read_bytes())["Permissions"]
    data = {
        "schema": 1,
        "templates": {
            name: {"parameters": sorted(row["Parameters"]), "definition": row["Definition"]}
            for name, row in templates.items()
        },
        "connectors": connectors,
    }
    return pack(data), {"aws-sam-translator": metadata.version("aws-sam-translator")}
