"""The published dataset on disk: its layout, its lock, and the one rename that commits a run.

    OUT/documents/run=<id>/part-*.parquet   what readers read; removed, labelled, repaired and rejected look the same
    OUT/README.md                           the card: what the dataset is, and how it is read (`dataset.card`)
    OUT/_copydesk/format.json               the format number of the dataset
    OUT/_copydesk/identity.json             the id of the dataset, in all tables that are exported from it
    OUT/_copydesk/lock                      held by the process that writes
    OUT/_copydesk/staging/                  a run before its commit, folders before their exchange
    OUT/_copydesk/ledger/run=<id>/          the input files that a run read
    OUT/_copydesk/ledger/seen.parquet       input files that were read since and held nothing new
    OUT/_copydesk/records/run=<id>/         the documents that a run read, by input and content
    OUT/_copydesk/unpublished/run=<id>/     the documents of which it kept nothing, in case their text is restored
    OUT/_copydesk/index/run=<id>/           fingerprints of the paragraphs that a run kept
    OUT/_copydesk/postings/                 in which rows of large parts of the index a key occurs: a cache
    OUT/_copydesk/references/               fingerprints and texts of references: a cache
    OUT/_copydesk/shingle_frequencies/      how rare shingles are, for the method "exact": from the first run only
    OUT/_copydesk/line_counts/run=<id>/     how often each source printed a line
    OUT/_copydesk/line_totals/              the sums of large parts of that: a cache
    OUT/_copydesk/labels/run=<id>/          which paragraphs are by-lines, datelines and time stamps, removed or not
    OUT/_copydesk/source_stats/run=<id>/    what was removed, repaired and rejected of each source
    OUT/_copydesk/runs/run=<id>/run.json    the manifest
    OUT/_copydesk/*/expired/                the parts of four kinds of state (`layout.OUTLIVE`) that outlived their runs
    OUT/_copydesk/*/rolled_back.json        the last run that was ever rolled back, in runs/ and in ledger/
    OUT/_copydesk/exceptions/               text that was restored and that no later run removes again
    OUT/_copydesk/reviews/                  what a person said of removals, right or wrong: a file for each review
    OUT/_copydesk/witnesses/                places of expired paragraphs that duplicates still name
    OUT/_copydesk/held/<id>/                a run that a guard holds, and why
    OUT/_copydesk/reports/<id>.html         the page of a run; the newest 50
    OUT/_copydesk/history.parquet           the last source_stats of each source, for the guards: a cache
    OUT/_copydesk/card.json                 what the card counts: a cache
    OUT/_copydesk/inventory.json            the runs and files that must be there, so that a loss is noticed
    OUT/_copydesk/culprits.json             inputs and records that crash native code, and are not read again
    OUT/_copydesk/suspects/                 what a crashed run was reading and cleaning, until the next run tries it out
    OUT/_copydesk/rollback.json             a rollback that needs two exchanges and is not finished

After `compact`, one folder `run=<first>..<last>` has the rows of all these runs. The column `run_id` of every part says
which run a row belongs to (only `shingle_frequencies` has none).

A run counts, in each of these folders, only if `documents` has it. Its folder there is renamed into place last, after
everything else is in place and on the disk: before that instant the dataset is as it was, after it the run is complete.
The next command that takes the lock removes what a crash left.

A dataset behind a URL is a folder like this one, too, which is copied to and from the storage (`dataset.remote`).

Every file but the lock and the pages has a checksum. Those of part files are in the manifest of their run, or in a
`parts.json` beside parts that belong to no run. All other files contain their own (`dataset.checksums`).
"""

from flows.dataset.checksums import write_json
from flows.dataset.dataset import Dataset
from flows.dataset.layout import STATE, Layout, Span, run_name
from flows.dataset.manifests import describe_parts, write_manifest

__all__ = ["STATE", "Dataset", "Layout", "Span", "describe_parts", "run_name", "write_json", "write_manifest"]
