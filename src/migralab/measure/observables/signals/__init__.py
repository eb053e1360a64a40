"""What is carried in migrasomes, and what arrives at the cells."""
