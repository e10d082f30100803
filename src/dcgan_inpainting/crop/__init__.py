"""Stage crop: a square out of each image, scaled, as arrays by split."""
