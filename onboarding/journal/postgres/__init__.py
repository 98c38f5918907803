"""The journal in PostgreSQL: for any number of workers, on any number of machines. Needs the extra ``postgres``.

- ``journal``: the protocol; ``address``: from a URL to a server; ``arrival``: waits for one that is not there yet
- ``session``: one connection, its transactions, and what happens when it is lost; ``faults``: what an error means
- ``identity``: whether this is the database in which the journal was left
- ``leases``: who advances what, and until when; ``batch``: the writes of a transaction as a statement a table
- ``listener``: is told of news by the server
- ``migrations``: the tables
"""
