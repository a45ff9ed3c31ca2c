"""The tasks of a comparison in groups: `flows.run.compare_in_groups` has their order."""
