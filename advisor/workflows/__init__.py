"""The verbs that the command line, the terminal interface and the Python API share.

They take plain arguments, return records and print nothing; progress goes to a callback. One module per verb or group of
verbs, so that `recommend` loads little.
"""
