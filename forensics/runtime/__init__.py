"""Running trained models: empty until the first of them comes."""
