"""`python -m tinysnn` is the same as `tinysnn`."""

from tinysnn.cli.main import main

main()
