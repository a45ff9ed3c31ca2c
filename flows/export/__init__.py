"""Copies a table of a dataset into a table with transactions, of Delta Lake or Apache Iceberg, and keeps it equal.

An export compares, run by run, what the dataset has with what the other table has, and makes up the difference: a run
is appended, replaced or deleted, each in one transaction (all runs that are gone in one). What was exported is
recorded in the other table only, by the same transaction as the rows themselves. So an export that is killed, or
repeated, or meets another one, appends no run twice and loses none.

    contents     what the dataset has of a table, run by run
    marks        hashes by which a run is known again
    schemas      the columns in Arrow, with their comments
    exporting    the comparison, and the steps that follow from it
    delta        a table of Delta Lake
    iceberg      a table of Apache Iceberg

A run is the same as before if it has as many rows as the other table has of it, and its *files mark* is the one that
was recorded: a hash of the checksums of its parts, as the manifests have them, so that no row is read. If files
changed, as `compact` changes them, the *rows mark* decides, a hash of the rows themselves in their order, whatever
files they are in. Then the run is read once, and the new files mark is recorded.
"""

from flows.export.exporting import Changes, export

__all__ = ["Changes", "export"]
