"""How a run over a directory ends before it is through; nobody has left by it then."""


class LeaseLost(Exception):
    """Another process reads this directory now."""


class Interrupted(Exception):
    """The process is to end; the run is given up."""
