"""Requests of the client and answers of the stand-in against GitHub's published OpenAPI description.

The description is the npm package `@octokit/openapi`; its file `generated/api.github.com.json` is named by the
environment variable `IAMGEN_GITHUB_OPENAPI`. Without it these tests are skipped.
"""

import json
import os
import re
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import jsonschema
import pytest
from github_stand_in import ACTIONS_TOKEN, StandIn
from test_github_client import MARKER, PULL, client, event, run_git, server

from iamgen import github

__all__ = ["StandIn", "server"]
pytestmark = [
    pytest.mark.oracle,
    pytest.mark.e2e,
    pytest.mark.skipif("IAMGEN_GITHUB_OPENAPI" not in os.environ, reason="IAMGEN_GITHUB_OPENAPI is not set"),
]


def description():
    return json.loads(Path(os.environ["IAMGEN_GITHUB_OPENAPI"]).read_text())


def resolved(schema, whole, depth=0):
    """The schema with references followed; fields that the stand-in leaves out are not asked for."""
    if isinstance(schema, list):
        return [resolved(entry, whole, depth) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    if depth > 24:
        return {}
    if "$ref" in schema:
        found = whole
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part.replace("~1", "/")]
        return resolved(found, whole, depth + 1)
    kept = {
        key: resolved(value, whole, depth + 1)
        for key, value in schema.items()
        if key not in {"example", "examples", "description"}
    }
    if kept.pop("nullable", False) and isinstance(kept.get("type"), str):
        kept["type"] = [kept["type"], "null"]
    return kept


def lenient(schema):
    """A schema of an answer without its `required` lists and formats."""
    if isinstance(schema, list):
        return [lenient(entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: lenient(value)
        for key, value in schema.items()
        if not (key == "required" and isinstance(value, list)) and key not in {"format", "enum"}
    }


def operation(whole, method, target):
    path = urlsplit(target).path
    for template, entries in whole["paths"].items():
        pattern = re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(template))
        if re.fullmatch(pattern, path) and method.lower() in entries:
            return entries[method.lower()]
    raise AssertionError(f"GitHub has no {method} {path}")


def test_what_is_sent_and_answered_fits_the_description(server):
    session = client(server, ACTIONS_TOKEN)
    github.keep_comment(session, PULL, MARKER, f"{MARKER}\nx", None)
    github.keep_comment(session, PULL, MARKER, f"{MARKER}\ny", None)
    assert github.head_sha(session, PULL) == server.sha("feature")
    ranges = github.lines_in_hunks(session, PULL)
    notes = tuple(
        github.LineNote(path="template.yaml", start_line=a, line=b, body="x", fingerprint=f"{a}")
        for a, b in ((10, 10), (38, 42))
    )
    assert all(github.fits(note, ranges) for note in notes)
    assert github.post_notes(session, PULL, server.sha("feature"), notes, "title") == 2
    server.pulls.append(server.pull(13, repository="eve/shop"))
    github.find_pull_request(session, event(server))
    run_git(server.folder, "status")
    whole = description()
    for method, target, body, status, answer in server.exchanges:
        entry = operation(whole, method, target)
        names = {
            resolved(one, whole)["name"] for one in entry.get("parameters", ()) if resolved(one, whole)["in"] == "query"
        }
        assert {key for key, _ in parse_qsl(urlsplit(target).query)} <= names, target
        if body is not None:
            content = entry["requestBody"]["content"]["application/json"]["schema"]
            schema = resolved(content, whole)
            jsonschema.validate(body, schema)
            assert set(body) <= set(schema["properties"])
        documented = entry["responses"].get(str(status))
        if documented is None:
            assert status == 403, (method, target, status)
            continue
        documented = resolved(documented, whole)
        schema = documented["content"]["application/json"]["schema"]
        jsonschema.validate(answer, lenient(schema))
