"""The page of findings says what the catalogue says; workflows in the pages are pinned and ask for little."""

import re
from pathlib import Path

import pytest
import yaml

from iamgen.outputs._catalogue import ENGLISH

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("pull-request.md", "forks.md", "pre-commit.md", "schedule.md")


def test_each_rule_and_reason_is_on_the_page_in_the_words_of_the_catalogue():
    page = (DOCS / "reference" / "findings.md").read_text()
    for rule in ENGLISH.rules:
        assert f"| [`{rule.id}`](#{rule.id}) | {rule.level.value} | {rule.short} |" in page
        assert f"## {rule.id}\n\n{rule.help}\n\n**What to do:** {rule.remedy}\n" in page
    for key, words in ENGLISH.why:
        assert f"| `{key}` | {words} |" in page


@pytest.mark.parametrize("name", PAGES)
def test_yaml_in_the_pages_parses_and_actions_are_pinned(name):
    text = (DOCS / "how-to" / name).read_text()
    blocks = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert blocks
    for block in blocks:
        found = yaml.safe_load(block)
        if isinstance(found, dict) and "jobs" in found:
            assert found["permissions"] == {}
        for use in re.findall(r"uses: (\S+)", block):
            assert re.fullmatch(r"[\w./-]+@([0-9a-f]{40}|COMMIT)", use), use


@pytest.mark.parametrize("name", PAGES)
def test_links_between_pages_lead_somewhere(name):
    page = DOCS / "how-to" / name
    for link in re.findall(r"\]\(((?!http)[^)#]+)", page.read_text()):
        assert (page.parent / link).exists(), link
