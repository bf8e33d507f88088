"""What is said around a link never makes a right one wrong; and what surely contradicts the source is a doubt."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers_checker import FLASK_SOCK, WS, check_text, checker, task, truths

from grader.documents.read import read
from grader.truth import Hop, Truth
from grader.verdicts import Verdict

#: As students write: about a definition, and about the line of a call.
DEFINITIONS = (
    "The {s} function in {f} is what does this next. {d}",
    "{n}: {d}",
    "Here the {s} method is defined, which takes the request and handles it: {d}",
    "After that, {c} calls {s}() and the chain goes on here {d}",
    "- Link 3: This is {s} from the library. It removes data from the buffer and sends it to the socket. {d}",
    "{d} - this is where {s} is defined. It calls run and handle and close.",
    "We then go to the file {f} where {s} on line {l} gets called {d}",
)
SITES = (
    "{c} then calls {s} in {f}. {u}",
    "Inside of {c} on this line the {s} function is called {u}",
    "{s}() is called from {c}(): {u}",
    "This line goes to the next function {u}",
    "The {c} function uses {s} here, which is overridden by the subclass. {u}",
    "{u} In this line {c} hands the request on to {s} and waits",
)


def said(truth: Truth, hop: Hop) -> list[str]:
    site = hop.sites[0]
    *_, outer, short = ["", *hop.name.split(".")]
    words = {
        "s": outer if short == "__init__" else short, "n": hop.name, "f": hop.path.rpartition("/")[2], "l": hop.line,
        "c": site.within.rpartition(".")[2], "d": truth.link(hop), "u": truth.site_link(hop),
    }  # fmt: skip
    return [one.format(**words) for one in (*DEFINITIONS, *SITES)]


@pytest.mark.parametrize("truth", truths(), ids=lambda truth: truth.name)
@pytest.mark.parametrize("chain", ["init_app", "receive", "send"])
def test_no_right_link_is_made_wrong_by_what_is_said_about_it(truth: Truth, chain: str, tmp_path: Path):
    hops = [hop for hop in truth.chains[chain].hops if hop.kind == "call" and hop.sites]
    sentences = [sentence for hop in hops for sentence in said(truth, hop)]
    path = tmp_path / "r.txt"
    path.write_text("\n\n".join(sentences))
    result = checker().check(read(path), task())
    assert len(result.judged) == len(sentences)
    wrong = [
        (sentence, one.verdict.value, one.evidence)
        for sentence, one in zip(sentences, result.judged, strict=True)
        if one.verdict not in (Verdict.RIGHT, Verdict.ELSEWHERE) or one.doubts
    ]
    assert wrong == []
    assert next(one for one in result.coverage if one.chain.name == chain).share > 0.5


@pytest.mark.parametrize(
    ("sentence", "doubt"),
    [
        (f"Sock takes no parameters. {FLASK_SOCK}#L6", "takes app"),
        (f"The function receive has no arguments. {WS}#L95", "takes timeout"),
        (f"The class Server inherits from Thread. {WS}#L209", "inherits from Base"),
        (f"Base.receive then calls handshake() on itself. {WS}#L95", "no line of it does"),
        (f"ConnectionClosed is raised for a timeout. {WS}#L110", "returns None then"),
        (f"Without an app, init_app is called by itself. {FLASK_SOCK}#L19", "only if app is given"),
        (f"It waits in receive, at line 59 of ws.py. {WS}#L95", "says line 59, and the link goes to line 95"),
    ],
)
def test_what_contradicts_the_source_is_a_doubt_and_costs_nothing(sentence: str, doubt: str, tmp_path: Path):
    result = check_text(tmp_path, sentence, "r.txt")
    (one,) = result.judged
    assert len(one.doubts) == 1
    assert doubt in one.doubts[0]
    assert one.verdict is Verdict.RIGHT
    plain = check_text(tmp_path, sentence.rpartition(" ")[2], "r.txt")
    assert [part.points for part in result.parts] == [part.points for part in plain.parts]


@pytest.mark.parametrize(
    "sentence",
    [
        f"Sock takes an app as its parameter. {FLASK_SOCK}#L6",
        f"The function receive takes a timeout. {WS}#L95",
        f"The class Server inherits from Base. {WS}#L209",
        f"ConnectionClosed is raised when the connection is not open. {WS}#L110",
        f"With an app given, init_app is called by itself. {FLASK_SOCK}#L19",
        f"When there is no app, a Blueprint is made. {FLASK_SOCK}#L16",
        f"A timeout makes receive return None. {WS}#L107",
        f"It waits in receive, on line 95. {WS}#L95-L98",
        f"On line 40 of our program we call receive. {WS}#L95",
        f"It is called at line 30 of main.py and waits here. {WS}#L95",
        f"Lines 95 to 98 say what it takes. {WS}#L95",
        f"After the status line 101 Switching Protocols it waits here. {WS}#L95",
    ],
)
def test_what_agrees_with_the_source_is_none(sentence: str, tmp_path: Path):
    (one,) = check_text(tmp_path, sentence, "r.txt").judged
    assert (one.doubts, one.verdict) == ((), Verdict.RIGHT)


@pytest.mark.parametrize(
    ("label", "path", "qualname", "doubt"),
    [
        ("Connection.receive_data", "wsproto/__init__.py", "WSConnection.receive_data",
         "shows WSConnection.receive_data; Connection.receive_data is in wsproto/connection.py, line"),
        ("`unmask_payload()`", "wsproto/frame_protocol.py", "XorMaskerSimple.process", "unmask_payload(), and"),
        ("Server.receive", "simple_websocket/ws.py", "Base.receive", ""),  # which it inherits
        ("`WSConnection.receive_data()`", "wsproto/__init__.py", "WSConnection.receive_data", ""),
        ("the unmasking", "wsproto/frame_protocol.py", "XorMaskerSimple.process", ""),
        ("`unmask_payload`", "wsproto/frame_protocol.py", "XorMaskerSimple.process", ""),  # it may be a variable's name
    ],
)  # fmt: skip
def test_a_link_that_is_called_after_another_function_is_a_doubt(
    label: str, path: str, qualname: str, doubt: str, tmp_path: Path
):
    truth = truths()[0]
    source = next(one for one in truth.sources if one.path == path)
    symbol = source.symbols.get(qualname)
    assert symbol is not None
    url = truth.libraries[source.library].url(path, symbol.line, symbol.last)
    (one,) = check_text(tmp_path, f"It goes on in [{label}]({url}).", "r.md").judged
    assert one.verdict is Verdict.RIGHT
    assert doubt in "".join(one.doubts) and len(one.doubts) == bool(doubt)
