"""What stood for the people of a finding could be made again by whoever has the hub's keys: it is gone.

From now on that is made with the people's own keys. A finding from before grows no more, and a suppression of
what is like one ends.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018_finding_groups"
down_revision = "0017_finding_retention"
branch_labels = None
depends_on = None

FINDING = sa.table("finding", sa.column("id"), sa.column("fields"), sa.column("group_digest"))
SUPPRESSION = sa.table("finding_suppression", sa.column("finding_id"), sa.column("group_digest"))


def upgrade() -> None:
    names = ("account_id", "person_id", "actor", "about")
    of_people = sa.or_(*(FINDING.c.fields.like(f"%{name}%") for name in names))
    like_them = SUPPRESSION.c.finding_id.in_(sa.select(FINDING.c.id).where(of_people))
    of_group = SUPPRESSION.c.group_digest.is_not(None)
    op.execute(sa.update(SUPPRESSION).where(of_group, like_them).values(group_digest=""))
    op.execute(sa.update(FINDING).where(of_people).values(group_digest=""))
