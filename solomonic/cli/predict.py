"""`solomonic predict`: the limit of inference on a string of bits."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..errors import InputError

if TYPE_CHECKING:
    from ..solomonoff.prediction import Prediction

PATIENCE_S = 2.0
SHOWN = 5


@click.command()
@click.argument("target", metavar="BITS")
@click.option(
    "--length", type=int, metavar="L", help="Walk all programs of up to L input bits (0 to 60). By default: what ends within 2 s."
)
@click.option("--seconds", type=float, metavar="S", help="Walk as deep as this time allows; 0 walks nothing.")
@click.option("--steps", type=int, metavar="T", help="Steps that a program may take from one symbol to the next; 4000 by default.")
@click.option("--plot", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write a picture (png, svg or pdf).")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def predict(target: str, length: int | None, seconds: float | None, steps: int | None, plot: Path | None, as_json: bool) -> None:
    """What comes next, in the limit: bounds over all programs that print BITS ("" or - for no bits yet), and the shortest of them.

    \b
    solomonic predict 0110100110010110
    solomonic predict 01010101 --length 27 --json
    """
    from ..solomonoff.machine import bits_of
    from ..solomonoff.prediction import predict as run

    bits = bits_of("" if target == "-" else target.strip())
    if plot is not None and plot.suffix.lower() not in (".png", ".svg", ".pdf"):
        raise InputError(f"--plot {plot} does not say which kind of picture; end the name in .png, .svg or .pdf")
    if plot is not None and not plot.absolute().parent.is_dir():
        raise InputError(f"--plot {plot}: there is no folder {plot.absolute().parent}; make it first")
    if length is not None and seconds is not None:
        raise InputError(f"--length {length} and --seconds {seconds:g} were both given; give one: how deep, or for how long")
    with _bar(length) as progress:
        _compiled()
        found = run(bits, length=length, seconds=seconds, steps=steps, progress=progress)
    if plot is not None:
        from ..solomonoff.pictures import save_line

        save_line(found.line, plot)
        click.echo(f"picture: {plot}", err=True)
    if as_json:
        click.echo(json.dumps(found.as_json()))
    else:
        _show(found)


def _compiled() -> None:
    """Compile or load the walk; say so where that takes long."""
    from ..solomonoff.enumeration import warm_up

    note = threading.Timer(PATIENCE_S, lambda: click.echo("compiling the walk, once on this machine (about 20 s) ...", err=True))
    note.daemon = True
    note.start()
    try:
        warm_up()
    finally:
        note.cancel()


@contextmanager
def _bar(length: int | None) -> Iterator[_Bar | None]:
    """Give a progress bar where the walk is deep enough to need one and stderr is a terminal."""
    if length is None or length < 24 or not sys.stderr.isatty():
        yield None
        return
    from tqdm import tqdm

    with tqdm(total=100.0, unit="%", file=sys.stderr, dynamic_ncols=True, leave=False, bar_format="{l_bar}{bar}{postfix}") as bar:
        yield _Bar(bar)


class _Bar:
    """Shows the share that is done and the seconds that are left, by estimate."""

    def __init__(self, bar: object) -> None:
        self.bar = bar

    def __call__(self, share: float, left_s: float) -> None:
        bar = self.bar
        bar.n = round(100.0 * share, 1)  # type: ignore[attr-defined]
        bar.set_postfix_str(f"about {left_s:.0f} s left")  # type: ignore[attr-defined]


def _show(found: Prediction) -> None:
    """Print bounds, prediction and programs for a reader."""
    line = found.line
    n = len(line.target)
    low, high = line.log2_mass()
    shown = found.target if n <= 64 else f"{found.target[:30]}...{found.target[-30:]}"
    click.echo(f"{shown or '(no bits yet)'}   {n} bits")
    for bit, bound, p in zip("01", found.next, found.prediction, strict=True):
        lower, upper = bound.floats()
        click.echo(f"next {bit}   {p:.6f}   certainly in [{lower:.6f}, {upper:.6f}]")
    mass = f"log2 M in [{'-inf' if low is None else f'{low:.3f}'}, {high:.3f}]"
    click.echo(f"mass     {mass}   undecided 2^-{line.walk.limits.length} x {found.classes.undecided:,}")
    click.echo(f"loss     {line.loss_bits():.2f} bits over {n}")
    programs = found.programs
    for one in programs[:SHOWN]:
        click.echo(f"program  {one.text}   {one.bits} bits   then {'reads' if one.next is None else one.next}")
    if not programs and n:
        click.echo(f"program  none of up to {line.walk.limits.length} bits was found")
    click.echo(f"length {found.limits.length}, steps {found.limits.steps}: {line.walk.nodes:,} nodes in {found.seconds:.2f} s", err=True)
