"""Where addresses are, from a MaxMind DB file of the operator's: for rules, and never on anybody's way.

`settings` is what the configuration says of it, `database` the only door to the library maxminddb, which
comes with the extra `geography` and is imported when a file is configured.
"""
