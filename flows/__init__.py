"""The I/O of copydesk: files, Prefect, the command line. The text processing is in `cleaners`."""
