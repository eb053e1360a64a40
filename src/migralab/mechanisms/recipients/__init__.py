"""What cells do with migrasomes that they meet, and with what these carry."""
