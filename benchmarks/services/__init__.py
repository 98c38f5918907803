"""What contenders talk to: the stub, PostgreSQL, Temporal's server. Each runs in processes of its own, on loopback."""
