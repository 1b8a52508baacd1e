"""Many files: listed, audited by workers that may crash, journalled, and written as rows that add up."""
