"""What is made of the results: a table for the terminal, and a page with a picture for the documentation."""
