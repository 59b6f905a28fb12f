"""The protocol: values and functions. No Flask, no SQL, no LDAP, no network, no clock.

Callers pass `now`, the stores of one transaction, and the provider's settings and keys.
"""
