"""How an answer goes over the wire: whole, in drops, without an end, cut off."""

from __future__ import annotations

import asyncio

from onboarding.verify.answers.counterpart import Exchange, Play

__all__ = ["cut", "drip", "endless", "envelope", "http", "late", "once_heard", "silence", "whole"]

_EVERY = 0.02
_DATA, _TRAP = b"@data@", b"@trap@"


def http(status: int, body: bytes, *headers: str, length: int | str | None = -1, version: str = "1.1") -> bytes:
    """A whole answer; ``length`` is what it claims (its own without, none with None)."""
    claimed = len(body) if length == -1 else length
    lines = [f"HTTP/{version} {status} Any", *([] if claimed is None else [f"Content-Length: {claimed}"]), *headers]
    if not any(header.lower().startswith("content-type") for header in headers):
        lines.append("Content-Type: application/json")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def envelope(result: str = "true", mcode: str = '"m0000000"', data: str = "@data@") -> bytes:
    """An envelope of JSON texts; ``@data@`` stands for the good data of the call."""
    return f'{{"result":{result},"mcode":{mcode},"data":{data}}}'.encode()


def whole(*answers: bytes, over: bool = False) -> Play:
    """All of it at once, one after the other; placeholders are filled, and a length made right for them."""

    async def play(exchange: Exchange) -> None:
        await exchange.write(b"".join(filled(answer, exchange) for answer in answers))
        exchange.over = over

    return play


def filled(answer: bytes, exchange: Exchange) -> bytes:
    """An answer with the call's data and the trap in it."""
    head, line, body = answer.partition(b"\r\n\r\n")
    told = body.replace(_DATA, exchange.data)
    right, now = b"Content-Length: %d\r\n" % len(body), b"Content-Length: %d\r\n" % len(told)
    return (head + b"\r\n").replace(right, now)[:-2].replace(_TRAP, exchange.trap.encode()) + line + told


def cut(answer: bytes, *, reset: bool = False) -> Play:
    """So much of it, then the connection is closed, or reset."""

    async def play(exchange: Exchange) -> None:
        await exchange.write(filled(answer, exchange))
        exchange.over = True
        if reset:
            exchange.reset()

    return play


def drip(answer: bytes, *, over: bool = True) -> Play:
    """A byte at a time, for as long as the client stays."""

    async def play(exchange: Exchange) -> None:
        for byte in filled(answer, exchange):
            await exchange.write(bytes([byte]))
            await asyncio.sleep(_EVERY)
        exchange.over = over

    return play


def endless(start: bytes, again: bytes) -> Play:
    """Something, then something else for ever."""

    async def play(exchange: Exchange) -> None:
        await exchange.write(start)
        while True:
            await exchange.write(again)
            await asyncio.sleep(0)

    return play


def late(seconds: float, answer: bytes) -> Play:
    """All of it, after a while."""
    at_last = whole(answer)

    async def play(exchange: Exchange) -> None:
        await asyncio.sleep(seconds)
        await at_last(exchange)

    return play


def silence(start: bytes = b"") -> Play:
    """Something, then nothing for as long as the client stays."""

    async def play(exchange: Exchange) -> None:
        await exchange.write(start)
        await exchange.reader.read()
        exchange.over = True

    return play


async def once_heard(exchange: Exchange) -> None:
    """No word: the connection is reset as soon as the request is there."""
    exchange.reset()
