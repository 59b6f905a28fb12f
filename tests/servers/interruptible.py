"""A program that Ctrl-C ends, wherever the tests themselves were started."""

import signal


def interruptible() -> None:
    """Take SIGINT as a terminal's program does: `preexec_fn` of a child.

    What nohup starts, or a script in its background, inherits that SIGINT is ignored, and hands it on.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
