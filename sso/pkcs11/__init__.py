"""Signing keys in a hardware security module: made there, used there, never taken out (PKCS #11 2.40).

`keys` is what the hub uses, `threads` lets no caller wait longer than a deadline, `session` is the only door
to the library python-pkcs11, which comes with the extra `pkcs11` and is imported when a token is configured.
"""
