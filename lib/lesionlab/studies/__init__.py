"""Studies: questions that are answered by several models, readers or sites together, each with one report."""
