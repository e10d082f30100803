"""Stage check: settings and files that do not go together are refused before any work begins."""
