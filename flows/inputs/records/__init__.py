"""Records of any format as documents: which field is what, what values say, dates, titles."""
