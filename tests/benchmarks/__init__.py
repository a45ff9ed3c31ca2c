"""What copydesk costs, beside the plain script, its peers and the floor: `make bench`."""
