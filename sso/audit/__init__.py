"""What happened: event classes, the record they become, and the questions one may ask.

This package does no I/O and imports nothing else of `sso`: everyone may report a fact.
"""
