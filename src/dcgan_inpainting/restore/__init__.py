"""A person's own photograph: its damaged face restored at full size by the trained networks."""
