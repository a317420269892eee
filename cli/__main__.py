"""`python -m cli` is `mediacanon`."""

from cli import main

main(prog_name="mediacanon")
