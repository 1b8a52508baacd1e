"""Reports for people: text for a terminal, one self-contained HTML file, maps as PNG."""
