"""Asking a person at the terminal; secrets without echo."""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import os
import sys
from collections.abc import Iterator

try:
    import termios
except ImportError:  # pragma: no cover - not a POSIX system
    termios = None  # type: ignore[assignment]

__all__ = ["ask", "ask_now"]


def ask_now(words: str, *, twice: bool = False) -> str:
    """Ask for a secret before anything is under way; an empty answer is asked again.

    Args:
        words: what is asked for.
        twice: whether to ask again until both agree.
    """
    while True:
        answer = _hidden(words)
        if not answer:
            print("it must not be empty; once more", file=sys.stderr)
        elif not twice or _hidden(f"{words}, again") == answer:
            return answer
        else:
            print("the two differ; once more", file=sys.stderr)


def _hidden(words: str) -> str:
    try:
        return getpass.getpass(f"{words}: ", sys.stderr)
    except (KeyboardInterrupt, EOFError):
        print(file=sys.stderr)  # what follows does not belong on the line of the prompt
        raise


async def ask(prompt: str, *, secret: bool = False) -> str:
    """Ask while journeys go on; it may be cancelled at any time, and leaves the terminal as it was.

    Args:
        prompt: what to show, whole.
        secret: whether what is typed stays invisible.

    Raises:
        EOFError: the input has ended.
    """
    if termios is None:  # pragma: no cover - not a POSIX system
        return await asyncio.to_thread(getpass.getpass if secret else input, prompt)
    loop, descriptor = asyncio.get_running_loop(), sys.stdin.fileno()
    typed: asyncio.Future[bytes] = loop.create_future()

    def read() -> None:
        if not typed.done():
            typed.set_result(os.read(descriptor, 4096))

    with _echo(descriptor, on=not secret):
        # Only now: what is typed once the prompt shows is neither seen nor dropped.
        print(prompt, end="", file=sys.stderr, flush=True)
        loop.add_reader(descriptor, read)
        try:
            line = await typed
        except asyncio.CancelledError:
            print(file=sys.stderr)  # what follows does not belong on the line of the prompt
            raise
        finally:
            loop.remove_reader(descriptor)
    if secret:
        print(file=sys.stderr)
    if not line:
        raise EOFError
    return line.decode(errors="replace").strip()


@contextlib.contextmanager
def _echo(descriptor: int, *, on: bool) -> Iterator[None]:
    """Switch the terminal's echo for a while; what was typed ahead while it was on is dropped."""
    before = termios.tcgetattr(descriptor)
    during = list(before)
    during[3] = (during[3] | termios.ECHO) if on else (during[3] & ~termios.ECHO)
    termios.tcsetattr(descriptor, termios.TCSADRAIN if on else termios.TCSAFLUSH, during)
    try:
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
