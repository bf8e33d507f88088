"""Journeys in stacks that they were not made for: real programs, real sockets, fixed bytes.

Each program is run by `unmagic run`, unchanged. What is asked of a journey: its value, its direction, the very bytes on
the wire, how it was made of them, in order; and of every edge in the whole trace, that its two ends say what it says.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from elsewhere import clients
from elsewhere.clients import ask, echo
from elsewhere.edges import octets, unrelated
from elsewhere.recording import Script, record

from tracer.reading.flow import Flow
from tracer.reading.journeys import Journey, journeys
from tracer.reading.legs import journey_legs_data
from tracer.reading.relations import relation
from tracer.reading.trace import Trace

LONG = "a message of more than a few bytes"
MESSAGES = ((1, b"Hello"), (2, bytes([1, 2, 3])), (1, LONG.encode()))
#: name -> program, and what its clients do.
PLAYED: dict[str, tuple[str, list[Script]]] = {
    "forms": (
        "plain_flask",
        [
            ask(clients.FORM, b"from Reykjavik"),
            ask(clients.QUOTED, "from Køln am Meer".encode()),
            ask(clients.JSON, b'"from":"Ljubljana"'),
            ask(clients.JSON_ESCAPED, b'"from":"K'),
            ask(clients.UPLOAD, clients.PICTURE),
            ask(clients.CHUNKED, b"chunk by chunk."),
        ],
    ),
    "answers": (
        "plain_flask",
        [ask(clients.ROW, b'"from":"Longyearbyen'), ask(clients.ROWS_OF_JSON, b'"from":"Polarnes')],
    ),
    "requests": (
        "plain_flask",
        [
            ask(clients.QUERY, "København K".encode()),
            ask(clients.HEADER, b"what is it made of?"),
            ask(clients.PLACE, "Gdańsk".encode()),
            ask(clients.PLACE_PLAIN, b"Tromsdalen"),
            ask(clients.COOKIE, b"stracciatella"),
        ],
    ),
    "a constant": ("plain_flask", [ask(clients.CONSTANT, b"Reykjavik")]),
    "http.server": (
        "plain_http",
        [
            ask(clients.HEADER, b"what is it made of?"),
            ask(clients.BODY, b"every byte of it"),
            ask(clients.SHOUTED, b"EVERY LETTER OF IT"),
        ],
    ),
    "h11": ("h11_alone", [ask(clients.BODY, b"every byte of it"), ask(clients.CHUNKED, b"chunk by chunk.")]),
    "websockets": ("websockets_sync", [echo("/", *MESSAGES)]),
    "websockets asyncio": ("websockets_asyncio", [echo("/", *MESSAGES)]),
    "wsgiref": ("wsgi_alone", [ask(clients.QUERY, "København K".encode())]),
    "rows": ("tcp_rows", [clients.rows]),
    "Flask-SocketIO": ("flask_socketio_threads", [clients.socketio_event]),
}


@dataclass(frozen=True)
class Recorded:
    """One program's trace, followed."""

    flow: Flow
    found: tuple[Journey, ...]

    def journey(self, direction: str, value: str | bytes) -> Journey:
        """The first journey of a value in a direction."""
        fitting = [j for j in self.found if j.direction == direction and j.node.value.data == value]
        assert fitting, [(j.direction, j.node.value.data) for j in self.found]
        return fitting[0]

    def wire(self, journey: Journey) -> list[bytes]:
        """The bytes of a journey's stretches."""
        values = [(stretch, self.flow.trace.value(stretch.wire.value)) for stretch in journey.wires]
        return [octets(value.data)[stretch.start : stretch.stop] for stretch, value in values if value is not None]


class Recordings:
    """Each program is recorded when it is first asked for, once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: dict[str, Recorded] = {}

    def of(self, played: str) -> Recorded:
        if played not in self._made:
            program, scripts = PLAYED[played]
            path = self._folder / f"{played}.trace"
            record(program, path, scripts)
            flow = Flow(Trace.open(path))
            self._made[played] = Recorded(flow, journeys(flow))
        return self._made[played]

    def close(self) -> None:
        for made in self._made.values():
            made.flow.trace.close()


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recordings]:
    made = Recordings(tmp_path_factory.mktemp("elsewhere"))
    yield made
    made.close()


@dataclass(frozen=True)
class Expected:
    """A value that a program of `PLAYED` gets or gives; `wire` its bytes there, `sent` what holds them, `edges` how it
    was made, `lanes` what it passes: these in this order, others between them."""

    program: str
    direction: str
    value: str | bytes
    wire: list[bytes]
    edges: list[str]
    lanes: list[str] = field(default_factory=list)
    sent: bytes = b""

    @property
    def name(self) -> str:
        return f"{self.program}-{self.direction}-{self.value!r:.20}"


MASKED_LONG = clients.frame(1, LONG.encode())[6:]
WEBSOCKETS = ["websockets", "websockets asyncio"]

EXPECTED = [
    Expected("forms", "in", "Reykjavik", [b"Reykjavik"], ["slice", "slice"], ["werkzeug"], clients.FORM),
    Expected("forms", "out", "from Reykjavik", [b"from Reykjavik"], ["encoded"], ["flask", "werkzeug"]),
    Expected("forms", "in", "Køln am Meer", [b"K%C3%B8ln+am+Meer"], ["slice", "unquoted"], ["werkzeug"],
             clients.QUOTED),
    Expected("requests", "in", "København K", [b"K%C3%B8benhavn%20K"], ["slice", "slice", "unquoted"],
             ["http", "werkzeug"], clients.QUERY),
    Expected("forms", "in", "Ljubljana", [b"Ljubljana"], ["slice", "slice"], ["werkzeug", "flask"], clients.JSON),
    Expected("forms", "in", "København\nK", [b"K\\u00f8benhavn\\nK"], ["slice", "unescaped"],
             ["werkzeug", "flask"], clients.JSON_ESCAPED),
    Expected("forms", "out", "København\nK", [b"K\\u00f8benhavn\\nK"], ["escaped", "encoded"],
             ["flask", "werkzeug"]),
    Expected("answers", "out", "Longyearbyen, Svalbard", [b"Longyearbyen, Svalbard"], ["joined", "encoded"],
             ["flask", "werkzeug"]),
    Expected("answers", "out", "Polarnes, the lighthouse of Murmansk", [b"Polarnes, the lighthouse of Murmansk"],
             ["joined", "encoded"], ["flask", "werkzeug"]),
    Expected("requests", "in", "what is it made of?", [b"what is it made of?"], ["slice", "joined", "slice"],
             ["http", "email", "werkzeug", "flask"], clients.HEADER),
    Expected("requests", "out", "what is it made of?", [b"what is it made of?"], ["encoded"], ["flask", "werkzeug"]),
    Expected("requests", "in", "Gdańsk", [b"/place/Gda%C5%84sk"], ["slice", "unquoted", "slice"],
             ["http", "werkzeug", "flask"], clients.PLACE),
    Expected("requests", "in", "Tromsdalen", [b"Tromsdalen"], ["slice", "slice"], ["http", "werkzeug", "flask"],
             clients.PLACE_PLAIN),
    Expected("forms", "out", clients.PICTURE, [clients.PICTURE], [], ["flask", "werkzeug"]),
    Expected("forms", "in", clients.PICTURE, [clients.PICTURE], ["slice"], ["werkzeug"], clients.UPLOAD),
    Expected("forms", "out", b"chunk by chunk.", [b"chunk by chunk."], [], ["flask", "werkzeug"]),
    Expected("forms", "in", b"chunk by chunk.", [b"chunk ", b"by chunk."], ["joined", "joined"], ["werkzeug"],
             clients.CHUNKED),
    Expected("requests", "in", "*" * 13, [b"*" * 13], ["slice"], ["http", "werkzeug"], clients.COOKIE),
    Expected("http.server", "in", "what is it made of?", [b"what is it made of?"], ["slice", "joined", "slice"],
             ["http", "email"], clients.HEADER),
    Expected("http.server", "out", b"what is it made of?", [b"what is it made of?"], [], ["socketserver"]),
    Expected("http.server", "out", clients.BODY[-31:], [clients.BODY[-31:]], [], ["socketserver"]),
    Expected("wsgiref", "in", "name=Ada&city=K%C3%B8benhavn%20K", [b"name=Ada&city=K%C3%B8benhavn%20K"],
             ["slice", "slice"], ["wsgiref"], clients.QUERY),
    Expected("wsgiref", "out", "København K".encode(), ["København K".encode()], [], ["wsgiref"]),
    Expected("rows", "in", "8,Ljubljana,y\r\n", [b"8,Ljubljana,y\r\n"], ["slice"], [], clients.ROWS),
    Expected("rows", "out", b"Ljubljana\n", [b"Ljubljana\n"], [], ["socketserver"]),
    Expected("h11", "in", clients.BODY[-31:], [clients.BODY[-31:]], ["slice"], ["h11"], clients.BODY),
    Expected("h11", "out", clients.BODY[-31:], [clients.BODY[-31:]], [], ["h11"]),
    Expected("h11", "in", b"chunk by chunk.", [b"chunk ", b"by chunk."],
             ["slice", "slice", "joined", "joined"], ["h11"], clients.CHUNKED),
    *(
        Expected(program, direction, value, [wire], edges, ["websockets"])
        for program in WEBSOCKETS
        for direction, value, wire, edges in [
            ("in", "Hello", clients.HELLO_MASKED, ["slice", "unmasked", "decoded"]),
            ("out", "Hello", b"Hello", ["encoded", "joined"]),
            ("in", bytes([1, 2, 3]), bytes.fromhex("36 f8 22"), ["slice", "unmasked"]),
            ("out", bytes([1, 2, 3]), bytes([1, 2, 3]), ["joined"]),
            ("in", LONG, MASKED_LONG, ["slice", "unmasked", "decoded"]),
            ("out", LONG, LONG.encode(), ["encoded", "joined"]),
        ]
    ),
    Expected("Flask-SocketIO", "in", "Trondheim",
             [clients.frame(1, b'42["say",{"city":"Trondheim"}]')[6:][18:27]],
             ["slice", "unmasked", "decoded", "slice", "slice", "slice"],
             ["simple_websocket", "wsproto", "engineio", "socketio"]),
    Expected("Flask-SocketIO", "out", "Trondheim", [b"Trondheim"], ["joined", "joined", "encoded", "joined"],
             ["flask_socketio", "socketio", "engineio", "queue", "simple_websocket", "wsproto"]),
]  # fmt: skip


def _in_order(wanted: list[str], found: list[str]) -> bool:
    rest = iter(found)
    return all(any(one == other for other in rest) for one in wanted)


@pytest.mark.parametrize("expected", EXPECTED, ids=lambda expected: expected.name)
def test_the_way_of_a_value(recordings: Recordings, expected: Expected) -> None:
    made = recordings.of(expected.program)
    journey = made.journey(expected.direction, expected.value)
    assert made.wire(journey) == expected.wire
    if expected.sent and len(expected.wire) == 1 and expected.sent.count(expected.wire[0]) == 1:
        assert [stretch.start for stretch in journey.wires] == [expected.sent.index(expected.wire[0])]
    assert _in_order(expected.edges, [edge.relation.how for edge in journey.edges])
    assert _in_order(expected.lanes, list(journey.lanes(made.flow.trace)))
    assert not journey.cut(made.flow.trace)


@pytest.mark.parametrize(
    ("source", "made", "told"),
    [
        (clients.QUOTED[-31:], "Køln am Meer", ("unquoted", 14, 31)),
        (b"a=1+2&b=x", "1 2", ("unquoted", 2, 5)),
        ("Gdańsk", "/place/Gda%C5%84sk", ("quoted", 7, 18)),
        ("Ã¸", "ø", ("decoded", 0, 2)),
        ("ø", "Ã¸", ("encoded", 0, 4)),
        ("o", "ø", None),
        ("city=K%C3%B8ln", "KÃ¸ln", ("unquoted", 5, 14)),
        ("Gdańsk", "/a/long/way/to/some/other/place/Gda%C5%84sk", None),
        (b'{"city": "K\\u00f8benhavn\\nK", "n": 1}', "København\nK", ("unescaped", 10, 27)),
        (b'{"a": "\\"b\\"", "c": "d\\\\"}', '"b"', ("unescaped", 7, 12)),
        (b'{"a": "\\"b\\"", "c": "d\\\\e"}', "d\\e", ("unescaped", 21, 25)),
        ("København\nK", '{"from":"K\\u00f8benhavn\\nK"}', ("escaped", 9, 26)),
        (b'{"a": "\\q is no escape"}', "q is no /escape", None),
        (b"aGVsbG8gd29ybGQ=", "hello world", ("unarmoured", 0, 11)),
        (b"hello world", "aGVsbG8gd29ybGQ=", ("armoured", 0, 16)),
        (b"flavour=*****; theme=***", "*****", ("slice", 8, 13)),
        (b"flavour=*******; theme=***", "*****", None),
        (b"flavour=*****; theme=*****", "*****", None),
        (b"--------", b"========", None),
        ("Reykjavik", "kivajkyeR", None),
    ],
)
def test_what_content_shows(source: str | bytes, made: str | bytes, told: tuple[str, int, int] | None) -> None:
    found = relation(source, made)
    assert ((found.how, found.start, found.stop) if found else None) == told


@pytest.mark.parametrize("program", PLAYED)
def test_every_edge_says_what_its_ends_show(recordings: Recordings, program: str) -> None:
    made = recordings.of(program)
    assert sum(map(len, made.flow.into.values())) > (4 if program == "rows" else 20)
    assert unrelated(made.flow) == []


def test_what_the_program_knows_by_itself_is_made_of_nothing(recordings: Recordings) -> None:
    """A constant of the program, equal to a field that it did not ask for."""
    made = recordings.of("a constant")
    assert [j for j in made.found if j.direction == "in" and octets(j.node.value.data) == b"Reykjavik"] == []
    constants = [node for node in made.flow.nodes.values() if node.value.data == "Reykjavik"]
    assert constants and [edge for node in constants for edge in made.flow.into.get(node.id, ())] == []


def _read_for(flow: Flow, node: int) -> set[bytes]:
    """The reads that a value leads back to."""
    todo, seen = [node], set()
    while todo:
        one = todo.pop()
        if one not in seen:
            seen.add(one)
            todo += [edge.source for edge in flow.into.get(one, ())]
    return {octets(flow.nodes[one].value.data) for one in seen if flow.nodes[one].wire is not None}


def test_text_whose_characters_stand_for_bytes_leads_back_to_them(recordings: Recordings) -> None:
    """Two steps that nobody saw: unquoted as Latin-1 by a function that is not recorded, then put right."""
    flow = recordings.of("wsgiref").flow
    (put_right,) = (node for node in flow.nodes.values() if node.value.data == "København K")
    ((decoded,), (unquoted,)) = (flow.into[put_right.id], flow.into[flow.into[put_right.id][0].source])
    assert (decoded.relation.how, unquoted.relation.how) == ("decoded", "unquoted")
    assert _read_for(flow, put_right.id) != set()


@pytest.mark.parametrize("program", [name for name in PLAYED if not name.startswith("websockets")])
def test_the_head_of_an_answer_is_made_of_no_request(recordings: Recordings, program: str) -> None:
    """Both have `Connection: close`, and the same length, each by itself."""
    flow = recordings.of(program).flow
    heads = [
        node
        for node in flow.nodes.values()
        if octets(node.value.data).startswith((b"HTTP/1.1 20", b"HTTP/1.0 20"))
        and any(sighting.role == "written" for sighting in node.sightings)
    ]
    assert heads or program in ("Flask-SocketIO", "rows")
    assert [_read_for(flow, head.id) for head in heads if _read_for(flow, head.id)] == []


@pytest.mark.parametrize("program", PLAYED)
def test_every_journey_hangs_together(recordings: Recordings, program: str) -> None:
    """Its edges join its own values, each value is somewhere, and it can be told."""
    made = recordings.of(program)
    for journey in made.found:
        nodes = {node.id for node in journey.nodes}
        assert all(edge.source in nodes and edge.target in nodes for edge in journey.edges)
        assert journey.node.id in nodes and journey.wires
        into, out = {edge.target for edge in journey.edges}, {edge.source for edge in journey.edges}
        assert nodes - into - out <= {journey.node.id}
        assert journey_legs_data(journey, made.flow.trace)["legs"]
