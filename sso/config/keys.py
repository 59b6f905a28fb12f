"""`[keys]`: the signing keys, and the hardware module that they may be in."""

import importlib.util
import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator, model_validator

from sso.config.section import Positive, Section
from sso.config.source import ConfigurationError, Source
from sso.pkcs11.settings import MAX_LABEL_BYTES, TokenSettings


class Pkcs11(Section):
    """`[keys.pkcs11]`: a hardware module in which the signing keys are made and used."""

    module: Path
    token: Annotated[str, Field(min_length=1, max_length=MAX_LABEL_BYTES)]
    pin: SecretStr | None = None
    pin_file: Path | None = None
    deadline_seconds: Annotated[float, Field(gt=0, le=30)] = 3.0

    @model_validator(mode="after")
    def _one_pin(self) -> "Pkcs11":
        if (self.pin is None) == (self.pin_file is None):
            raise ValueError("set exactly one of pin and pin_file")
        return self


class Keys(Section):
    """`[keys]`: the signing keys' algorithms and rotation."""

    algorithms: tuple[Literal["RS256", "PS256", "ES256", "EdDSA"], ...] = ("RS256", "ES256")
    rotate_after_days: Positive = 90
    publish_before_seconds: Annotated[int, Field(ge=0)] = 86_400
    keep_after_seconds: Annotated[int, Field(ge=0)] = 172_800
    pkcs11: Pkcs11 | None = None

    @field_validator("algorithms")
    @classmethod
    def _algorithms(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        if "ES256" not in values:
            raise ValueError("algorithms must hold ES256, which signs access tokens")
        return tuple(dict.fromkeys(values))


def token_settings(section: Pkcs11 | None, source: Source, home: Path) -> TokenSettings | None:
    """Return how the hardware token is opened; None where none is configured.

    Raises:
        ConfigurationError: the extra is not installed, or a file is not there.
    """
    if section is None:
        return None
    place = source.place(("keys", "pkcs11"))
    if importlib.util.find_spec("pkcs11") is None:
        raise ConfigurationError(f"{place}: keys.pkcs11 needs its extra: pip install 'sso-hub[pkcs11]'")
    if not os.path.isfile(section.module):  # never raises, also where a folder may not be entered
        raise ConfigurationError(f"{place}: keys.pkcs11.module: {section.module} does not exist")
    return TokenSettings(
        module=section.module,
        label=section.token,
        pin=_pin(section, place, home),
        deadline_seconds=section.deadline_seconds,
    )


def _pin(section: Pkcs11, place: str, home: Path) -> str:
    if section.pin is not None:
        return section.pin.get_secret_value()
    file = home / str(section.pin_file)
    try:
        return file.read_text(encoding="utf-8").strip("\r\n")
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{place}: keys.pkcs11.pin_file: cannot read {file}") from error
