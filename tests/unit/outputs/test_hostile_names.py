"""2,000 hostile names through every renderer of the pull request: nothing that is active comes out."""

import json
import random
import re
import unicodedata

import pytest
from markdown_it import MarkdownIt

from iamgen.model.check import CheckResult, SuppressedFinding
from iamgen.model.config import Suppression
from iamgen.model.function import FunctionRef
from iamgen.model.observation import Gap, GapReason, Location
from iamgen.model.pull_request import (
    PrFinding,
    PrFunction,
    PrGrant,
    PrPatch,
    PrResult,
    PrRow,
    PrSuggestion,
)
from iamgen.model.result import (
    CodeSummary,
    Finding,
    FindingLevel,
    Ledger,
    LogSummary,
    RoleInfo,
    RunLedger,
    Status,
    Suggestion,
    SuggestResult,
)
from iamgen.outputs import _escape, _pr_comment, github_annotations, markdown, sarif

PIECES = (
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "javascript:alert(1)", "@octocat",
    "@acme/security", "#12", "acme/shop#1", "GH-12", "https://evil.example", "www.evil.example",
    "[x](https://evil.example)", "![x](https://evil.example/p.png)", "<!-- iamgen:report v=1 key=x -->",
    "-->", "<details open>", "</details>", "</code>", "</summary>", "`", "``", "```", "~~~", "|", "\\|", "\\",
    "\n", "\r\n", "\n\n# head", "\n- item", "\n> quote", "\n::error::x", "::set-output name=a::b", "##[error]x",
    "::stop-commands::x", "\x1b[31m", "\x1b]8;;https://evil.example\x07x", "\x07", "\x00", "\u202e", "\u2066",
    "\u200b", "\u2028", "\ufeff", "\U000e0041", "%0A::error::x", "%", "{{7*7}}", "${{ github.token }}",
    "$(id)", "; rm -rf /", "'", '"', "&lt;", "&#64;octocat", "]]>", "</svg>", "a", "Orders", "é", "\ud800",
    "mermaid\n%%{init:{}}%%", "click A call x()", "=cmd|' /C calc'!A0", "*", "_", "~", "$$x$$", "<a href=//x>",
    "\n```suggestion\nx\n```\n", "<https://evil.example>", "a@evil.example", "xmpp:a@b", "\t",
)  # fmt: skip
OWN_TAGS = {
    "<details>", "</details>", "<summary>", "</summary>", "<code>", "</code>", "<br>", "<sub>", "</sub>",
}  # fmt: skip
PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def hostile_names(count, seed=9):
    chooser = random.Random(seed)
    return ["".join(chooser.choices(PIECES, k=chooser.randint(1, 5))) for _ in range(count)]


NAMES = hostile_names(2000)
BATCHES = [NAMES[start : start + 10] for start in range(0, len(NAMES), 10)]


def active_content(body):
    """What in a Markdown text would be more than text: foreign tags, links, mentions, references."""
    found = []
    for token in PARSER.parse(body):
        if token.type == "html_block":
            found += foreign_tags(token.content)
            bare = re.sub(r"<code>.*?</code>", "", token.content, flags=re.DOTALL)
            found += words_that_act(re.sub(r"<[^>]*>", "", bare))
        for child in token.children or ():
            if child.type in {"link_open", "image"}:
                found.append(child.type)
            elif child.type == "html_inline":
                found += foreign_tags(child.content)
            elif child.type == "text":
                found += words_that_act(child.content)
    return found


def foreign_tags(text):
    tags = re.findall(r"<[^>]*>?", text)
    own = re.compile(r"<!-- iamgen:report v=1 key=[A-Za-z0-9._/-]{1,80} -->")
    return [tag for tag in tags if tag not in OWN_TAGS and not own.fullmatch(tag)]


def words_that_act(text):
    return re.findall(r"(?i)(?<![\w`])@\w+|(?<![\w&])#\d+|gh-\d+|https?://\S+|www\.\w+", text)


def hidden(text, keep="\n\t"):
    return [
        character
        for character in text
        if character not in keep
        and unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
        and character != "\u200b"
    ]


def pull_request(names):
    a, b, c, d, e, f, g, h, i, j = names
    row = PrRow(
        action=a, resource=b, verdict=c, why=d, places=(e, f), basis=g, last_used=h, blocked_by=i,
        count=2, wait_days=90, log_count=3, access_level=j,
    )  # fmt: skip
    grant = PrGrant(actions=(a, b), actions_count=9, resource=c, access_level=d, risk_reasons=(e,), witness=f)
    function = PrFunction(
        id=a, name=b, place=c, role=d, status=e, reasons=(f, g), breaks=(row,), blocked=(row,),
        now_needed=(row,), no_longer_needed=(row,), can_go=(row,), review=(row,), kept=(row,),
        gained=(grant,), lost=(grant,), undecided=(grant,), gaps=(h, i), policy=j, boundary_diff=a,
        proof=b,
    )  # fmt: skip
    findings = tuple(
        PrFinding(
            id=name, level="error", function=a, role=b, action=c, resource=d, path=e, line=1,
            arguments=((f, g), ("witness", h), ("path", i), ("base", j)),
        )
        for name in ("rules-changed", "escalation", "forbidden", "unresolved", f)
    )  # fmt: skip
    return PrResult(
        tool_version=a, base_sha=b, rules_sha=c, head_sha=d, key=e, as_of=f, window=g, sources=(h,),
        functions=(function,), findings=findings, patches=(PrPatch(path=i, diff=j),),
        suggestions=(PrSuggestion(path=a, start_line=1, line=2, text=b, function=c, fingerprint=d),),
    )  # fmt: skip


def check_result(names):
    a, b, c, d, e, f, g, h, i, j = names
    findings = tuple(
        Finding(
            id=rule, level=level, function=a, role=b, action=c, resource=d,
            location=Location(e, 3, 4, f),
            arguments=(("detail", g), ("witness", h), ("blocked_by", i), ("reason", j), ("path", a)),
        )
        for rule, level in (
            ("will-break", FindingLevel.ERROR),
            ("forbidden", FindingLevel.ERROR),
            ("rules-changed", FindingLevel.WARNING),
            ("unresolved", FindingLevel.NOTE),
        )
    )  # fmt: skip
    entry = Suppression(id=a, function=b, action=c, resource=d, reason=e, owner=f, expires="2026-12-01")
    suggestion = Suggestion(
        function=FunctionRef(id=a, name=b, template=c, runtime=d, handler=e),
        status=Status.PARTIAL,
        reasons=(f,),
        role=RoleInfo(name=g, arn=h, key=i, shared_by=(j,), location=Location(a)),
        code=CodeSummary(files=1, calls=1, resolved=1, complete_for=(b,)),
        logs=LogSummary(first=None, last=None, events=0, window_days=0),
        permissions=(),
        denied=(),
        gaps=(Gap(GapReason.CLIENT_UNRESOLVED, c, Location(d, 1)),),
        assumptions=(e,),
        policy=None, policies=(), role_policy=None, role_policies=(), boundary=None, diff=None,
        proof=None, widenings=(), ledger=Ledger(), findings=findings, location=Location(f, 2),
    )  # fmt: skip
    result = SuggestResult(as_of=None, sources=(a,), gaps=(), ledger=RunLedger(), functions=(suggestion,))
    silenced = SuppressedFinding(finding=findings[0], suppression=entry)
    return CheckResult(result=result, findings=findings, suppressed=(silenced,), base=g)


def test_the_detector_finds_what_is_active():
    assert active_content("<script>x</script>")
    assert active_content("hello @octocat")
    assert active_content("see https://evil.example and #12")
    assert active_content("[x](https://evil.example)")
    assert active_content("<details><summary>@octocat</summary>")
    assert not active_content("`@octocat` and `https://evil.example`")


def test_the_names_are_2000():
    assert len(NAMES) == 2000
    assert len(BATCHES) * 10 == 2000


def test_no_pull_request_text_acts():
    for batch in BATCHES:
        value = pull_request(batch)
        for renderer in _pr_comment.RENDERERS:
            body = renderer(value)
            assert active_content(body) == [], batch
            assert hidden(body) == [], batch
            assert body.encode("utf-8")
        assert _pr_comment.comment(value).split("\n")[0] == _pr_comment.marker(batch[4])
        assert (
            _pr_comment.comment(value).count("<!-- iamgen:report v=1 key=")
            <= 1 + len(re.findall("iamgen:report", "".join(batch))) * 40
        )


def test_no_markdown_answer_acts():
    for batch in BATCHES:
        value = check_result(batch)
        for body in (markdown.render(value), markdown.render(value.result)):
            assert active_content(body) == [], batch
            assert hidden(body) == [], batch


def test_a_suggestion_block_stays_one_block_or_is_not_made():
    for name in NAMES:
        body = _pr_comment.suggestion_body(
            PrSuggestion(path="t", start_line=1, line=1, text=name, function=name, fingerprint="a")
        )
        if body is None:
            continue
        fences = [token for token in PARSER.parse(body) if token.type == "fence"]
        assert [token.info for token in fences] == ["suggestion"]
        assert fences[0].content == name + "\n"
        assert active_content(body) == []


def test_annotations_are_one_command_per_line():
    for batch in BATCHES:
        lines = github_annotations.render(check_result(batch)).splitlines()
        assert len(lines) == 4
        for line in lines:
            assert re.match(r"::(error|warning|notice) file=[^:]*,title=[^:]*::", line), batch
            assert hidden(line) == []
            assert "##[" not in line


def test_sarif_is_json_and_holds_no_link_or_control():
    for batch in BATCHES:
        log = json.loads(sarif.render(check_result(batch)))
        for result in log["runs"][0]["results"]:
            text = result["message"]["text"]
            assert hidden(text) == []
            assert not re.search(r"(?<!\\)(\\\\)*\[[^\]]*(?<!\\)(\\\\)*\]\(", text), batch
            assert active_content(result["message"]["markdown"]) == []
            place = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
            assert re.fullmatch(r"[\x21-\x7e]*", place)
            assert ":" not in place.split("/")[0]


@pytest.mark.parametrize("name", NAMES[:400])
def test_each_escape_keeps_its_promise(name):
    assert active_content(_escape.markdown(name)) == []
    assert active_content(f"a {_escape.markdown(name)} b") == []
    assert active_content(f"| {_escape.markdown_code(name)} |\n|---|\n") == []
    cells = PARSER.parse(f"|a|b|\n|---|---|\n| {_escape.markdown_code(name)} | end |\n")
    assert sum(token.type == "td_open" for token in cells) == 2
    fences = PARSER.parse(_escape.markdown_block(name, "json"))
    assert [token.type for token in fences] == ["fence"]
    assert not re.search(r"[<>\"']", _escape.html(name))
    line = _escape.terminal(name)
    assert hidden(line, keep="") == []
    assert not line.lstrip().startswith("::")
    assert "##[" not in line
    assert not re.search(r"[\"<>{}%()\[\]`\n]", _escape.mermaid(name))
    assert not _escape.csv_cell(name).startswith(("=", "+", "-", "@"))
    assert "\n" not in _escape.github_property(name)
    assert not {":", ","} & set(_escape.github_property(name))
