"""The cleaners, in the order in which a paragraph meets them.

    decoding             bytes to text
    language             the language of a document
    paragraphs           text to the frame in which one row is one paragraph; the verbs `rewrite` and `remove`
    encoding             rewrites: mojibake and other damage to text, a columnar ftfy
    repeated_headline    removes: the headline printed again
    related_articles     removes: "Related Articles" and the teasers after it
    boilerplate          removes: boilerplate lines such as share bars, newsletter pleas, cookie and copyright lines
    inline_boilerplate    rewrites: boilerplate inside a paragraph, which stays without it
    repeated_line        removes: lines that one source repeats across its documents
    duplicate            removes: near-duplicate paragraphs, and documents that are nothing else

Each is a function that takes a frame and returns it, and knows neither files nor its siblings.
"""
