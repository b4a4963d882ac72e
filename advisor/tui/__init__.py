"""The terminal interface: asks the questions, shows the answers. No arithmetic of its own: workflows answer, render words them.

Slow work runs in thread workers, which touch no widget and post the messages of `messages.py`.
"""
