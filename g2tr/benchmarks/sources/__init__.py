"""Tables of samples as people have them: parquet, JSON lines, separated values, folders of pictures."""
