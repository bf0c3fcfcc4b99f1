"""What is kept on disk: tables (Parquet parts), state (SQLite), cached answers, the workspace's files."""
