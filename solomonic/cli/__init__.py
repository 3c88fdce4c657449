"""The command line: thin commands, each of which calls one library function."""

from .app import main

__all__ = ["main"]
