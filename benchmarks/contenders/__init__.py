"""Who takes part. ``catalogue`` lists them; every other module is a program of one contender, or what these share.

A program is run by the Python of its own environment. It reads a ``Task`` from its input, warms up, runs its
journeys, and prints its figures. Modules here import from ``task`` and ``calls``, which need nothing but Python.
"""
