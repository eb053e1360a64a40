"""Films: fibres seen on the registered mean of a block of frames, tables of lives and growth, FRAP of a film."""
