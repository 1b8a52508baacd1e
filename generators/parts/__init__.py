"""The parts of which all networks are made."""
