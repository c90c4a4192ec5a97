"""`python -m reflector.cli`."""

from reflector.cli.entry import main

main()
