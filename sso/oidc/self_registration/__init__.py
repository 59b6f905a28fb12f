"""Applications that register themselves (OpenID Connect Registration 1.0, RFC 7591, RFC 7592).

policy      what an operator lets such an application ask for
statement   what somebody whom the operator trusts says about it (RFC 7591 2.3)
admission   who may register, and with which metadata
access      the two tokens: one to register, one to manage the registration
endpoint    register, read, update, remove
"""
