"""Stage routes: from a path to a view function, and back from what it returns."""

from urllib.parse import quote

from grader.coursework import wire
from grader.coursework.staged import HEADERS, Asked, answer, header, same_body

HOST = ("Host", "127.0.0.1")


def static(t: Asked) -> None:
    """A path has its view, from its beginning to its end"""
    got = t.page("/plain", b"plain HTTP\n", "the view's text is the body of the response")
    assert got.status == 200
    t.page("/teapot", b"short and stout", status=418)
    t.page("/file.txt", b"plain HTTP\n", "one view may have several routes")
    hint = "a path must fit a route from its beginning to its end, else it is 404"
    t.http(f"/plain/{t.word()}", status=404, hint=hint)
    t.http("/fileXtxt", status=404, hint="a point in a route stands for a point, not for any character: escape it")


def variables(t: Asked) -> None:
    """Parts of the path are arguments of the view: one, two, and not ASCII; none is empty"""
    one, two = t.word(), t.word()
    hint = "<name> stands for one part of the path, without a slash, and its text is an argument of the view"
    t.page(f"/hello/{one}", f"Hello, {one}!".encode(), hint)
    t.page(f"/between/{one}/and/{two}", f"{one}|{two}".encode(), hint)
    t.page(
        f"/hello/{quote('Jürgen ' + one)}",
        f"Hello, Jürgen {one}!".encode(),
        "the path is UTF-8 (WSGI has it as latin-1)",
    )
    t.http(f"/hello/{one}/{two}", status=404, hint=hint)
    t.http("/hello/", status=404, hint="a variable is never empty")


def static_first(t: Asked) -> None:
    """A route without variables is tried before one with them"""
    hint = "/hello/world is a route of its own: routes with fewer variables are tried first"
    t.page("/hello/world", b"Hello, everybody!", hint)


def methods(t: Asked) -> None:
    """One path may have a view for each method; another one is 405, with Allow"""
    t.page("/items", b"all items")
    t.page("/items", b"made", "the view for POST is another one than that for GET", method="POST", status=201)
    peer, got = t.http(
        "/items", method="DELETE", status=405, hint="the path is known, the method is not: 405 (RFC 9110, 15.5.6)"
    )
    allowed = {word.strip() for word in got.one("allow").split(",")}
    if allowed != {"GET", "HEAD", "POST"}:
        header(peer, got, "Allow", "GET, HEAD, POST", "405 says in Allow which methods there are; HEAD comes with GET")
    t.http("/plain", method="POST", status=405, hint="a route has the method GET (and HEAD), if nobody says another")


def nobody(t: Asked) -> None:
    """A path that nobody has is 404"""
    for path in (f"/{t.word()}", f"/plain/{t.word()}", "/plai", "/plainx"):
        t.http(path, status=404, hint="a path must fit a route from its beginning to its end; if none fits: 404")


def responses(t: Asked) -> None:
    """What a view returns becomes a response: text, bytes, or a Response with a status and headers"""
    peer, got = t.http("/teapot", status=418, hint="a view may return a Response with a status of its own")
    header(peer, got, "X-Spout", "here", "a Response has headers of its own")
    same_body(peer, got, b"short and stout")
    peer, got = t.http("/bytes")
    same_body(peer, got, bytes(range(256)), "a view may return bytes: they are the body as they are")
    header(peer, got, "Content-Length", "256", "a response says how long its body is, in bytes")
    header(
        peer,
        got,
        "Content-Type",
        "text/html; charset=utf-8",
        "without another word a response is HTML in UTF-8, as Flask's",
    )
    peer, got = t.http(f"/hello/{quote('é')}")
    header(peer, got, "Content-Length", str(len("Hello, é!".encode())), "Content-Length counts bytes, not characters")


def head(t: Asked) -> None:
    """HEAD is GET without the body"""
    peer, got = t.http("/plain", method="HEAD", hint="HEAD comes with GET (RFC 9110, 9.3.2)")
    header(peer, got, "Content-Length", "11", "the headers are those that GET would have")
    peer.expect_end("no body, and the end of the connection", "the answer to HEAD has no body (RFC 9110, 9.3.2)")


def blueprint(t: Asked) -> None:
    """Routes of a blueprint, under its prefix"""
    number = str(t.random.randrange(1000))
    t.page("/shop", b"the shop", "a prefix and a rule that is empty are the prefix, without a slash behind it")
    t.page("/shop/cart", b"the cart", "a blueprint's routes get its prefix when it is registered")
    t.page(f"/shop/item/{number}", f"GET item {number}".encode())
    t.page(f"/shop/item/{number}", f"DELETE item {number}".encode(), "a blueprint keeps methods, too", method="DELETE")
    t.http("/cart", status=404, hint="a blueprint's route is only there under its prefix")
    t.page(
        f"/v1/price/{number}",
        f"price {number}".encode(),
        "a prefix that is given at registration replaces the blueprint's own",
    )


def nested(t: Asked) -> None:
    """A blueprint in a blueprint, under both prefixes"""
    name = t.word()
    t.page(
        f"/shop/admin/user/{name}",
        f"user {name}".encode(),
        "a blueprint in a blueprint gets both prefixes, and one slash between",
    )
    t.http(f"/admin/user/{name}", status=404, hint="a blueprint in a blueprint gets both prefixes")


def request(t: Asked) -> None:
    """The view sees its request: method, path, and headers by their names in any case"""
    hint = "request.headers has the request's headers; however a name was written on the wire, X-Token finds it"
    for name in ("X-Token", "x-token", "X-TOKEN"):
        word = t.word()
        t.page("/who", f"GET /who {word}".encode(), hint, headers=(*HEADERS, (name, word)))
    t.page("/who", b"GET /who nobody", "a header that was not sent is not there")


def own_request(t: Asked) -> None:
    """Each thread has its own request, and a thread without one has none"""
    hint = (
        "two requests are handled at the same time, and each view must see its own: a global variable has one for all"
    )
    one, two = t.word(), t.word()
    with t.peer() as first, t.peer() as second:
        first.send(wire.request(f"/meet/{one}", HEADERS), "a request that waits for another one")
        second.send(wire.request(f"/meet/{two}", HEADERS), "the other one")
        for peer, name in ((first, one), (second, two)):
            same_body(peer, answer(peer, 200), f"{name} is on /meet/{name}".encode(), hint)
    hint = "where no request is being handled, request.path raises RuntimeError, as Flask's does, or AttributeError"
    t.page("/outside", b"no request", hint)


def endpoints(t: Asked) -> None:
    """Endpoints have the names of their blueprints"""
    hint = "an endpoint is called as its view; in a blueprint the blueprint's name and a point come before"
    t.page("/endpoints", b"hello shop.admin.person shop.cart shop.front shop.item", hint)
