"""What was printed more than once, as tables: paragraphs, pairs of documents, pairs of sources, clusters.

    links       the copies that `removed` and `labelled` name, with the documents that they are in
    tables      paragraphs, pairs and sources
    clusters    documents around the one that they copy
    query       all of these of a whole dataset
    written     the tables as Parquet
    in_terminal the tables in a terminal
    delays      how much later: in words, and how often
    names       the names of the tables, and of the orders in which a print can be the first

Each copy names one witness, so everything is linear in the number of copies. What is in memory is numbers: about a
hundred bytes a copy, and what is known of the documents that have copies or are copied. Texts pass through.
"""
