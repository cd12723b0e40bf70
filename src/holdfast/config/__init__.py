"""The configuration file: read, validate, write; nothing else."""
