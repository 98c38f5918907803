"""How much one journal holds: a million journeys generated, and what is asked of them measured.

``python -m benchmarks.capacity --journeys 1000000`` runs every row; each is a function in a module of its own that
gives plain data.
"""
