"""ONNX graphs as a second front end: parsed and priced into the records that a traced forward gives. Nothing in a file is executed.

file.py reads and infers shapes, simplify.py folds what exporters unfold, translate.py names the operators as PyTorch does,
walk.py goes through them. Importing this package loads no onnx.
"""
