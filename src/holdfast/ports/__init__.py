"""What the recorder needs from the world, as Protocols and messages."""
