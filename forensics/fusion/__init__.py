"""From evidence to a verdict: facts, contradictions, fused opinions and one table of rules."""
