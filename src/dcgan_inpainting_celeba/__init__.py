"""Networks trained on real faces, which `restore` and `page` use; see MODEL_CARD.md."""
