"""URLs to files: pooled, resumable, verified, cancellable. Knows no Rucio and no VO."""
