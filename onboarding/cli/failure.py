"""The outermost frame: runs a command, and turns every error into one sentence and an exit code."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import traceback

from onboarding.cli.exits import Exit, exit_of_error
from onboarding.errors import OnboardingError

__all__ = ["run", "say", "say_at_end"]

_UNWRITABLE = (errno.ENOSPC, errno.EIO, errno.EFBIG, errno.EDQUOT)
"""What a print may fail with."""


def run(arguments: list[str]) -> int:
    """Run the command that the arguments name; its exit code. Nothing is raised but what ends the process."""
    if not all(map(_is_text, arguments)):
        say("an argument is not text: it holds bytes that are no UTF-8")
        return Exit.USAGE
    _AT_END.clear()
    try:
        code = _guarded(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        code = _nobody_reads()
    except OSError as error:
        say(f"standard output cannot be written: {error.strerror or type(error).__name__}")
        code = _nobody_reads()
    return code


def say(sentence: str) -> None:
    """Say something that is not a result: on standard error."""
    with contextlib.suppress(OSError):
        print(f"onboarding: {sentence}", file=sys.stderr, flush=True)


_AT_END: list[str] = []


def say_at_end(sentence: str) -> None:
    """Say something when the command has done what it was for: what refuses it is said alone."""
    _AT_END.append(sentence)


def _guarded(arguments: list[str]) -> int:
    try:
        from onboarding.cli.commands.app import command, usage_problem
    except OnboardingError as error:
        say(str(error))
        return Exit.USAGE
    try:
        code = int(command(arguments) or Exit.OK)
    except OnboardingError as error:
        say(str(error))
        return exit_of_error(error)
    except (KeyboardInterrupt, EOFError):
        return Exit.INTERRUPTED
    except BrokenPipeError:
        raise
    except Exception as error:  # the last net: no traceback reaches a terminal
        sentence = usage_problem(error)
        if sentence is not None:
            say(sentence)
            return Exit.USAGE
        if isinstance(error, OSError) and error.filename is None and error.errno in _UNWRITABLE:
            raise  # of the result: every file of ours has a sentence of its own
        _unexpected(error, verbose=any(word.startswith("-v") or word == "--verbose" for word in arguments))
        return Exit.FAILED
    for sentence in _AT_END:
        say(sentence)
    return code


def _is_text(argument: str) -> bool:
    """Whether an argument could be read: what could not stands in it as surrogates, which nothing can write."""
    return not any("\ud800" <= each <= "\udfff" for each in argument)


def _unexpected(error: Exception, *, verbose: bool) -> None:
    """Name an error that nobody foresaw by its type: its text and its frames' values may be secret."""
    if not verbose:
        say(f"an unexpected error ({type(error).__name__}); -v (before the command) says where")
        return
    say(f"an unexpected error ({type(error).__name__}), which came from:")
    for frame in traceback.extract_tb(error.__traceback__):
        print(f"  {frame.filename}:{frame.lineno} in {frame.name}", file=sys.stderr)


def _nobody_reads() -> int:
    """The reader of a pipe has gone: say nothing, and keep the interpreter from saying something at its end."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return Exit.FAILED
