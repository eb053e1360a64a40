"""What light and camera do to a picture: noise, and the blurred sphere that is fitted to a vesicle."""
