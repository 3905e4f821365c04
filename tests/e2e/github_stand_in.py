"""A small GitHub on 127.0.0.1: one repository with real commits, stateful comments and reviews.

It keeps the rules that matter to a client: pages with Link headers, bodies of at most 65,536
characters, review comments only on lines inside hunks (the whole review is refused for one bad
line), tokens of forks that may not write, `/user` closed to Actions tokens, primary and secondary
limits. Faults are queued by a test.
"""

import json
import re
import subprocess
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

PERSON_TOKEN, ACTIONS_TOKEN, FORK_TOKEN = "t-person", "t-actions", "t-fork"
LOGINS = {
    PERSON_TOKEN: "octo-dev",
    ACTIONS_TOKEN: "github-actions[bot]",
    FORK_TOKEN: "github-actions[bot]",
}


@dataclass
class Fault:
    """The answer to the next request that fits."""

    method: str
    path: str
    status: int
    headers: dict = field(default_factory=dict)
    body: dict = field(default_factory=dict)


@dataclass
class StandIn:
    """The server's state; `requests` holds (method, path, token) of each call."""

    folder: Path
    base: str
    head: str
    repository: str = "acme/shop"
    head_repository: str = "acme/shop"
    number: int = 12
    comments: list = field(default_factory=list)
    review_comments: list = field(default_factory=list)
    reviews: list = field(default_factory=list)
    pulls: list = field(default_factory=list)
    faults: list = field(default_factory=list)
    requests: list = field(default_factory=list)
    exchanges: list = field(default_factory=list)
    server: ThreadingHTTPServer | None = None

    def __enter__(self):
        state = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *args):
                pass

            def _answer(self):
                length = int(self.headers.get("content-length") or 0)
                body = json.loads(self.rfile.read(length)) if length else None
                token = (self.headers.get("authorization") or "").removeprefix("Bearer ")
                status, headers, value = state.answer(self.command, self.path, token, body)
                state.exchanges.append((self.command, self.path, body, status, value))
                content = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json; charset=utf-8")
                self.send_header("content-length", str(len(content)))
                for key, text in headers.items():
                    self.send_header(key, text)
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PATCH = _answer  # noqa: N815  names of the standard library

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        self.pulls.append(self.pull(self.number))
        return self

    def __exit__(self, *exc):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    @property
    def writes(self):
        return [entry for entry in self.requests if entry[0] != "GET"]

    def git(self, *arguments):
        done = subprocess.run(["git", *arguments], cwd=self.folder, check=True, capture_output=True, text=True)
        return done.stdout

    def sha(self, revision):
        return self.git("rev-parse", revision).strip()

    def pull(self, number, *, branch="feature", sha=None, repository=None, state="open"):
        repository = repository or self.head_repository
        return {
            "number": number,
            "state": state,
            "head": {
                "ref": branch,
                "sha": sha or self.sha(self.head),
                "label": f"{repository.split('/')[0]}:{branch}",
                "repo": {"full_name": repository},
            },
            "base": {
                "ref": "main",
                "sha": self.sha(self.base),
                "repo": {"full_name": self.repository},
            },
        }

    def files(self):
        names = self.git("diff", "--name-only", f"{self.base}...{self.head}").splitlines()
        found = []
        for name in names:
            text = self.git("diff", "--unified=3", f"{self.base}...{self.head}", "--", name)
            at = text.find("@@")
            patch = text[at:].rstrip("\n") if at >= 0 else None
            found.append({"filename": name, "status": "modified", "sha": "0" * 40, "patch": patch})
        return found

    def hunk_lines(self, name):
        """Lines of the head inside hunks, worked out on their own from the diff."""
        lines, number = set(), 0
        for entry in self.files():
            if entry["filename"] != name or not entry["patch"]:
                continue
            for line in entry["patch"].splitlines():
                start = re.match(r"@@ -\S+ \+(\d+)", line)
                if start:
                    number = int(start[1])
                elif line.startswith(("+", " ")) or line == "":
                    lines.add(number)
                    number += 1
        return lines

    def answer(self, method, target, token, body):
        self.requests.append((method, target, token))
        path = urlsplit(target).path
        query = {key: values[0] for key, values in parse_qs(urlsplit(target).query).items()}
        for fault in self.faults:
            if fault.method == method and re.fullmatch(fault.path, path):
                self.faults.remove(fault)
                return fault.status, fault.headers, fault.body
        if token not in LOGINS:
            return 401, {}, {"message": "Bad credentials"}
        if method != "GET" and token == FORK_TOKEN:
            return 403, {}, {"message": "Resource not accessible by integration"}
        return self._route(method, path, query, token, body)

    def _route(self, method, path, query, token, body):
        root = f"/repos/{self.repository}"
        known = [str(pull["number"]) for pull in self.pulls]
        numbered = "|".join(known)
        if (method, path) == ("GET", "/user"):
            if token != PERSON_TOKEN:
                return 403, {}, {"message": "Resource not accessible by integration"}
            return 200, {}, {"login": LOGINS[token]}
        if method == "GET" and path == f"{root}/pulls":
            fitting = [
                pull
                for pull in self.pulls
                if pull["state"] == query.get("state", "open") and query.get("head") in {None, pull["head"]["label"]}
            ]
            return self._page(fitting, path, query)
        if method == "GET" and re.fullmatch(rf"{root}/pulls/({numbered})", path):
            number = int(path.rsplit("/", 1)[1])
            return 200, {}, next(pull for pull in self.pulls if pull["number"] == number)
        if method == "GET" and re.fullmatch(rf"{root}/pulls/({numbered})/files", path):
            return self._page(self.files(), path, query)
        if method == "GET" and re.fullmatch(rf"{root}/pulls/({numbered})/comments", path):
            return self._page(self.review_comments, path, query)
        if method == "POST" and re.fullmatch(rf"{root}/pulls/({numbered})/reviews", path):
            return self._review(token, body)
        if re.fullmatch(rf"{root}/issues/({numbered})/comments", path):
            number = int(path.split("/")[-2])
            if method == "GET":
                there = [entry for entry in self.comments if entry["issue"] == number]
                return self._page(there, path, query)
            return self._comment(token, body, number)
        if method == "PATCH" and re.fullmatch(rf"{root}/issues/comments/\d+", path):
            return self._edit(int(path.rsplit("/", 1)[1]), token, body)
        return 404, {}, {"message": "Not Found"}

    def _page(self, entries, path, query):
        size, page = min(int(query.get("per_page", 30)), 100), int(query.get("page", 1))
        size = min(size, self.page_size)
        shown = entries[(page - 1) * size : page * size]
        headers = {}
        if page * size < len(entries):
            rest = "&".join(f"{key}={value}" for key, value in query.items() if key != "page")
            last = -(-len(entries) // size)
            headers["Link"] = (
                f'<{self.url}{path}?{rest}&page={page + 1}>; rel="next", '
                f'<{self.url}{path}?{rest}&page={last}>; rel="last"'
            )
        return 200, headers, shown

    page_size = 30
    """Smaller pages than asked for, so that paging is met in small tests."""

    def _comment(self, token, body, number):
        refused = self._bad_body(body)
        if refused:
            return refused
        entry = {
            "id": 1000 + len(self.comments),
            "issue": number,
            "user": {"login": LOGINS[token]},
            "body": body["body"],
        }
        self.comments.append(entry)
        return 201, {}, entry

    def _edit(self, number, token, body):
        for entry in self.comments:
            if entry["id"] == number:
                if entry["user"]["login"] != LOGINS[token]:
                    return 403, {}, {"message": "Must have admin rights to Repository."}
                refused = self._bad_body(body)
                if refused:
                    return refused
                entry["body"] = body["body"]
                return 200, {}, entry
        return 404, {}, {"message": "Not Found"}

    def _bad_body(self, body):
        if not isinstance(body, dict) or set(body) != {"body"} or not body["body"]:
            return 422, {}, {"message": "Invalid request."}
        if len(body["body"]) > 65_536:
            return 422, {}, {"message": "body is too long (maximum is 65536 characters)"}
        return None

    def _review(self, token, body):
        allowed = {"path", "line", "side", "start_line", "start_side", "body"}
        if body.get("event") != "COMMENT" or body.get("commit_id") != self.sha(self.head):
            return 422, {}, {"message": "Unprocessable Entity"}
        for comment in body["comments"]:
            lines = self.hunk_lines(comment["path"])
            first = comment.get("start_line", comment["line"])
            wrong = not set(comment) <= allowed or comment.get("side") != "RIGHT"
            wrong = wrong or ("start_line" in comment and first >= comment["line"])
            if wrong or not set(range(first, comment["line"] + 1)) <= lines:
                return (
                    422,
                    {},
                    {"message": "Pull request review thread line must be part of the diff"},
                )
        for comment in body["comments"]:
            entry = {**comment, "id": len(self.review_comments), "user": {"login": LOGINS[token]}}
            self.review_comments.append(entry)
        self.reviews.append(body)
        return 200, {}, {"id": len(self.reviews)}
