"""Times models on this machine: one fresh process per launch, raw samples kept, a verdict on every number.

The parent (campaign, launching, journal, verdict, published) imports no torch; the worker (worker, phases, backends) does.
Knows no database and no predictor: what it is to measure and how long a forward may take, it is told.
"""
