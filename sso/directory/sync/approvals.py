"""What an officer's approvals cover: only people for whom an approved run itself had stopped."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sso.directory.sync.run import Run, RunKind


@dataclass(frozen=True, slots=True)
class Approvals:
    """Approved runs of one directory, each of which stopped instead of letting people leave."""

    runs: Collection[Run] = ()

    def cover(self, proposed_in: int | None, before: int | None = None) -> bool:
        """Whether somebody whose first proposal is of a run may leave, or left in run `before`, as approved.

        A reading of everybody proposed whoever was missing, also those of earlier proposals: the proposal of
        whoever it saw has ended. A reading of changes knows nothing of anybody else.
        """
        if proposed_in is None:
            return False
        return any(
            run.number == proposed_in or (_is_complete(run) and run.number > proposed_in)
            for run in self.runs
            if before is None or run.number < before
        )

    def unasked(self, left: Mapping[tuple[int, int | None], int]) -> int:
        """Return how many left without an approval, given `Register.count_left`."""
        return sum(number for (run, proposed), number in left.items() if not self.cover(proposed, run))


def _is_complete(run: Run) -> bool:
    """Whether absence from this run was taken for leaving."""
    return run.kind is RunKind.FULL and not run.counts.unusable
