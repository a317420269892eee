"""The lifeline: a command runs as if started directly, until its standard input ends."""

import subprocess

from mediacanon.tray.supervisor import WITH_LIFELINE, start_child, stop_child


def test_a_command_runs_with_its_own_output_and_exit_code():
    """`--version` prints the version and ends with exit code 0."""
    child = start_child((*WITH_LIFELINE, "--version"), subprocess.PIPE)
    with child.stdout as output:
        assert b"mediacanon, version" in output.read()
    stop_child(child)
    assert child.returncode == 0
