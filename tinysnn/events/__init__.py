"""Address events (x, y, polarity, time): what they are, and how they become ticks and inputs."""
