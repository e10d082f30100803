"""Stage inpaint: the search for the latent z, then for features, that agree with what is known."""
