"""The page of a run: one HTML file that shows what came in and went out, and a sample of marked-up proofs.

    reading      the tables and the manifest of a run, published or held
    counting     what the run did, counted: reasons, sources, runs, charsets, repairs, rejections, guards
    copies       who copies whom, and how much later
    thresholds   similarities, the chance of a comparison, and what other settings would have removed
    sampling     which removals are shown: borderline ones first
    proofs       the sampled removals in their documents, with their witnesses
    plots        the geometry of the plots
    rendering    the page from all of that: Jinja2, one content security policy, no network
    storing      where pages lie, and how many are kept

Only sums and a bounded sample are read into memory, however large the run is.
"""
