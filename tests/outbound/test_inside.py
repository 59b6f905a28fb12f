"""No address that a client registered leads inside, however it is written."""

import pytest

from sso.outbound import Form, NotAllowed, Outbound, OutboundRules
from tests.servers.trap import INSIDE, Trap


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_inside_is_neither_read_nor_told_anything(address: str) -> None:
    with Trap() as trap, Outbound(OutboundRules()) as outbound:
        url = address.format(port=trap.port)

        with pytest.raises(NotAllowed):
            outbound.get_json(url)
        (told,) = outbound.post_forms([Form(url, {"logout_token": "x"})])

        assert isinstance(told, NotAllowed)
        assert trap.visitors == 0


def test_a_trap_counts_whom_it_should() -> None:
    """The test of the test: with the rule that forbids it taken away, somebody comes."""
    with Trap() as trap, Outbound(OutboundRules(allow_loopback=True)) as outbound:
        outbound.post_forms([Form(f"http://127.0.0.1:{trap.port}/", {})])

        assert trap.visitors == 1
