"""CloudTrail as files: folders, single files and `s3://` prefixes, read without a store.

The store of `iamgen.pipeline.logs` reads the same files through the same loop and remembers them; this is the short way
for a single look.
"""

from collections.abc import Iterator

from iamgen.model.observation import ApiEvent, Coverage, Gap, GapReason, Location
from iamgen.model.trail import RawCall, event_of
from iamgen.plugins import LogSource, TimeWindow
from iamgen.sources._trail.listing import Connection, list_files, normal_source
from iamgen.sources._trail.pool import extractions, make_tasks


def read_events(location: str, window: TimeWindow) -> Iterator[ApiEvent | Coverage | Gap]:
    """Yield the events of a place, sorted, and a gap for each file that is no log."""
    connection = Connection()
    files = sorted(list_files(normal_source(location), window, connection))
    tallies: dict[RawCall, list[int]] = {}
    gaps: list[Gap] = []
    for extraction in extractions(list(make_tasks(files)), connection, 1):
        for status in extraction.files:
            if status.status == "bad":
                place = status.file.partition + status.file.name
                gaps.append(Gap(GapReason.LOG_FILE, status.reason, Location(place)))
        for tally in extraction.tallies:
            known = tallies.setdefault(tally.call, [0, tally.first, tally.last])
            known[0] += tally.events
            known[1] = min(known[1], tally.first)
            known[2] = max(known[2], tally.last)
    for call, (count, first, last) in sorted(tallies.items()):
        yield event_of(call, count, first, last, location)
    yield from sorted(gaps)


PLUGIN = LogSource(name="cloudtrail-files", schemes=("file", "s3"), read_events=read_events)
