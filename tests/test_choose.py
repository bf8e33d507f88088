"""`unmagic chain` by a function's name: as its author writes it, and what is said where there is none such."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from elsewhere import clients
from elsewhere.recording import record

from unmagic.cli import main


def chain(*words: object) -> Result:
    return CliRunner().invoke(main, ["chain", *map(str, words)])


def shown(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return result.output


def test_list_tells_what_the_program_calls_how_often_and_from_where(scenario_folder: Path):
    lines = [line.split() for line in shown(chain(scenario_folder / "receive.trace", "--list")).splitlines()]
    assert lines[0] == ["calls", "function", "from"]
    told = {line[1]: (line[0], " ".join(line[2:])) for line in lines[1:]}
    assert list(told) == [
        "flask.app:Flask.__init__", "flask_sock:Sock.__init__", "flask_sock:Sock.route", "flask.app:Flask.run",
        "simple_websocket.ws:Base.receive", "simple_websocket.ws:Base.send",
    ]  # fmt: skip
    assert told["simple_websocket.ws:Base.receive"][0] == "4"
    assert told["flask.app:Flask.run"] == ("1", "receive.py:26")


def test_list_of_those_with_a_word_in_their_name(scenario_folder: Path):
    said = shown(chain(scenario_folder / "receive.trace", "RECEIVE", "--list"))
    assert "Base.receive" in said and "Base.send" not in said
    failed = chain(scenario_folder / "receive.trace", "xyz", "--list")
    assert failed.exit_code == 2 and "no function of a library with 'xyz' in its name" in failed.output


@pytest.mark.parametrize(
    "name",
    ["simple_websocket:Base.receive", "simple_websocket.ws:Base.receive", "Base.receive", "receive"],
)
def test_one_function_by_every_name_that_it_has(scenario_folder: Path, name: str):
    said = shown(chain(scenario_folder / "receive.trace", name, "--up"))
    assert "returns simple_websocket Base.receive → 'Hello'" in said and "accept" in said


def test_a_closure_is_named_as_its_page_names_it(scenario_folder: Path):
    for name in ("flask_sock:Sock.route.decorator", "flask_sock:Sock.route.<locals>.decorator"):
        assert "Sock.route" in shown(chain(scenario_folder / "sock.trace", name))


def test_of_several_functions_of_a_name_the_one_that_the_program_calls(scenario_folder: Path):
    said = shown(chain(scenario_folder / "send.trace", "send"))
    assert "simple_websocket Base.send" in said.splitlines()[1]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("recieve", "has no call of recieve; did you mean simple_websocket.ws:Base.receive?"),
        ("flask:Flask.rum", "flask.app:Flask.run"),
        ("simple_websockets:Base.receive", "did you mean simple_websocket.ws:Base.receive"),
        ("qqqqqq", "no name in it is near"),
        ("__init__", "functions named __init__"),
    ],
)
def test_what_is_not_there_is_answered_with_what_is_near(scenario_folder: Path, name: str, said: str):
    failed = chain(scenario_folder / "receive.trace", name)
    assert failed.exit_code == 2 and said in failed.output
    assert len(failed.output.splitlines()) == 1 and len(failed.output) < 700


def test_both_ways_over_threads_and_coroutines(tmp_path: Path):
    sockets, events = tmp_path / "asyncio.trace", tmp_path / "events.trace"
    record("websockets_asyncio", sockets, [clients.echo("/", (1, b"Hello there"))])
    up = shown(chain(sockets, "Connection.recv", "--up"))
    assert "accept" in up and "recv 17 bytes" in up and "'Hello there'" in up.splitlines()[-1]
    down = shown(chain(sockets, "Connection.send"))
    assert "_SelectorSocketTransport.write" in down and "send 13 bytes" in down
    record("flask_socketio_threads", events, [clients.socketio_event])
    handed = shown(chain(events, "emit"))
    assert "handoff from engineio" in handed and "send 24 bytes" in handed.splitlines()[-1]
