"""What came on a connection after an answer: the next request there would take it for its own answer.

Two answers to one request, or a body longer than it claimed, leave bytes behind in the HTTP library, which hands the
connection to the next request all the same. Somebody else's ticket would be that request's result. The library has no
public way to see them; where its layers are not as expected, the connection is given up, which costs a new one.
"""

from __future__ import annotations

from typing import Any

__all__ = ["give_up_if_more_came"]

_LAYERS = ("_h11_state", "_connection", "_stream", "_httpcore_stream")
"""From the inside out: what is found first is nearest to the parser."""
_DEEPEST = 8


async def give_up_if_more_came(response: Any) -> None:
    """Close the connection of an answer that was read to its end, if there is more; to be called before it is freed.

    HTTP/2 keeps answers apart, and a transport without a connection has none to close.
    """
    connection = response.extensions.get("network_stream")
    http2 = response.extensions.get("http_version") == b"HTTP/2"
    if connection is not None and not http2 and _left_over(response.stream) != b"":
        await connection.aclose()


def _left_over(layer: Any) -> bytes | None:
    """The bytes after the answer, from the parser at the bottom of the stream; None: it was not found."""
    for _ in range(_DEEPEST):
        match getattr(layer, "trailing_data", None):
            case (bytes() as left, bool()):
                return left
        layer = next((inner for name in _LAYERS if (inner := getattr(layer, name, None)) is not None), None)
    return None
