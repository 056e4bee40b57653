"""Why, and what next: explanations, smallest changes, suggestions, advice."""
