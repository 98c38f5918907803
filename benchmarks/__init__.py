"""What this package costs, measured side by side with others: ``python3 do.py bench``. No part of the product.

===================  ==================================================================================
``targets``          what must be reached, as data
``rows/``            what is measured, a file for each kind; ``rows.every()`` finds them
``contenders/``      who takes part: each a program of its own, run in an environment of its own
``peers/``           what is installed for the other projects, pinned
``services/``        the stub that all call, PostgreSQL, Temporal's server
``bench``            what a row is handed: environments, services, rounds
``report/``          the table, the JSON, the picture and the page
===================  ==================================================================================
"""
