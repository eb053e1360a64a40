"""What cells become: they divide, die, differentiate, fuse, sprout, seal and clot."""
