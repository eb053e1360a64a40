"""From what a person hands in to one flat tree of libsbml, or a refusal."""
