"""Keeping accounts in step with a directory: pure decisions, without LDAP, SQL or clock.

row         an entry as the hub keeps it, and its digest: what is equal is not written
presence    who was seen, one bit a person
plan        what a page of entries changes
guard       how many may leave before somebody is asked
absences    how many may be absent at once when states are asked
stages      quarantine, the end of access, the end of the data
reading     what a reader of directories brings
run         the report of one run
stores      what must be remembered
"""
