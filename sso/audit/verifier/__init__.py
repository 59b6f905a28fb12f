"""The verifiers that stand alone: given away with every bundle, they import nothing of this package.

verify.py    Python 3.8 and later, its standard library alone
verify.mjs   Node.js 20 and later, no package

Two languages, two authors' habits, one answer: whoever doubts one of them runs the other.
"""

FILES = ("verify.py", "verify.mjs")
