"""A process of this project: how it ends, its cores, its rank, its helpers."""
