"""Everything around a model: files of a run, reports, recommendations, pictures."""
