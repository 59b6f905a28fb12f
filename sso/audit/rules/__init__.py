"""Detection rules: Sigma files about events of the log, and what evaluates them, in the order of the log.

reading.py     a YAML file to a rule; what is wrong in it is said
condition.py   the boolean words of a condition
selection.py   which records a selection means
engine.py      counting, distinct values, sequences, new terms, by group and time span
*.yml          the rules
examples/      records that each rule must find, and records that it must not
"""
