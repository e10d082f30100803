"""What any restoration must beat."""
