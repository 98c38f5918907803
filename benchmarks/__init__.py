"""What this package costs, measured: nothing here is part of the product."""
