"""What a correction by hand changes in the tables: rows, places on the network, owners, nodes and lives."""
