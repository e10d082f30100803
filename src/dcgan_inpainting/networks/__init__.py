"""The networks, where they run, and what they are fed with."""
