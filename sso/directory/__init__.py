"""Who people are: persons, accounts, department directories and the entries found in them.

Everything here is plain values and functions, except `sso.directory.ldap`, the only door to ldap3.
Nothing in this package knows of Flask or SQL.
"""
