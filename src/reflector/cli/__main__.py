"""`python -m reflector.cli`."""

from reflector.cli.app import main

main()
