"""One session with the token: sign, make and destroy keys. The only door to python-pkcs11.

Keys are found by CKA_ID, and made so that the token never gives them away: private, sensitive, not
extractable, good for signatures alone.
"""

import hashlib
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import pkcs11
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from pkcs11 import MGF, Attribute, KeyType, Mechanism, ObjectClass
from pkcs11.util.ec import encode_named_curve_parameters

from sso.oidc.keys import PublicKey
from sso.pkcs11.settings import TokenSettings

RSA_BITS = 2048
_HASH_BYTES = 32
_CURVES = {"ES256": "secp256r1", "EdDSA": "1.3.101.112"}
_FINAL = (
    pkcs11.PinIncorrect,
    pkcs11.PinInvalid,
    pkcs11.PinLenRange,
    pkcs11.PinExpired,
    pkcs11.PinLocked,
    pkcs11.UserPinNotInitialized,
)
_PRIVATE = {
    Attribute.PRIVATE: True,
    Attribute.SENSITIVE: True,
    Attribute.EXTRACTABLE: False,
    Attribute.SIGN: True,
    Attribute.UNWRAP: False,
}


class TokenFailure(Exception):
    """The token did not do it: it may once the module has been opened again; the text is private."""


class KeyMissing(Exception):
    """The token works, and has no such key."""


class PinRefused(Exception):
    """The token refuses the PIN: trying again would lock it."""


class _Module:
    """What PKCS #11 keeps once a process: whether the module is initialized, and the log-in.

    A process that was forked has to initialize it again (PKCS #11 2.40, 2.5). `generation` counts how often
    it was: the sessions of an earlier one are gone.
    """

    def __init__(self) -> None:
        self.process = os.getpid()
        self.lock = threading.RLock()
        self.generation = 0

    @contextmanager
    def call(self) -> Iterator[None]:
        """Let nobody finalize the module during a call, and name its failures."""
        with self.lock:
            try:
                yield
            except (pkcs11.PKCS11Error, RuntimeError, OSError) as error:
                raise TokenFailure(type(error).__name__) from error


_MODULES = [_Module()]


def _module() -> _Module:
    """Return this process's module."""
    if _MODULES[0].process != os.getpid():
        _MODULES[0] = _Module()
        for loaded in list(pkcs11._loaded.values()):
            _finalize(loaded)
    return _MODULES[0]


class TokenSession:
    """A session of one thread; it is `gone` when the module was opened anew."""

    def __init__(self, settings: TokenSettings) -> None:
        """Open the module, find the token by its label and log in.

        Raises:
            TokenFailure: the module cannot be loaded, or the token is not there.
            PinRefused: do not try again.
        """
        self._module = _module()
        with self._module.call():
            try:
                token = pkcs11.lib(str(settings.module)).get_token(token_label=settings.label)
                self._session = _opened(token, settings.pin)
            except _FINAL as error:
                raise PinRefused(type(error).__name__) from error
        self._generation = self._module.generation
        self._private: dict[bytes, Any] = {}

    @property
    def gone(self) -> bool:
        """Whether the module was opened anew since."""
        return self._generation != self._module.generation

    def sign(self, alg: str, key_id: bytes, message: bytes) -> bytes:
        """Return a signature as JWS carries it (RFC 7518 3, RFC 8037 3.1).

        ES256 is hashed here: CKM_ECDSA is what every token has, and its result is r and s side by side.

        Raises:
            TokenFailure, KeyMissing: there is none.
        """
        with self._module.call():
            key = self._private.get(key_id) or self._find(key_id)
            if alg == "RS256":
                return bytes(key.sign(message, mechanism=Mechanism.SHA256_RSA_PKCS))
            if alg == "PS256":
                salt = (Mechanism.SHA256, MGF.SHA256, _HASH_BYTES)
                pss = Mechanism.SHA256_RSA_PKCS_PSS
                return bytes(key.sign(message, mechanism=pss, mechanism_param=salt))
            if alg == "ES256":
                return bytes(key.sign(hashlib.sha256(message).digest(), mechanism=Mechanism.ECDSA))
            return bytes(key.sign(message, mechanism=Mechanism.EDDSA))

    def generate(self, alg: str, key_id: bytes) -> PublicKey:
        """Make a key pair in the token and return its public half.

        Raises:
            TokenFailure: it was not made.
        """
        names = {"id": key_id, "label": f"sso-hub {alg}", "store": True}
        with self._module.call():
            if alg in {"RS256", "PS256"}:
                template = _PRIVATE | {Attribute.DECRYPT: False}
                public, _ = self._session.generate_keypair(
                    KeyType.RSA, RSA_BITS, private_template=template, **names
                )
                return _rsa_public_key(public)
            public = self._generate_on_curve(alg, names)
            if alg == "ES256":
                return EllipticCurvePublicKey.from_encoded_point(SECP256R1(), _point(public, 65))
            return Ed25519PublicKey.from_public_bytes(_point(public, 32))

    def _generate_on_curve(self, alg: str, names: Mapping[str, Any]) -> Any:
        edwards = alg == "EdDSA"
        parameters = self._session.create_domain_parameters(
            KeyType.EC_EDWARDS if edwards else KeyType.EC,
            {Attribute.EC_PARAMS: encode_named_curve_parameters(_CURVES[alg])},
            local=True,
        )
        mechanism = Mechanism.EC_EDWARDS_KEY_PAIR_GEN if edwards else Mechanism.EC_KEY_PAIR_GEN
        public, _ = parameters.generate_keypair(mechanism=mechanism, private_template=_PRIVATE, **names)
        return public

    def destroy(self, key_id: bytes) -> None:
        """Destroy both halves of a key; nothing happens where there is none.

        Raises:
            TokenFailure: it is still there.
        """
        self._private.pop(key_id, None)
        with self._module.call():
            for found in list(self._session.get_objects({Attribute.ID: key_id})):
                found.destroy()

    def close(self) -> None:
        """End the session, whatever state it is in."""
        with suppress(TokenFailure), self._module.call():
            if not self.gone:
                self._session.close()

    def _find(self, key_id: bytes) -> Any:
        wanted = {Attribute.CLASS: ObjectClass.PRIVATE_KEY, Attribute.ID: key_id}
        for found in self._session.get_objects(wanted):
            self._private[key_id] = found
            return found
        raise KeyMissing


def reopen(settings: TokenSettings) -> None:
    """Finalize the module, so that the next session initializes it: a token that was away is seen again.

    The sessions of this process are gone after it.
    """
    module = _module()
    with module.lock:
        module.generation += 1
        with suppress(pkcs11.PKCS11Error, RuntimeError, OSError):
            _finalize(pkcs11.lib(str(settings.module)))


def _finalize(loaded: Any) -> None:
    """After this the library initializes the module at its next use, also if the module itself objects."""
    with suppress(pkcs11.PKCS11Error):
        loaded.finalize()


def _opened(token: Any, pin: str) -> Any:
    """The log-in is the whole process's: a second session shares it."""
    try:
        return token.open(rw=True, user_pin=pin)
    except pkcs11.UserAlreadyLoggedIn:
        return token.open(rw=True)


def _rsa_public_key(public: Any) -> PublicKey:
    modulus = int.from_bytes(public[Attribute.MODULUS], "big")
    exponent = int.from_bytes(public[Attribute.PUBLIC_EXPONENT], "big")
    return RSAPublicNumbers(exponent, modulus).public_key()


def _point(public: Any, size: int) -> bytes:
    """CKA_EC_POINT is a DER OCTET STRING of fewer than 128 bytes; some tokens give its content alone."""
    value = bytes(public[Attribute.EC_POINT])
    if len(value) == size:
        return value
    if value[:2] == bytes((4, size)) and len(value) == size + 2:
        return value[2:]
    raise TokenFailure("CKA_EC_POINT is no point of the curve")
