"""What a person looks at: a document as a marked-up proof."""
