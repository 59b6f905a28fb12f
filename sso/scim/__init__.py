"""SCIM 2.0 (RFC 7643, RFC 7644) for departments without LDAP, on scim2-models: a Flask blueprint per hub.

A department's system writes its people and groups; who they are here follows in the same transaction.
"""
