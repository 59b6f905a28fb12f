"""Detection rules: Sigma files about events of the log, and what evaluates them, in the order of the log.

reading.py     a YAML file to a rule; what is wrong in it is said
condition.py   the boolean words of a condition
selection.py   which records a selection means
nodes.py       counting, distinct values, sequences, new terms, by group and time span
engine.py      records through rules, and which matches belong together
shipped.py     the rules that come with the hub
finding.py     what a rule found, and what officers make of it
queue.py       matches become findings, findings are worked on
*.yml          the rules
examples/      records that each rule must find, and records that it must not
"""
