"""The verbs that the command line, the terminal interface and the Python API share.

They take plain arguments, return records and print nothing; progress goes to a callback. The two that answer questions
are here at hand; the others live in describing.py and maintaining.py, apart so that `recommend` loads little.
"""

from advisor.workflows.answering import predict, recommend

__all__ = ["predict", "recommend"]
