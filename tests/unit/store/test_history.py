"""The history: append-only, read back whole, and a clear error for what is damaged or newer."""

from dataclasses import replace
from pathlib import Path

import pytest

from iamgen.access.maps import open_maps
from iamgen.compare.drift import is_worse, score
from iamgen.decision.advisories import advise, looks_secret
from iamgen.errors import InputError
from iamgen.model.drift import Review, Snapshot
from iamgen.model.function import Deployment, LambdaFunction
from iamgen.model.observation import Location
from iamgen.model.value import UNKNOWN, TemplateRef, Text
from iamgen.store.history import FolderPlace, add_review, add_snapshot, prune, read_history, read_reviews

ONE = Snapshot(as_of="2026-11-05", roles=(), sources=("a",), maps_version="1")


def test_the_same_answer_is_written_once_and_another_gets_a_number(tmp_path: Path) -> None:
    place = FolderPlace(tmp_path)
    other = [replace(ONE, sources=(str(n),)) for n in range(11)]
    assert add_snapshot(place, ONE) == "2026-11-05.json"
    before = place.read("2026-11-05.json")
    assert add_snapshot(place, ONE) is None
    assert [add_snapshot(place, one) for one in other] == [f"2026-11-05-{n}.json" for n in range(1, 12)]
    assert place.read("2026-11-05.json") == before
    assert read_history(place) == (ONE, *other)


@pytest.mark.parametrize(
    ("data", "says"), [(b"{", "damaged"), (b"[]", "damaged"), (b'{"schema_version": "9.0"}', "schema 9.0"),
                       (b'{"schema_version": "1.0"}', "damaged")],
)  # fmt: skip
def test_a_damaged_or_newer_snapshot_is_an_error_that_names_it(tmp_path: Path, data: bytes, says: str) -> None:
    (tmp_path / "2026-11-05.json").write_bytes(data)
    with pytest.raises(InputError, match=says):
        read_history(FolderPlace(tmp_path))


def test_prune_keeps_the_newest(tmp_path: Path) -> None:
    place = FolderPlace(tmp_path)
    for day in ("2026-01-01", "2026-02-01", "2026-03-01"):
        add_snapshot(place, replace(ONE, as_of=day))
    add_snapshot(place, replace(ONE, as_of="2026-03-01", sources=("b",)))
    assert prune(place, "2027-01-01") == 3
    assert [one.sources for one in read_history(place)] == [("b",)]


def test_reviews_are_added_in_order(tmp_path: Path) -> None:
    place = FolderPlace(tmp_path)
    rows = tuple(Review(role="r", by=by, on="2026-11-05", note="ü\n") for by in ("ana", "bo"))
    for row in rows:
        add_review(place, row)
    assert read_reviews(place) == rows
    assert read_history(place) == ()


def test_each_term_of_the_score_saturates() -> None:
    table = open_maps().table("score")
    points, terms = score(
        {"Write": 10**6}, wide_resources=10**6, wildcards=10**6, escalations=10**6, has_boundary=False,
        gained_by_sharing=10**6, table=table,
    )  # fmt: skip
    assert points <= 100
    assert all(term.points <= table["terms"][term.name]["most"] for term in terms)
    none = score({}, wide_resources=0, wildcards=0, escalations=0, has_boundary=True, gained_by_sharing=0, table=table)
    assert none[0] == 0


def test_a_later_time_alone_is_not_worse() -> None:
    assert not is_worse(ONE, replace(ONE, as_of="2031-01-01"))


@pytest.mark.parametrize(
    ("name", "secret"),
    [("DB_PASSWORD", True), ("apiKey", True), ("STRIPE_API_KEY", True), ("SECRET_ARN", False), ("TABLE_NAME", False),
     ("TOKEN_URL", False), ("PARTITION_KEY", False), ("PASSWORD_MIN_LENGTH", False)],
)  # fmt: skip
def test_names_that_look_like_secrets(name: str, secret: bool) -> None:
    assert looks_secret(name, open_maps().table("advisories")) is secret


def test_notes_about_functions() -> None:
    place = Location("template.yaml", 1)
    bare = LambdaFunction(
        id="A",
        template="template.yaml",
        location=place,
        environment=(
            ("DB_PASSWORD", UNKNOWN),
            ("PAYMENT_SECRET", Text((TemplateRef("Secret"),))),
        ),
    )
    whole = LambdaFunction(
        id="B", template="template.yaml", location=place, tracing=True, in_vpc=True, owns_log_group=True
    )
    found = advise(
        (Deployment(template="template.yaml", kind="sam", functions=(bare, whole)),), open_maps().table("advisories")
    )
    names = ("secret-variable", "no-customer-key", "outside-vpc", "log-group", "tracing-off")
    assert [(f.id, f.function) for f in found] == [(f"advisory-{name}", "A") for name in names]
    assert found[0].arguments == (("variables", "DB_PASSWORD"),)


def test_a_history_in_s3() -> None:
    import boto3
    from moto.server import ThreadedMotoServer

    from iamgen.store.history import S3Place

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        _, port = server.get_host_and_port()
        client = boto3.client(
            "s3", endpoint_url=f"http://127.0.0.1:{port}", region_name="us-east-1",
            aws_access_key_id="test", aws_secret_access_key="test",
        )  # fmt: skip
        client.create_bucket(Bucket="history-of-drift")
        place = S3Place(client, "history-of-drift", "a/")
        assert read_history(place) == ()
        assert add_snapshot(place, ONE) == "2026-11-05.json"
        assert add_snapshot(place, ONE) is None
        add_review(place, Review(role="r", by="ana", on="2026-11-05", note="n"))
        assert read_history(place) == (ONE,)
        assert len(read_reviews(place)) == 1
        add_snapshot(place, replace(ONE, as_of="2026-12-05"))
        assert prune(place, "2026-12-01") == 1
        assert place.names() == ("2026-12-05.json", "reviews.jsonl")
        assert S3Place(client, "history-of-drift", "b/").names() == ()
    finally:
        server.stop()
