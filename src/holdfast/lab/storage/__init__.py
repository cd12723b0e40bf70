"""Disks that can be filled, taken away, spoilt and put back, on file systems of the running kernel. They need root."""
