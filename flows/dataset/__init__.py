"""The published dataset on disk: its layout, its lock, and the one rename that commits a run.

    OUT/documents/run=<id>/part-*.parquet   and the same for removed, repaired, rejected: what readers read
    OUT/_copydesk/format.json               the format of the dataset
    OUT/_copydesk/lock                      held by the process that writes
    OUT/_copydesk/staging/                  a run before its commit
    OUT/_copydesk/ledger/run=<id>/          the input files that a run has read
    OUT/_copydesk/ledger/seen.parquet       input files that were read since, and held nothing new
    OUT/_copydesk/records/run=<id>/         the documents that a run has read, by input and content
    OUT/_copydesk/unpublished/run=<id>/     the documents of which it kept nothing, should their text be restored
    OUT/_copydesk/witnesses/                places of expired paragraphs that duplicates name still
    OUT/_copydesk/exceptions/               text that was restored, and that no later run removes again
    OUT/_copydesk/index/run=<id>/           fingerprints of the paragraphs that a run kept
    OUT/_copydesk/order/run=<id>/           how rare shingles are, where the method is "exact": of the first run alone
    OUT/_copydesk/lines/run=<id>/           how often each source printed a line
    OUT/_copydesk/labels/run=<id>/          which paragraphs are by-lines, datelines and time stamps, removed or not
    OUT/_copydesk/tallies/run=<id>/         what was removed, repaired and rejected of each source: what guards judge by
    OUT/_copydesk/runs/run=<id>/run.json    the manifest
    OUT/_copydesk/held/<id>/                a run that a guard holds, and why
    OUT/_copydesk/history.parquet           the last tallies of each source, gathered; made anew where it does not fit

Where runs were compacted, one folder `run=<first>..<last>` has the rows of all of them; every part, of the tables and
of the state, tells in its column `run_id` to which run a row belongs.

A run counts, in every one of these folders, only if `documents` has it. Its folder there is renamed into place last of
all, after everything else is in place and on the disk: before that instant the dataset is as it was, after it the run
is there whole. What a crash leaves is swept when the next run takes the lock.
"""

from flows.dataset.dataset import Dataset
from flows.dataset.layout import STATE, Layout, Span, run_name
from flows.dataset.manifests import described_all, write_json, write_manifest

__all__ = ["STATE", "Dataset", "Layout", "Span", "described_all", "run_name", "write_json", "write_manifest"]
