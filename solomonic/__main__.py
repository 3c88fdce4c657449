"""`python -m solomonic` is `solomonic`."""

from .cli import main

if __name__ == "__main__":
    main()
