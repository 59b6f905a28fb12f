"""Alembic's scripts: forward only, additive, importing nothing of ours."""
