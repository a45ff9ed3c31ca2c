"""The parts of a whole page around its article: its head, its menus and its end."""
