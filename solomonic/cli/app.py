"""The command `solomonic`: its groups, and what it does with errors.

Data go to stdout and talk to stderr. Exit code 0 done, 1 failed, 2 misuse, 130 interrupted. An error of ours, and a misuse of a flag, is one line.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from importlib import metadata

import click

from ..errors import SolomonicError
from .ask import ask
from .compare import compare
from .ls import ls
from .memory import memory
from .predict import predict
from .report import report


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(metadata.version("solomonic"), prog_name="solomonic")
def solomonic() -> None:
    """Should you train, or remember? Compare both on the same exams."""


solomonic.add_command(ask)
solomonic.add_command(compare)
solomonic.add_command(ls)
solomonic.add_command(memory)
solomonic.add_command(predict)
solomonic.add_command(report)


def main(args: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    sys.exit(run(args))


def run(args: Sequence[str] | None = None) -> int:
    """Return the exit code of one command line."""
    try:
        code = solomonic.main(args=args, prog_name="solomonic", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except SolomonicError as error:
        return _say(str(error), error.exit_code)
    except click.NoSuchOption as error:
        hint = f"; did you mean {' or '.join(error.possibilities)}?" if error.possibilities else "; see --help"
        return _say(f"no such option: {error.option_name}{hint}", 2)
    except click.ClickException as error:
        return _say(error.format_message(), error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        return _say("interrupted", 130)
    except BrokenPipeError:
        # The reader of stdout has gone; what python still holds for it must not raise again at exit.
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _say(message: str, code: int) -> int:
    click.echo(f"solomonic: {' '.join(message.split())}", err=True)
    return code
