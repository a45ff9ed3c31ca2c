"""`copydesk explain`: proofs of documents that are published, held, or judged without being published.

`tables` says where the rows are, `finding` which documents are meant, `judging` makes tables of a file that is not
published, `read_back` makes proofs of tables, and `in_terminal` and `page` show them.
"""
