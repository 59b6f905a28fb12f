"""`[outbound]`: where the hub itself may call."""

import ipaddress
from pathlib import Path

from pydantic import field_validator

from sso.config.section import Positive, Section


class Outbound(Section):
    """`[outbound]`: requests that the hub makes itself, such as back-channel logout."""

    allow_loopback: bool = False
    allow_networks: tuple[str, ...] = ()
    ca_file: Path | None = None
    logout_retry_seconds: Positive = 28_800

    @field_validator("allow_networks")
    @classmethod
    def _networks(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        for value in values:
            ipaddress.ip_network(value)
        return values
