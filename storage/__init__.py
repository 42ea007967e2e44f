"""What survives: journal files, leases. Databases come with the store node."""
