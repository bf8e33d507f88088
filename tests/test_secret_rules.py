"""What is taken for a secret and what is not, and the forms that a known one is found in."""

from __future__ import annotations

import base64
import html
import json
import re
import urllib.parse
from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracer.recording.secret_finder import RECENT, Finder
from tracer.recording.secret_hints import HINTS, Hints, hinted, hints_in
from tracer.recording.secret_rules import find
from tracer.recording.secrets import Secrets

S = "-".join(("Zq7", "hunter2.Xy"))

HIDDEN = [
    f'--b\r\nContent-Disposition: form-data; name="password"\r\n\r\n{S}\r\n--b--\r\n',
    f"Content-Disposition: form-data; name=csrf_token\r\nContent-Type: text/plain\r\n\r\n{S}",
    f"X-Access-Token: {S}\r\n",
    f"x-amz-security-token: {S}",
    f"Host: x\r\nX-Vault-Token: {S}\r\nAccept: */*\r\n",
    f"  api_key: {S}\n",
    f"password: {S}",
    f"bad password: {S}.",
    f"the password is '{S}'",
    f'cannot log in with password "{S}"',
    f"Bearer {S}",
    f"Sec-WebSocket-Protocol: chat, bearer, {S}\r\n",
    f"Location: https://x/cb?code={S}&state=af0\r\n",
    f"https://x/cb?state=af0&code={S}",
    f"Location: /done?next=%2Fin%3Ftoken%3D{S}&x=1\r\n",
    f"https://{S}xxxx@git.example/x",
    f"{'x' * 100}https://user:{S}@example.org/",
    f"redis://:{S}@localhost:6379/0",
    f"<user><password>{S}</password></user>",
    f"<ns:Password type='x'>{S}</ns:Password>",
    json.dumps({"body": json.dumps({"password": S})}),
    json.dumps({"a": json.dumps({"b": json.dumps({"token": S})})}),
    urllib.parse.quote(json.dumps({"password": S})),
    json.dumps({"sessionToken": S}),
    json.dumps({"passwordConfirmation": S}),
    json.dumps({"new_password2": S}),
    json.dumps({"jwt": S}),
    json.dumps({"otp": S}),
    json.dumps({"sid": S, "n": 1}),
    json.dumps({"session": S}),
    f"csrfmiddlewaretoken={S}&x=1",
    f"authenticity_token={S}",
    f"_csrf={S}",
    f"?session={S}&sid={S}",
    f"X-Amz-Signature={S}",
    f"PHPSESSID={S}; path=/",
    f"connect.sid={S}",
    f"('Authorization', '{S}')",
    f"[(b'Cookie', b'a={S}')]",
    f"{{'Set-Cookie': 'a={S}; Path=/'}}",
    f"{{'Proxy-Authorization': 'Basic {S}'}}",
    f"scrypt:32768:8:1$LswInW5DLnf6CauS${S}",
    f"pbkdf2_sha256$1000000$LswInW5DLnf6CauS${S}/=",
    f"bcrypt_sha256$$2b$12$LswInW5DLnf6CauS{S}",
    f"$2y$10$LswInW5DLnf6CauS{S}",
    f"argon2$argon2id$v=19$m=65536,t=3,p=4$LswInW5D${S}",
    f"-----BEGIN RSA PRIVATE KEY-----\nMIIB{S}\n-----END RSA PRIVATE KEY-----\n",
]


@pytest.mark.parametrize("text", HIDDEN, ids=lambda text: re.sub(r"\W+", " ", text)[:40])
def test_what_is_hidden(text: str):
    for secrets in (Secrets(), Secrets()):
        assert hinted(text) and S not in secrets.text(text)
        assert len(secrets.text(text)) == len(text)
        assert S.encode() not in secrets.data(f"before {text}".replace("before Loc", "Loc").encode())
        assert sum(secrets.masked.values()) >= 1


PLAIN = [
    "def connect(password: str, token: bytes) -> None:",
    "password: str\n    The password.\ntoken: string\n    A token.",
    '["username", "password", "email"]',
    "INSERT INTO users (name, password, token) VALUES (?, ?, ?)",
    "Basic authentication, Bearer tokens and Digest access",
    "the bearer of this letter; a bearer token is needed",
    "the session was closed; sessions: 3",
    "Connection: keep-alive\r\nKeep-Alive: timeout=5\r\nX-Request-Id: 17\r\n",
    "close(code=1000, reason='bye')",
    '{"code": 1000, "status": 200, "state": "open"}',
    "https://x/list?code=17&page=2",
    "https://example.org:8080/path@x mailto:someone@example.org",
    "inside, consider, residual, option, author, monkey, compass",
    "<p>Your password must have eight letters.</p>",
    '<input type="password" name="password" required>',
    "WWW-Authenticate: Basic realm=\"x\"\r\n",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n",
    "Sec-WebSocket-Protocol: chat, superchat\r\n",
]  # fmt: skip


@pytest.mark.parametrize("text", PLAIN, ids=lambda text: re.sub(r"\W+", " ", text)[:40])
def test_what_stays(text: str):
    secrets = Secrets()
    masked = secrets.text(text)
    words = set(re.findall(r"[A-Za-z]{4,}", text)) - set(re.findall(r"[A-Za-z]{4,}", masked))
    assert words <= {"string", "str", "bytes"}, "where it stands a type beside such a name may be hidden"
    for word in re.findall(r"[A-Za-z]{4,}", text):
        assert secrets.text(f"a {word} elsewhere") == f"a {word} elsewhere"


ENCODED = {
    "quote": urllib.parse.quote,
    "quote all": lambda s: urllib.parse.quote(s, safe=""),
    "quote_plus": urllib.parse.quote_plus,
    "lower": lambda s: re.sub(r"%[0-9A-F]{2}", lambda m: m[0].lower(), urllib.parse.quote(s, safe="")),
    "json": lambda s: json.dumps(s)[1:-1],
    "json, not ascii": lambda s: json.dumps(s, ensure_ascii=False)[1:-1],
    "repr": lambda s: repr(s)[1:-1],
    "html": html.escape,
    "hex": lambda s: s.encode().hex(),
    "base64": lambda s: base64.b64encode(s.encode()).decode(),
    "utf-8 as latin-1": lambda s: s.encode().decode("latin-1"),
}


@pytest.mark.parametrize("how", ENCODED)
@pytest.mark.parametrize("secret", [S, 'p@ss w"ö/rd9', "it's <b>&c</b> \\ 9"], ids=["plain", "odd", "markup"])
def test_a_known_secret_in_another_form(how: str, secret: str):
    secrets = Secrets()
    secrets.text(secret, "password")
    form = ENCODED[how](secret)
    got = secrets.text(f"<{form}>")
    assert form not in got and got.count("*") >= len(form) - 4


@given(st.binary(max_size=8).filter(lambda b: True), st.binary(max_size=8))
def test_base64_with_anything_around(before: bytes, after: bytes):
    """At most the letters at its two ends, which the neighbours share, are left."""
    secrets = Secrets()
    secrets.text(S, "password")
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        text = encode(before + S.encode() + after).decode()
        got = secrets.text(text)
        stars = got.count("*")
        assert stars >= len(S) * 8 // 6 - 2, (text, got)


def test_the_parts_of_a_signed_token():
    secrets = Secrets()
    token = ".".join(("eyJ1c2VyIjoibWUifQ", "aSh0Zw", "x2Fq7hunterXYabcdefghi1234"))
    secrets.text(f"Cookie: session={token}; www=www.example.org\r\n")
    assert secrets.text(f"payload {token[:18]}, signature {token[-26:]}") == f"payload {'*' * 18}, signature {'*' * 26}"
    assert secrets.text("example") == "example"

    digest = "69498b2844107f077ec854ea827d94f9"
    for between in ("|", ":", "%7C"):
        secrets = Secrets()
        secrets.text(f"Cookie: remember_token=12{between}{digest}\r\n")
        assert secrets.text(f"made {digest} for 12") == f"made {'*' * 32} for 12"


def test_the_salt_and_the_digest_of_a_passwords_hash():
    """Which a library makes one by one, and puts together; method and cost are told."""
    salt, digest = "LswInW5DLnf6CauS", "4fe8635038234638c46be06785e4a83e"
    secrets = Secrets()
    assert secrets.text(f"scrypt:32768:8:1${salt}${digest}") == f"scrypt:32768:8:1${'*' * 49}"
    assert secrets.text(f"('{digest}', 'scrypt:32768:8:1')") == f"('{'*' * 32}', 'scrypt:32768:8:1')"
    for plain in ("scrypt costs $5, bcrypt $4", "hashed by pbkdf2:sha256:600000", "$2.50 or $2b", "argon2$x"):
        assert secrets.text(plain) == plain


#: A name of each kind, and what may stand between it and its value.
NAMES = (
    "passwd", "new_password2", "passwort", "passphrase", "client-secret", "SECRET_KEY", "api_key", "Access-Key",
    "privatekey", "csrfmiddlewaretoken", "jwtoken", "session_id", "sessionid", "Session", "PHPSESSID", "connect.sid",
    "sid", "user.pwd", "one_time_code", "one-timecode", "onetimecode", "auth", "db_credentials", "x_credential",
    "jwt", "totp", "_csrf", "xsrf", "X-Signature", "Authorization", "HTTP_AUTHORIZATION", "set-cookie", "Cookie",
    "x-auth-token", "x-xsrf-token", "passwördé",
)  # fmt: skip
BETWEEN = (
    "={}", ": {}", " : {}\r\n", "\xa0= '{}'", "\x85= '{}'", "\u2003= '{}'", "\u3000: {}", "\x1f= '{}'", "[]={}",
    "%5B%5D={}", "%3D{}", "%22%3A%22{}", "%22+%3A%22{}", "\": \"{}\"", "'] = '{}'",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_where_a_rule_finds_something_there_is_a_hint(name: str):
    """The hints decide what is searched at all: none may be missing; in bytes neither, nor in a long text."""
    for text in (
        before + one + between.format("hunter2X9abc")
        for before in ("", "x ", "<", '{"', "a_", 'form-data; name="', "name=")
        for one in (name, name.upper())
        for between in BETWEEN
    ):
        seen = {
            text: text,
            **{data.decode("latin-1"): data for data in (text.encode(), text.encode("latin-1", "replace"))},
        }
        for form, given_as in seen.items():
            if any(find(form)):
                assert hinted(given_as), form
                long = f"{'x ' * 600}{form}{' x' * 600}"
                assert hinted(long) and Hints()(long)


@pytest.mark.parametrize(
    "text",
    ["-----BEGIN PRIVATE KEY-----\nabc\n", "bearer.authorization.k8s.io.Abcdefgh1", "Bearer\xa0Abcdefgh1",
     "scrypt:32768:8:1$LswInW5D$CauS4fe8635038", "$2b$12$LswInW5DLnf6CauSabcdefgh"],
)  # fmt: skip
def test_what_says_of_itself_that_it_is_a_secret_is_a_hint(text: str):
    assert any(find(text)) and hinted(text) and hinted(text.encode("latin-1")) and Hints()("x=" * 600 + text)


#: What hints, and what stands around them, are made of.
PIECES = st.sampled_from([
    *(hint.decode() for hint in HINTS), "pass", "word", "jw", "oken", "time", "s", "id", "_", "[]", "=", " ", '"',
    "%22", "x", "é", "\ud800",
])  # fmt: skip


@given(st.lists(PIECES, max_size=14).map("".join), st.integers(0, 40), st.integers(0, 40))
def test_hints_of_a_part_of_a_text_begin_in_it(text: str, one: int, other: int):
    data = text.encode("utf-8", "surrogatepass")
    start, stop = sorted((min(one, len(data)), min(other, len(data))))
    assert list(hints_in(data, start, stop)) == [span for span in hints_in(data) if start <= span[0] < stop]


@given(
    st.lists(st.text("abAB.*[", min_size=1, max_size=6), min_size=1, max_size=3 * RECENT),
    st.text("abAB.*[ ", max_size=60),
)
def test_the_finder_finds_what_a_search_for_each_finds(forms: list[str], text: str):
    finder = Finder()
    for form in forms:
        finder.add({form: ""})
    covered = {at for start, stop in finder.spans(text) for at in range(start, stop)}
    firsts = {match.start() for form in forms for match in re.finditer(f"(?={re.escape(form)})", text)}
    assert all(text[start:stop] in forms for start, stop in finder.spans(text))
    assert firsts <= covered, "no place where one begins is left as it was"
    finder.forget(dict.fromkeys(forms, ""))
    assert not list(finder.spans(text)) and not finder


BLOCKS = st.lists(
    st.sampled_from([b"x" * 1030 + b"=", b"y" * 1500, b":" * 1024, b"pass", b"word=1", b"KE", b"y", b"a"])
)


@given(st.lists(BLOCKS, max_size=6))
def test_what_was_searched_before_changes_no_answer(parts: list[list[bytes]]):
    """A buffer grows, is cut at both ends, and is put together anew: a hint may lie across a seam."""
    hints, whole = Hints(), b""
    for blocks in parts:
        piece = b"".join(blocks)
        for text in (piece, whole := whole + piece, whole[len(piece) // 2 :], piece + whole):
            assert hints(text) == hinted(text)


@given(st.lists(BLOCKS.map(b"".join), min_size=1, max_size=5), st.integers(0, 40))
def test_a_piece_of_what_was_searched_is_answered_as_if_it_were_alone(pieces: list[bytes], less: int):
    """A stream is searched as a whole; what its pieces say is asked again as buffers take them."""
    hints, whole, cuts = Hints(), b"".join(pieces), [*accumulate(map(len, pieces[:-1]))]
    assert hints(whole, cuts) == hinted(whole)
    for start, stop in pairwise((0, *cuts, len(whole))):
        for text in (whole[start:stop], whole[start : max(start, stop - less)], whole[start:]):
            assert hints(text) == hinted(text)


def test_pieces_of_a_stream_are_not_searched_again(monkeypatch: pytest.MonkeyPatch):
    """What takes the writer most of its time is to search."""
    pieces = [bytes([65 + number]) * 2000 + b"=" for number in range(6)]
    hints, searched = Hints(), 0

    def counting(data: bytes, start: int = 0, stop: int | None = None):
        nonlocal searched
        searched += (len(data) if stop is None else stop) - start
        return hints_in(data, start, stop)

    monkeypatch.setattr("tracer.recording.secret_hints.hints_in", counting)
    hints(b"".join(pieces), [*accumulate(map(len, pieces[:-1]))])
    assert searched >= 6 * 2001
    searched = 0
    assert not any(map(hints, pieces)) and searched < 6 * 200
