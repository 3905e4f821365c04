"""The HTML report in a browser: it asks for nothing, complains of nothing, and its table sorts and filters."""

import shutil
from pathlib import Path

import pytest

from iamgen.model.drift import AgeBucket, Broken, DriftReport, RoleDrift, ServiceUse, Snapshot, TrendPoint
from iamgen.model.result import Status
from iamgen.outputs.html import render

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
HOSTILE = "<img src=x onerror=alert(1)>\u202e"


def report(count: int) -> DriftReport:
    roles = tuple(
        RoleDrift(
            key=f"arn:aws:iam::123456789012:role/role-{n:04d}", name=HOSTILE if n == 7 else f"role-{n:04d}",
            functions=(f"function-{n}",), status=Status.COMPLETE, granted=n * 3 % 400, used=n % 20, suggested=n % 21,
            unused=n * 3 % 380, unknown=n % 11, wildcards=n % 4, score=float(n * 7 % 100), terms=(),
            ages=(AgeBucket(name="never", actions=n % 300), AgeBucket(name="30", actions=n % 20)),
            services=(ServiceUse(service="s3", granted=9, used=1, unused=n % 9, unknown=n % 2),),
            broken=(Broken(function="f", action="s3:GetObject", resource="*", count=3),) if n % 250 == 0 else (),
        )
        for n in range(count)
    )  # fmt: skip
    snapshot = Snapshot(as_of="2026-11-05", roles=roles, sources=("test",), maps_version="1")
    points = tuple(
        TrendPoint(
            as_of=f"2026-{n // 4 + 5:02d}-{n % 4 * 7 + 1:02d}", score=40.0 + n, roles=count, granted=1, used=1,
            unused=100 - n, unknown=1, wildcards=1, escalations=0, broken=1,
        )
        for n in range(26)
    )  # fmt: skip
    return DriftReport(snapshot=snapshot, previous=None, changes=(), trend=points)


def test_a_thousand_roles_fit_in_one_file_that_asks_for_nothing() -> None:
    text = render(report(1000))
    assert len(text) < 2_000_000
    assert "http://" not in text.replace("http://www.w3.org", "")
    assert "https://" not in text
    assert "<img" not in text
    assert render(report(1000)) == text


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [420, 900, 1400])
def test_the_page_works_in_a_browser(tmp_path: Path, width: int, scheme: str) -> None:
    sync = pytest.importorskip("playwright.sync_api")
    page_file = tmp_path / "drift.html"
    page_file.write_text(render(report(1000)), encoding="utf-8")
    with sync.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        said: list[str] = []
        asked: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(page_file.as_uri())
        rows = page.locator("#roles tbody tr:visible")
        assert rows.count() == 1000
        page.fill("[data-filter-for=roles] input", "role-0042")
        assert rows.count() == 1
        page.fill("[data-filter-for=roles] input", "")
        page.select_option("[data-filter-for=roles] select", "broken")
        assert rows.count() == 4
        page.select_option("[data-filter-for=roles] select", "")
        page.get_by_role("button", name="Granted").click()
        first = [int(cell) for cell in page.locator("#roles tbody tr td:nth-child(3)").all_inner_texts()[:50]]
        assert first == sorted(first)
        page.get_by_role("button", name="Granted").press("Enter")
        last = [int(cell) for cell in page.locator("#roles tbody tr td:nth-child(3)").all_inner_texts()[:50]]
        assert last == sorted(last, reverse=True)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth + 1"), "no sideways scroll"
        assert said == []
        assert [url for url in asked if not url.startswith("file:")] == []
        browser.close()
