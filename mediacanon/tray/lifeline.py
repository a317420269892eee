"""Runs a command of MediaCanon in this process for as long as standard input stays open.

The tray holds the other end of that pipe. Closing it asks the command to stop; when the tray is killed, the kernel
closes it. So a server never outlives its tray, on any system, and there is one way of stopping it.
"""

import os
import runpy
import signal
import sys
import threading


def main() -> None:
    """Run the command in `sys.argv`; SIGTERM tells it that the tray let go."""
    pipe = os.dup(0)
    # What the command starts in turn must neither read the pipe nor hold it.
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    threading.Thread(target=_stop_when_let_go, args=[pipe], daemon=True).start()
    sys.argv[0] = "mediacanon"
    runpy.run_module("cli", run_name="__main__")


def _stop_when_let_go(pipe: int) -> None:
    while os.read(pipe, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
