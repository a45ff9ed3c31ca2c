"""The edges of copydesk: files, Prefect, the command line. What is done to text is in `cleaners`."""
