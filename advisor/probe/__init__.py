"""Facts about a running machine, one adapter per source; each gives a value or None with the reason, never a guess.

Reads only; needs no privileges, starts no process, never reads serial numbers. `root` stands for `/` so that a copied
tree can be read. The adapters know nothing of profiles.
"""
