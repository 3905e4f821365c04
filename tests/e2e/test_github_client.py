"""The GitHub client against the stand-in: one comment, no idle write, the token at one origin."""

import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from github_stand_in import ACTIONS_TOKEN, FORK_TOKEN, PERSON_TOKEN, Fault, StandIn

from iamgen import github
from iamgen.errors import AccessError, InputError, UsageError

MARKER = "<!-- iamgen:report v=1 key=default -->"
PULL = github.PullRequest("acme/shop", 12)
pytestmark = pytest.mark.e2e


def run_git(folder, *arguments):
    subprocess.run(
        ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", *arguments],
        cwd=folder,
        check=True,
        capture_output=True,
    )


@pytest.fixture
def server(tmp_path):
    run_git(tmp_path, "init", "-q", "-b", "main")
    lines = [f"line {number}" for number in range(1, 61)]
    (tmp_path / "template.yaml").write_text("\n".join(lines) + "\n")
    run_git(tmp_path, "add", ".")
    run_git(tmp_path, "commit", "-q", "-m", "base")
    run_git(tmp_path, "checkout", "-q", "-b", "feature")
    lines[9] = "changed 10"
    lines[39:39] = ["new 40", "new 41"]
    (tmp_path / "template.yaml").write_text("\n".join(lines) + "\n")
    run_git(tmp_path, "commit", "-q", "-a", "-m", "head")
    with StandIn(folder=tmp_path, base="main", head="feature") as stand_in:
        yield stand_in


def client(server, token=ACTIONS_TOKEN, waits=None):
    waits = waits if waits is not None else []
    return github.Client(server.url, token, sleep=waits.append)


def keep(session, text="hello", resolved=None):
    return github.keep_comment(session, PULL, MARKER, f"{MARKER}\n{text}", resolved)


@pytest.mark.parametrize("token", [ACTIONS_TOKEN, PERSON_TOKEN])
def test_one_comment_is_created_then_updated_then_left_alone(server, token):
    assert keep(client(server, token)) == "created"
    assert keep(client(server, token), "other") == "updated"
    before = len(server.writes)
    session = client(server, token)
    assert keep(session, "other") == "unchanged"
    assert len(server.writes) == before
    assert session.calls <= 3
    assert [entry["body"] for entry in server.comments] == [f"{MARKER}\nother"]


def test_a_marker_of_somebody_else_or_in_the_middle_is_not_ours(server):
    server.comments.append({"id": 1, "issue": 12, "user": {"login": "mallory"}, "body": f"{MARKER}\nfake"})
    server.comments.append({"id": 2, "issue": 12, "user": {"login": "github-actions[bot]"}, "body": f"> {MARKER}"})
    assert keep(client(server)) == "created"
    assert [entry["body"] for entry in server.comments][:2] == [f"{MARKER}\nfake", f"> {MARKER}"]


def test_the_comment_is_found_on_a_later_page(server):
    for number in range(95):
        server.comments.append({"id": number, "issue": 12, "user": {"login": "x"}, "body": f"talk {number}"})
    assert keep(client(server)) == "created"
    assert keep(client(server), "again") == "updated"
    assert len(server.comments) == 96


def test_a_clean_change_writes_only_where_a_comment_is_there(server):
    assert keep(client(server), resolved=f"{MARKER}\nclean") == "none"
    assert server.writes == []
    keep(client(server))
    assert keep(client(server), resolved=f"{MARKER}\nclean") == "updated"
    assert keep(client(server), resolved=f"{MARKER}\nclean") == "unchanged"


def test_a_fork_token_is_refused_with_the_way_out(server):
    with pytest.raises(AccessError, match="403") as caught:
        keep(client(server, FORK_TOKEN))
    assert "forks.md" in caught.value.hint
    assert FORK_TOKEN not in str(caught.value)


def test_a_secondary_limit_is_waited_for_and_a_write_is_not_doubled(server):
    waits = []
    server.faults.append(
        Fault(
            "POST",
            r".*/comments",
            403,
            {"Retry-After": "7"},
            {"message": "You have exceeded a secondary rate limit"},
        )
    )
    assert keep(client(server, waits=waits)) == "created"
    assert waits == [7]
    assert len(server.comments) == 1


def test_a_read_is_tried_again_and_a_write_that_may_have_happened_is_not(server):
    waits = []
    server.faults.append(Fault("GET", r".*/comments", 502))
    assert keep(client(server, waits=waits)) == "created"
    assert waits == [1]
    server.faults.append(Fault("PATCH", r".*/comments/\d+", 502))
    with pytest.raises(AccessError, match="502"):
        keep(client(server), "other")


def test_a_long_limit_ends_with_words(server):
    server.faults.append(Fault("GET", r".*", 403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "99999999999"}))
    with pytest.raises(AccessError, match="403"):
        keep(client(server))


def test_a_redirect_is_an_error_and_the_token_stays(server):
    seen = []

    class Other(BaseHTTPRequestHandler):
        def do_GET(self):
            seen.append(self.headers.get("authorization"))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args):
            pass

    other = HTTPServer(("127.0.0.1", 0), Other)
    thread = threading.Thread(target=other.serve_forever, daemon=True)
    thread.start()
    elsewhere = f"http://127.0.0.1:{other.server_address[1]}/x"
    try:
        server.faults.append(Fault("GET", r".*", 302, {"Location": elsewhere}))
        with pytest.raises(AccessError, match="redirect"):
            keep(client(server))
        fault = Fault("GET", r".*", 200, {"Link": f'<{elsewhere}>; rel="next"'}, [])
        server.faults.append(fault)
        with pytest.raises(AccessError, match="another origin"):
            keep(client(server))
    finally:
        other.shutdown()
        other.server_close()
        thread.join()
    assert seen == []


def test_notes_stand_inside_hunks_only_and_are_posted_once(server):
    ranges = github.lines_in_hunks(client(server), PULL)
    inside = {line for first, last in ranges["template.yaml"] for line in range(first, last + 1)}
    assert inside == server.hunk_lines("template.yaml")
    notes = tuple(
        github.LineNote(
            path="template.yaml",
            start_line=start,
            line=end,
            body="x",
            fingerprint=f"{start:x}{end:x}",
        )
        for start, end in ((10, 10), (38, 42), (10, 41), (25, 26), (0, 9), (12, 11))
    )
    fitting = tuple(note for note in notes if github.fits(note, ranges))
    assert [(note.start_line, note.line) for note in fitting] == [(10, 10), (38, 42)]
    sha = server.sha("feature")
    assert github.post_notes(client(server), PULL, sha, fitting, "title") == 2
    assert github.post_notes(client(server), PULL, sha, fitting, "title") == 0
    assert len(server.reviews) == 1
    assert len(server.review_comments) == 2


def test_one_line_outside_refuses_the_whole_review(server):
    outside = github.LineNote(path="template.yaml", start_line=25, line=25, body="x", fingerprint="ab")
    with pytest.raises(AccessError, match="422"):
        github.post_notes(client(server), PULL, server.sha("feature"), (outside,), "title")
    assert server.review_comments == []


def event(server, **changes):
    run = {
        "head_branch": "feature",
        "head_sha": server.sha("feature"),
        "head_repository": {"full_name": "eve/shop", "owner": {"login": "eve"}},
        "pull_requests": [],
        **changes,
    }
    return {"repository": {"full_name": "acme/shop"}, "workflow_run": run}


def test_the_pull_request_of_a_fork_is_found_by_repository_and_commit(server):
    server.pulls.append(server.pull(13, repository="eve/shop"))
    server.pulls.append(server.pull(14, repository="eve/shop", sha="f" * 40))
    found = github.find_pull_request(client(server), event(server))
    assert found == github.PullRequest("acme/shop", 13)


@pytest.mark.parametrize(
    ("pulls", "count"),
    [((), 0), ((13, 14), 2)],
)
def test_none_or_two_fitting_pull_requests_stop_the_run(server, pulls, count):
    for number in pulls:
        server.pulls.append(server.pull(number, repository="eve/shop"))
    with pytest.raises(AccessError, match=f"^{count} open"):
        github.find_pull_request(client(server), event(server))
    assert server.writes == []


def test_an_event_without_a_head_is_refused(server):
    with pytest.raises(InputError):
        github.find_pull_request(client(server), {"workflow_run": {}})


@pytest.mark.parametrize(
    "url",
    [
        "http://api.github.com",
        "http://localhost:1",
        "http://127.0.0.1.evil.example",
        "https://user:pw@api.github.com",
        "https://api.github.com?x=1",
        "file:///etc/passwd",
        "https://",
        "https://a:99999999",
    ],
)
def test_only_https_or_this_machine_is_an_api(url):
    with pytest.raises(UsageError):
        github.checked_api_url(url)


@pytest.mark.parametrize("name", ["a", "a/b/c", "a/..", "a b/c", "../x/y", "a/b?c", "", "-a/b"])
def test_a_repository_is_owner_and_name(name):
    with pytest.raises(UsageError):
        github.checked_repository(name)


@pytest.mark.parametrize("token", ["", "two\nlines", "späce", "a b"])
def test_a_token_that_could_break_a_header_is_refused(token):
    with pytest.raises(UsageError) as caught:
        github.Client("https://api.github.com", token)
    assert token == "" or token not in str(caught.value)


def test_the_token_stands_in_no_repr_and_no_error():
    session = github.Client("http://127.0.0.1:9", "secret-token")
    assert "secret-token" not in repr(session)
    with pytest.raises(AccessError) as caught:
        session.get("/user")
    assert "secret-token" not in str(caught.value)
