"""Background work: delivery of logout notices, time-outs, rotation, clean-up.

Every job works in small steps that any number of workers may take at once: a notice is leased to one of
them, an end or a rotation is one conditional statement.
"""
