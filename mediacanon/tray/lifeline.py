"""Lifeline: runs a command of MediaCanon in this process for as long as standard input stays open.

Standard input is a pipe from the tray. The tray closes it to stop the command; the kernel closes it when the tray is
killed. So on any system there is one way to stop a server, and no server outlives its tray.
"""

import os
import runpy
import signal
import sys
import threading


def main() -> None:
    """Run the command in `sys.argv`, and send it SIGTERM at the end of the pipe."""
    pipe = os.dup(0)
    # Children of the command must not inherit the pipe.
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    threading.Thread(target=_stop_at_end, args=[pipe], daemon=True).start()
    sys.argv[0] = "mediacanon"
    runpy.run_module("cli", run_name="__main__")


def _stop_at_end(pipe: int) -> None:
    while os.read(pipe, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
