"""How near made pictures are to real ones, and whether they are copies, without PyTorch.

Measures that need no weights always; those of features with a network that the user names. No figure stands
alone: `report.evaluate` puts the same figure of real pictures against real ones beside each.
"""
