"""MLflow: runs, models, their server and their pages. No other room imports it."""
