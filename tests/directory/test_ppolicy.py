import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso.directory.ppolicy import PolicyAnswer, PolicyError, decode_policy_answer


@pytest.mark.parametrize(
    ("recorded", "meaning"),
    [
        ("3000", PolicyAnswer()),
        ("3003810101", PolicyAnswer(error=PolicyError.ACCOUNT_LOCKED)),
        ("3003810100", PolicyAnswer(error=PolicyError.PASSWORD_EXPIRED)),
        ("3003810102", PolicyAnswer(error=PolicyError.CHANGE_AFTER_RESET)),
        ("3005a003810101", PolicyAnswer(grace_logins=1)),
        ("3007a005800306975a", PolicyAnswer(expires_in_seconds=431962)),
        ("308400000003810101", PolicyAnswer(error=PolicyError.ACCOUNT_LOCKED)),
        ("308400000003810100", PolicyAnswer(error=PolicyError.PASSWORD_EXPIRED)),
        ("30840000000ba084000000058003127500", PolicyAnswer(expires_in_seconds=1209600)),
        (
            "30840000000ea084000000058003127500810102",
            PolicyAnswer(error=PolicyError.CHANGE_AFTER_RESET, expires_in_seconds=1209600),
        ),
        ("", PolicyAnswer()),
    ],
)
def test_recorded_controls_are_read(recorded, meaning):
    assert decode_policy_answer(bytes.fromhex(recorded)) == meaning


@pytest.mark.parametrize(
    "broken", ["30", "3005", "300381", "30038101", "3180", "3003810163", "3080", "30850000000000", "3000ff"]
)
def test_a_broken_control_is_refused(broken):
    with pytest.raises(ValueError):
        decode_policy_answer(bytes.fromhex(broken))


@given(st.binary(max_size=64))
def test_any_bytes_are_read_or_refused(raw):
    try:
        answer = decode_policy_answer(raw)
    except ValueError:
        return

    assert isinstance(answer, PolicyAnswer)
