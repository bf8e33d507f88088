"""The names of HTTP/1.1: the ABNF's own words (RFC 9112, RFC 9110), each with the section that defines it."""

from __future__ import annotations

from .part import Part


class Http(Part):
    REQUEST = ("request", "RFC 9112, 2.1")
    RESPONSE = ("response", "RFC 9112, 2.1")
    REQUEST_LINE = ("request-line", "RFC 9112, 3")
    METHOD = ("method", "RFC 9112, 3.1")
    TARGET = ("request-target", "RFC 9112, 3.2")
    STATUS_LINE = ("status-line", "RFC 9112, 4")
    STATUS_CODE = ("status-code", "RFC 9110, 15")
    REASON = ("reason-phrase", "RFC 9112, 4")
    VERSION = ("HTTP-version", "RFC 9112, 2.3")
    SP = ("SP", "RFC 5234, B.1")
    CRLF = ("CRLF", "RFC 9112, 2.2")
    EMPTY_LINE = ("empty line", "RFC 9112, 2.1")
    LEADING_LINE = ("empty line before a request", "RFC 9112, 2.2")
    FIELD_LINE = ("field-line", "RFC 9112, 5")
    FIELD_NAME = ("field-name", "RFC 9110, 5.1")
    COLON = ("colon", "RFC 9112, 5")
    OWS = ("OWS", "RFC 9110, 5.6.3")
    FIELD_VALUE = ("field-value", "RFC 9110, 5.5")
    OBS_FOLD = ("obs-fold", "RFC 9112, 5.2")
    BODY = ("message-body", "RFC 9112, 6")
    CHUNK = ("chunk", "RFC 9112, 7.1")
    CHUNK_SIZE = ("chunk-size", "RFC 9112, 7.1")
    CHUNK_EXT = ("chunk-ext", "RFC 9112, 7.1.1")
    CHUNK_DATA = ("chunk-data", "RFC 9112, 7.1")
    LAST_CHUNK = ("last-chunk", "RFC 9112, 7.1")
    TRAILER = ("trailer-section", "RFC 9112, 7.1.2")
    DECHUNKED = ("decoded content", "RFC 9112, 7.1.3")
    DATA = ("data", "RFC 9112, 2.2")


# Where the meaning of one header field is defined; others are shown with the section on field values.
FIELD_SECTIONS = {
    "authorization": "RFC 9110, 11.6.2",
    "accept": "RFC 9110, 12.5.1",
    "connection": "RFC 9110, 7.6.1",
    "content-length": "RFC 9110, 8.6",
    "content-type": "RFC 9110, 8.3",
    "cookie": "RFC 6265, 4.2",
    "date": "RFC 9110, 6.6.1",
    "host": "RFC 9110, 7.2",
    "location": "RFC 9110, 10.2.2",
    "origin": "RFC 6454, 7",
    "sec-websocket-accept": "RFC 6455, 11.3.3",
    "sec-websocket-extensions": "RFC 6455, 11.3.2",
    "sec-websocket-key": "RFC 6455, 11.3.1",
    "sec-websocket-protocol": "RFC 6455, 11.3.4",
    "sec-websocket-version": "RFC 6455, 11.3.5",
    "server": "RFC 9110, 10.2.4",
    "set-cookie": "RFC 6265, 4.1",
    "transfer-encoding": "RFC 9112, 6.1",
    "upgrade": "RFC 9110, 7.8",
    "user-agent": "RFC 9110, 10.1.5",
}
