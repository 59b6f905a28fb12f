"""What the run prints."""

from dataclasses import dataclass, field
from statistics import median, quantiles

from bench.breakdown import Breakdown
from bench.load import Measured
from bench.sign_in import SignIn


@dataclass
class Row:
    """One call: the rounds of ours and theirs in pairs, and the CPU seconds that each side spent."""

    call: str
    ours: list[Measured] = field(default_factory=list)
    theirs: list[Measured] = field(default_factory=list)
    our_cpu: float = 0.0
    their_cpu: float = 0.0

    @property
    def ratio(self) -> float:
        """Ours a second by theirs a second, the median of the pairs."""
        return median(a.per_second / b.per_second for a, b in zip(self.ours, self.theirs, strict=True))


HEAD = (
    f"{'':31}|{'sso-hub':^35}|{'oidc-provider':^35}|\n"
    f"{'call':31}|{'per s':>7} {'p50 ms':>8} {'p99 ms':>8} {'CPU µs':>8} "
    f"|{'per s':>7} {'p50 ms':>8} {'p99 ms':>8} {'CPU µs':>8} | {'ratio':>5}"
)


def line(row: Row) -> str:
    """Return a row of the table; `ratio` is the median of the pairs of rounds."""
    ours, theirs = _half(row.ours, row.our_cpu), _half(row.theirs, row.their_cpu)
    return f"{row.call:31}|{ours} |{theirs} | {row.ratio:5.2f}"


def _half(rounds: list[Measured], cpu: float) -> str:
    latencies = [seconds for one in rounds for seconds in one.latencies]
    per_second = median(one.per_second for one in rounds)
    p99 = quantiles(latencies, n=100)[98] if len(latencies) > 1 else latencies[0]
    each = cpu / len(latencies) * 1_000_000
    return f"{per_second:7.0f} {median(latencies) * 1000:8.1f} {p99 * 1000:8.1f} {each:8.0f}"


def sign_in_text(told: SignIn) -> str:
    """Return the sentences about a password sign-in."""
    lines = [f"Password sign-in, one at a time, median of {told.rounds}"]
    for name, seconds in (
        ("argon2id alone", told.argon2),
        ("the request with the password", told.password_request),
        ("all five requests to the code", told.whole_way),
    ):
        share = f"argon2 {told.argon2 / seconds:.0%}, our own part {seconds / told.argon2 - 1:.0%} of argon2"
        lines.append(
            f"  {name:30} {seconds * 1000:7.1f} ms   {share if seconds != told.argon2 else ''}".rstrip()
        )
    return "\n".join(
        [*lines, "  (aim: our own part of the request with the password at most 10 % of argon2)"]
    )


def breakdown_text(told: list[Breakdown]) -> str:
    """Return where the time goes, a column a call."""
    lines = ["Where the time goes (inside one process, without the HTTP server; waiting included)"]
    for one in told:
        parts = ", ".join(f"{part} {share:.0%}" for part, share in one.shares if share >= 0.01)
        lines.append(f"  {one.call} ({one.milliseconds:.2f} ms): {parts}")
    return "\n".join(lines)
