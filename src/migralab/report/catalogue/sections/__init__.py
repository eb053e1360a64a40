"""Parts of the pages: how numbers and readouts read, and which experiment would decide."""
