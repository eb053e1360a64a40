"""What cells that meet migrasomes sense and do, in numbers."""
