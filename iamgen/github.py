"""Where we post: one comment per pull request, kept up to date, and suggestions that fit its lines.

A thin client of GitHub's REST API over the standard library. What it promises: the token goes to
the origin of `GITHUB_API_URL` and nowhere else, and stands in no log, error or repr; a redirect or
page link to another origin is an error; a write that may have happened is never repeated; nothing
is written when nothing changed. Source: GitHub REST API 2022-11-28, docs.github.com/rest (checked
2026-11).
"""

import json
import logging
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from iamgen.errors import AccessError, InputError, UsageError

logger = logging.getLogger(__name__)

DEFAULT_API = "https://api.github.com"
ACTIONS_BOT = "github-actions[bot]"
MAX_COMMENT_CHARS = 65_536
_MAX_RESPONSE_BYTES = 20 * 1024 * 1024
_MAX_PAGES = 100
_LONGEST_WAIT_SECONDS = 60
_ATTEMPTS = 4
_TIMEOUT_SECONDS = 30


@dataclass(frozen=True, slots=True)
class PullRequest:
    """One pull request: where we post."""

    repository: str
    """`owner/name`."""
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LineNote:
    """A review comment on lines of the head."""

    path: str
    start_line: int
    line: int
    body: str
    fingerprint: str
    """Stands in the body as a hidden marker; a note whose fingerprint is there already is not
    posted again."""


@dataclass(slots=True)
class Client:
    """A session with one API origin; counts its calls."""

    api_url: str = DEFAULT_API
    token: str = field(default="", repr=False)
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)
    calls: int = 0
    writes: int = 0

    def __post_init__(self) -> None:
        self.api_url = checked_api_url(self.api_url)
        if not self.token or not re.fullmatch(r"[\x21-\x7e]+", self.token):
            raise UsageError(
                "no usable GitHub token",
                hint="set GITHUB_TOKEN, or name a file with --token-file",
            )

    def get(self, path: str) -> Any:
        """Return the JSON of one page."""
        return self._request("GET", self.api_url + path, None)[0]

    def pages(self, path: str) -> Iterator[Any]:
        """Yield the entries of all pages."""
        url: str | None = self.api_url + path
        for _ in range(_MAX_PAGES):
            if url is None:
                return
            entries, headers = self._request("GET", url, None)
            if not isinstance(entries, list):
                raise AccessError("GitHub answered with something that is no list", place=path)
            yield from entries
            url = _next_link(headers.get("link", ""))
        raise AccessError(f"more than {_MAX_PAGES} pages", place=path)

    def write(self, method: str, path: str, body: Mapping[str, Any]) -> Any:
        """Send a change; it is repeated only where GitHub said that it did not take it."""
        self.writes += 1
        return self._request(method, self.api_url + path, dict(body))[0]

    def _request(self, method: str, url: str, body: dict[str, Any] | None) -> tuple[Any, dict[str, str]]:
        self._check_origin(url)
        place = f"{method} {urlsplit(url).path}"
        for attempt in range(_ATTEMPTS):
            self.calls += 1
            status, headers, content = _send(method, url, body, self.token)
            logger.debug("%s: %d", place, status)
            if 200 <= status < 300:
                return _decoded(content, place), headers
            wait = _seconds_to_wait(status, headers, content, attempt, is_read=method == "GET")
            if wait is None or attempt == _ATTEMPTS - 1:
                raise _refusal(status, content, place)
            logger.info("%s: answered %d, trying again in %d s", place, status, wait)
            self.sleep(wait)
        raise AssertionError("unreachable")

    def _check_origin(self, url: str) -> None:
        if _origin(url) != _origin(self.api_url):
            raise AccessError(
                "GitHub named another origin than GITHUB_API_URL; the token is not sent there",
                place=_origin(self.api_url),
            )


def checked_api_url(url: str) -> str:
    """Return the base URL without a final slash.

    Raises:
        UsageError: it is not https (http is for 127.0.0.1 only), or carries a user, query or
        fragment.
    """
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise UsageError("GITHUB_API_URL is no URL") from None
    local = parts.scheme == "http" and parts.hostname == "127.0.0.1"
    plain = not (parts.username or parts.password or parts.query or parts.fragment)
    if not plain or not parts.hostname or not (parts.scheme == "https" or local):
        raise UsageError(
            "GITHUB_API_URL must be an https URL",
            hint="http is accepted for 127.0.0.1 only",
        )
    return url.rstrip("/")


def read_token(environment: Mapping[str, str], token_file: str | None) -> str:
    """Return the token of the file, else of GITHUB_TOKEN, else "".

    Raises:
        UsageError: the file cannot be read.
    """
    if token_file is None:
        return environment.get("GITHUB_TOKEN", "").strip()
    try:
        return Path(token_file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read the token file: {type(error).__name__}") from None


def checked_repository(name: str) -> str:
    """Return `owner/name`, if it is one.

    Raises:
        UsageError: it is not.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]{0,99}/[A-Za-z0-9._-]{1,100}", name) or name.endswith(("/.", "/..")):
        raise UsageError(f"`{name[:80]!a}` is no repository", hint="write --repo owner/name")
    return name


def head_sha(client: Client, pull: PullRequest) -> str:
    """Return the commit that the pull request stands at."""
    found = client.get(f"/repos/{pull.repository}/pulls/{pull.number}")
    return str(_member(found, "head", "sha") or "")


def find_pull_request(client: Client, event: Mapping[str, Any]) -> PullRequest:
    """Return the open pull request that a `workflow_run` event belongs to.

    The event's own list of pull requests is empty for forks, so the open ones of its head branch
    are asked for, and one counts only if repository and commit of its head are those of the event.

    Raises:
        InputError: the event is no workflow_run.
        AccessError: not exactly one fits.
    """
    run = event.get("workflow_run")
    repository = _member(event, "repository", "full_name")
    head_repository = _member(run, "head_repository", "full_name")
    owner = _member(run, "head_repository", "owner", "login")
    branch, sha = _member(run, "head_branch"), _member(run, "head_sha")
    values = (repository, head_repository, owner, branch, sha)
    if not all(isinstance(value, str) and value for value in values):
        raise InputError("the event is no workflow_run with a head", place="GITHUB_EVENT_PATH")
    base = checked_repository(str(repository))
    query = f"state=open&per_page=100&head={quote(f'{owner}:{branch}', safe='')}"
    fitting = [
        entry
        for entry in client.pages(f"/repos/{base}/pulls?{query}")
        if _member(entry, "head", "sha") == sha
        and _member(entry, "head", "repo", "full_name") == head_repository
        and _member(entry, "state") == "open"
        and isinstance(_member(entry, "number"), int)
    ]
    if len(fitting) != 1:
        raise AccessError(
            f"{len(fitting)} open pull requests fit the run; exactly one is needed",
            hint="nothing was written; a newer commit starts its own run",
        )
    return PullRequest(base, int(fitting[0]["number"]))


def keep_comment(
    client: Client,
    pull: PullRequest,
    marker: str,
    body: str,
    resolved: str | None,
    before_write: Callable[[], None] = lambda: None,
) -> str:
    """Bring the one comment up to date and return what was done: created, updated, unchanged, none.

    Args:
        client: The session.
        pull: Where.
        marker: The hidden first line that tells our comment, whose author must be ourselves too.
        body: The whole comment, marker first.
        resolved: The short text for a comment that is there already when nothing is left to say;
        None when there is.
        before_write: What else there is to do when the comment is about to change; an unchanged
        comment says that it was done.
    """
    mine = _own_comment(client, pull, marker)
    wanted = body if resolved is None else resolved
    if len(wanted) > MAX_COMMENT_CHARS:
        raise InputError("the comment is longer than GitHub takes")
    if mine is None:
        if resolved is not None:
            return "none"
        before_write()
        path = f"/repos/{pull.repository}/issues/{pull.number}/comments"
        client.write("POST", path, {"body": wanted})
        return "created"
    if _same_text(str(mine.get("body") or ""), wanted):
        return "unchanged"
    before_write()
    path = f"/repos/{pull.repository}/issues/comments/{int(mine['id'])}"
    client.write("PATCH", path, {"body": wanted})
    return "updated"


def lines_in_hunks(client: Client, pull: PullRequest) -> dict[str, tuple[tuple[int, int], ...]]:
    """Return, per file, the line ranges of the head that review comments can stand on."""
    ranges: dict[str, tuple[tuple[int, int], ...]] = {}
    path = f"/repos/{pull.repository}/pulls/{pull.number}/files?per_page=100"
    for entry in client.pages(path):
        name, patch = _member(entry, "filename"), _member(entry, "patch")
        if isinstance(name, str) and isinstance(patch, str):
            ranges[name] = hunk_ranges(patch)
    return ranges


def hunk_ranges(patch: str) -> tuple[tuple[int, int], ...]:
    """Return (first, last) of the new side of each hunk that has new lines."""
    found = []
    for start, length in re.findall(r"^@@ -\d+(?:,\d+)? \+(\d+)(?:,(\d+))? @@", patch, re.MULTILINE):
        count = int(length) if length else 1
        if count:
            found.append((int(start), int(start) + count - 1))
    return tuple(found)


def fits(note: LineNote, ranges: Mapping[str, tuple[tuple[int, int], ...]]) -> bool:
    """Whether all lines of a note lie inside one hunk."""
    return 0 < note.start_line <= note.line and any(
        first <= note.start_line and note.line <= last for first, last in ranges.get(note.path, ())
    )


def post_notes(client: Client, pull: PullRequest, commit: str, notes: tuple[LineNote, ...], title: str) -> int:
    """Post as one review the notes that are not there yet, and return their number.

    INVARIANT: all notes lie inside hunks (`fits`): GitHub refuses a review as a whole for one line
    that does not.
    """
    if not notes:
        return 0
    there = "\n".join(
        str(_member(entry, "body") or "")
        for entry in client.pages(f"/repos/{pull.repository}/pulls/{pull.number}/comments?per_page=100")
    )
    new = [note for note in notes if fingerprint_marker(note.fingerprint) not in there]
    if not new:
        return 0
    client.write(
        "POST",
        f"/repos/{pull.repository}/pulls/{pull.number}/reviews",
        {
            "commit_id": commit,
            "event": "COMMENT",
            "body": title,
            "comments": [_review_comment(note) for note in new],
        },
    )
    return len(new)


def fingerprint_marker(fingerprint: str) -> str:
    """Return the hidden line that tells a note of ours."""
    return f"<!-- iamgen:suggestion {re.sub(r'[^0-9a-f]', '', fingerprint)} -->"


def _review_comment(note: LineNote) -> dict[str, Any]:
    comment: dict[str, Any] = {
        "path": note.path,
        "line": note.line,
        "side": "RIGHT",
        "body": f"{fingerprint_marker(note.fingerprint)}\n{note.body}",
    }
    if note.start_line < note.line:
        comment["start_line"] = note.start_line
        comment["start_side"] = "RIGHT"
    return comment


def _own_comment(client: Client, pull: PullRequest, marker: str) -> dict[str, Any] | None:
    path = f"/repos/{pull.repository}/issues/{pull.number}/comments?per_page=100"
    marked = [
        entry
        for entry in client.pages(path)
        if isinstance(entry, dict) and str(entry.get("body") or "").startswith(marker)
    ]
    if not marked:
        return None
    me = _own_login(client)
    return next((entry for entry in marked if _member(entry, "user", "login") == me), None)


def _own_login(client: Client) -> str:
    """Return who we are; the token of a workflow may not ask, and is the Actions bot."""
    try:
        return str(_member(client.get("/user"), "login") or ACTIONS_BOT)
    except AccessError:
        return ACTIONS_BOT


def _same_text(left: str, right: str) -> bool:
    return left.replace("\r\n", "\n").rstrip() == right.replace("\r\n", "\n").rstrip()


def _send(method: str, url: str, body: dict[str, Any] | None, token: str) -> tuple[int, dict[str, str], bytes]:
    """Return status, headers (lower case) and content; an answer of any status is an answer."""
    from http.client import HTTPException
    from urllib.error import HTTPError, URLError
    from urllib.request import HTTPRedirectHandler, Request, build_opener

    class NoRedirect(HTTPRedirectHandler):
        def redirect_request(self, *_args: Any, **_named: Any) -> None:
            return None

    request = Request(  # noqa: S310  the origin was checked: https, or http on 127.0.0.1
        url,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {token}",
            "User-Agent": "iamgen",
            "X-GitHub-Api-Version": "2022-11-28",
            **({} if body is None else {"Content-Type": "application/json"}),
        },
    )
    try:
        try:
            with build_opener(NoRedirect).open(request, timeout=_TIMEOUT_SECONDS) as answer:
                status, headers = answer.status, answer.headers
                content = answer.read(_MAX_RESPONSE_BYTES + 1)
        except HTTPError as answer:
            with answer:
                status, headers = answer.code, answer.headers
                content = answer.read(_MAX_RESPONSE_BYTES + 1)
    except (URLError, HTTPException, OSError, ValueError) as error:
        # NOTE: the error's own text may hold the request's headers; only its type is told.
        reason = getattr(error, "reason", error)
        raise AccessError(
            f"GitHub could not be reached ({type(reason).__name__})",
            place=f"{method} {urlsplit(url).path}",
        ) from None
    if len(content) > _MAX_RESPONSE_BYTES:
        raise AccessError("the answer is too large", place=f"{method} {urlsplit(url).path}")
    return status, {key.lower(): value for key, value in headers.items()}, content


def _seconds_to_wait(
    status: int, headers: Mapping[str, str], content: bytes, attempt: int, *, is_read: bool
) -> int | None:
    """Return how long to wait before the next attempt, None when there is to be none."""
    limited = status in {403, 429} and (
        "retry-after" in headers
        or headers.get("x-ratelimit-remaining") == "0"
        or b"secondary rate limit" in content.lower()
    )
    if limited:
        wait = _number(headers.get("retry-after"))
        if wait is None and headers.get("x-ratelimit-remaining") == "0":
            reset = _number(headers.get("x-ratelimit-reset"))
            wait = None if reset is None else max(reset - int(time.time()), 1)
        wait = 2**attempt * 5 if wait is None else wait
        return wait if wait <= _LONGEST_WAIT_SECONDS else None
    if status in {429, 500, 502, 503, 504} and is_read:
        return int(2**attempt)
    return None


def _refusal(status: int, content: bytes, place: str) -> AccessError:
    message = _message(content)
    hints = {
        401: "the token is not valid",
        403: (
            "the token may not do this: a fork needs the two jobs of docs/how-to/forks.md, "
            "any other pull request `permissions: pull-requests: write`"
        ),
        404: "the repository or pull request is not there, or the token may not see it",
        422: "GitHub does not take the content",
        429: "too many requests; run again later",
    }
    if 300 <= status < 400:
        return AccessError("GitHub answered with a redirect, which is not followed", place=place)
    return AccessError(
        f"GitHub answered {status}{f' `{message}`' if message else ''}",
        place=place,
        hint=hints.get(status, ""),
    )


def _message(content: bytes) -> str:
    try:
        found = _member(json.loads(content), "message")
    except ValueError:
        return ""
    return re.sub(r"[^\x20-\x7e]", "?", str(found or ""))[:200]


def _decoded(content: bytes, place: str) -> Any:
    if not content.strip():
        return None
    try:
        return json.loads(content)
    except ValueError:
        raise AccessError("GitHub answered with something that is no JSON", place=place) from None


def _next_link(header: str) -> str | None:
    for url, relation in re.findall(r"<([^<>]*)>\s*;\s*rel=\"?([a-z]+)\"?", header):
        if relation == "next":
            return str(url)
    return None


def _origin(url: str) -> str:
    try:
        parts = urlsplit(url)
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    except ValueError:
        return "?"
    user = "?" if parts.username is not None else ""
    return f"{parts.scheme}://{user}{(parts.hostname or '').lower()}:{port}"


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and re.fullmatch(r"\d{1,12}", text.strip()) else None


def _member(value: Any, *route: str) -> Any:
    for key in route:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value
